"""A pipeline's structure, read from an input and checked, in AWS's words and with the place."""

from __future__ import annotations

from typing import Any

import msgspec

from demitasse.api import Input, Scope
from demitasse.errors import NotSupported, ServiceError
from demitasse.services.codepipeline import action_types
from demitasse.services.codepipeline.action_types import ActionType
from demitasse.services.codepipeline.operations import faults, references
from demitasse.services.codepipeline.records.declarations import Action, Declaration, Stage

MOST_STAGES = 50
MOST_ACTIONS = 50


def read(given: Input, scope: Scope) -> Declaration:
    """The structure in an input (a PipelineDeclaration).

    ``ServiceError``: ``InvalidStructureException``, ``InvalidStageDeclarationException``,
    ``InvalidActionDeclarationException``, ``InvalidBlockerDeclarationException``; ``NotSupported``
    names what is not carried out.
    """
    _refuse(given)
    known = {name: value for name, value in given.items() if name not in {"version", "triggers"}}
    declaration = msgspec.convert(_without_empty_blockers(known), Declaration)
    if "pipelineType" in given:
        _check_type(declaration)
    elif _has_v2(declaration):
        declaration = msgspec.structs.replace(declaration, pipeline_type="V2")
    _check_stores(declaration, scope)
    _check_stages(declaration)
    for stage, action in declaration.actions():
        _check_action(stage, action, scope)
    references.check(declaration)
    return declaration


def _refuse(given: Input) -> None:
    """Refuse by name what is not carried out."""
    stores = {"artifactStore": given.get("artifactStore") or {}}
    stores |= {f"artifactStores.{at}": each for at, each in given.get("artifactStores", {}).items()}
    for name, store in stores.items():
        if store.get("encryptionKey"):
            raise NotSupported(f"{name}.encryptionKey")
    if given.get("triggers"):
        raise NotSupported("triggers (of providerType CodeStarSourceConnection)")
    for at, stage in enumerate(given["stages"]):
        where = f"stages[{at}]"
        if stage.get("blockers"):
            raise ServiceError(
                "InvalidBlockerDeclarationException",
                f"The blockers of the stage '{stage['name']}' ({where}.blockers) are reserved for"
                " future use.",
            )
        for member in ("onSuccess", "beforeEntry"):
            if stage.get(member):
                raise NotSupported(f"{where}.{member} (stage conditions)")
        failure = stage.get("onFailure") or {}
        if failure.get("conditions"):
            raise NotSupported(f"{where}.onFailure.conditions")
        if failure.get("result") == "SKIP":
            raise NotSupported(f"{where}.onFailure.result SKIP")
        for number, action in enumerate(stage["actions"]):
            for member in ("commands", "outputVariables", "environmentVariables"):
                if action.get(member):
                    raise NotSupported(f"{where}.actions[{number}].{member}")
            for artifact in action.get("outputArtifacts", ()):
                if artifact.get("files"):
                    raise NotSupported(f"{where}.actions[{number}].outputArtifacts.files")


def _without_empty_blockers(given: Input) -> dict[str, Any]:
    stages = [
        {name: value for name, value in stage.items() if name != "blockers"}
        for stage in given["stages"]
    ]
    return given | {"stages": stages}


def _has_v2(own: Declaration) -> bool:
    """Whether it has what only pipelines of type V2 have: that makes it one, if nobody says."""
    has_failure = any(stage.on_failure is not None for stage in own.stages)
    return own.execution_mode != "SUPERSEDED" or bool(own.variables) or has_failure


def _check_type(own: Declaration) -> None:
    if own.pipeline_type == "V2":
        return
    if own.execution_mode != "SUPERSEDED":
        raise faults.structure(
            f"The execution mode {own.execution_mode} is only available for pipelines of type V2."
        )
    if own.variables:
        raise faults.structure("Pipeline variable can only be used with V2 pipelines")
    for stage in own.stages:
        if stage.on_failure is not None:
            raise faults.stage(
                f"onFailure of the stage '{stage.name}' is only available for pipelines of type V2."
            )


def _check_stores(own: Declaration, scope: Scope) -> None:
    if (own.artifact_store is None) == (own.artifact_stores is None):
        raise faults.structure(
            "You must include either artifactStore or artifactStores in your pipeline, but not both."
        )
    if own.artifact_stores is None:
        return
    if scope.region not in own.artifact_stores:
        raise faults.structure(f"There must be an artifact store for the region {scope.region}.")
    others = sorted(own.artifact_stores.keys() - {scope.region})
    if others:
        raise NotSupported(f"artifactStores of other regions ({', '.join(others)})")


def _check_stages(own: Declaration) -> None:
    count = len(own.stages)
    if count < 2:
        raise faults.structure(
            f"Pipeline has only {count} stage(s). There should be a minimum of 2 stages in a"
            " pipeline"
        )
    if count > MOST_STAGES:
        raise faults.structure(f"Pipeline has {count} stages, which is more than {MOST_STAGES}")
    names = [stage.name for stage in own.stages]
    faults.check_unique(
        names, "Stage names must be unique within the pipeline. {} is used more than once."
    )
    for at, stage in enumerate(own.stages):
        if not stage.actions:
            raise faults.stage(f"Stage '{stage.name}' must have at least one action")
        if len(stage.actions) > MOST_ACTIONS:
            raise faults.stage(f"Stage '{stage.name}' has more than {MOST_ACTIONS} actions")
        actions = [action.name for action in stage.actions]
        faults.check_unique(
            actions, f"Action names must be unique within the stage '{stage.name}'. {{}} is not."
        )
        sources = [each.name for each in stage.actions if each.action_type_id.category == "Source"]
        if at == 0 and len(sources) < len(stage.actions):
            raise faults.structure(
                "Pipeline should start with a stage that only contains source actions"
            )
        if at > 0 and sources:
            raise faults.structure(
                f"Stage '{stage.name}' contains the source action '{sources[0]}'. Only the first"
                " stage of a pipeline can contain source actions"
            )
        if stage.on_failure and stage.on_failure.result == "ROLLBACK":
            if at == 0:
                raise faults.stage(
                    f"Stage '{stage.name}' has source actions and cannot be rolled back"
                )
            if own.execution_mode == "PARALLEL":
                raise faults.stage(
                    f"Stage '{stage.name}' cannot be rolled back: the pipeline is in PARALLEL mode"
                )


def _check_action(stage: Stage, action: Action, scope: Scope) -> None:
    asked = action.action_type_id
    known = action_types.find(asked.category, asked.owner, asked.provider, asked.version)
    if known is None:
        raise faults.action(
            f"ActionType (Category: '{asked.category}', Provider: '{asked.provider}', Owner:"
            f" '{asked.owner}', Version: '{asked.version}') in action '{action.name}' is not"
            f" available in region '{scope.region.upper().replace('-', '_')}'"
        )
    if action.region not in (None, scope.region):
        raise NotSupported(f"The region {action.region} of the action '{action.name}'")
    if action.timeout_in_minutes is not None and asked.category != "Approval":
        raise faults.action(
            f"timeoutInMinutes of the action '{action.name}' in stage '{stage.name}' is only"
            " available for the manual approval action"
        )
    _count(action, "input", len(action.input_artifacts), known.inputs)
    _count(action, "output", len(action.output_artifacts), known.outputs)
    _check_configuration(stage, action, known)


def _count(action: Action, kind: str, count: int, bounds: tuple[int, int]) -> None:
    least, most = bounds
    says = f"Action {action.name} declares {count} {kind} artifacts which is"
    if count < least:
        raise faults.action(f"{says} less than the minimum count ({least})")
    if count > most:
        raise faults.action(f"{says} more than the maximum count ({most})")


def _check_configuration(stage: Stage, action: Action, known: ActionType) -> None:
    where = f"Action configuration for action '{action.name}' in stage '{stage.name}'"
    given = action.configuration
    for name in known.needs:
        if not given.get(name):
            raise faults.action(f"{where} is missing required configuration '{name}'")
    for name in given:
        if name not in known.needs and name not in known.takes:
            raise faults.action(f"{where} contains unknown configuration '{name}'")
    for name, carried_out in known.only:
        if name in given and given[name] not in carried_out:
            raise NotSupported(f"{name} {given[name]} (action '{action.name}')")
    inputs = [artifact.name for artifact in action.input_artifacts]
    wrong = known.check(given, inputs) if known.check else ""
    if wrong:
        raise faults.action(f"{where} is invalid: {wrong}")
