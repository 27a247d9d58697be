"""Git's HTTP: who is let in, what is streamed, and what a push has done before it is told."""

from __future__ import annotations

import asyncio
import base64
import gzip
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Any

import pytest
from tests.kit import asgi
from tests.unit.services.codecommit.stand import SCOPE, CodeCommit

from demitasse.api import Caller
from demitasse.engines.git.protocol import Gate, Move
from demitasse.errors import EngineUnavailable
from demitasse.services.codecommit.records import REPOSITORIES
from demitasse.services.codecommit.smart_http import GitServer
from demitasse.store import Ref

LOGIN = "Basic " + base64.b64encode(b"mary:secret").decode()
PACK = "application/x-git-upload-pack-request"
PUSH = "application/x-git-receive-pack-request"


class Client:
    """Speaks to the server over ASGI, with a body that comes when the test says so."""

    def __init__(self, codecommit: CodeCommit) -> None:
        self.asked: list[dict[str, str]] = []
        self.server = GitServer(
            store=codecommit.store,
            references=codecommit.references,
            authenticate=self._authenticate,
        )
        self.body: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.sent: list[dict[str, Any]] = []

    def _authenticate(
        self, user: str, password: str, *, host: str, path: str
    ) -> tuple[Caller, str] | str:
        self.asked.append({"user": user, "password": password, "host": host, "path": path})
        if password != "secret":
            return "The password is wrong."
        return Caller(asgi.ACCOUNT, "arn:pusher", "id", "AKIA"), "us-east-1"

    def give(self, body: bytes, *, more: bool = False) -> None:
        self.body.put_nowait({"type": "http.request", "body": body, "more_body": more})

    def leave(self) -> None:
        self.body.put_nowait({"type": "http.disconnect"})

    async def ask(self, method: str, path: str, query: str = "", **headers: str) -> None:
        given = {"host": "127.0.0.1:4566", "authorization": LOGIN, **headers}

        async def send(message: dict[str, Any]) -> None:
            self.sent.append(message)

        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": [
                (name.replace("_", "-").encode(), value.encode()) for name, value in given.items()
            ],
        }
        async with asyncio.timeout(10):
            await self.server(scope, self.body.get, send)  # type: ignore[arg-type]

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.sent[0]["headers"]}

    @property
    def text(self) -> str:
        return b"".join(message.get("body", b"") for message in self.sent[1:]).decode()


def asked(codecommit: CodeCommit, *given: str, body: bytes = b"", **headers: str) -> Client:
    """One whole exchange."""

    async def scenario() -> Client:
        client = Client(codecommit)
        client.give(body)
        await client.ask(*given, **headers)
        return client

    return asyncio.run(scenario())


INFO = ("GET", "/v1/repos/demo/info/refs", "service=git-upload-pack")


def test_what_a_repository_offers(codecommit: CodeCommit) -> None:
    identity = codecommit.repository()
    client = asked(codecommit, *INFO, git_protocol="version=2")
    assert (client.status, client.text) == (200, f"git-upload-pack {identity} version=2")
    assert client.headers["content-type"] == "application/x-git-upload-pack-advertisement"
    assert "no-cache" in client.headers["cache-control"]
    assert client.asked == [
        {"user": "mary", "password": "secret", "host": "127.0.0.1:4566", "path": "/v1/repos/demo"}
    ]


def test_without_a_login_git_is_told_to_bring_one(codecommit: CodeCommit) -> None:
    for header in ("", "Bearer x", "Basic !", "Basic " + base64.b64encode(b"x").decode()):
        client = asked(codecommit, *INFO, authorization=header)
        assert client.status == 401
        assert client.headers["www-authenticate"] == 'Basic realm="CodeCommit"'


def test_a_wrong_login_is_told_why(codecommit: CodeCommit) -> None:
    wrong = "Basic " + base64.b64encode(b"mary:no").decode()
    client = asked(codecommit, *INFO, authorization=wrong)
    assert (client.status, client.text) == (403, "The password is wrong.\n")
    assert client.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("status", "method", "path", "query"),
    [
        (404, "GET", "/v1/repos/no/info/refs", "service=git-upload-pack"),
        (404, "GET", "/v1/repos/", ""),
        (404, "GET", "/v1/repos/demo", ""),
        (404, "GET", "/v1/repos/demo/HEAD", ""),
        (404, "GET", "/v1/repos/demo/git-upload-pack", ""),
        (403, "GET", "/v1/repos/demo/info/refs", ""),
        (403, "GET", "/v1/repos/demo/info/refs", "service=git-shell"),
        (415, "POST", "/v1/repos/demo/git-upload-pack", ""),
        (415, "POST", "/v1/repos/demo/git-receive-pack", ""),
    ],
)
def test_what_is_not_served(
    codecommit: CodeCommit, status: int, method: str, path: str, query: str
) -> None:
    codecommit.repository()
    client = asked(codecommit, method, path, query)
    assert client.status == status
    assert client.text.endswith("\n")


def test_other_accounts_and_regions_see_nothing(codecommit: CodeCommit) -> None:
    codecommit.repository()
    client = asked(codecommit, "GET", "/v1/repos/other/info/refs", "service=git-upload-pack")
    assert "other does not exist in account 123456789012, region us-east-1" in client.text


def test_a_packed_request_is_unpacked(codecommit: CodeCommit) -> None:
    identity = codecommit.repository()
    body = gzip.compress(b"want " * 100_000, mtime=0)
    client = asked(
        codecommit,
        "POST",
        "/v1/repos/demo/git-upload-pack",
        body=body,
        content_type=PACK,
        content_encoding="gzip",
    )
    assert client.status == 200
    assert client.text == f"{identity}  " + "want " * 100_000


@pytest.mark.parametrize("body", [b"no gzip", gzip.compress(b"want " * 1000, mtime=0)[:-9]])
def test_a_request_that_cannot_be_unpacked(codecommit: CodeCommit, body: bytes) -> None:
    codecommit.repository()
    client = asked(
        codecommit,
        "POST",
        "/v1/repos/demo/git-upload-pack",
        body=body,
        content_type=PACK,
        content_encoding="gzip",
    )
    assert client.status == 400
    assert "gzip" in client.text


def test_git_that_is_missing_is_an_answer(
    codecommit: CodeCommit, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def missing(*_: Any) -> AsyncGenerator[bytes, None]:
        raise EngineUnavailable("git is not installed on this machine")
        yield b""

    codecommit.repository()
    monkeypatch.setattr(codecommit.git, "advertise", missing)
    client = asked(codecommit, *INFO)
    assert (client.status, client.text) == (503, "git is not installed on this machine\n")


def push(codecommit: CodeCommit, *lines: str) -> Client:
    return asked(
        codecommit,
        "POST",
        "/v1/repos/demo/git-receive-pack",
        body="".join(f"{line}\n" for line in lines).encode(),
        content_type=PUSH,
    )


def test_a_push_is_kept_before_it_is_acknowledged(
    codecommit: CodeCommit, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = codecommit.repository()
    commit = codecommit.git.push(identity, "aside", {"a": b"1"})
    seen: list[dict[str, str]] = []
    original = codecommit.git.receive_pack

    async def watched(
        repository_id: str, request: AsyncIterator[bytes], protocol: str, gate: Gate
    ) -> AsyncGenerator[bytes, None]:
        async def open_gate(moves: Sequence[Move]) -> str:
            seen.append(dict(codecommit.item().observed.branches))
            return await gate(moves)

        async for piece in original(repository_id, request, protocol, open_gate):
            yield piece

    monkeypatch.setattr(codecommit.git, "receive_pack", watched)
    client = Client(codecommit)

    async def scenario() -> None:
        client.give(f"refs/heads/dev - {commit}\n".encode())
        send = client.sent.append

        def sending(message: dict[str, Any]) -> None:
            seen.append(dict(codecommit.item().observed.branches))
            send(message)

        client.sent = type("Told", (list,), {"append": lambda _self, message: sending(message)})()
        await client.ask("POST", "/v1/repos/demo/git-receive-pack", content_type=PUSH)

    asyncio.run(scenario())
    assert seen[0] == {}
    assert all(each == {"aside": commit, "dev": commit} for each in seen[1:])
    assert len(seen) > 1
    assert {each["callerUserArn"] for each in codecommit.events} == {"arn:pusher"}


def test_the_default_branch_is_not_deleted_by_a_push(codecommit: CodeCommit) -> None:
    codecommit.repository()
    commit = codecommit.push({"a": b"1"})
    client = push(codecommit, f"refs/heads/dev {commit} -")
    assert "dev is the default branch of demo and cannot be deleted" in client.text
    assert codecommit.item().observed.branches == {"dev": commit}


@pytest.mark.parametrize("name", ["refs/heads/caf\udce9", "refs/heads/" + "x" * 257])
def test_a_name_that_cannot_be_told_is_refused(
    codecommit: CodeCommit, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    answers: list[str] = []

    async def receive(
        _id: str, request: AsyncIterator[bytes], _protocol: str, gate: Gate
    ) -> AsyncGenerator[bytes, None]:
        async for _ in request:
            pass
        answers.append(await gate([Move(name, None, "0" * 40)]))
        yield b"refused"

    codecommit.repository()
    monkeypatch.setattr(codecommit.git, "receive_pack", receive)
    assert push(codecommit, "").text == "refused"
    assert answers[0].startswith("InvalidReferenceNameException")


def test_a_push_to_what_was_deleted_meanwhile_is_not_acknowledged(
    codecommit: CodeCommit,
) -> None:
    identity = codecommit.repository()
    commit = codecommit.git.push(identity, "aside", {"a": b"1"})

    async def scenario() -> None:
        client = Client(codecommit)
        client.give(b"", more=True)
        asking = asyncio.ensure_future(
            client.ask("POST", "/v1/repos/demo/git-receive-pack", content_type=PUSH)
        )
        for _ in range(5):
            await asyncio.sleep(0)
        with codecommit.store.transaction() as tx:
            tx.delete(REPOSITORIES, Ref(SCOPE, "demo"))
        client.give(f"refs/heads/dev - {commit}\n".encode())
        await asking
        assert "was deleted during the push" in client.text

    asyncio.run(scenario())


def test_two_pushes_take_turns(codecommit: CodeCommit, monkeypatch: pytest.MonkeyPatch) -> None:
    identity = codecommit.repository()
    first = codecommit.git.push(identity, "aside", {"a": b"1"})
    inside: list[str] = []
    move = codecommit.git.move

    async def slow(repository_id: str, wanted: Move) -> None:
        inside.append(f"in {wanted.reference}")
        for _ in range(5):
            await asyncio.sleep(0)
        await move(repository_id, wanted)
        inside.append(f"out {wanted.reference}")

    monkeypatch.setattr(codecommit.git, "move", slow)

    async def one(branch: str) -> None:
        client = Client(codecommit)
        client.give(f"refs/heads/{branch} - {first}\n".encode())
        await client.ask("POST", "/v1/repos/demo/git-receive-pack", content_type=PUSH)
        assert client.text == "ok"

    async def scenario() -> None:
        await asyncio.gather(*(one(branch) for branch in "abc"))

    asyncio.run(scenario())
    assert [each.split()[0] for each in inside] == ["in", "out"] * 3
    told = [each["referenceName"] for each in codecommit.events]
    assert sorted(told) == ["a", "aside", "b", "c"]
    assert not codecommit.references._turns


def test_a_client_that_leaves_ends_its_request(
    codecommit: CodeCommit, monkeypatch: pytest.MonkeyPatch
) -> None:
    codecommit.repository()
    ended: list[str] = []

    async def endless(*_: Any) -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield b"piece"
                await asyncio.sleep(0)
        finally:
            ended.append("git")

    monkeypatch.setattr(codecommit.git, "advertise", endless)

    async def scenario() -> None:
        client = Client(codecommit)
        client.give(b"")
        asking = asyncio.ensure_future(client.ask(*INFO))
        for _ in range(10):
            await asyncio.sleep(0)
        assert not asking.done()
        client.leave()
        await asking

    asyncio.run(scenario())
    assert ended == ["git"]


def test_a_client_that_leaves_in_the_middle_of_its_request(codecommit: CodeCommit) -> None:
    codecommit.repository()

    async def scenario() -> None:
        client = Client(codecommit)
        client.give(b"half of", more=True)
        client.leave()
        await client.ask("POST", "/v1/repos/demo/git-upload-pack", content_type=PACK)
        assert client.sent == []

    asyncio.run(scenario())
