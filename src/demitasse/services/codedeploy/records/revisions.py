"""Application revisions: those that were registered, or deployed, and the orders they come in."""

from __future__ import annotations

import hashlib
from datetime import datetime

import msgspec

from demitasse.api import Scope
from demitasse.services.codedeploy.records.deployments import Revision
from demitasse.services.codedeploy.records.order import newest_first, oldest_first
from demitasse.store import Item, Kind, Transaction
from demitasse.store.kinds import Nothing

ORDERS = ("registerTime", "firstUsedTime", "lastUsedTime")
"""By what revisions can be listed; one that was never used counts as used when registered."""


class Registered(msgspec.Struct, frozen=True, omit_defaults=True):
    """A revision of an application; ``key`` is ``<application id>/<number>``.

    ``groups`` are the ids of the deployment groups to which it was deployed.
    """

    application_id: str
    revision: Revision
    registered_at: datetime
    description: str = ""
    groups: tuple[str, ...] = ()
    first_used_at: datetime | None = None
    last_used_at: datetime | None = None

    def moment(self, order: str) -> datetime:
        """The time by which an order has it."""
        if order == "firstUsedTime":
            return self.first_used_at or self.registered_at
        if order == "lastUsedTime":
            return self.last_used_at or self.registered_at
        return self.registered_at


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """A revision's place in one order: its key, and its bucket if it is in S3."""

    revision: str
    bucket: str = ""


def _digest(application_id: str, revision: Revision) -> str:
    content = msgspec.json.encode((application_id, revision))
    return hashlib.blake2b(content, digest_size=16).hexdigest()


REVISIONS: Kind[Registered, Nothing] = Kind(
    "codedeploy.revision",
    Registered,
    Nothing,
    {"digest": lambda item: _digest(item.desired.application_id, item.desired.revision)},
)
PLACES: Kind[Place, Nothing] = Kind(
    "codedeploy.revision-place", Place, Nothing, {"bucket": lambda item: item.desired.bucket}
)


def order_prefix(application_id: str, order: str, *, descending: bool) -> str:
    """How the keys of an order's ``PLACES`` begin."""
    return f"{application_id}/{order}/{'down' if descending else 'up'}/"


def find_revision(
    tx: Transaction, scope: Scope, application_id: str, revision: Revision
) -> Item[Registered, Nothing] | None:
    """The application's revision that is the same."""
    return tx.one(REVISIONS, scope, "digest", _digest(application_id, revision))


def register_revision(
    tx: Transaction,
    scope: Scope,
    now: datetime,
    application_id: str,
    revision: Revision,
    *,
    description: str = "",
) -> Item[Registered, Nothing]:
    """Keep a revision, once."""
    found = find_revision(tx, scope, application_id, revision)
    if found is None:
        key = f"{application_id}/{tx.next(scope, 'codedeploy.revision'):010d}"
        new = tx.create(
            REVISIONS, scope, key, Registered(application_id, revision, now, description)
        )
        _put_in_order(tx, None, new)
        return new
    if not description:
        return found
    changed = msgspec.structs.replace(found.desired, description=description)
    return tx.desire(REVISIONS, found.ref, changed)


def use_revision(  # noqa: PLR0917 - as the records of others
    tx: Transaction,
    scope: Scope,
    now: datetime,
    application_id: str,
    revision: Revision,
    group_id: str,
) -> None:
    """Note that a revision is deployed to a group."""
    item = register_revision(tx, scope, now, application_id, revision)
    own = item.desired
    changed = msgspec.structs.replace(
        own,
        groups=tuple(dict.fromkeys((*own.groups, group_id))),
        first_used_at=own.first_used_at or now,
        last_used_at=now,
    )
    _put_in_order(tx, item, tx.desire(REVISIONS, item.ref, changed))


def forget_revisions(tx: Transaction, scope: Scope, application_id: str) -> None:
    """Forget all revisions of an application."""
    for revision in tx.page(REVISIONS, scope, prefix=f"{application_id}/"):
        tx.delete(REVISIONS, revision.ref)
    for place in tx.page(PLACES, scope, prefix=f"{application_id}/"):
        tx.delete(PLACES, place.ref)


def _put_in_order(
    tx: Transaction, before: Item[Registered, Nothing] | None, after: Item[Registered, Nothing]
) -> None:
    """Keep the revision's places where its times say."""
    old, new = _places(before) if before else set(), _places(after)
    for key in sorted(old - new):
        found = tx.get(PLACES, after.scope, key)
        if found is not None:
            tx.delete(PLACES, found.ref)
    for key in sorted(new - old):
        tx.create(PLACES, after.scope, key, Place(after.key, after.desired.revision.bucket))


def _places(item: Item[Registered, Nothing]) -> set[str]:
    """The keys of a revision's places; revisions of one moment follow each other by number."""
    own, number = item.desired, int(item.key.rpartition("/")[2])
    keys = set()
    for order in ORDERS:
        for descending in (False, True):
            prefix = order_prefix(own.application_id, order, descending=descending)
            place = newest_first if descending else oldest_first
            keys.add(prefix + place(own.moment(order), number))
    return keys
