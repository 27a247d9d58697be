"""What a structure's actions name of each other: artifacts, namespaces, variables."""

from __future__ import annotations

from collections.abc import Iterator

from demitasse.errors import ServiceError
from demitasse.services.codepipeline import variables
from demitasse.services.codepipeline.operations import faults
from demitasse.services.codepipeline.records.declarations import Action, Declaration, Stage


def check(own: Declaration) -> None:
    """Whatever is named was made before. ``InvalidActionDeclarationException``."""
    _check_artifacts(own)
    _check_namespaces(own)
    _check_variables(own)


def _check_artifacts(own: Declaration) -> None:
    """Each artifact is put out once, and before it is taken."""
    out = [artifact.name for _, action in own.actions() for artifact in action.output_artifacts]
    for name in out:
        if out.count(name) > 1:
            raise faults.action(
                "Output Artifact Bundle name must be unique within the pipeline. "
                f"{name} has been used more than once."
            )
    ready: set[str] = set()
    for stage in own.stages:
        for now in stage.in_order():
            for action in now:
                for artifact in action.input_artifacts:
                    if artifact.name not in ready:
                        raise faults.action(
                            f"Input Artifact Bundle {artifact.name} in action {action.name} is not"
                            " declared as Output Artifact Bundle in any of the preceding actions"
                        )
            ready |= {artifact.name for action in now for artifact in action.output_artifacts}


def _check_namespaces(own: Declaration) -> None:
    named = [(stage, action) for stage, action in own.actions() if action.namespace]
    spaces = [action.namespace for _, action in named]
    for stage, action in named:
        if action.namespace in variables.OWN:
            raise faults.action(
                f"The namespace '{action.namespace}' of the action '{action.name}' is reserved"
            )
        if spaces.count(action.namespace) > 1:
            raise faults.action(
                "Namespaces must be unique across the pipeline definition. The following occur"
                f" more than once in the pipeline. StageName=[{stage.name}],"
                f" ActionName=[{action.name}], Namespace=[{action.namespace}]"
            )


def _check_variables(own: Declaration) -> None:
    """Each reference names a variable of the pipeline, or the namespace of an action before."""
    declared = [variable.name for variable in own.variables or ()]
    faults.check_unique(
        declared, "Variable names must be unique. The following variable name is already in use: {}"
    )
    before = {variables.EXECUTION} | ({variables.PIPELINE} if declared else set())
    spaces = before | {action.namespace for _, action in own.actions() if action.namespace}
    for stage in own.stages:
        for now in stage.in_order():
            for action in now:
                for reference, where in _references(stage, action):
                    space = _namespace(reference, where)
                    if space not in spaces:
                        raise _bad_reference("referencing a namespace that does not exist", where)
                    if space not in before:
                        why = "referencing a namespace that no preceding action declares"
                        raise _bad_reference(why, where)
                    if space == variables.PIPELINE:
                        _check_declared(reference, where, action, declared)
            before |= {action.namespace for action in now if action.namespace}


def _references(stage: Stage, action: Action) -> Iterator[tuple[str, str]]:
    """Each reference in an action's configuration, and its place as AWS writes it."""
    for member, value in action.configuration.items():
        for reference in variables.references(value):
            where = (
                f"\nStageName=[{stage.name}], ActionName=[{action.name}],"
                f" ActionConfigurationKey=[{member}], VariableReferenceText=[{reference}]"
            )
            yield reference, where


def _namespace(reference: str, where: str) -> str:
    named = variables.NAME.fullmatch(reference)
    if named is None:
        raise _bad_reference("not in this format", where)
    return named[1]


def _bad_reference(why: str, where: str) -> ServiceError:
    return faults.action(
        "Valid format for a pipeline execution variable reference is a namespace and a key"
        f" separated by a period (.). The following pipeline execution variables are {why}.{where}"
    )


def _check_declared(reference: str, where: str, action: Action, declared: list[str]) -> None:
    if action.action_type_id.category == "Source":
        raise faults.structure(
            f"Variables at the pipeline level cannot be used in source actions.{where}"
        )
    if reference.partition(".")[2] not in declared:
        raise faults.structure(f"The referenced variables haven't been declared.{where}")
