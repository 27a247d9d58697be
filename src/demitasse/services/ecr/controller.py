"""Carries out lifecycle policies, and says what they would do."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from demitasse.clock import Clock, Waits
from demitasse.control import Controller, Interest, own
from demitasse.ids import Ids
from demitasse.services.ecr import images
from demitasse.services.ecr.lifecycle import read_policy
from demitasse.services.ecr.plan import next_change, plan
from demitasse.services.ecr.records import (
    IMAGES,
    LIFECYCLE_PREVIEWS,
    REPOSITORIES,
    Image,
    LifecyclePreviewObserved,
    RepositoryObserved,
    in_repository,
)
from demitasse.store import Change, Kind, Ref, Store, Transaction

_DAY = 24 * 60 * 60


class LifecycleController(Controller):
    """Evaluates a repository's lifecycle policy whenever an image or the policy changed.

    AWS takes up to a day for that; here it happens at once, and again when the next image
    becomes too old. A record to look at is a repository.
    """

    name = "ecr.lifecycle"
    workers = 1

    def __init__(self, *, store: Store, clock: Clock, waits: Waits, ids: Ids) -> None:
        self._store, self._ids = store, ids
        self._clock = clock
        self._day = timedelta(seconds=waits.seconds(_DAY))

    def interests(self) -> dict[Kind[Any, Any], Interest]:
        return {REPOSITORIES: _policy_changed, IMAGES: _image_changed, LIFECYCLE_PREVIEWS: own}

    def everything(self, tx: Transaction) -> Iterable[Ref]:
        return tx.refs(REPOSITORIES)

    async def reconcile(self, ref: Ref) -> float | None:
        with self._store.transaction() as tx:
            self._preview(tx, ref)
            return self._carry_out(tx, ref)

    def _preview(self, tx: Transaction, ref: Ref) -> None:
        asked = tx.get(LIFECYCLE_PREVIEWS, ref.scope, ref.key)
        if asked is None or asked.observed.completed_at is not None:
            return
        now = self._clock.now()
        rules = read_policy(asked.desired.policy)
        expiring = plan(rules, _images(tx, ref), now, self._day)
        tx.observe(LIFECYCLE_PREVIEWS, ref, LifecyclePreviewObserved(now, tuple(expiring)))

    def _carry_out(self, tx: Transaction, ref: Ref) -> float | None:
        repository = tx.get(REPOSITORIES, ref.scope, ref.key)
        if repository is None or not repository.desired.lifecycle_policy:
            return None
        now = self._clock.now()
        rules = read_policy(repository.desired.lifecycle_policy)
        kept = _images(tx, ref)
        going = {each.digest for each in plan(rules, kept, now, self._day)}
        # An index before what it needs: what is needed cannot be deleted.
        for image in sorted(kept, key=lambda image: not image.manifests):
            if image.digest in going:
                _expire(tx, ref, image.digest, self._ids, now)
        tx.observe(REPOSITORIES, ref, RepositoryObserved(now))
        left = [image for image in kept if image.digest not in going]
        following = next_change(rules, left, now, self._day)
        return None if following is None else (following - now).total_seconds()


def _expire(tx: Transaction, ref: Ref, digest: str, ids: Ids, now: datetime) -> None:
    image = tx.get(IMAGES, ref.scope, in_repository(ref.key, digest))
    if image is not None and not images.lists_with(tx, image):
        images.delete(tx, image, ids, now)


def _images(tx: Transaction, ref: Ref) -> list[Image]:
    return [item.desired for item in tx.page(IMAGES, ref.scope, prefix=in_repository(ref.key, ""))]


def _policy_changed(change: Change) -> Iterable[Ref]:
    """Not when only the time of the last evaluation was noted: that would never end."""
    if change.after and (change.before is None or change.before.desired != change.after.desired):
        yield change.ref


def _image_changed(change: Change) -> Iterable[Ref]:
    if change.before and change.after and change.before.desired == change.after.desired:
        return  # it was pulled
    image: Image = change.item.desired
    yield Ref(change.item.scope, image.repository)
