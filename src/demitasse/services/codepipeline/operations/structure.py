"""A pipeline's structure, read from an input and checked, in AWS's words and with the place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from demitasse.api import Input, Scope
from demitasse.errors import NotSupported, ServiceError
from demitasse.services.codepipeline import action_types, variables
from demitasse.services.codepipeline.action_types import ActionType
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
    if "artifactStore" not in known:
        raise _structure("The pipeline must have an artifactStore.")
    declaration = msgspec.convert(_without_empty_blockers(known), Declaration)
    _check_type(declaration)
    _check_stages(declaration)
    for stage, action in _actions(declaration):
        _check_action(stage, action, scope)
    _check_artifacts(declaration)
    _check_namespaces(declaration)
    _check_variables(declaration)
    return declaration


def _refuse(given: Input) -> None:
    """Refuse by name what is not carried out."""
    if given.get("artifactStores"):
        raise NotSupported("artifactStores (actions in other regions)")
    if (given.get("artifactStore") or {}).get("encryptionKey"):
        raise NotSupported("artifactStore.encryptionKey")
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


def _structure(message: str) -> ServiceError:
    return ServiceError("InvalidStructureException", message)


def _stage(message: str) -> ServiceError:
    return ServiceError("InvalidStageDeclarationException", message)


def _action(message: str) -> ServiceError:
    return ServiceError("InvalidActionDeclarationException", message)


def _actions(declaration: Declaration) -> Iterator[tuple[Stage, Action]]:
    for stage in declaration.stages:
        for action in stage.actions:
            yield stage, action


def _check_type(own: Declaration) -> None:
    if own.pipeline_type == "V2":
        return
    if own.execution_mode != "SUPERSEDED":
        raise _structure(
            f"The execution mode {own.execution_mode} is only available for pipelines of type V2."
        )
    if own.variables:
        raise _structure("Pipeline variables are only available for pipelines of type V2.")
    for stage in own.stages:
        if stage.on_failure is not None:
            raise _stage(
                f"onFailure of the stage '{stage.name}' is only available for pipelines of type V2."
            )


def _check_stages(own: Declaration) -> None:
    count = len(own.stages)
    if count < 2:
        raise _structure(
            f"Pipeline has only {count} stage(s). There should be a minimum of 2 stages in a"
            " pipeline"
        )
    if count > MOST_STAGES:
        raise _structure(f"Pipeline has {count} stages, which is more than {MOST_STAGES}")
    names = [stage.name for stage in own.stages]
    _unique(names, "Stage names must be unique within the pipeline. {} is used more than once.")
    for at, stage in enumerate(own.stages):
        if not stage.actions:
            raise _stage(f"Stage '{stage.name}' must have at least one action")
        if len(stage.actions) > MOST_ACTIONS:
            raise _stage(f"Stage '{stage.name}' has more than {MOST_ACTIONS} actions")
        actions = [action.name for action in stage.actions]
        _unique(
            actions, f"Action names must be unique within the stage '{stage.name}'. {{}} is not."
        )
        sources = [each.name for each in stage.actions if each.action_type_id.category == "Source"]
        if at == 0 and len(sources) < len(stage.actions):
            raise _structure("Pipeline should start with a stage that only contains source actions")
        if at > 0 and sources:
            raise _structure(
                f"Stage '{stage.name}' contains the source action '{sources[0]}'. Only the first"
                " stage of a pipeline can contain source actions"
            )
        if stage.on_failure and stage.on_failure.result == "ROLLBACK":
            if at == 0:
                raise _stage(f"Stage '{stage.name}' has source actions and cannot be rolled back")
            if own.execution_mode == "PARALLEL":
                raise _stage(
                    f"Stage '{stage.name}' cannot be rolled back: the pipeline is in PARALLEL mode"
                )


def _unique(names: list[str], message: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise _structure(message.format(", ".join(twice)))


def _check_action(stage: Stage, action: Action, scope: Scope) -> None:
    asked = action.action_type_id
    known = action_types.find(asked.category, asked.owner, asked.provider, asked.version)
    if known is None:
        raise _action(
            f"ActionType (Category: '{asked.category}', Provider: '{asked.provider}', Owner:"
            f" '{asked.owner}', Version: '{asked.version}') in action '{action.name}' is not"
            f" available in region '{scope.region.upper().replace('-', '_')}'"
        )
    if action.region not in (None, scope.region):
        raise NotSupported(f"The region {action.region} of the action '{action.name}'")
    if action.timeout_in_minutes is not None and asked.category != "Approval":
        raise _action(
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
        raise _action(f"{says} less than the minimum count ({least})")
    if count > most:
        raise _action(f"{says} more than the maximum count ({most})")


def _check_configuration(stage: Stage, action: Action, known: ActionType) -> None:
    where = f"Action configuration for action '{action.name}' in stage '{stage.name}'"
    given = action.configuration
    for name in known.needs:
        if not given.get(name):
            raise _action(f"{where} is missing required configuration '{name}'")
    for name in given:
        if name not in known.needs and name not in known.takes:
            raise _action(f"{where} contains unknown configuration '{name}'")
    for name, carried_out in known.only:
        if name in given and given[name] not in carried_out:
            raise NotSupported(f"{name} {given[name]} (action '{action.name}')")
    inputs = [artifact.name for artifact in action.input_artifacts]
    wrong = known.check(given, inputs) if known.check else ""
    if wrong:
        raise _action(f"{where} is invalid: {wrong}")


def _check_artifacts(own: Declaration) -> None:
    """Each artifact is put out once, and before it is taken."""
    out = [artifact.name for _, action in _actions(own) for artifact in action.output_artifacts]
    for name in out:
        if out.count(name) > 1:
            raise _action(
                "Output Artifact Bundle name must be unique within the pipeline. "
                f"{name} has been used more than once."
            )
    ready: set[str] = set()
    for stage in own.stages:
        for order in sorted({action.run_order for action in stage.actions}):
            now = [action for action in stage.actions if action.run_order == order]
            for action in now:
                for artifact in action.input_artifacts:
                    if artifact.name not in ready:
                        raise _action(
                            f"Input Artifact Bundle {artifact.name} in action {action.name} is not"
                            " declared as Output Artifact Bundle in any of the preceding actions"
                        )
            ready |= {artifact.name for action in now for artifact in action.output_artifacts}


def _check_namespaces(own: Declaration) -> None:
    named = [(stage, action) for stage, action in _actions(own) if action.namespace]
    spaces = [action.namespace for _, action in named]
    for stage, action in named:
        if action.namespace in variables.OWN:
            raise _action(
                f"The namespace '{action.namespace}' of the action '{action.name}' is reserved"
            )
        if spaces.count(action.namespace) > 1:
            raise _action(
                "Namespaces must be unique across the pipeline definition. The following occur"
                f" more than once in the pipeline. StageName=[{stage.name}],"
                f" ActionName=[{action.name}], Namespace=[{action.namespace}]"
            )
    declared = [variable.name for variable in own.variables or ()]
    _unique(declared, "Variable names must be unique within the pipeline. {} is not.")


def _check_variables(own: Declaration) -> None:
    """Each reference names a namespace of the pipeline, of an action that runs before."""
    before = set(variables.OWN)
    declared = {variable.name for variable in own.variables or ()}
    for stage in own.stages:
        for order in sorted({action.run_order for action in stage.actions}):
            now = [action for action in stage.actions if action.run_order == order]
            for action in now:
                for name, value in action.configuration.items():
                    for reference in variables.references(value):
                        _check_reference(action, name, reference, before, declared)
            before |= {action.namespace for action in now if action.namespace}


def _check_reference(
    action: Action, member: str, reference: str, before: set[str], declared: set[str]
) -> None:
    where = f"in the configuration '{member}' of the action '{action.name}'"
    named = variables.NAME.fullmatch(reference)
    if named is None:
        raise _action(
            f"Invalid variable reference '#{{{reference}}}' {where}. A reference is a namespace"
            " and a key separated by a period"
        )
    if named[1] not in before:
        raise _action(
            f"The variable reference '#{{{reference}}}' {where} names the namespace '{named[1]}',"
            " which no preceding action declares"
        )
    if named[1] == "variables" and named[2] not in declared:
        raise _action(
            f"The variable reference '#{{{reference}}}' {where} names a variable that the pipeline"
            " does not declare"
        )
