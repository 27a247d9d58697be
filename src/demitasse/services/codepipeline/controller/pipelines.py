"""One pipeline at a time: sources that have changed, and what its executions do next."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from demitasse.api import Scope
from demitasse.clock import Clock
from demitasse.control import Controller, Interest, own
from demitasse.errors import ServiceError
from demitasse.ids import Ids
from demitasse.services.codecommit.records import REPOSITORIES
from demitasse.services.codepipeline import sources
from demitasse.services.codepipeline.apply import Applying
from demitasse.services.codepipeline.begin import gather
from demitasse.services.codepipeline.look import runs_of, view_of
from demitasse.services.codepipeline.plan import plan
from demitasse.services.codepipeline.records import (
    ACTIONS,
    EXECUTIONS,
    PIPELINES,
    PipelineItem,
    pipeline_arn,
    revision_of,
    start_execution,
)
from demitasse.services.codepipeline.records.pipelines import source_of
from demitasse.services.ecr.records import IMAGE_TAGS
from demitasse.services.events.records import DEFAULT_BUS, RULES
from demitasse.services.s3.records import VERSIONS, find_bucket
from demitasse.store import Change, Kind, Ref, Store, Transaction

log = logging.getLogger(__name__)


class PipelineController(Controller):
    """Decides what happens next in a pipeline; it touches records alone."""

    name = "codepipeline.pipeline"

    def __init__(self, *, store: Store, clock: Clock, ids: Ids) -> None:
        self._store, self._clock, self._ids = store, clock, ids

    def interests(self) -> dict[Kind[Any, Any], Interest]:
        return {
            PIPELINES: own,
            EXECUTIONS: _of_pipeline,
            ACTIONS: _of_pipeline,
            REPOSITORIES: self._of_repository,
            IMAGE_TAGS: lambda change: self._reading(change.ref.scope, f"ecr:{change.ref.key}"),
            VERSIONS: self._of_object,
        }

    def everything(self, tx: Transaction) -> Iterable[Ref]:
        return tx.refs(PIPELINES)

    def _of_repository(self, change: Change) -> Iterable[Ref]:
        before = change.before.observed.branches if change.before else {}
        after = change.after.observed.branches if change.after else {}
        return [
            ref
            for branch in before.keys() | after.keys()
            if before.get(branch) != after.get(branch)
            for ref in self._reading(change.ref.scope, f"codecommit:{change.ref.key}/{branch}")
        ]

    def _of_object(self, change: Change) -> Iterable[Ref]:
        version = change.item.desired
        with self._store.transaction() as tx:
            bucket = find_bucket(tx, version.bucket)
        if bucket is None:
            return ()
        return self._reading(bucket.scope, f"s3:{version.bucket}/{version.key}")

    def _reading(self, scope: Scope, source: str) -> list[Ref]:
        with self._store.transaction() as tx:
            found = tx.page(PIPELINES, scope, where=("source", source))
        return [item.ref for item in found]

    async def reconcile(self, ref: Ref) -> float | None:
        """Look, plan, write: until there is nothing left to decide."""
        with self._store.transaction() as tx:
            now = self._clock.now()
            item = tx.get(PIPELINES, ref.scope, ref.key)
            if item is None:
                return None
            self._follow(tx, item, now)
            while self._decide(tx, ref, now):
                pass
        return None

    def _decide(self, tx: Transaction, ref: Ref, now: datetime) -> bool:
        item = tx.get(PIPELINES, ref.scope, ref.key)
        assert item is not None  # noqa: S101 - read in this transaction
        runs = {key: gather(tx, run) for key, run in runs_of(tx, item).items()}
        decisions = plan(view_of(tx, item, runs))
        Applying(tx, item, runs, self._ids, now).carry_out(decisions)
        return bool(decisions)

    def _follow(self, tx: Transaction, item: PipelineItem, now: datetime) -> None:
        """Start the pipeline when a source stands elsewhere than it was last seen."""
        declaration = item.desired.declaration
        followed = sources.followed(declaration)
        changed = {
            source: at
            for source, at in sources.standing(tx, item.scope, declaration).items()
            if at and at != item.observed.seen.get(source)
        }
        starting = [source for source in changed if not _told_by_rule(tx, item, source)]
        if not changed:
            return
        if starting:
            revisions = [
                revision_of(action, at)
                for source, at in changed.items()
                for action in declaration.stages[0].actions
                if source_of(action) == source
            ]
            polled = any(not source.startswith("ecr:") for source in starting)
            try:
                start_execution(
                    tx,
                    item.scope,
                    self._ids,
                    now,
                    item.key,
                    trigger_type="PollForSourceChanges" if polled else "CloudWatchEvent",
                    trigger_detail=", ".join(followed[source].name for source in starting),
                    source_revisions=revisions,
                )
            except ServiceError as error:
                # Not seen yet: it starts when an execution has ended or the pipeline is mended.
                log.warning("codepipeline %s: %s", item.key, error.message)
                return
        seen = msgspec.structs.replace(item.observed, seen=item.observed.seen | changed)
        tx.observe(PIPELINES, item.ref, seen)


def _of_pipeline(change: Change) -> Iterable[Ref]:
    return (Ref(change.ref.scope, change.item.desired.pipeline),)


def _told_by_rule(tx: Transaction, item: PipelineItem, source: str) -> bool:
    """Whether a rule of EventBridge starts the pipeline when this image changes.

    On AWS an ECR source needs such a rule, which the console makes; here it is followed without
    one. Who makes it nevertheless must not have the pipeline started twice.
    """
    if not source.startswith("ecr:"):
        return False
    target = f"{DEFAULT_BUS}/{pipeline_arn(item.scope, item.key)}"
    rules = tx.page(RULES, item.scope, where=("target", target))
    return any(rule.desired.enabled and '"aws.ecr"' in rule.desired.pattern for rule in rules)
