"""Who may call: every account's root credentials, derived from one secret per installation.

There is nothing to create before an account can be used: an access key id holds its account's
number and a proof that this installation made it; its secret is derived likewise.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from demitasse.api import Caller
from demitasse.errors import StartupError
from demitasse.ids import Ids

_KEY_PREFIX = "AKIA"
_NUMBER_BYTES = 5  # 12 decimal digits fit into 40 bits; with 40 bits of proof: 16 base32 letters


class Identity(msgspec.Struct, frozen=True):
    """What makes an installation itself; kept in its state folder, readable by its owner only."""

    installation: str
    secret: str


@dataclass(frozen=True, slots=True)
class Keys:
    """An access key."""

    access_key_id: str
    secret_access_key: str


def identity(path: Path, ids: Ids) -> Identity:
    """Read the installation's identity, or make it on the first call."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Identity)
    except FileNotFoundError:
        pass
    except (OSError, msgspec.DecodeError) as error:
        raise StartupError(f"{path} cannot be read: {error}") from error
    made = Identity(installation=ids.hex(8), secret=ids.secret(40))
    beside = path.with_suffix(f".{ids.hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(msgspec.json.encode(made))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(beside, path)  # of two that start at once, one wins
        except FileExistsError:
            return msgspec.json.decode(path.read_bytes(), type=Identity)
        finally:
            beside.unlink()
    except OSError as error:
        raise StartupError(f"the state folder {path.parent} cannot be written: {error}") from error
    return made


class Accounts:
    """Root credentials of all accounts. ``fixed`` are further ones, of ``account``."""

    def __init__(self, secret: str, account: str, fixed: Keys | None = None) -> None:
        self._secret = secret.encode()
        self._account = account
        self._fixed = fixed

    def keys(self, account: str) -> Keys:
        """The root access key of an account (twelve digits)."""
        if self._fixed is not None and account == self._account:
            return self._fixed
        number = int(account).to_bytes(_NUMBER_BYTES, "big")
        key_id = _KEY_PREFIX + base64.b32encode(number + self._proof(number)).decode()
        return Keys(key_id, self._derive(key_id))

    def account_of(self, access_key_id: str) -> str | None:
        """The account of a root access key, or ``None`` when it is not one of ours."""
        if self._fixed is not None and access_key_id == self._fixed.access_key_id:
            return self._account
        if len(access_key_id) != 20 or not access_key_id.startswith(_KEY_PREFIX):
            return None
        try:
            raw = base64.b32decode(access_key_id[len(_KEY_PREFIX) :])
        except ValueError:
            return None
        number, proof = raw[:_NUMBER_BYTES], raw[_NUMBER_BYTES:]
        if not hmac.compare_digest(proof, self._proof(number)):
            return None
        return f"{int.from_bytes(number, 'big'):012d}"

    def caller(self, account: str, access_key_id: str) -> Caller:
        """The root user of an account."""
        return Caller(account, f"arn:aws:iam::{account}:root", account, access_key_id)

    def _proof(self, number: bytes) -> bytes:
        return hmac.digest(self._secret, b"access key of " + number, hashlib.sha256)[:_NUMBER_BYTES]

    def _derive(self, key_id: str) -> str:
        digest = hmac.digest(self._secret, b"secret of " + key_id.encode(), hashlib.sha256)
        return base64.b64encode(digest).decode()[:40]
