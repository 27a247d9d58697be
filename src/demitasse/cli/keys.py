"""The access keys with which the commands themselves, and the shells they set up, call."""

from __future__ import annotations

from demitasse.accounts import Accounts, Keys, identity
from demitasse.ids import RandomIds
from demitasse.settings import Settings


def root_keys(settings: Settings, account: str | None = None) -> Keys:
    """The root access key of an account, by default the first."""
    fixed = (
        Keys(settings.access_key_id, settings.secret_access_key) if settings.access_key_id else None
    )
    secret = identity(settings.identity_file, RandomIds()).secret
    return Accounts(secret, settings.account, fixed).keys(account or settings.account)
