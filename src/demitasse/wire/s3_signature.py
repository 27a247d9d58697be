"""Who signed a request to S3: its own kinds of signature, and its own errors.

Beside Signature Version 4 in the Authorization header and in the query, S3 knows bodies in signed
chunks (``STREAMING-…``), and query strings signed with Version 2, as boto3 presigns by default.
The path is encoded once and not normalised, and the body is named by ``x-amz-content-sha256``.
Follows "Authenticating Requests" of the S3 API reference.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote, unquote_to_bytes

from demitasse.api import Caller
from demitasse.clock import Clock
from demitasse.errors import ServiceError
from demitasse.wire import sigv4
from demitasse.wire.credentials import Credential, CredentialSource
from demitasse.wire.request import Request, Scope
from demitasse.wire.sigv4 import Refused, Signature, Why

EXPRESS = "s3express"
"""For which the calls are signed that are about directory buckets."""

UNSIGNED = "UNSIGNED-PAYLOAD"
_SIGNED_CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
_KINDS = frozenset(
    {UNSIGNED, _SIGNED_CHUNKS, f"{_SIGNED_CHUNKS}-TRAILER", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}
)
_EMPTY = hashlib.sha256(b"").hexdigest()
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your key"
    " and signing method."
)
_V2_RESOURCE = re.compile(
    r"accelerate|acl|analytics|cors|delete|encryption|inventory|lifecycle|location|logging|metrics"
    r"|notification|object-lock|partNumber|policy|publicAccessBlock|replication|requestPayment"
    r"|response-(cache-control|content-(disposition|encoding|language|type)|expires)|restore"
    r"|select|select-type|storageClass|tagging|torrent|uploads?|uploadId|versionId|versioning"
    r"|versions|website"
)
"""The parameters that Version 2 signs."""
_CODES = {
    Why.MISSING: ("AccessDenied", 403),
    Why.INCOMPLETE: ("AuthorizationHeaderMalformed", 400),
    Why.UNKNOWN_KEY: ("InvalidAccessKeyId", 403),
    Why.MISMATCH: ("SignatureDoesNotMatch", 403),
    Why.SKEWED: ("RequestTimeTooSkewed", 403),
    Why.EXPIRED_TOKEN: ("ExpiredToken", 400),
    Why.EXPIRED_REQUEST: ("AccessDenied", 403),
}
_MESSAGES = {
    Why.MISSING: "Access Denied",
    Why.UNKNOWN_KEY: "The AWS Access Key Id you provided does not exist in our records.",
    Why.SKEWED: "The difference between the request time and the current time is too large.",
    Why.EXPIRED_TOKEN: "The provided token has expired.",
    Why.EXPIRED_REQUEST: "Request has expired",
}


class ChunkSignatures:
    """The signatures of a body's chunks: each is made over the one before."""

    def __init__(self, stated: Signature, secret: str) -> None:
        self._key = sigv4.signing_key(secret, stated.date, stated.region, stated.service)
        self._head = f"{stated.time}\n{stated.date}/{stated.region}/{stated.service}/aws4_request\n"
        self._last = stated.value

    def accepts(self, signature: str, sha256: str) -> bool:
        """Whether this is the signature of the next chunk, whose digest is given."""
        return self._next(signature, f"{sigv4.ALGORITHM}-PAYLOAD", f"{_EMPTY}\n{sha256}")

    def accepts_trailer(self, signature: str, lines: str) -> bool:
        """Whether this is the signature of the trailing headers, one to a line."""
        digest = hashlib.sha256(lines.encode("latin-1")).hexdigest()
        return self._next(signature, f"{sigv4.ALGORITHM}-TRAILER", digest)

    def _next(self, signature: str, algorithm: str, what: str) -> bool:
        text = f"{algorithm}\n{self._head}{self._last}\n{what}"
        expected = hmac.digest(self._key, text.encode(), "sha256").hex()
        self._last = expected
        return hmac.compare_digest(expected.encode(), signature.encode())


@dataclass(frozen=True, slots=True)
class Signed:
    """A verified request. ``payload`` is what x-amz-content-sha256 says of the body: its digest,
    or one of the words that S3 has for bodies which are not signed, or signed in chunks.
    ``express``: signed for directory buckets, which have a service name of their own.
    """

    caller: Caller
    region: str
    payload: str = UNSIGNED
    chunks: ChunkSignatures | None = None
    express: bool = False


class S3Signatures:
    """Verifies requests to S3."""

    def __init__(self, credentials: CredentialSource, clock: Clock, region: str) -> None:
        self._credentials, self._clock, self._region = credentials, clock, region

    def verify(self, scope: Scope) -> Signed:
        """Who signed the request of an ASGI scope. Raises ``ServiceError`` with S3's codes."""
        request = Request.of(scope)
        try:
            if "Signature=" in request.query and "AWSAccessKeyId=" in request.query:
                return self._version_2(request)
            return self._version_4(request)
        except Refused as refused:
            code, status = _CODES[refused.why]
            if refused.why is Why.INCOMPLETE and "X-Amz-Signature=" in request.query:
                code = "AuthorizationQueryParametersError"
            message = _MESSAGES.get(refused.why, refused.message)
            raise ServiceError(code, message, status=status) from refused

    def _version_4(self, request: Request) -> Signed:
        stated = sigv4.read(request)
        if stated.service not in ("s3", EXPRESS):
            raise Refused(
                Why.INCOMPLETE,
                f'The authorization is malformed; incorrect service "{stated.service}". This'
                ' endpoint belongs to "s3".',
            )
        payload = request.headers.get("x-amz-content-sha256", "")
        if stated.presigned:
            payload = payload or UNSIGNED
        elif not payload:
            raise ServiceError(
                "InvalidRequest",
                "Missing required header for this request: x-amz-content-sha256",
                status=400,
            )
        if payload not in _KINDS and not _is_digest(payload):
            raise ServiceError(
                "InvalidArgument",
                "x-amz-content-sha256 must be UNSIGNED-PAYLOAD,"
                " STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD,"
                " STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.",
                status=400,
            )
        self._all_signed(request, stated)
        now = self._clock.now()
        credential = self._find(stated.access_key_id, stated.session_token)
        expected = _signature(request, stated, credential.secret, payload)
        if not hmac.compare_digest(expected.encode(), stated.value.encode()):
            raise Refused(Why.MISMATCH, _MISMATCH)
        sigv4.check_time(stated, now)
        _not_expired(credential, now)
        chunks = (
            ChunkSignatures(stated, credential.secret)
            if payload.startswith(_SIGNED_CHUNKS)
            else None
        )
        express = stated.service == EXPRESS
        return Signed(credential.caller, stated.region, payload, chunks, express)

    def _version_2(self, request: Request) -> Signed:
        given = {
            unquote(name): unquote(value.replace("+", "%20"))
            for name, _, value in (item.partition("=") for item in request.query.split("&"))
        }
        expires = given.get("Expires", "")
        if not (expires.isascii() and expires.isdigit() and len(expires) < 12):
            raise ServiceError(
                "AccessDenied",
                f"Invalid date (should be seconds since epoch): {expires}"[:256],
                status=403,
            )
        credential = self._find(given.get("AWSAccessKeyId", ""), given.get("x-amz-security-token"))
        expected = _signature_2(request, given, credential.secret)
        if not hmac.compare_digest(expected.encode(), given.get("Signature", "").encode()):
            raise Refused(Why.MISMATCH, _MISMATCH)
        now = self._clock.now()
        if datetime.fromtimestamp(0, UTC) + timedelta(seconds=int(expires)) < now:
            raise Refused(Why.EXPIRED_REQUEST, "")
        _not_expired(credential, now)
        return Signed(credential.caller, self._region)

    def _find(self, access_key_id: str, token: str | None) -> Credential:
        credential = self._credentials.find(access_key_id)
        if credential is None:
            raise Refused(Why.UNKNOWN_KEY, "")
        known, given = (credential.session_token or "").encode(), (token or "").encode()
        if not hmac.compare_digest(known, given):
            raise ServiceError(
                "InvalidToken", "The provided token is malformed or otherwise invalid.", status=400
            )
        return credential

    @staticmethod
    def _all_signed(request: Request, stated: Signature) -> None:
        """Headers that mean something to S3 must be those that were signed."""
        for name in request.headers:
            if name.startswith("x-amz-") and name not in stated.signed_headers:
                if stated.presigned and name == "x-amz-content-sha256":
                    continue
                raise ServiceError(
                    "AccessDenied",
                    "There were headers present in the request which were not signed",
                    status=403,
                    HeadersNotSigned=name,
                )


def _signature(request: Request, stated: Signature, secret: str, payload: str) -> str:
    lines = "".join(
        f"{name}:{sigv4.collapsed(request.headers.get(name, ''))}\n"
        for name in stated.signed_headers
    )
    path = quote(unquote_to_bytes(request.path.encode("latin-1")), safe="/~") or "/"
    canonical = (
        f"{request.method}\n{path}\n{sigv4.canonical_query(request.query)}\n"
        f"{lines}\n{';'.join(stated.signed_headers)}\n{payload}"
    )
    scope = f"{stated.date}/{stated.region}/{stated.service}/aws4_request"
    digest = hashlib.sha256(canonical.encode("latin-1", "replace")).hexdigest()
    key = sigv4.signing_key(secret, stated.date, stated.region, stated.service)
    text = f"{sigv4.ALGORITHM}\n{stated.time}\n{scope}\n{digest}"
    return hmac.digest(key, text.encode(), "sha256").hex()


def _signature_2(request: Request, given: dict[str, str], secret: str) -> str:
    headers = request.headers
    amz = {name: value for name, value in given.items() if name.startswith("x-amz-")}
    amz |= {name: value for name, value in headers.items() if name.startswith("x-amz-")}
    lines = "".join(f"{name}:{amz[name].strip()}\n" for name in sorted(amz))
    asked = sorted(item for item in given if _V2_RESOURCE.fullmatch(item))
    resource = "&".join(f"{name}={given[name]}" if given[name] else name for name in asked)
    text = (
        f"{request.method}\n{headers.get('content-md5') or given.get('content-md5', '')}\n"
        f"{headers.get('content-type') or given.get('content-type', '')}\n{given['Expires']}\n"
        f"{lines}{request.path}{f'?{resource}' if resource else ''}"
    )
    digest = hmac.digest(secret.encode(), text.encode("utf-8", "replace"), "sha1")
    return base64.b64encode(digest).decode()


def _not_expired(credential: Credential, now: datetime) -> None:
    if credential.expires is not None and credential.expires <= now:
        raise Refused(Why.EXPIRED_TOKEN, "")


def _is_digest(text: str) -> bool:
    return len(text) == 64 and not set(text) - set("0123456789abcdef")
