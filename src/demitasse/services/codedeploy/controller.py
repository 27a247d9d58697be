"""Carries deployments out: looks, plans, and writes what the plan says, in one transaction.

It touches the store alone: task sets are ECS's to run and listeners are the load balancer's to
follow; what they see comes back as changes of their records.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import msgspec

from demitasse.clock import Clock, Waits
from demitasse.control import Controller, Interest, own
from demitasse.engines.objects.protocol import Objects
from demitasse.errors import EngineError, EngineUnavailable
from demitasse.ids import Ids
from demitasse.services.codedeploy import plan
from demitasse.services.codedeploy.apply import Applying
from demitasse.services.codedeploy.look import look
from demitasse.services.codedeploy.records import (
    DEPLOYMENTS,
    FINAL,
    Deployment,
    DeploymentObserved,
)
from demitasse.services.ecs.records import SERVICES, TASK_SETS, TASKS, service_key
from demitasse.services.elbv2.records import LISTENERS, RULES
from demitasse.store import Change, Item, Kind, Ref, Store, Transaction


class DeploymentController(Controller):
    """One deployment at a time, by its id."""

    name = "codedeploy.deployment"

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        waits: Waits,
        ids: Ids,
        objects: Objects,
    ) -> None:
        self._store = store
        self._clock = clock
        self._waits = waits
        self._ids = ids
        self._objects = objects
        self._since = clock.now()

    def interests(self) -> dict[Kind[Any, Any], Interest]:
        return {
            DEPLOYMENTS: own,
            SERVICES: self._of_service,
            TASK_SETS: self._of_part,
            TASKS: self._of_part,
            LISTENERS: lambda change: self._found(change, "listener", change.ref.key),
            RULES: lambda change: self._found(change, "listener", change.item.desired.listener_arn),
        }

    def everything(self, tx: Transaction) -> Iterable[Ref]:
        return tx.refs(DEPLOYMENTS)

    def _of_service(self, change: Change) -> Iterable[Ref]:
        return self._found(change, "active", change.ref.key)

    def _of_part(self, change: Change) -> Iterable[Ref]:
        owner = change.item.desired
        if not owner.service:
            return ()
        return self._found(change, "active", service_key(owner.cluster, owner.service))

    def _found(self, change: Change, index: str, value: str) -> Iterable[Ref]:
        with self._store.transaction() as tx:
            found = tx.page(DEPLOYMENTS, change.ref.scope, where=(index, value))
        return [item.ref for item in found]

    async def reconcile(self, ref: Ref) -> float | None:
        """One decision; what it writes queues the deployment for the next one."""
        with self._store.transaction() as tx:
            item = tx.get(DEPLOYMENTS, ref.scope, ref.key)
        if item is None or item.observed.status in FINAL:
            return None
        text, problem = await self._revision(item)
        with self._store.transaction() as tx:
            item = tx.get(DEPLOYMENTS, ref.scope, ref.key)
            if item is None or item.observed.status in FINAL:
                return None
            if text and not item.observed.appspec:
                seen = msgspec.structs.replace(item.observed, appspec=text)
                item = tx.observe(DEPLOYMENTS, ref, seen)
            now = self._clock.now()
            view = replace(look(tx, item, now), since=self._since)
            if problem is not None:
                view = replace(view, revision=problem[1], revision_code=problem[0])
            decided = plan.plan(view, self._waits)
            Applying(tx, item, view, self._ids).carry_out(decided.actions)
            return decided.again

    async def _revision(
        self, item: Item[Deployment, DeploymentObserved]
    ) -> tuple[str, tuple[str, str] | None]:
        """The text of a revision in S3, or why there is none, with AWS's ErrorCode."""
        revision = item.desired.revision
        if revision.type != "S3" or item.observed.appspec or item.observed.phase != "start":
            return "", None
        where = f"s3://{revision.bucket}/{revision.key}"
        try:
            data = await self._objects.get(
                item.scope, revision.bucket, revision.key, revision.version
            )
            if not await self._is_expected(item, data):
                problem = f"The object {where} has another ETag than {revision.etag}"
                return "", ("REVISION_MISSING", problem)
            return data.decode(), None
        except EngineUnavailable:
            raise
        except EngineError as error:
            return "", ("REVISION_MISSING", f"The revision {where} cannot be read: {error}")
        except UnicodeDecodeError:
            return "", ("INVALID_REVISION", f"The AppSpec file {where} is not text")

    async def _is_expected(self, item: Item[Deployment, DeploymentObserved], data: bytes) -> bool:
        """Whether an object has the ETag that its revision names, if it names one."""
        revision = item.desired.revision
        wanted = revision.etag.strip('"')
        if not wanted or wanted == hashlib.md5(data, usedforsecurity=False).hexdigest():
            return True
        # The ETag of what was uploaded in parts is no digest of it.
        current = await self._objects.current(item.scope, revision.bucket, revision.key)
        return current is not None and current == (revision.version or current[0], wanted)
