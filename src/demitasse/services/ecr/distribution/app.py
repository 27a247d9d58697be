"""The ASGI application below ``/v2/``: who calls, what for, and the error if it cannot be."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from demitasse.api import Scope
from demitasse.clock import Clock
from demitasse.engines.blobs.errors import NoSpace
from demitasse.engines.blobs.protocol import BlobEngine
from demitasse.errors import EngineError, ServiceError, StoreError
from demitasse.ids import Ids
from demitasse.services import headers
from demitasse.services.base import Site
from demitasse.services.ecr import records
from demitasse.services.ecr.distribution import blobs, errors, listing, manifests, uploads
from demitasse.services.ecr.distribution.errors import RegistryError
from demitasse.services.ecr.distribution.http import Answer, Disconnected, Receive, Request, Send
from demitasse.services.ecr.distribution.locks import Locks
from demitasse.services.ecr.distribution.visit import Visit
from demitasse.store import Store

log = logging.getLogger(__name__)

Handler = Callable[..., Awaitable[Answer]]

_LONGEST_NAME = 256
_NAME = re.compile(
    r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
)
_PATHS: tuple[tuple[str, dict[str, Handler]], ...] = (
    (r"/v2/_catalog", {"GET": listing.catalog}),
    (r"/v2/(?P<name>.+)/tags/list", {"GET": listing.tags}),
    (
        r"/v2/(?P<name>.+)/manifests/(?P<reference>[^/]+)",
        {
            "GET": manifests.get,
            "HEAD": manifests.get,
            "PUT": manifests.put,
            "DELETE": manifests.delete,
        },
    ),
    (r"/v2/(?P<name>.+)/blobs/uploads/?", {"POST": uploads.begin}),
    (
        r"/v2/(?P<name>.+)/blobs/uploads/(?P<upload>[^/]+)",
        {
            "GET": uploads.status,
            "PATCH": uploads.patch,
            "PUT": uploads.put,
            "DELETE": uploads.cancel,
        },
    ),
    (
        r"/v2/(?P<name>.+)/blobs/(?P<digest>[^/]+)",
        {"GET": blobs.get, "HEAD": blobs.get, "DELETE": blobs.delete},
    ),
    (r"/v2/(?P<name>.+)/referrers/(?P<digest>[^/]+)", {"GET": listing.referrers}),
)
_ROUTES = tuple((re.compile(path), methods) for path, methods in _PATHS)


class Registry:
    """The registry. Bytes stream between the client and the blob engine in bounded memory."""

    def __init__(
        self, *, store: Store, blobs: BlobEngine, clock: Clock, ids: Ids, site: Site
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._clock = clock
        self._ids = ids
        self._site = site
        self._locks = Locks()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            return
        request = Request.of(scope, receive)
        try:
            answer = await self._answer(request)
        except Disconnected:
            return
        await answer.send(send, without_body=request.method == "HEAD")

    async def _answer(self, request: Request) -> Answer:
        try:
            return await self._carry_out(request)
        except RegistryError as error:
            return Answer.error(error)
        except ServiceError as error:
            return Answer.error(errors.of_service(error))
        except NoSpace as error:
            log.warning("%s %s: %s", request.method, request.path, error)
            return Answer.error(errors.unavailable(str(error), status=507))
        except (EngineError, StoreError) as error:
            log.warning("%s %s: %s", request.method, request.path, error)
            return Answer.error(errors.unavailable(str(error)))

    async def _carry_out(self, request: Request) -> Answer:
        scope = self._authenticate(request)
        if request.path in ("/v2", "/v2/"):
            return Answer.json({})
        for pattern, methods in _ROUTES:
            match = pattern.fullmatch(request.path)
            if match is None:
                continue
            named = match.groupdict()
            if "name" in named and not (
                len(named["name"]) <= _LONGEST_NAME and _NAME.fullmatch(named["name"])
            ):
                raise RegistryError("NAME_INVALID", "invalid repository name", status=400)
            handler = methods.get(request.method)
            if handler is None:
                raise errors.unsupported(f"{request.method} is not supported here")
            visit = Visit(
                request, scope, self._store, self._blobs, self._clock, self._ids, self._locks
            )
            return await handler(visit, **named)
        raise RegistryError("UNSUPPORTED", "the registry has no such page", status=404)

    def _authenticate(self, request: Request) -> Scope:
        """Which account and region the request's login gives access to."""
        if "ticket" in request.query:
            return self._ticket_holder(request)
        given = headers.login(request.headers.get("authorization", ""))
        if given is None:
            raise self._unauthorised("authentication required")
        with self._store.transaction() as tx:
            found = records.find_token(tx, *given)
        if found is None:
            raise self._unauthorised("Not Authorized")
        scope, expires_at = found
        if self._clock.now() >= expires_at:
            raise RegistryError(
                "DENIED",
                "Your authorization token has expired. Reauthenticate and try again.",
                status=403,
            )
        return scope

    def _ticket_holder(self, request: Request) -> Scope:
        """Who has a ticket of GetDownloadUrlForLayer may fetch that layer, and nothing else."""
        with self._store.transaction() as tx:
            found = records.find_download(tx, request.query["ticket"], self._clock.now())
        if found and request.method in ("GET", "HEAD"):
            scope, layer = found
            if request.path == f"/v2/{layer.repository}/blobs/{layer.digest}":
                return scope
        raise RegistryError("DENIED", "The download URL is wrong or has expired.", status=403)

    def _unauthorised(self, message: str) -> RegistryError:
        challenge = f'Basic realm="{self._site.endpoint}/",service="ecr.amazonaws.com"'
        return RegistryError(
            "UNAUTHORIZED", message, status=401, headers={"WWW-Authenticate": challenge}
        )
