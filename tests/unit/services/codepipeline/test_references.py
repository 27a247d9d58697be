"""What actions name of each other is checked when the structure is given."""

from __future__ import annotations

import pytest
from tests.unit.services.codepipeline.stand import Stand
from tests.unit.services.codepipeline.structures import Change, approval, deploying, first, stage

STRUCTURE, ACTION = "InvalidStructureException", "InvalidActionDeclarationException"

CASES: dict[str, tuple[Change, str, str]] = {
    "artifact from nowhere": (
        lambda p: first(p, 1)["inputArtifacts"].append({"name": "Built"}),
        ACTION,
        (
            "Input Artifact Bundle Built in action Blue is not declared as Output Artifact Bundle in any"
            " of the preceding actions"
        ),
    ),
    "artifact twice": (
        lambda p: p["stages"][0]["actions"][1]["outputArtifacts"][0].update(name="SourceArtifact"),
        ACTION,
        (
            "Output Artifact Bundle name must be unique within the pipeline. SourceArtifact has been"
            " used more than once."
        ),
    ),
    "namespace twice": (
        lambda p: p["stages"][0]["actions"][1].update(namespace="SourceVariables"),
        ACTION,
        "StageName=[Source], ActionName=[Code], Namespace=[SourceVariables]",
    ),
    "namespace reserved": (
        lambda p: first(p).update(namespace="codepipeline"),
        ACTION,
        "is reserved",
    ),
    "variable of nobody": (
        lambda p: p["stages"].append(
            stage("Ask", approval() | {"configuration": {"CustomData": "#{B.TAG}"}})
        ),
        ACTION,
        (
            "are referencing a namespace that does not exist.\nStageName=[Ask], ActionName=[Ask],"
            " ActionConfigurationKey=[CustomData], VariableReferenceText=[B.TAG]"
        ),
    ),
    "variable of a later action": (
        lambda p: (
            p["stages"].insert(
                1,
                stage("Ask", approval() | {"configuration": {"CustomData": "#{Later.TAG}"}}),
            )
            or first(p, 2).update(namespace="Later")
        ),
        ACTION,
        "are referencing a namespace that no preceding action declares.\nStageName=[Ask]",
    ),
    "variable malformed": (
        lambda p: first(p, 1)["configuration"].update(AppSpecTemplatePath="#{oops}"),
        ACTION,
        (
            "The following pipeline execution variables are not in this format.\nStageName=[Deploy],"
            " ActionName=[Blue], ActionConfigurationKey=[AppSpecTemplatePath],"
            " VariableReferenceText=[oops]"
        ),
    ),
    "variable undeclared": (
        lambda p: (
            p.update(variables=[{"name": "b"}]),
            first(p, 1)["configuration"].update(AppSpecTemplatePath="#{variables.a}"),
        ),
        STRUCTURE,
        "The referenced variables haven't been declared.\nStageName=[Deploy], ActionName=[Blue]",
    ),
    "variable of none": (
        lambda p: first(p, 1)["configuration"].update(AppSpecTemplatePath="#{variables.a}"),
        ACTION,
        "are referencing a namespace that does not exist.\nStageName=[Deploy]",
    ),
    "variable of a source": (
        lambda p: (
            p.update(pipelineType="V2", variables=[{"name": "a", "defaultValue": "b"}]),
            first(p)["configuration"].update(BranchName="#{variables.a}"),
        ),
        STRUCTURE,
        "Variables at the pipeline level cannot be used in source actions.\nStageName=[Source]",
    ),
    "variable twice": (
        lambda p: p.update(variables=[{"name": "a"}, {"name": "a"}]),
        STRUCTURE,
        "Variable names must be unique. The following variable name is already in use: a",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_bad_reference_is_refused(case: str) -> None:
    change, code_wanted, says = CASES[case]
    given = deploying()
    change(given)
    code_said, message = Stand().refused("CreatePipeline", pipeline=given)
    assert (code_said, says in message) == (code_wanted, True), message
