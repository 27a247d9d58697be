"""Verifies the credentials that git shows: CodeCommit's signed passwords, and lasting ones."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from datetime import UTC, datetime

from demitasse import git_credential
from demitasse.api import Caller
from demitasse.clock import Clock
from demitasse.wire.credentials import CredentialSource
from demitasse.wire.sigv4 import SKEW, Refused, Why

REGIONS = (
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "ca-west-1"),
    *("eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-central-2", "eu-north-1"),
    *("eu-south-1", "eu-south-2", "ap-east-1", "ap-south-1", "ap-south-2", "ap-northeast-1"),
    *("ap-northeast-2", "ap-northeast-3", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3"),
    *("ap-southeast-4", "ap-southeast-5", "sa-east-1", "me-south-1", "me-central-1"),
    *("il-central-1", "af-south-1", "mx-central-1", "us-gov-east-1", "us-gov-west-1"),
)
"""Where a git credential may be from: it is signed for a region, but does not name it."""

_PASSWORD = re.compile(r"(?P<time>\d{8}T\d{6})Z(?P<signature>[0-9a-f]{64})")
_LASTING = re.compile(
    r"(?P<login>[\w+=,.@-]{1,64}-at-(?P<account>\d{12}))(?:\+(?P<region>[a-z0-9-]+))?", re.ASCII
)
"""A lasting login: the user, the account, and another region than the first, if it is for one."""


class GitCredentials:
    """Who git says it is.

    ``lasting`` gives the caller of an account that a lasting login and its password are of, if
    they are anybody's; ``region`` is the installation's own, the first one tried and the lasting
    login's.
    """

    def __init__(
        self,
        *,
        credentials: CredentialSource,
        lasting: Callable[[str, str, str], Caller | None],
        clock: Clock,
        region: str,
    ) -> None:
        self._credentials = credentials
        self._lasting = lasting
        self._clock = clock
        self._region = region
        self._regions = tuple(dict.fromkeys((region, *REGIONS)))

    def __call__(
        self, user: str, password: str, *, host: str, path: str
    ) -> tuple[Caller, str] | str:
        """Caller and region of a credential for one repository's path; or why it is none."""
        try:
            return self._known(user, password, host, path)
        except Refused as refused:
            return refused.message

    def _known(self, user: str, password: str, host: str, path: str) -> tuple[Caller, str]:
        stated = _LASTING.fullmatch(user)
        if stated:
            caller = self._lasting(stated["account"], stated["login"], password)
            if caller is None:
                raise Refused(Why.MISMATCH, f"The password given for {user} is wrong.")
            return caller, stated["region"] or self._region
        return self._signed(user, password, host, path)

    def _signed(self, user: str, password: str, host: str, path: str) -> tuple[Caller, str]:
        key_id, _, token = user.partition("%")
        stated = _PASSWORD.fullmatch(password)
        if stated is None:
            raise Refused(
                Why.INCOMPLETE,
                "The password is no CodeCommit git credential: a time, Z and a signature.",
            )
        credential = self._credentials.find(key_id)
        if credential is None or not _same(credential.session_token or "", token):
            raise Refused(Why.UNKNOWN_KEY, "The security token included in the request is invalid.")
        region = self._region_of(credential.secret, stated, host, path)
        now = self._clock.now()
        try:
            signed = datetime.strptime(stated["time"], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
        except ValueError:
            raise Refused(Why.INCOMPLETE, "The date signed does not exist.") from None
        if abs(now - signed) > SKEW:
            raise Refused(
                Why.SKEWED,
                f"Signature expired: {stated['time']}Z is not within {SKEW.seconds // 60} minutes of"
                f" now ({now:%Y%m%dT%H%M%SZ}). Is the clock right?",
            )
        if credential.expires is not None and credential.expires <= now:
            raise Refused(
                Why.EXPIRED_TOKEN, "The security token included in the request is expired"
            )
        return credential.caller, region

    def _region_of(self, secret: str, stated: re.Match[str], host: str, path: str) -> str:
        for region in self._regions:
            expected = git_credential.signature(secret, region, host, path, stated["time"])
            if _same(expected, stated["signature"]):
                return region
        raise Refused(
            Why.MISMATCH,
            "The request signature we calculated does not match the signature you provided. Check"
            " your AWS Secret Access Key, and that git is told to sign the repository's path"
            " (credential.UseHttpPath).",
        )


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
