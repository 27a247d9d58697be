"""What is kept of STS: the temporary credentials it gave."""

from __future__ import annotations

from datetime import datetime

import msgspec

from demitasse.api import Caller, Scope
from demitasse.store import Kind, Transaction
from demitasse.store.kinds import Nothing

EVERYWHERE = Scope("", "")
"""An access key is looked up before it is known whose it is, so sessions stand in no account."""


class Session(msgspec.Struct, frozen=True, omit_defaults=True):
    """Temporary credentials; the key of the record is the access key id."""

    account: str
    arn: str
    user_id: str
    secret_access_key: str
    token: str
    expires: datetime

    def caller(self, access_key_id: str) -> Caller:
        """The identity that these credentials stand for."""
        return Caller(self.account, self.arn, self.user_id, access_key_id)


SESSIONS: Kind[Session, Nothing] = Kind("sts.session", Session, Nothing)


def find_session(tx: Transaction, access_key_id: str) -> Session | None:
    """The temporary credentials with that access key id, expired or not."""
    item = tx.get(SESSIONS, EVERYWHERE, access_key_id)
    return None if item is None else item.desired
