"""Carrying out what the plan has decided: all of it writes records, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from demitasse.errors import ServiceError
from demitasse.ids import Ids
from demitasse.services.codepipeline import begin, plan
from demitasse.services.codepipeline.look import Run
from demitasse.services.codepipeline.plan import Decision
from demitasse.services.codepipeline.records import (
    ACTIONS,
    EXECUTIONS,
    PIPELINES,
    ExecutionItem,
    PipelineItem,
    StageLatest,
    StageRun,
    Trigger,
)
from demitasse.services.codepipeline.records.notices import (
    state_of,
    tell_action,
    tell_execution,
    tell_stage,
)
from demitasse.services.codepipeline.records.starting import roll_back
from demitasse.store import Transaction

_SOME = 20
"""How many executions are read at once to find one that succeeded."""


class Applying:
    """Decisions about one pipeline's executions, within one transaction."""

    def __init__(
        self,
        tx: Transaction,
        pipeline: PipelineItem,
        runs: dict[str, Run],
        ids: Ids,
        now: datetime,
    ) -> None:
        self._tx, self._pipeline, self._runs, self._ids, self._now = tx, pipeline, runs, ids, now

    def carry_out(self, decisions: Iterable[Decision]) -> None:
        """Write what the decisions say, in their order."""
        for decision in decisions:
            run = self._runs[decision.run]
            match decision:
                case plan.Begin(action=action):
                    self._begin(run, action)
                case plan.Supersede(by=other):
                    by = self._runs[other].item.desired.execution_id
                    self._end(run, "Superseded", f"Superseded by {by}")
                case plan.Enter():
                    self._enter(run)
                case plan.Pass():
                    self._pass(run)
                case plan.FailAndRollBack():
                    self._fail(run)
                    self._roll_back(run)
                case plan.Fail():
                    self._fail(run)
                case plan.RetryByItself():
                    failure = run.stage.on_failure
                    how = failure.retry_configuration if failure else None
                    mode = how.retry_mode if how else "ALL_ACTIONS"
                    self._retry(run, run.stage.name, mode, by_itself=True)
                case plan.RetryAsAsked():
                    asked = run.item.desired.retries[run.item.observed.retried]
                    self._retry(run, asked.stage, asked.mode, by_itself=False)
                case plan.Stopping():
                    self._stopping(run)
                case plan.Stop():
                    self._stop(run)
                case plan.Cancel():
                    self._cancel(run)

    # stages

    def _enter(self, run: Run) -> None:
        name = run.stage.name
        seen = run.item.observed
        stage = StageRun(name, "InProgress", self._now)
        run = self._see(run, entered=True, stages=seen.stages | {name: stage})
        self._latest(run, name, new=True)
        tell_stage(self._tx, run.item, self._ids, self._now, stage=name, state="STARTED")

    def _pass(self, run: Run) -> None:
        name, seen = run.stage.name, run.item.observed
        is_last = run.item.desired.target or seen.stage == len(run.declaration.stages) - 1
        run = self._see_stage(run, "Succeeded")
        if is_last:
            self._end(run, "Succeeded")
        elif run.item.desired.stop is not None:
            self._end(run, "Stopped", f"Stopped after the stage {name}")
        else:
            self._see(run, stage=seen.stage + 1, entered=False)

    def _fail(self, run: Run) -> None:
        name = run.stage.name
        run = self._see_stage(run, "Failed")
        self._end(run, "Failed", f"The stage {name} has failed")

    def _roll_back(self, run: Run) -> None:
        """Go back to what last succeeded in the stage, if anything has."""
        stage = run.stage.name
        target = self._last_good(run)
        if target is None:
            return
        trigger = Trigger("AutomatedRollback", run.item.desired.execution_id)
        try:
            roll_back(
                self._tx, self._pipeline, self._ids, self._now, trigger, target=target, stage=stage
            )
        except ServiceError as error:  # too many executions: it stays failed, and says why
            self._see(run, summary=f"The stage {stage} has failed. {error.message}")

    def _last_good(self, run: Run) -> ExecutionItem | None:
        """The newest execution of the same structure that succeeded in the stage by itself."""
        own, after = run.item.desired, ""
        where = ("succeeded", f"{own.pipeline_id}/{run.stage.name}")
        while found := self._tx.page(
            EXECUTIONS, run.item.scope, where=where, after=after, limit=_SOME
        ):
            for each in found:
                if each.desired.version < own.version:  # and so are all that are older
                    return None
                if not each.desired.target:
                    return each
            after = found[-1].key
        return None

    def _retry(self, run: Run, stage: str, mode: str, *, by_itself: bool) -> None:
        seen = run.item.observed
        before = seen.stages[stage]
        kept = {
            name: key
            for name, key in before.actions.items()
            if mode == "FAILED_ACTIONS" and self._succeeded(run, key)
        }
        again = msgspec.structs.replace(
            before,
            status="InProgress",
            retried_at=self._now,
            actions=kept,
            attempt=before.attempt + 1,
            automatic=before.automatic + by_itself,
        )
        run = self._see(
            run,
            status="InProgress",
            summary="",
            stage=run.declaration.position(stage),
            entered=True,
            stages=seen.stages | {stage: again},
            retried=seen.retried + (not by_itself),
            attempt=seen.attempt + 1,
        )
        self._latest(run, stage)
        if not by_itself:
            tell_execution(self._tx, run.item, self._ids, self._now, "RESUMED")
        tell_stage(self._tx, run.item, self._ids, self._now, stage=stage, state="RESUMED")

    def _succeeded(self, run: Run, key: str) -> bool:
        item = self._tx.get(ACTIONS, run.item.scope, key)
        return item is not None and item.observed.status == "Succeeded"

    # actions

    def _begin(self, run: Run, action: str) -> None:
        declared = run.stage.action(action)
        assert declared is not None  # noqa: S101 - the plan knows the stage's actions only
        key = begin.begin(self._tx, run, declared, self._ids, self._now)
        stage = run.item.observed.stages[run.stage.name]
        stage = msgspec.structs.replace(stage, actions=stage.actions | {action: key})
        run = self._see(run, stages=run.item.observed.stages | {stage.name: stage})
        self._latest(run, stage.name)

    # stopping

    def _stopping(self, run: Run) -> Run:
        if run.item.observed.entered:
            run = self._see_stage(run, "Stopping")
        run = self._see(run, status="Stopping")
        tell_execution(self._tx, run.item, self._ids, self._now, "STOPPING")
        return run

    def _stop(self, run: Run) -> None:
        if run.item.observed.status != "Stopping":
            run = self._stopping(run)
        run = self._leave(run, "Stopped", action_state="ABANDONED")
        stop = run.item.desired.stop
        self._end(run, "Stopped", stop.reason if stop else "")

    def _cancel(self, run: Run) -> None:
        run = self._leave(run, "Cancelled", action_state="CANCELED")
        version = self._pipeline.desired.declaration.version
        self._end(run, "Cancelled", f"The pipeline was updated to version {version}")

    def _leave(self, run: Run, status: str, *, action_state: str) -> Run:
        """End the stage that it is in, if any, without the actions in progress."""
        if not run.item.observed.entered:
            return run
        for key in run.item.observed.stages[run.stage.name].actions.values():
            self._abandon(run, key, action_state)
        return self._see_stage(run, status)

    def _abandon(self, run: Run, key: str, state: str) -> None:
        item = self._tx.get(ACTIONS, run.item.scope, key)
        if item is None or item.observed.status != "InProgress":
            return
        seen = msgspec.structs.replace(item.observed, status="Abandoned", updated_at=self._now)
        item = self._tx.observe(ACTIONS, item.ref, seen)
        tell_action(self._tx, item, self._ids, self._now, state)

    # within

    def _see_stage(self, run: Run, status: str) -> Run:
        name, seen = run.stage.name, run.item.observed
        stage = msgspec.structs.replace(seen.stages[name], status=status)
        run = self._see(run, stages=seen.stages | {name: stage})
        self._latest(run, name)
        state = state_of(status)
        tell_stage(self._tx, run.item, self._ids, self._now, stage=name, state=state)
        return run

    def _end(self, run: Run, status: str, summary: str = "") -> None:
        run = self._see(run, status=status, summary=summary)
        tell_execution(self._tx, run.item, self._ids, self._now, state_of(status))

    def _see(self, run: Run, **changes: object) -> Run:
        seen = msgspec.structs.replace(run.item.observed, updated_at=self._now, **changes)
        run = Run(self._tx.observe(EXECUTIONS, run.item.ref, seen), run.declaration)
        self._runs[run.item.key] = run
        return run

    def _latest(self, run: Run, stage: str, *, new: bool = False) -> None:
        """Keep in the pipeline what GetPipelineState shows of a stage."""
        own, at = run.item.desired, run.item.observed.stages[stage]
        kept = self._pipeline.observed.stages.get(stage)
        if not new and (kept is None or kept.execution_id != own.execution_id):
            return
        asked_for = at.attempt - 1 - at.automatic
        latest = StageLatest(
            own.execution_id,
            at.status,
            "ROLLBACK" if own.target else "STANDARD",
            (kept.actions if kept else {}) | at.actions,
            asked_for,
            at.automatic,
            # A stage retries itself at its first failure only: those asked for come later.
            "ManualStageRetry" if asked_for else "AutomatedStageRetry" if at.automatic else "",
        )
        stages = self._pipeline.observed.stages | {stage: latest}
        seen = msgspec.structs.replace(self._pipeline.observed, stages=stages)
        self._pipeline = self._tx.observe(PIPELINES, self._pipeline.ref, seen)
