"""The credentials that callers sign with: every account's root ones, those that IAM made for
users, and temporary ones of STS.
"""

from __future__ import annotations

import hashlib
import hmac

from demitasse import git_credential
from demitasse.accounts import Accounts
from demitasse.api import Caller
from demitasse.services.iam.records import (
    CODECOMMIT,
    find_access_key,
    find_service_credential,
    find_user,
)
from demitasse.services.sts.records import find_session
from demitasse.store import Store
from demitasse.wire.credentials import Credential


class Credentials:
    """Root credentials of every account, those of users, and the temporary ones that STS gave."""

    def __init__(self, accounts: Accounts, store: Store) -> None:
        self._accounts = accounts
        self._store = store
        self._roots: dict[str, Credential] = {}

    def find(self, access_key_id: str) -> Credential | None:
        """The credential with that access key id, expired or not; ``None`` when there is none."""
        root = self._roots.get(access_key_id)
        if root is not None:
            return root
        account = self._accounts.account_of(access_key_id)
        if account is not None:
            secret = self._accounts.keys(account).secret_access_key
            root = Credential(secret, self._accounts.caller(account, access_key_id))
            self._roots[access_key_id] = root  # they last, and only ours get here
            return root
        with self._store.transaction() as tx:
            session = find_session(tx, access_key_id)
            own = find_access_key(tx, access_key_id) if session is None else None
        if own is not None:
            key, user = own
            return Credential(key.secret_access_key, user.caller(key.account, access_key_id))
        if session is None:
            return None
        return Credential(
            session.secret_access_key, session.caller(access_key_id), session.token, session.expires
        )

    def lasting(self, account: str, login: str, password: str) -> Caller | None:
        """The caller of an account whose git login lasts, and has that password.

        Every account's root has a login from the start, and those that IAM has made for it.
        """
        root = self.root(account)
        first = git_credential.static_password(root.secret)
        if login == f"{git_credential.STATIC_USER}{account}" and _same(first, password):
            return root.caller
        with self._store.transaction() as tx:
            made = find_service_credential(tx, account, CODECOMMIT, login)
            user = find_user(tx, account, made.user) if made else None
        given = hashlib.sha256(password.encode()).hexdigest()
        if made is None or not made.active or not _same(made.password_sha256, given):
            return None
        return user.caller(account, login) if user else root.caller

    def root(self, account: str) -> Credential:
        """The credential of an account's root."""
        found = self.find(self._accounts.keys(account).access_key_id)
        assert found is not None, account  # noqa: S101 - every account has one
        return found


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
