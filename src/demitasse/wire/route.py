"""Finds the service, the operation and the protocol of a request to the one endpoint."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from demitasse.wire import parse_query
from demitasse.wire.protocols import CborProtocol, JsonProtocol, QueryProtocol, WireProtocol
from demitasse.wire.request import Request
from demitasse.wire.service import Service

_QUERY = QueryProtocol(None)
_JSON = JsonProtocol(None)
_CBOR = CborProtocol(None)
_RPC_PATH = re.compile(r"/service/([^/]{1,256})/operation/([^/]{1,256})")
_REST_XML = frozenset({"s3", "route53", "cloudfront"})
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes. ``service`` is ``None`` when no service of ours is meant; ``asked`` is
    then what a person would call it.
    """

    service: Service | None
    operation: str
    protocol: WireProtocol
    asked: str


class Router:
    """Routes by ``X-Amz-Target``, else by the path of RPC v2, else by the form's ``Action``."""

    def __init__(self, services: Iterable[Service]) -> None:
        self._by_target: dict[str, Service] = {}
        self._by_signing: dict[str, list[Service]] = {}
        for service in services:
            target = service.model.metadata.target_prefix
            if target:
                self._by_target[target.rpartition(".")[2]] = service
            self._by_signing.setdefault(service.model.signing_name, []).append(service)

    def surmise(self, request: Request) -> WireProtocol:
        """The protocol in which to answer before, or although, nothing else is known."""
        if request.headers.get("smithy-protocol") == "rpc-v2-cbor":
            return _CBOR
        target = request.headers.get("x-amz-target")
        if target is not None or "json" in request.headers.get("content-type", ""):
            service = self._by_target.get(_target(target or "")[0])
            return service.speaking("json") if service else _JSON
        scope = _scoped_service(request)
        candidates = self._by_signing.get(scope, ())
        if candidates:
            return candidates[0].protocol
        has_form = request.headers.get("content-type", "").lower().startswith(_FORM)
        return _JSON if scope and scope not in _REST_XML and not has_form else _QUERY

    def route(self, request: Request, signed_service: str | None) -> Route:
        """Where a request goes; ``signed_service`` is the service of its credential scope.

        Raises ``Malformed`` when it has parameters that cannot be read.
        """
        target = request.headers.get("x-amz-target")
        if target is not None:
            prefix, operation = _target(target)
            service = self._by_target.get(prefix)
            protocol = service.speaking("json") if service else _JSON
            return Route(service, operation, protocol, target[:256])
        if request.headers.get("smithy-protocol") == "rpc-v2-cbor":
            return self._rpc(request)
        request.form = self._form(request)
        given = {name: value for name, value in request.form if name in ("Action", "Version")}
        action, version = given.get("Action", ""), given.get("Version", "")
        service = self._by_version(signed_service, version) if action else None
        if service:
            return Route(service, action, service.speaking("query"), action[:256])
        asked = f"{action} {version}".strip()[:256]
        if signed_service:
            asked = f"{signed_service[:64]} {asked}".strip()
        return Route(
            None, action, self.surmise(request), asked or f"{request.method} {request.path}"[:256]
        )

    def _rpc(self, request: Request) -> Route:
        found = _RPC_PATH.fullmatch(request.path)
        target, operation = found.groups() if found else ("", "")
        service = self._by_target.get(target.rpartition(".")[2])
        protocol = service.speaking("smithy-rpc-v2-cbor") if service else _CBOR
        return Route(service, operation, protocol, f"{target}.{operation}")

    def _by_version(self, signed_service: str | None, version: str) -> Service | None:
        if signed_service is None:
            candidates = [each for several in self._by_signing.values() for each in several]
        else:
            candidates = self._by_signing.get(signed_service, [])
            if not version and len(candidates) == 1:
                return candidates[0]
        for service in candidates:
            metadata = service.model.metadata
            # All versions of ec2 are one API that grew; elb and elbv2 share a name, not an API.
            if version == metadata.api_version or (metadata.protocol == "ec2" and signed_service):
                return service
        return None

    @staticmethod
    def _form(request: Request) -> list[tuple[str, str]]:
        parameters: list[tuple[str, str]] = []
        if request.query:
            parameters = [
                (name, value)
                for name, value in parse_query.pairs(request.query.encode("latin-1"))
                if not name.startswith("X-Amz-")
            ]
        content_type = request.headers.get("content-type", _FORM)
        if request.body and content_type.lower().startswith(_FORM):
            parameters += parse_query.pairs(request.body)
        return parameters


def is_for_storage(request: Request) -> bool:
    """Whether a request is S3's, whose calls look like no other service's: judged by its head.

    It is signed for S3, in one of the ways that S3 has; or it is signed by nobody, names a path,
    and calls nothing that has a name.
    """
    headers, query = request.headers, request.query
    if "x-amz-target" in headers or "smithy-protocol" in headers:
        return False
    service = _scoped_service(request)
    if service:
        return service in ("s3", "s3express")
    authorization = headers.get("authorization", "")
    if authorization.startswith("AWS ") or ("AWSAccessKeyId=" in query and "Signature=" in query):
        return True  # Version 2, which S3 alone still knows
    if authorization or request.path in ("", "/"):
        return False
    has_form = headers.get("content-type", "").lower().startswith(_FORM)
    return not has_form and "Action=" not in query


def _target(header: str) -> tuple[str, str]:
    """The last component of a target's prefix, and its operation."""
    prefix, _, operation = header.rpartition(".")
    return prefix.rpartition(".")[2], operation


def _scoped_service(request: Request) -> str:
    """The service that a signature names, read without judging the signature."""
    text = request.headers.get("authorization", "").partition("Credential=")[2].partition(",")[0]
    if not text:
        text = unquote(request.query.partition("X-Amz-Credential=")[2].partition("&")[0])
    parts = text.split("/")
    return parts[3] if len(parts) == 5 else ""
