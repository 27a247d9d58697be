"""Calls an ASGI application in process, as AWS's own client library does over the network.

`Api` serialises, signs and parses with botocore, so what a test sees is what boto3 would see.
Nothing is awaited that really waits, so no event loop is needed.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Coroutine, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.exceptions
import botocore.loaders
import botocore.model
import botocore.parsers
import botocore.serialize

from demitasse.api import Caller
from demitasse.wire import Credential

App = Callable[..., Awaitable[None]]

ACCOUNT = "123456789012"
ACCESS_KEY = "AKIADEMITASSETESTKEY"
SECRET_KEY = "secret/of+the+tests"
CALLER = Caller(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/student", "AIDADEMITASSETESTUSR", ACCESS_KEY)
HOST = "127.0.0.1:4566"


class Credentials:
    """A `CredentialSource` from a dict; by default it knows `CALLER` alone."""

    def __init__(self, known: Mapping[str, Credential] | None = None) -> None:
        self.known = dict(known or {ACCESS_KEY: Credential(SECRET_KEY, CALLER)})

    def find(self, access_key_id: str) -> Credential | None:
        return self.known.get(access_key_id)


@dataclass
class Response:
    """An HTTP answer; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes = b""
    messages: list[MutableMapping[str, Any]] = field(default_factory=list)


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Runs a coroutine that never really waits."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    coroutine.close()
    msg = "the application waited for something; use an event loop"
    raise AssertionError(msg)


def exchange(
    app: App,
    method: str = "GET",
    path: str = "/",
    *,
    query: str | bytes = b"",
    headers: Mapping[str, str] | list[tuple[bytes, bytes]] = (),  # type: ignore[assignment]
    body: bytes | list[bytes] = b"",
) -> Response:
    """One raw HTTP exchange; a list is a body in chunks."""
    pairs = (
        headers
        if isinstance(headers, list)
        else [
            (name.lower().encode(), value.encode("latin-1"))
            for name, value in dict(headers).items()
        ]
    )
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode() if isinstance(query, str) else query,
        "root_path": "",
        "headers": pairs,
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 4566),
        "state": {},
    }
    chunks = list(body) if isinstance(body, list) else [body]
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        if not chunks:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    run(app(scope, receive, send))  # type: ignore[arg-type]
    if not sent:
        return Response(0, {})
    start = sent[0]
    found = {name.decode(): value.decode() for name, value in start["headers"]}
    answered = b"".join(message.get("body", b"") for message in sent[1:])
    return Response(start["status"], found, answered, sent)


@functools.cache
def service_model(service: str) -> botocore.model.ServiceModel:
    """botocore's own model of a service."""
    loader = botocore.loaders.Loader()
    return botocore.model.ServiceModel(loader.load_service_model(service, "service-2"), service)


class SigV4At(botocore.auth.SigV4Auth):
    """botocore's signer at a moment of the test's choosing."""

    def __init__(self, credentials: Any, service: str, region: str, now: datetime) -> None:
        super().__init__(credentials, service, region)
        self.now = now

    def add_auth(self, request: Any) -> None:
        request.context["timestamp"] = self.now.strftime("%Y%m%dT%H%M%SZ")
        self._modify_request_before_signing(request)
        canonical = self.canonical_request(request)
        signature = self.signature(self.string_to_sign(request, canonical), request)
        self._inject_signature_to_request(request, signature)


@dataclass
class Api:
    """A client of the application. ``now`` gives the time to sign at (the app's clock)."""

    app: App
    access_key: str = ACCESS_KEY
    secret_key: str = SECRET_KEY
    session_token: str | None = None
    region: str = "us-east-1"
    now: Callable[[], datetime] = field(default=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    validate: bool = False  # whether botocore checks inputs, before the platform does
    protocol: str | None = None  # botocore's name of one; else the one that botocore prefers

    def call(self, service: str, operation: str, **given: Any) -> dict[str, Any]:
        """The parsed output. Raises botocore's ``ClientError`` with code, message and status."""
        model = service_model(service)
        parsed = self.parsed(service, operation, given)
        if parsed["ResponseMetadata"]["HTTPStatusCode"] >= 300:
            raise botocore.exceptions.ClientError(parsed, model.operation_model(operation).name)
        return parsed

    def refusal(self, service: str, operation: str, **given: Any) -> tuple[str, str]:
        """Code and message of the error that the call must give."""
        try:
            output = self.call(service, operation, **given)
        except botocore.exceptions.ClientError as error:
            return error.response["Error"]["Code"], error.response["Error"]["Message"]
        msg = f"{service} {operation} was not refused: {output}"
        raise AssertionError(msg)

    def parsed(self, service: str, operation: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """The parsed answer, be it an output or an error."""
        model = service_model(service)
        response = self.send(self.request(service, operation, given))
        raw = {
            "body": response.body,
            "headers": response.headers,
            "status_code": response.status,
            "context": {"operation_name": operation},
        }
        protocol = self.protocol or str(model.resolved_protocol)
        shape = model.operation_model(operation).output_shape
        parser = botocore.parsers.create_parser(protocol)
        parsed: dict[str, Any] = parser.parse(raw, shape)
        if response.status >= 300:
            code = parsed.get("Error", {}).get("Code")
            for error_shape in model.operation_model(operation).error_shapes:
                if code in (error_shape.error_code, error_shape.name):
                    parsed.update(parser.parse(raw, error_shape))
                    break
        return parsed

    def request(self, service: str, operation: str, given: Mapping[str, Any]) -> Any:
        """The signed request, as botocore makes it."""
        model = service_model(service)
        protocol = self.protocol or str(model.resolved_protocol)
        serializer = botocore.serialize.create_serializer(protocol, self.validate)
        request = serializer.serialize_to_request(dict(given), model.operation_model(operation))
        botocore.awsrequest.prepare_request_dict(request, f"http://{HOST}/", context={})
        return self.sign(botocore.awsrequest.create_request_object(request), model.signing_name)

    def sign(self, request: Any, service: str) -> Any:
        """Signs a botocore ``AWSRequest`` and prepares it."""
        keys = botocore.credentials.Credentials(
            self.access_key, self.secret_key, self.session_token
        )
        SigV4At(keys, service, self.region, self.now()).add_auth(request)
        return request.prepare()

    def send(self, prepared: Any) -> Response:
        """Sends a prepared request."""
        body = prepared.body or b""
        headers = {name: _text(value) for name, value in prepared.headers.items()}
        headers.setdefault("Host", HOST)
        path, _, query = prepared.url.partition(HOST)[2].partition("?")
        body = body.encode() if isinstance(body, str) else body
        return exchange(
            self.app, prepared.method, path or "/", query=query, headers=headers, body=body
        )


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def later(moment: datetime, seconds: float) -> datetime:
    """``seconds`` after a moment."""
    return moment + timedelta(seconds=seconds)
