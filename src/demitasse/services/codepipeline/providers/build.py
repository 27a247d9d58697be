"""Build and Test by CodeBuild: a build of a project, with the pipeline's artifacts.

Follows "AWS CodeBuild build and test action reference".
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from demitasse.services.codebuild.records import (
    BUILDS,
    FINAL,
    Artifacts,
    BuildObserved,
    BuildOverrides,
    Source,
    Variable,
    start_build,
)
from demitasse.services.codepipeline import environment, urls
from demitasse.services.codepipeline.providers.base import (
    CONFIGURATION,
    JOB,
    ActionFailed,
    Begun,
    Done,
    Outcome,
    Waiting,
    Work,
)
from demitasse.services.codepipeline.records import EXECUTIONS, ActionItem, StoredArtifact
from demitasse.store import Transaction

_TYPE = "CODEPIPELINE"


async def build(work: Work, item: ActionItem) -> Outcome:
    """Begin the build, or follow the one that has begun."""
    if item.observed.external_id:
        return _follow(work, item)
    project = item.desired.configuration["ProjectName"]
    given = _overrides(item)

    def make(tx: Transaction, now: datetime) -> Begun:
        overrides = msgspec.structs.replace(given, resolved_version=_revision(tx, item))
        build_id = start_build(
            tx,
            item.scope,
            work.ids,
            now,
            project,
            initiator=f"codepipeline/{item.desired.pipeline}",
            overrides=overrides,
        )
        return Begun(build_id, urls.build(item.scope, build_id))

    work.begin(item, make)
    return Waiting()


def _primary(item: ActionItem) -> str:
    """The name of the artifact that is the build's source."""
    return item.desired.configuration.get("PrimarySource", item.desired.inputs[0].name)


def _revision(tx: Transaction, item: ActionItem) -> str:
    """What a source action found, if its artifact is the build's source; else ""."""
    execution = tx.one(EXECUTIONS, item.scope, "id", item.desired.execution_id)
    found = execution.observed.revisions.values() if execution else ()
    return next((each.id for each in found if each.artifact == _primary(item)), "")


def _overrides(item: ActionItem) -> BuildOverrides:
    own = item.desired
    primary = _primary(item)
    by_name = {each.name: each for each in own.inputs}
    outputs = own.outputs
    return BuildOverrides(
        source_type=_TYPE,
        source_location=_place(by_name[primary]),
        secondary_sources=tuple(
            Source(_TYPE, location=_place(each), identifier=each.name)
            for each in own.inputs
            if each.name != primary
        ),
        artifacts=(
            Artifacts(_TYPE, location=_place(outputs[0]), name=outputs[0].name)
            if len(outputs) == 1
            else Artifacts("NO_ARTIFACTS")
        ),
        secondary_artifacts=(
            tuple(
                Artifacts(_TYPE, location=_place(each), name=each.name, identifier=each.name)
                for each in outputs
            )
            if len(outputs) > 1
            else ()
        ),
        variables=_variables(own.configuration.get("EnvironmentVariables", "[]")),
    )


def _variables(text: str) -> tuple[Variable, ...]:
    try:
        return tuple(Variable(each.name, each.value) for each in environment.read(text))
    except environment.Unreadable as error:
        raise ActionFailed(CONFIGURATION, str(error)) from None


def _place(stored: StoredArtifact) -> str:
    return f"{stored.bucket}/{stored.key}"


def _follow(work: Work, item: ActionItem) -> Outcome:
    build_id = item.observed.external_id
    with work.store.transaction() as tx:
        kept = tx.get(BUILDS, item.scope, build_id)
    if kept is None:
        raise ActionFailed(JOB, f"The build {build_id} is no longer there.")
    seen = kept.observed
    if seen.status not in FINAL:
        return Waiting()
    if seen.status == "SUCCEEDED":
        return Done(variables=seen.exported, log_stream=_log_stream(item, seen))
    failed = next((each for each in seen.phases if each.code), None)
    says = f"Build terminated with state: {seen.status}"
    if failed is not None:
        says += f". Phase: {failed.type}, Code: {failed.code}, Message: {failed.message}"
    raise ActionFailed(JOB, says, summary=says)


def _log_stream(item: ActionItem, seen: BuildObserved) -> str:
    if not seen.log_stream:
        return ""
    arn = item.scope.arn("logs", f"log-group:{seen.log_group}:log-stream:{seen.log_stream}")
    return arn[:250]
