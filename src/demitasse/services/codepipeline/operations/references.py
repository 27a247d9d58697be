"""What a structure's actions name of each other: artifacts, namespaces, variables."""

from __future__ import annotations

from demitasse.services.codepipeline import variables
from demitasse.services.codepipeline.operations import faults
from demitasse.services.codepipeline.records.declarations import Action, Declaration


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
    declared = [variable.name for variable in own.variables or ()]
    faults.check_unique(declared, "Variable names must be unique within the pipeline. {} is not.")


def _check_variables(own: Declaration) -> None:
    """Each reference names a namespace of the pipeline, of an action that runs before."""
    before = set(variables.OWN)
    declared = {variable.name for variable in own.variables or ()}
    for stage in own.stages:
        for now in stage.in_order():
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
        raise faults.action(
            f"Invalid variable reference '#{{{reference}}}' {where}. A reference is a namespace"
            " and a key separated by a period"
        )
    if named[1] not in before:
        raise faults.action(
            f"The variable reference '#{{{reference}}}' {where} names the namespace '{named[1]}',"
            " which no preceding action declares"
        )
    if named[1] == "variables" and named[2] not in declared:
        raise faults.action(
            f"The variable reference '#{{{reference}}}' {where} names a variable that the pipeline"
            " does not declare"
        )
