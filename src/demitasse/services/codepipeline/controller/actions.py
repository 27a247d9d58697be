"""One action at a time: begins what it begins, follows it, and says how it ended."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from demitasse.clock import Clock, Waits
from demitasse.control import Controller, Interest, own
from demitasse.engines.git.protocol import Git
from demitasse.engines.objects.protocol import Objects
from demitasse.ids import Ids
from demitasse.services.base import Site
from demitasse.services.codebuild.records import BUILDS
from demitasse.services.codedeploy.records import DEPLOYMENTS
from demitasse.services.codepipeline.providers import provider_of
from demitasse.services.codepipeline.providers.base import (
    ActionFailed,
    Calls,
    Done,
    Outcome,
    Waiting,
    Work,
)
from demitasse.services.codepipeline.records import (
    ACTIONS,
    PIPELINES,
    ActionItem,
    ActionObserved,
    Problem,
)
from demitasse.services.codepipeline.records.actions import followed
from demitasse.services.codepipeline.records.notices import tell_action
from demitasse.services.ecs.records import TASK_SETS
from demitasse.store import Change, Kind, Ref, Store, Transaction


class ActionController(Controller):
    """Carries actions out. ``calls`` reaches the APIs of other services."""

    name = "codepipeline.action"

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        waits: Waits,
        ids: Ids,
        site: Site,
        objects: Objects,
        git: Git,
        calls: Calls,
    ) -> None:
        self._store, self._clock, self._ids = store, clock, ids
        self._work = Work(store, clock, waits, ids, site, objects, git, calls)

    def interests(self) -> dict[Kind[Any, Any], Interest]:
        return {
            ACTIONS: own,
            DEPLOYMENTS: lambda change: self._following(change, "CodeDeployToECS", change.ref.key),
            BUILDS: lambda change: self._following(change, "CodeBuild", change.ref.key),
            TASK_SETS: lambda change: self._following(change, "ECS", change.item.desired.id),
        }

    def everything(self, tx: Transaction) -> Iterable[Ref]:
        return [
            item.ref
            for pipeline in tx.everywhere(PIPELINES)
            for item in tx.page(
                ACTIONS, pipeline.scope, where=("running", pipeline.desired.pipeline_id)
            )
        ]

    def _following(self, change: Change, provider: str, external_id: str) -> Iterable[Ref]:
        where = ("followed", followed(provider, external_id))
        with self._store.transaction() as tx:
            return [item.ref for item in tx.page(ACTIONS, change.ref.scope, where=where)]

    async def reconcile(self, ref: Ref) -> float | None:
        """One step of an action that is in progress."""
        with self._store.transaction() as tx:
            item = tx.get(ACTIONS, ref.scope, ref.key)
        if item is None or item.observed.status != "InProgress":
            return None
        outcome: Outcome | ActionFailed
        try:
            outcome = await provider_of(item)(self._work, item)
        except ActionFailed as failure:
            outcome = failure
        if isinstance(outcome, Waiting):
            return outcome.again
        self._end(item, outcome)
        return None

    def _end(self, item: ActionItem, outcome: Done | ActionFailed) -> None:
        """Say how it ended, unless it was abandoned or its pipeline deleted meanwhile."""
        now = self._clock.now()
        with self._store.transaction() as tx:
            fresh = tx.get(ACTIONS, item.scope, item.key)
            if fresh is None or fresh.observed.status != "InProgress":
                return
            ended = _ended(fresh, outcome)
            fresh = tx.observe(ACTIONS, item.ref, msgspec.structs.replace(ended, updated_at=now))
            state = "SUCCEEDED" if isinstance(outcome, Done) else "FAILED"
            tell_action(tx, fresh, self._ids, now, state)


def _ended(item: ActionItem, outcome: Done | ActionFailed) -> ActionObserved:
    seen = item.observed
    answer = item.desired.approval
    if isinstance(outcome, ActionFailed):
        return msgspec.structs.replace(
            seen,
            status="Failed",
            summary=outcome.summary or seen.summary,
            error=Problem(outcome.code, outcome.message[:5000]),
            updated_by=answer.by if answer else seen.updated_by,
        )
    return msgspec.structs.replace(
        seen,
        status="Succeeded",
        summary=outcome.summary or seen.summary,
        external_id=outcome.external_id or seen.external_id,
        external_url=outcome.external_url or seen.external_url,
        revision=outcome.revision,
        variables=outcome.variables,
        outputs=item.desired.outputs,
        updated_by=outcome.updated_by,
        log_stream=outcome.log_stream,
    )
