"""CodeCommit's git credential: the user name and password that an access key gives git.

As ``aws codecommit credential-helper`` makes it: the password holds the time and a Signature
Version 4 of a request with the method ``GIT``, the repository's path, and the host without its
port. It is good for a quarter of an hour. Demitasse adds a password that lasts, for clients that
take nothing else; on AWS, IAM makes such ones per user.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
from datetime import datetime

STATIC_USER = "root-at-"
"""A lasting user name: this, the account, and for another region than the first ``+<region>``."""

_ALGORITHM = "AWS4-HMAC-SHA256"


def password(secret: str, region: str, host: str, path: str, now: datetime) -> str:
    """The password for one repository. ``path`` begins with a slash."""
    time = now.strftime("%Y%m%dT%H%M%S")
    return f"{time}Z{signature(secret, region, host, path, time)}"


def signature(secret: str, region: str, host: str, path: str, time: str) -> str:
    """The signature at a time (``20261123T052400``)."""
    canonical = f"GIT\n{path}\n\nhost:{host.partition(':')[0]}\n\nhost\n"
    scope = f"{time[:8]}/{region}/codecommit/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return hmac.digest(
        _key(secret, time[:8], region),
        f"{_ALGORITHM}\n{time}\n{scope}\n{digest}".encode(),
        "sha256",
    ).hex()


def user(access_key_id: str, session_token: str | None) -> str:
    """The user name; a temporary credential's session token stands behind a percent sign."""
    return f"{access_key_id}%{session_token}" if session_token else access_key_id


def static_password(secret: str) -> str:
    """The password that lasts, of an account whose root has that secret access key."""
    made = hmac.digest(secret.encode(), b"codecommit git credential", "sha256")
    return base64.b64encode(made, altchars=b"-_").decode().rstrip("=")


@functools.lru_cache(maxsize=512)
def _key(secret: str, date: str, region: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (date, region, "codecommit", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
