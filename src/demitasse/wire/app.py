"""The ASGI application: every request in, an AWS answer out."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from types import MappingProxyType

from demitasse.api import Call, Caller, Dispatch, Operations, Output
from demitasse.api import Scope as ResourceScope
from demitasse.clock import Clock
from demitasse.errors import EngineError, ServiceError, StoreError
from demitasse.ids import Ids
from demitasse.wire import faults, sigv4
from demitasse.wire.credentials import CredentialSource
from demitasse.wire.faults import Fault
from demitasse.wire.models import Models
from demitasse.wire.problems import Malformed
from demitasse.wire.protocols import Answer, WireProtocol
from demitasse.wire.refusals import words_of
from demitasse.wire.request import (
    ASGIApp,
    Disconnected,
    Receive,
    Request,
    Scope,
    Send,
    TooLarge,
    decoded,
    read_body,
)
from demitasse.wire.route import Route, Router, is_for_storage
from demitasse.wire.serialise_json import OutputMismatch
from demitasse.wire.service import Service

_log = logging.getLogger(__name__)

BODY_LIMIT = 16 * 2**20
"""Bytes of an API call's body, as sent and as unpacked."""

_NOBODY = Caller(account="", arn="", user_id="", access_key_id="")


class Application:
    """Speaks AWS's protocols at one endpoint.

    ``models`` must hold the services of ``operations``; ``dispatch`` carries calls out. Requests
    whose path begins with a key of ``mounts`` (``/v2/``) go to that ASGI application as they are,
    unverified, and so do those that are S3's to ``storage``. ``running`` makes a context that is
    held while the server runs; what it raises at the start keeps the server from starting.
    """

    def __init__(
        self,
        *,
        models: Models,
        operations: Operations,
        dispatch: Dispatch,
        credentials: CredentialSource,
        clock: Clock,
        ids: Ids,
        mounts: Mapping[str, ASGIApp] = MappingProxyType({}),
        storage: ASGIApp | None = None,
        region: str = "us-east-1",
        body_limit: int = BODY_LIMIT,
        running: Callable[[], AbstractAsyncContextManager[object]] = contextlib.nullcontext,
    ) -> None:
        self._services = [Service(name, models[name], operations[name], ids) for name in operations]
        self._router = Router(self._services)
        self._dispatch = dispatch
        self._credentials = credentials
        self._clock = clock
        self._ids = ids
        self._mounts = [(prefix, prefix.rstrip("/"), app) for prefix, app in mounts.items()]
        self._storage = storage
        self._region = region
        self._body_limit = body_limit
        self._running = running

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "lifespan":
            await self._lifespan(receive, send)
            return
        path = scope["path"]
        for prefix, bare, app in self._mounts:
            if path.startswith(prefix) or path == bare:
                await app(scope, receive, send)
                return
        if kind == "http":
            await self._http(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request.of(scope)
        if self._storage is not None and is_for_storage(request):
            await self._storage(scope, receive, send)
            return
        request_id = self._ids.uuid()
        close = False
        try:
            request.body = await read_body(request, receive, self._body_limit)
        except Disconnected:
            return
        except TooLarge as error:
            protocol = self._router.surmise(request)
            answer = protocol.error(faults.too_large(str(error), protocol.name), request_id)
            close = True  # the rest of the body is still on its way and would be read as a request
        else:
            answering = self._answer(request, request_id)
            answer = answering if isinstance(answering, Answer) else await answering
        headers = [
            (b"content-type", answer.content_type.encode()),
            (b"content-length", str(len(answer.body)).encode()),
            (b"x-amzn-requestid", request_id.encode()),
            *answer.headers,
        ]
        if close:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        body = b"" if request.method == "HEAD" else answer.body
        await send({"type": "http.response.body", "body": body})

    def _answer(self, request: Request, request_id: str) -> Answer | Awaitable[Answer]:
        try:
            stated = sigv4.read(request) if sigv4.is_signed(request) else None
            raw, unpacked = request.body, decoded(request, self._body_limit)
            request.body = unpacked
            route = self._router.route(request, stated.service if stated else None)
        except sigv4.Refused as refused:
            protocol = self._router.surmise(request)
            return protocol.error(faults.unauthenticated(refused, protocol.name), request_id)
        except TooLarge as error:
            protocol = self._router.surmise(request)
            return protocol.error(faults.too_large(str(error), protocol.name), request_id)
        except Malformed as error:
            protocol = self._router.surmise(request)
            words = words_of("", protocol.name)
            return protocol.error(Fault(*words.refuse([error.problem])), request_id)
        protocol = route.protocol
        try:
            caller, region = self._authenticate(request, raw, stated, route)
        except sigv4.Refused as refused:
            return protocol.error(faults.unauthenticated(refused, protocol.name), request_id)
        service = route.service
        if service is None or route.operation not in service.operations:
            return protocol.error(
                faults.unknown_operation(_not_carried_out(route), protocol.name), request_id
            )
        call = Call(
            service.name, route.operation, ResourceScope(caller.account, region), caller, request_id
        )
        return self._carry_out(call, service, protocol, request)

    def _carry_out(
        self, call: Call, service: Service, protocol: WireProtocol, request: Request
    ) -> Answer | Awaitable[Answer]:
        try:
            given = service.read(call.operation, protocol, request)
            output = self._dispatch(call, given)
            if not isinstance(output, dict):
                return self._wait(call, service, protocol, output)
            _log.debug("%s %s [%s]: done", call.service, call.operation, call.request_id)
            return service.write(call.operation, protocol, output, call.request_id)
        except Exception as error:  # noqa: BLE001
            # The caller must get an answer in AWS's form, whatever it was.
            return self._failed(call, service, protocol, error)

    async def _wait(
        self, call: Call, service: Service, protocol: WireProtocol, waited: Awaitable[Output]
    ) -> Answer:
        try:
            output = await waited
            _log.debug("%s %s [%s]: done", call.service, call.operation, call.request_id)
            return service.write(call.operation, protocol, output, call.request_id)
        except Exception as error:  # noqa: BLE001
            # As above.
            return self._failed(call, service, protocol, error)

    @staticmethod
    def _failed(call: Call, service: Service, protocol: WireProtocol, error: Exception) -> Answer:
        if isinstance(error, ServiceError):
            fault = service.fault(error)
            _log.debug("%s %s [%s]: %s", call.service, call.operation, call.request_id, fault.code)
        elif isinstance(error, EngineError | StoreError):
            _log.warning("%s %s [%s]: %s", call.service, call.operation, call.request_id, error)
            fault = faults.unavailable(error, protocol.name)
        else:
            # A bug of ours: its traceback goes to the log under the request's id.
            _log.error(
                "%s %s [%s] failed",
                call.service,
                call.operation,
                call.request_id,
                exc_info=error,
            )
            fault = faults.internal()
        try:
            return protocol.error(fault, call.request_id)
        except OutputMismatch:
            _log.exception("%s %s [%s]: unknown members", call.service, call.operation, fault.code)
            return protocol.error(replace(fault, members={}), call.request_id)

    def _authenticate(
        self, request: Request, raw: bytes, stated: sigv4.Signature | None, route: Route
    ) -> tuple[Caller, str]:
        service = route.service
        if service and service.is_unsigned(route.operation):
            return _NOBODY, self._region
        if stated is None:
            stated = sigv4.read(request)  # raises: there is none
        if service and stated.service != service.model.signing_name:
            raise sigv4.Refused(
                sigv4.Why.MISMATCH,
                f"Credential should be scoped to correct service: '{service.model.signing_name}'.",
            )
        unpacked, request.body = request.body, raw  # the body is signed as it was sent
        credential = sigv4.verify(request, stated, self._credentials, self._clock.now())
        request.body = unpacked
        return credential.caller, stated.region

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        started = False
        try:
            async with self._running():
                await send({"type": "lifespan.startup.complete"})
                started = True
                await receive()
        except Exception as error:  # noqa: BLE001
            # ASGI wants every failure of starting or stopping as a message; the server then ends.
            _log.exception("the platform failed while %s", "stopping" if started else "starting")
            failed = "lifespan.shutdown.failed" if started else "lifespan.startup.failed"
            await send({"type": failed, "message": str(error)})
            return
        await send({"type": "lifespan.shutdown.complete"})


def _not_carried_out(route: Route) -> str:
    service = route.service
    if service is None:
        return f"{route.asked} is not supported by Demitasse."
    if route.operation in service.model.operation_names:
        return f"The operation {service.name} {route.operation} is not supported by Demitasse."
    return f"{service.name} has no operation {route.operation[:256]!r}."
