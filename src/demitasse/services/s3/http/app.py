"""The ASGI application: who calls, what for, and the error if it cannot be."""

from __future__ import annotations

import base64
import logging
from collections.abc import MutableMapping
from typing import Any

from demitasse.clock import Clock
from demitasse.engines.blobs.errors import NoSpace
from demitasse.engines.blobs.protocol import BlobEngine
from demitasse.errors import EngineError, ServiceError, StoreError
from demitasse.ids import Ids
from demitasse.services.s3.http.answers import Answer
from demitasse.services.s3.http.identity import Signatures
from demitasse.services.s3.http.request import Disconnected, Receive, Request, Send
from demitasse.services.s3.http.routes import find_handler
from demitasse.services.s3.http.visit import Visit
from demitasse.store import Store

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]


class ObjectStorage:
    """S3. Bytes stream between the client and the blob engine in bounded memory."""

    def __init__(
        self, *, store: Store, blobs: BlobEngine, clock: Clock, ids: Ids, signatures: Signatures
    ) -> None:
        self._store, self._blobs, self._clock, self._ids = store, blobs, clock, ids
        self._signatures = signatures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        request_id = self._ids.hex(16).upper()
        host_id = base64.b64encode(f"demitasse {request_id}".encode()).decode()
        try:
            answer = await self._answer(scope, request, request_id, host_id)
            await request.drain()
        except Disconnected:
            return
        answer.headers["x-amz-request-id"] = request_id
        answer.headers["x-amz-id-2"] = host_id
        if not request.body_ended:
            # The rest of the body would be read as the next request.
            answer.headers["Connection"] = "close"
        await answer.send(send, without_body=request.method == "HEAD")

    async def _answer(
        self, scope: Scope, request: Request, request_id: str, host_id: str
    ) -> Answer:
        try:
            return await self._carry_out(scope, request, request_id)
        except ServiceError as error:
            log.debug("%s %s [%s]: %s", request.method, request.raw_path, request_id, error.code)
            fault = error
        except NoSpace as error:
            log.warning("%s %s: %s", request.method, request.raw_path, error)
            fault = ServiceError("ServiceUnavailable", str(error), status=400)
        except (EngineError, StoreError) as error:
            # 400, because clients repeat a 5xx and hide what has to be mended.
            log.warning("%s %s: %s", request.method, request.raw_path, error)
            fault = ServiceError("ServiceUnavailable", str(error), status=400)
        except Disconnected:
            raise
        except Exception:
            # A bug of ours: the client gets an answer in S3's form, the log gets the traceback.
            log.exception("%s %s [%s] failed", request.method, request.raw_path, request_id)
            message = "The request failed because of an error in Demitasse; its log says more."
            fault = ServiceError("InternalError", message, status=500)
        return Answer.error(
            fault, resource=request.raw_path, request_id=request_id, host_id=host_id
        )

    async def _carry_out(self, scope: Scope, request: Request, request_id: str) -> Answer:
        signed = self._signatures.verify(scope)
        request.read_address()
        handler = find_handler(request, express=signed.express)
        visit = Visit(request, signed, request_id, self._store, self._blobs, self._clock, self._ids)
        return await handler(visit)
