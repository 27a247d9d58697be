"""Reading a pipeline's executions as the plan wants them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from demitasse.services.codepipeline.plan import ActionView, RunView, View
from demitasse.services.codepipeline.records import (
    ACTIONS,
    EXECUTIONS,
    ExecutionItem,
    PipelineItem,
    declaration_of,
)
from demitasse.services.codepipeline.records.declarations import Declaration, Stage
from demitasse.store import Transaction


@dataclass(frozen=True, slots=True)
class Run:
    """An execution with the structure it runs through."""

    item: ExecutionItem
    declaration: Declaration

    @property
    def stage(self) -> Stage:
        """The stage it is in, or waits to enter."""
        return self.declaration.stages[self.item.observed.stage]


def runs_of(tx: Transaction, pipeline: PipelineItem) -> dict[str, Run]:
    """The executions that are not at their end, by their keys."""
    found: dict[str, Run] = {}
    own = pipeline.desired
    for item in tx.page(EXECUTIONS, pipeline.scope, where=("active", own.pipeline_id)):
        declaration = declaration_of(tx, pipeline, item.desired.version)
        if declaration is not None:
            found[item.key] = Run(item, declaration)
    return found


def view_of(tx: Transaction, pipeline: PipelineItem, runs: Mapping[str, Run]) -> View:
    """What the plan decides from."""
    version = pipeline.desired.declaration.version
    return View(
        tuple(_run(tx, run, version) for run in runs.values()), frozenset(pipeline.desired.disabled)
    )


def _run(tx: Transaction, run: Run, version: int) -> RunView:
    own, seen, stage = run.item.desired, run.item.observed, run.stage
    entered = seen.stages.get(stage.name) if seen.entered else None
    stop = own.stop
    retry = own.retries[seen.retried] if seen.retried < len(own.retries) else None
    actions: tuple[ActionView, ...] = ()
    if entered is not None:
        actions = tuple(
            ActionView(each.name, each.run_order, _status(tx, run, entered.actions.get(each.name)))
            for each in stage.actions
        )
    return RunView(
        key=run.item.key,
        number=own.number,
        stage=stage.name,
        status=seen.status,
        mode=own.mode,
        entered=entered is not None,
        actions=actions,
        stop="" if stop is None else "abandon" if stop.abandon else "wait",
        retry=retry.stage if retry else "",
        on_failure=_on_failure(run, entered.automatic if entered else 0),
        outdated=own.version != version,
    )


def _status(tx: Transaction, run: Run, key: str | None) -> str:
    item = tx.get(ACTIONS, run.item.scope, key) if key else None
    return item.observed.status if item else ""


def _on_failure(run: Run, automatic: int) -> str:
    wanted = run.stage.on_failure.result if run.stage.on_failure else "FAIL"
    if (wanted == "RETRY" and automatic) or (wanted == "ROLLBACK" and run.item.desired.target):
        return "FAIL"
    return wanted
