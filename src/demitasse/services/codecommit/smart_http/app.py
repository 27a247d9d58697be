"""The ASGI application below ``/v1/repos/``: who calls, for which repository, and what for."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Coroutine, MutableMapping
from contextlib import aclosing
from typing import Any, Protocol

from demitasse.api import Caller, Scope
from demitasse.errors import EngineError, StoreError
from demitasse.services.codecommit.records import (
    PATH,
    RepositoryItem,
    find_repository,
)
from demitasse.services.codecommit.references import References
from demitasse.services.codecommit.smart_http.http import (
    Disconnected,
    Receive,
    Refusal,
    Request,
    Send,
    Unreadable,
    refuse,
    stream,
)
from demitasse.services.codecommit.smart_http.push import push
from demitasse.store import Store

log = logging.getLogger(__name__)

_PATH = re.compile(re.escape(PATH) + r"(?P<name>[\w.-]{1,100})/(?P<what>.+)", re.ASCII)
_SERVICES = ("git-upload-pack", "git-receive-pack")
_PROTOCOL = re.compile(r"[A-Za-z0-9=:._-]{0,200}")
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="CodeCommit"'}


class Authenticate(Protocol):
    """Caller and region of a git credential, or a sentence on why it is none."""

    def __call__(
        self, user: str, password: str, *, host: str, path: str
    ) -> tuple[Caller, str] | str:
        """Look at one login for the repository at ``path``."""


class GitServer:
    """Serves git. Packs stream between the client and git in bounded memory."""

    def __init__(self, *, store: Store, references: References, authenticate: Authenticate) -> None:
        self._store = store
        self._git = references.git
        self._references = references
        self._authenticate = authenticate

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            return
        request = Request.of(scope, receive)
        begun = False

        async def sending(message: MutableMapping[str, Any]) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._answer(request, sending)
        except Disconnected:
            return
        except Refusal as refusal:
            await refuse(send, refusal)
        except Unreadable as error:
            await refuse(send, Refusal(400, f"{error}"))
        except (EngineError, StoreError) as error:
            log.warning("%s %s: %s", request.method, request.path, error)
            if begun:
                raise  # the answer is cut off: git says that the remote end hung up
            await refuse(send, Refusal(503, str(error)))

    async def _answer(self, request: Request, send: Send) -> None:
        path = _PATH.fullmatch(request.path)
        if path is None:
            raise Refusal(404, f"There is no repository at {request.path}.")
        caller, region = self._caller(request, f"{PATH}{path['name']}")
        with self._store.transaction() as tx:
            item = find_repository(tx, Scope(caller.account, region), path["name"])
        if item is None:
            raise Refusal(
                404,
                f"RepositoryDoesNotExistException: {path['name']} does not exist"
                f" in account {caller.account}, region {region}.",
            )
        await self._serve(request, send, item, caller, path["what"])

    def _caller(self, request: Request, path: str) -> tuple[Caller, str]:
        login = request.login
        if login is None:
            raise Refusal(401, "A git credential is needed.", _CHALLENGE)
        found = self._authenticate(*login, host=request.headers.get("host", ""), path=path)
        if isinstance(found, str):
            raise Refusal(403, found)
        return found

    async def _serve(
        self, request: Request, send: Send, item: RepositoryItem, caller: Caller, what: str
    ) -> None:
        protocol = request.headers.get("git-protocol", "")
        if not _PROTOCOL.fullmatch(protocol):
            protocol = ""
        identity = item.desired.repository_id
        asked = (request.method, what)
        if asked == ("GET", "info/refs"):
            service = request.query.get("service", "")
            if service not in _SERVICES:
                raise Refusal(403, "Only git's smart HTTP protocol is spoken here.")
            async for _ in request.pieces():
                pass
            pieces = self._git.advertise(identity, service, protocol)
            kind = f"application/x-{service}-advertisement"
        elif asked == ("POST", "git-upload-pack"):
            self._check_type(request, what)
            pieces = self._git.upload_pack(identity, request.pieces(), protocol)
            kind = "application/x-git-upload-pack-result"
        elif asked == ("POST", "git-receive-pack"):
            self._check_type(request, what)
            pieces = push(
                self._references, item, request.pieces(), protocol=protocol, caller=caller
            )
            kind = "application/x-git-receive-pack-result"
        else:
            raise Refusal(404, f"There is no {what} here.")
        await _while_there(request, _closing(send, kind, pieces))

    @staticmethod
    def _check_type(request: Request, service: str) -> None:
        wanted = f"application/x-{service}-request"
        if request.headers.get("content-type") != wanted:
            raise Refusal(415, f"The content type must be {wanted}.")


async def _closing(send: Send, kind: str, pieces: AsyncGenerator[bytes, None]) -> None:
    async with aclosing(pieces):  # whatever happens, no process of git is left
        await stream(send, kind, pieces)


async def _while_there(request: Request, answering: Coroutine[Any, Any, None]) -> None:
    """Answer for as long as somebody listens."""
    answer = asyncio.ensure_future(answering)
    gone = asyncio.ensure_future(request.gone())
    try:
        await asyncio.wait({answer, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            log.debug("%s %s: the client has left", request.method, request.path)
            answer.cancel()
            await asyncio.wait({answer})
            raise Disconnected
        answer.result()
    finally:
        for task in (answer, gone):
            task.cancel()
        await asyncio.gather(answer, gone, return_exceptions=True)
