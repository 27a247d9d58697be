"""Pushes as git's own programs take them in: nothing moves before the gate, nor half."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import uvloop

from demitasse.clock import ManualClock, SystemClock
from demitasse.engines.git.objects import Named, object_id, pack, write_commit, write_tree
from demitasse.engines.git.programs import GitPrograms
from demitasse.engines.git.protocol import FILE, Gate, Move, NewCommit, Person
from demitasse.ids import CountingIds

REPO = "11111111-2222-3333-4444-555555555555"
DEV = "refs/heads/dev"
MARY = Person("Mary Major", "mary@example.com", 1_767_225_600)
NONE = "0" * 40


def run(scenario: Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(30):
            await scenario

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(bounded())


@pytest.fixture
def git(tmp_path: Path) -> GitPrograms:
    return GitPrograms(tmp_path / "git", SystemClock(), CountingIds())


class Pushed:
    """A request that pushes one commit of one file to dev, as a client sends it."""

    def __init__(self, name: str = "a", content: bytes = b"1") -> None:
        blob = object_id("blob", content)
        tree = write_tree({name: Named(FILE, blob)})
        commit = write_commit(object_id("tree", tree), (), MARY, MARY, "One\n")
        self.id = object_id("commit", commit)
        self.pack = pack([("blob", content), ("tree", tree), ("commit", commit)])

    def request(self, *references: str, packed: bytes | None = None) -> list[bytes]:
        lines = [
            f"{NONE} {self.id} {reference}".encode() + (b"" if n else b"\0report-status")
            for n, reference in enumerate(references or (DEV,))
        ]
        return [
            *(b"%04x%s" % (len(line) + 4, line) for line in lines),
            b"0000",
            self.pack if packed is None else packed,
        ]


class Gateway:
    """A gate that remembers what it was asked, and answers as told."""

    def __init__(self, answer: str = "") -> None:
        self.asked: list[Sequence[Move]] = []
        self.answer = answer
        self.reached = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self, moves: Sequence[Move]) -> str:
        self.asked.append(moves)
        self.reached.set()
        await self.open.wait()
        return self.answer


async def sent(pieces: Sequence[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def push(git: GitPrograms, request: AsyncIterator[bytes], gate: Gate) -> str:
    answer = [piece async for piece in git.receive_pack(REPO, request, "", gate)]
    return b"".join(answer).decode()


def children() -> list[str]:
    """Git's processes below this one."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            stat = (entry / "stat").read_text().rpartition(")")[2].split()
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (OSError, IndexError):
            continue
        if stat[1] == str(os.getpid()) and "git" in command and stat[0] != "Z":
            found.append(command)
    return found


def test_a_push_moves_its_references(git: GitPrograms) -> None:
    async def scenario() -> None:
        pushed, gate = Pushed(), Gateway()
        said = await push(git, sent(pushed.request(DEV, "refs/tags/v1")), gate)
        assert "unpack ok" in said
        assert f"ok {DEV}" in said
        assert gate.asked == [[Move(DEV, None, pushed.id), Move("refs/tags/v1", None, pushed.id)]]
        assert await git.references(REPO) == {DEV: pushed.id, "refs/tags/v1": pushed.id}
        assert await git.resolve(REPO, "dev") == pushed.id
        assert not children()

    run(scenario())


def test_what_is_told_after_the_gate_is_true_already(git: GitPrograms) -> None:
    async def scenario() -> None:
        pushed, gate = Pushed(), Gateway()
        async for _ in git.receive_pack(REPO, sent(pushed.request()), "", gate):
            assert gate.asked
            assert await git.references(REPO) == {DEV: pushed.id}

    run(scenario())


def test_a_refused_push_moves_nothing(git: GitPrograms) -> None:
    async def scenario() -> None:
        pushed = Pushed()
        said = await push(git, sent(pushed.request()), Gateway("Not today.\nNever."))
        assert f"ng {DEV} pre-receive hook declined" in said
        assert await git.references(REPO) == {}
        assert await git.resolve(REPO, pushed.id) is None  # its objects are gone as well

    run(scenario())


def test_a_gate_that_fails_lets_nothing_through(git: GitPrograms) -> None:
    async def scenario() -> None:
        async def broken(_moves: Sequence[Move]) -> str:
            raise RuntimeError("a bug")

        with pytest.raises(RuntimeError, match="a bug"):
            await push(git, sent(Pushed().request()), broken)
        assert await git.references(REPO) == {}

    run(scenario())


def test_nothing_moves_when_the_platform_goes_while_git_waits(git: GitPrograms) -> None:
    async def scenario() -> None:
        gate = Gateway()
        gate.open.clear()
        pushing = asyncio.ensure_future(push(git, sent(Pushed().request()), gate))
        await gate.reached.wait()
        assert children()
        pushing.cancel()
        await asyncio.gather(pushing, return_exceptions=True)
        assert await git.references(REPO) == {}
        assert not children()

    run(scenario())


def test_a_push_that_was_let_through_is_finished_though_nobody_waits(git: GitPrograms) -> None:
    async def scenario() -> None:
        pushed = Pushed()
        let_through = asyncio.Event()

        async def gate(_moves: Sequence[Move]) -> str:
            # After the answer is written, before git can have acted on it.
            asyncio.get_running_loop().call_soon(let_through.set)
            return ""

        pushing = asyncio.ensure_future(push(git, sent(pushed.request()), gate))
        await let_through.wait()
        pushing.cancel()
        await asyncio.gather(pushing, return_exceptions=True)
        assert await git.references(REPO) == {DEV: pushed.id}

    run(scenario())


@pytest.mark.parametrize("spoilt", ["cut", "changed", "missing", "forbidden"])
def test_what_is_broken_moves_nothing(git: GitPrograms, spoilt: str) -> None:
    async def scenario() -> None:
        pushed, gate = Pushed(), Gateway()
        packed: bytes | None = None
        if spoilt == "cut":
            packed = pushed.pack[:-30]
        elif spoilt == "changed":
            packed = pushed.pack[:-25] + b"\xff" + pushed.pack[-24:]
        elif spoilt == "missing":
            packed = pack([("blob", b"1")])
        else:
            pushed = Pushed(".git")  # git's own check, receive.fsckObjects
        said = await push(git, sent(pushed.request(packed=packed)), gate)
        assert "unpack ok" not in said or f"ng {DEV}" in said
        assert gate.asked == [] or spoilt == "missing"  # which git tells only at the end
        assert await git.references(REPO) == {}

    run(scenario())


def test_a_client_that_leaves_in_the_middle(git: GitPrograms) -> None:
    class Left(Exception):
        pass

    async def half(request: list[bytes]) -> AsyncIterator[bytes]:
        for piece in request[:-1]:
            yield piece
        yield request[-1][:20]
        raise Left

    async def scenario() -> None:
        gate = Gateway()
        with pytest.raises(Left):
            await push(git, half(Pushed().request()), gate)
        assert gate.asked == []
        assert await git.references(REPO) == {}
        assert not children()

    run(scenario())


def test_pushes_at_the_same_time(git: GitPrograms) -> None:
    async def scenario() -> None:
        pushes = {f"refs/heads/b{n}": Pushed(content=b"%d" % n) for n in range(6)}
        answers = await asyncio.gather(
            *(
                push(git, sent(pushed.request(reference)), Gateway())
                for reference, pushed in pushes.items()
            )
        )
        assert all("unpack ok" in said for said in answers)
        assert await git.references(REPO) == {name: pushed.id for name, pushed in pushes.items()}
        # To one branch, one wins and the other is told.
        rivals = [Pushed(content=b"x"), Pushed(content=b"y")]
        said = await asyncio.gather(
            *(push(git, sent(each.request()), Gateway()) for each in rivals)
        )
        assert sorted(f"ok {DEV}" in each for each in said) == [False, True]

    run(scenario())


def test_what_killed_processes_left_is_cleared_away(tmp_path: Path) -> None:
    async def scenario() -> None:
        clock = ManualClock(SystemClock().now() + timedelta(seconds=10))
        git = GitPrograms(tmp_path / "git", clock, CountingIds())
        await push(git, sent(Pushed().request()), Gateway())
        folder = tmp_path / "git" / f"{REPO}.git"
        stale = folder / "refs" / "heads" / "dev.lock"
        stale.touch()
        half = folder / "objects" / "incoming-x1" / "pack"
        half.mkdir(parents=True)
        living = folder / "HEAD.lock"
        living.touch()
        later = clock.now().timestamp() + 10
        os.utime(living, (later, later))
        said = await push(git, sent(Pushed(content=b"2").request()), Gateway())
        assert f"ok {DEV}" not in said
        await git.recover(REPO)
        assert not stale.exists()
        assert not half.parent.exists()
        assert living.exists()
        assert list(await git.references(REPO)) == [DEV]
        await git.recover("nobody")

    run(scenario())


def test_many_small_writes_are_packed(git: GitPrograms) -> None:
    async def scenario() -> None:
        now = SystemClock().now()
        await git.create(REPO)
        made = await asyncio.gather(
            *(
                git.write(REPO, NewCommit(None, MARY, "", {"a": (FILE, b"%d" % number)}), now)
                for number in range(52)
            )
        )
        for number in (0, 51):
            await git.move(REPO, Move(f"refs/heads/b{number}", None, made[number].id))
        packs = git._path(REPO) / "objects" / "pack"
        assert len(list(packs.glob("*.pack"))) == 52
        await git.tidy(REPO)
        assert len(list(packs.glob("*.pack"))) == 1
        assert await git.references(REPO) == {
            "refs/heads/b0": made[0].id,
            "refs/heads/b51": made[51].id,
        }
        for commit in made:  # also what no reference names yet: one may be about to
            assert await git.resolve(REPO, commit.id) == commit.id

    run(scenario())


def test_two_that_make_one_repository(git: GitPrograms) -> None:
    async def scenario() -> None:
        await asyncio.gather(*(git.create(REPO) for _ in range(5)))
        assert await git.repositories() == {REPO}
        assert list(git._folder.glob(".*")) == []

    run(scenario())
