"""Verifies AWS Signature Version 4, in the Authorization header or in the query (presigned).

Follows "AWS Signature Version 4 for API requests" of the IAM user guide. Nothing here knows a
protocol: what is wrong is raised as ``Refused`` and worded by ``refusals``.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from urllib.parse import quote, unquote

from demitasse.wire.credentials import Credential, CredentialSource
from demitasse.wire.request import Request

ALGORITHM = "AWS4-HMAC-SHA256"
SKEW = timedelta(minutes=15)
_EMPTY = hashlib.sha256(b"").hexdigest()
_LONGEST_PRESIGNED = 7 * 24 * 3600
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]{2,16}){1,3}-[0-9]{1,2}")
_TIME = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_SPACES = re.compile(" +")
_MUST_BE_SIGNED = ("x-amz-date", "x-amz-target", "x-amz-security-token")


class Why(Enum):
    """Why a request is not authenticated."""

    MISSING = "missing"  # nothing is signed
    INCOMPLETE = "incomplete"  # a part of the signature is missing or malformed
    UNKNOWN_KEY = "unknown key"  # no such access key, or not with this session token
    MISMATCH = "mismatch"  # the signature is not the one calculated here
    SKEWED = "skewed"  # signed at another time than now
    EXPIRED_TOKEN = "expired token"  # noqa: S105  the credentials are no longer valid
    EXPIRED_REQUEST = "expired request"  # a presigned request after its time


class Refused(Exception):
    """The request is not authenticated; the message is AWS's."""

    def __init__(self, why: Why, message: str) -> None:
        super().__init__(message)
        self.why = why
        self.message = message


@dataclass(frozen=True, slots=True)
class Signature:
    """What a request says of its signature; the scope names region and service."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    value: str
    time: str
    session_token: str | None
    expires: int | None  # seconds; only presigned requests have it

    @property
    def presigned(self) -> bool:
        """Whether it stands in the query."""
        return self.expires is not None


def is_signed(request: Request) -> bool:
    """Whether there is anything like a signature."""
    return "authorization" in request.headers or "X-Amz-Signature=" in request.query


def read(request: Request) -> Signature:
    """The signature as stated. Raises ``Refused`` when it is missing or malformed."""
    authorization = request.headers.get("authorization")
    if authorization is not None:
        return _from_header(authorization, request)
    if "X-Amz-Signature=" in request.query:
        return _from_query(request.query)
    raise Refused(Why.MISSING, "Request is missing Authentication Token")


def verify(
    request: Request, stated: Signature, credentials: CredentialSource, now: datetime
) -> Credential:
    """The credential with which the request was signed. Raises ``Refused``."""
    credential = credentials.find(stated.access_key_id)
    if credential is None or not _same(credential.session_token or "", stated.session_token or ""):
        raise Refused(Why.UNKNOWN_KEY, "The security token included in the request is invalid.")
    expected = signature(request, stated, credential.secret)
    if not _same(expected, stated.value):
        raise Refused(
            Why.MISMATCH,
            "The request signature we calculated does not match the signature you provided. Check "
            "your AWS Secret Access Key and signing method. Consult the service documentation for "
            "details.",
        )
    check_time(stated, now)
    if credential.expires is not None and credential.expires <= now:
        raise Refused(Why.EXPIRED_TOKEN, "The security token included in the request is expired")
    return credential


def signature(request: Request, stated: Signature, secret: str) -> str:
    """The signature that the request should have, in hexadecimal."""
    names = stated.signed_headers
    headers = request.headers
    lines = "".join([f"{name}:{collapsed(headers.get(name, ''))}\n" for name in names])
    payload = hashlib.sha256(request.body).hexdigest() if request.body else _EMPTY
    canonical = (
        f"{request.method}\n{_canonical_path(request.path)}\n{canonical_query(request.query)}\n"
        f"{lines}\n{';'.join(names)}\n{payload}"
    )
    scope = f"{stated.date}/{stated.region}/{stated.service}/aws4_request"
    digest = hashlib.sha256(canonical.encode("latin-1", "replace")).hexdigest()
    key = signing_key(secret, stated.date, stated.region, stated.service)
    return hmac.digest(
        key, f"{ALGORITHM}\n{stated.time}\n{scope}\n{digest}".encode(), "sha256"
    ).hex()


@functools.lru_cache(maxsize=512)
def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """The key that a secret gives for a day, a region and a service."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _from_header(authorization: str, request: Request) -> Signature:
    algorithm, _, rest = authorization.partition(" ")
    if algorithm != ALGORITHM:
        raise _incomplete(f"Unsupported authorization: only {ALGORITHM} is understood.")
    parts: dict[str, str] = {}
    for item in rest.split(","):
        name, found, value = item.strip().partition("=")
        if found:
            parts[name] = value
    for name in ("Credential", "SignedHeaders", "Signature"):
        if not parts.get(name):
            raise _incomplete(f"Authorization header requires '{name}' parameter.")
    time = request.headers.get("x-amz-date")
    if time is None:
        raise _incomplete("Authorization header requires existence of a 'X-Amz-Date' header.")
    names = tuple(parts["SignedHeaders"].split(";"))
    for name in _MUST_BE_SIGNED:
        if name in request.headers and name not in names:
            raise Refused(
                Why.MISMATCH, f"'{name}' must be a 'SignedHeader' in the AWS Authorization."
            )
    token = request.headers.get("x-amz-security-token")
    return _stated(parts["Credential"], names, parts["Signature"], time, token, None)


def _from_query(query: str) -> Signature:
    given: dict[str, str] = {}
    for item in query.split("&"):
        name, _, value = item.partition("=")
        given.setdefault(unquote(name), unquote(value))
    for name in ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature"):
        if not given.get(f"X-Amz-{name}"):
            raise _incomplete(f"AWS query-string parameters must include 'X-Amz-{name}'.")
    if given["X-Amz-Algorithm"] != ALGORITHM:
        raise _incomplete(f"Only {ALGORITHM} is understood.")
    seconds = given["X-Amz-Expires"]
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) < 10):
        raise _incomplete("X-Amz-Expires must be a number of seconds.")
    if int(seconds) > _LONGEST_PRESIGNED:
        raise _incomplete("X-Amz-Expires must be less than a week (in seconds).")
    return _stated(
        given["X-Amz-Credential"],
        tuple(given["X-Amz-SignedHeaders"].split(";")),
        given["X-Amz-Signature"],
        given["X-Amz-Date"],
        given.get("X-Amz-Security-Token"),
        int(seconds),
    )


def _stated(  # noqa: PLR0917
    credential: str,
    names: tuple[str, ...],
    value: str,
    time: str,
    token: str | None,
    expires: int | None,
) -> Signature:
    scope = credential.split("/")
    if len(scope) != 5 or scope[4] != "aws4_request" or not all(scope):
        raise _incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. "
            f"keyid/date/region/service/term, got '{credential}'"
        )
    key_id, date, region, service, _ = scope
    if not _REGION.fullmatch(region):
        raise Refused(Why.MISMATCH, "Credential should be scoped to a valid region.")
    if not _TIME.fullmatch(time):
        raise _incomplete("Date must be in ISO-8601 'basic format', e.g. 20261123T052400Z.")
    if time[:8] != date:
        raise Refused(
            Why.MISMATCH, "Date in Credential scope does not match YYYYMMDD from the date signed."
        )
    if "host" not in names:
        raise Refused(Why.MISMATCH, "'Host' must be a 'SignedHeader' in the AWS Authorization.")
    return Signature(key_id, date, region, service, names, value, time, token, expires)


def _incomplete(message: str) -> Refused:
    return Refused(Why.INCOMPLETE, message)


def check_time(stated: Signature, now: datetime) -> None:
    """Raises ``Refused`` when a request was not signed for now."""
    try:
        signed = _moment(stated.time)
    except ValueError:
        raise _incomplete("The date signed does not exist.") from None
    if signed - now > SKEW:
        raise Refused(
            Why.SKEWED,
            f"Signature not yet current: {stated.time} is still later than {_basic(now + SKEW)}",
        )
    if stated.expires is not None:
        if now - signed > timedelta(seconds=stated.expires):
            raise Refused(Why.EXPIRED_REQUEST, "Request has expired.")
    elif now - signed > SKEW:
        raise Refused(
            Why.SKEWED, f"Signature expired: {stated.time} is now earlier than {_basic(now - SKEW)}"
        )


def _moment(time: str) -> datetime:
    year, month, day = int(time[:4]), int(time[4:6]), int(time[6:8])
    hour, minute, second = int(time[9:11]), int(time[11:13]), int(time[13:15])
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def _basic(moment: datetime) -> str:
    return moment.strftime("%Y%m%dT%H%M%SZ")


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def collapsed(value: str) -> str:
    """A header's value as it is signed."""
    value = value.strip(" \t")
    return _SPACES.sub(" ", value) if "  " in value else value


def _canonical_path(path: str) -> str:
    if path in ("/", ""):
        return "/"
    kept: list[str] = []
    for part in path.split("/"):
        if part == "..":
            kept = kept[:-1]
        elif part not in ("", "."):
            kept.append(part)
    normal = "/" + "/".join(kept) + ("/" if kept and path.endswith("/") else "")
    return quote(normal.encode("latin-1", "replace"), safe="/~")


def canonical_query(query: str) -> str:
    """A query string as it is signed: encoded anew and sorted, without the signature."""
    if not query:
        return ""
    given = []
    for item in query.split("&"):
        name, _, value = item.partition("=")
        if item and name != "X-Amz-Signature":
            given.append((_encoded(name), _encoded(value)))
    return "&".join([f"{name}={value}" for name, value in sorted(given)])


def _encoded(text: str) -> str:
    if text.isalnum() and text.isascii():
        return text
    text = text.replace("+", "%20")  # a blank, as in forms
    return quote(unquote(text, "latin-1").encode("latin-1"), safe="-_.~")
