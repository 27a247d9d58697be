"""Application revisions: those that were registered, or deployed."""

from __future__ import annotations

import hashlib
from datetime import datetime

import msgspec

from demitasse.api import Scope
from demitasse.services.codedeploy.records.deployments import Revision
from demitasse.store import Item, Kind, Transaction
from demitasse.store.kinds import Nothing


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


def _digest(application_id: str, revision: Revision) -> str:
    content = msgspec.json.encode((application_id, revision))
    return hashlib.blake2b(content, digest_size=16).hexdigest()


REVISIONS: Kind[Registered, Nothing] = Kind(
    "codedeploy.revision",
    Registered,
    Nothing,
    {"digest": lambda item: _digest(item.desired.application_id, item.desired.revision)},
)


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
        new = Registered(application_id, revision, now, description)
        return tx.create(REVISIONS, scope, key, new)
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
    tx.desire(REVISIONS, item.ref, changed)
