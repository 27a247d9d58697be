"""Beginning an action, and taking over what it has put out."""

from __future__ import annotations

from datetime import datetime

import msgspec

from demitasse.ids import Ids
from demitasse.services.codepipeline import roles, variables
from demitasse.services.codepipeline.look import Run
from demitasse.services.codepipeline.records import (
    ACTIONS,
    EXECUTIONS,
    ActionExecution,
    ActionObserved,
    Problem,
    StoredArtifact,
)
from demitasse.services.codepipeline.records.actions import action_key
from demitasse.services.codepipeline.records.declarations import Action
from demitasse.services.codepipeline.records.notices import tell_action
from demitasse.services.codepipeline.records.revisions import Pin
from demitasse.store import Transaction


def begin(tx: Transaction, run: Run, declared: Action, ids: Ids, now: datetime) -> str:
    """Keep a new action execution; its key. One that lacks what it needs has failed at once."""
    own = run.item.desired
    configuration, problem = _configuration(run, declared)
    ready = run.item.observed.artifacts
    problem = problem or _missing(run, declared) or _unassumed(tx, run, declared)
    pin = own.pins.get(declared.name, Pin())
    if pin.key:
        configuration = configuration | {"S3ObjectKey": pin.key}
    is_approval = declared.action_type_id.category == "Approval"
    item = tx.create(
        ACTIONS,
        run.item.scope,
        action_key(
            own.pipeline_id, tx.next(run.item.scope, f"codepipeline.action/{own.pipeline_id}")
        ),
        ActionExecution(
            pipeline=own.pipeline,
            pipeline_id=own.pipeline_id,
            execution_id=own.execution_id,
            version=own.version,
            stage=run.stage.name,
            name=declared.name,
            id=ids.uuid(),
            declared=declared,
            configuration=configuration,
            started_at=now,
            inputs=tuple(
                ready[each.name] for each in declared.input_artifacts if each.name in ready
            ),
            outputs=tuple(_place(run, each.name, ids) for each in declared.output_artifacts),
            pin=pin.value,
            token=ids.uuid() if is_approval else "",
            role_arn=declared.role_arn or run.declaration.role_arn,
            attempt=run.item.observed.attempt,
        ),
        ActionObserved(updated_at=now),
    )
    tell_action(tx, item, ids, now, "STARTED")
    if problem is not None:
        seen = msgspec.structs.replace(item.observed, status="Failed", error=problem)
        item = tx.observe(ACTIONS, item.ref, seen)
        tell_action(tx, item, ids, now, "FAILED")
    return item.key


def _configuration(run: Run, declared: Action) -> tuple[dict[str, str], Problem | None]:
    """An action's configuration with its variables in their places, or why that cannot be."""
    try:
        return {
            name: variables.resolve(name, value, _namespaces(run))
            for name, value in declared.configuration.items()
        }, None
    except variables.Unresolved as error:
        return declared.configuration, Problem("ConfigurationError", str(error))


def _missing(run: Run, declared: Action) -> Problem | None:
    ready = run.item.observed.artifacts
    missing = [each.name for each in declared.input_artifacts if each.name not in ready]
    if not missing:
        return None
    return Problem(
        "ConfigurationError",
        f"The input artifact {missing[0]} has not been put out by the action that declares it.",
    )


def _unassumed(tx: Transaction, run: Run, declared: Action) -> Problem | None:
    """A role that was deleted, or trusts CodePipeline no more. Who approves needs none."""
    if declared.action_type_id.category == "Approval":
        return None
    why = roles.trouble(tx, run.item.scope, run.declaration, declared)
    return Problem("PermissionError", why) if why else None


def gather(tx: Transaction, run: Run) -> Run:
    """Take over artifacts, variables and revisions of the stage's actions that have succeeded."""
    seen = run.item.observed
    stage = seen.stages.get(run.stage.name)
    if not seen.entered or stage is None:
        return run
    artifacts, spaces, revisions = dict(seen.artifacts), dict(seen.variables), dict(seen.revisions)
    for key in stage.actions.values():
        item = tx.get(ACTIONS, run.item.scope, key)
        if item is None or item.observed.status != "Succeeded":
            continue
        artifacts |= {each.name: each for each in item.observed.outputs}
        if item.desired.declared.namespace:
            spaces[item.desired.declared.namespace] = item.observed.variables
        if item.observed.revision is not None:
            revisions[item.desired.name] = item.observed.revision
    seen = msgspec.structs.replace(seen, artifacts=artifacts, variables=spaces, revisions=revisions)
    return Run(tx.observe(EXECUTIONS, run.item.ref, seen), run.declaration)


def _namespaces(run: Run) -> dict[str, dict[str, str]]:
    own = run.item.desired
    return run.item.observed.variables | {
        variables.EXECUTION: {"PipelineExecutionId": own.execution_id},
        variables.PIPELINE: own.variables,
    }


def _place(run: Run, artifact: str, ids: Ids) -> StoredArtifact:
    bucket = run.declaration.store(run.item.scope.region).location
    key = f"{run.item.desired.pipeline[:20]}/{artifact[:10]}/{ids.secret(7)}.zip"
    return StoredArtifact(artifact, bucket, key)
