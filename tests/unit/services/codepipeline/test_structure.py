"""Bad structures are refused when they are given, in AWS's words and with the place."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.services.codepipeline.stand import Stand
from tests.unit.services.codepipeline.structures import (
    ROLE,
    SCOPE,
    Change,
    action,
    approval,
    asking,
    building,
    code,
    deploying,
    first,
    image,
    publishing,
    stage,
    structure,
)

DEPLOY_ROLE = SCOPE.global_arn("iam", "role/DeployRole")


@pytest.fixture(scope="module")
def at() -> Stand:
    return Stand()


STRUCTURE, STAGE, ACTION = (
    "InvalidStructureException",
    "InvalidStageDeclarationException",
    "InvalidActionDeclarationException",
)

CASES: dict[str, tuple[Change, str, str]] = {
    "one stage": (lambda p: p["stages"].pop(), STRUCTURE, "has only 1 stage(s)"),
    "first stage with another action": (
        lambda p: p["stages"][0]["actions"].append(approval()),
        STRUCTURE,
        "Pipeline should start with a stage that only contains source actions",
    ),
    "source later": (
        lambda p: p["stages"][1]["actions"].append(code() | {"namespace": "x"}),
        STRUCTURE,
        "Stage 'Deploy' contains the source action 'Code'",
    ),
    "stage twice": (
        lambda p: p["stages"].append(stage("Deploy", approval())),
        STRUCTURE,
        "Deploy is used more than once",
    ),
    "action twice": (
        lambda p: p["stages"][1]["actions"].append(approval("Blue")),
        STRUCTURE,
        "Action names must be unique within the stage 'Deploy'",
    ),
    "empty stage": (
        lambda p: p["stages"].append(stage("Empty")),
        STAGE,
        "Stage 'Empty' must have at least one action",
    ),
    "unknown provider": (
        lambda p: first(p)["actionTypeId"].update(provider="GitHub", owner="ThirdParty"),
        ACTION,
        (
            "ActionType (Category: 'Source', Provider: 'GitHub', Owner: 'ThirdParty', Version: '1') in"
            " action 'Code' is not available in region 'US_EAST_1'"
        ),
    ),
    "unknown version": (
        lambda p: first(p)["actionTypeId"].update(version="2"),
        ACTION,
        "Version: '2'",
    ),
    "missing configuration": (
        lambda p: first(p)["configuration"].pop("BranchName"),
        ACTION,
        (
            "Action configuration for action 'Code' in stage 'Source' is missing required configuration"
            " 'BranchName'"
        ),
    ),
    "unknown configuration": (
        lambda p: first(p)["configuration"].update(Branch="dev"),
        ACTION,
        "contains unknown configuration 'Branch'",
    ),
    "bad value": (
        lambda p: first(p)["configuration"].update(PollForSourceChanges="maybe"),
        ACTION,
        "PollForSourceChanges must be one of true, false, not 'maybe'",
    ),
    "too few artifacts": (
        lambda p: first(p)["outputArtifacts"].clear(),
        ACTION,
        "Action Code declares 0 output artifacts which is less than the minimum count (1)",
    ),
    "too many artifacts": (
        lambda p: first(p)["outputArtifacts"].append({"name": "b"}),
        ACTION,
        "Action Code declares 2 output artifacts which is more than the maximum count (1)",
    ),
    "template of no artifact": (
        lambda p: first(p, 1)["configuration"].update(AppSpecTemplateArtifact="Other"),
        ACTION,
        "AppSpecTemplateArtifact 'Other' is not one of the action's input artifacts",
    ),
    "image without name": (
        lambda p: first(p, 1)["configuration"].pop("Image1ContainerName"),
        ACTION,
        "Image1ArtifactName and Image1ContainerName must be given together",
    ),
    "both kinds of stores": (
        lambda p: p.update(artifactStores={SCOPE.region: p["artifactStore"]}),
        STRUCTURE,
        "You must include either artifactStore or artifactStores in your pipeline, but not both",
    ),
    "no store of the region": (
        lambda p: p.update(artifactStores={}) or p.pop("artifactStore"),
        STRUCTURE,
        "There must be an artifact store for the region us-east-1",
    ),
    "queued V1": (
        lambda p: p.update(pipelineType="V1", executionMode="QUEUED"),
        STRUCTURE,
        "only available for pipelines of type V2",
    ),
    "variables V1": (
        lambda p: p.update(pipelineType="V1", variables=[{"name": "a"}]),
        STRUCTURE,
        "Pipeline variable can only be used with V2 pipelines",
    ),
    "onFailure V1": (
        lambda p: (
            p.update(pipelineType="V1"),
            p["stages"][1].update(onFailure={"result": "RETRY"}),
        ),
        STAGE,
        "onFailure of the stage 'Deploy' is only available for pipelines of type V2",
    ),
    "rollback in parallel": (
        lambda p: (
            p.update(pipelineType="V2", executionMode="PARALLEL"),
            p["stages"][1].update(onFailure={"result": "ROLLBACK"}),
        ),
        STAGE,
        "Stage 'Deploy' cannot be rolled back: the pipeline is in PARALLEL mode",
    ),
    "role of nobody": (
        lambda p: p.update(roleArn=f"{ROLE}-2"),
        STRUCTURE,
        f"CodePipeline is not authorized to perform AssumeRole on role {ROLE}-2",
    ),
    "role of another service": (
        lambda p: p.update(roleArn=DEPLOY_ROLE),
        STRUCTURE,
        f"CodePipeline is not authorized to perform AssumeRole on role {DEPLOY_ROLE}",
    ),
    "role of an action": (
        lambda p: first(p, 1).update(roleArn=f"{ROLE}-2"),
        STRUCTURE,
        f"{ROLE} is not authorized to perform AssumeRole on role {ROLE}-2",
    ),
    "environment": (
        lambda p: p["stages"].append(stage("Build", building("{}"))),
        ACTION,
        "EnvironmentVariables is not a JSON list of name and value",
    ),
    "rollback of sources": (
        lambda p: (
            p.update(pipelineType="V2"),
            p["stages"][0].update(onFailure={"result": "ROLLBACK"}),
        ),
        STAGE,
        "cannot be rolled back",
    ),
    "timeout": (
        lambda p: first(p).update(timeoutInMinutes=5),
        ACTION,
        "only available for the manual approval action",
    ),
    "blocker": (
        lambda p: p["stages"][1].update(blockers=[{"name": "b", "type": "Schedule"}]),
        "InvalidBlockerDeclarationException",
        "reserved for future use",
    ),
    "zip without a key": (
        lambda p: p["stages"].append(stage("Site", publishing(Extract="false"))),
        ACTION,
        "ObjectKey must be set when Extract is false",
    ),
    "no store": (
        lambda p: p.pop("artifactStore"),
        STRUCTURE,
        "You must include either artifactStore or artifactStores in your pipeline",
    ),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("operation", ["CreatePipeline", "UpdatePipeline"])
def test_a_bad_structure_is_refused(at: Stand, case: str, operation: str) -> None:
    change, code_wanted, says = CASES[case]
    given = deploying()
    change(given)
    if operation == "UpdatePipeline":
        given["name"] = "kept"
        existing(at)
    code_said, message = at.refused(operation, pipeline=given)
    assert (code_said, says in message) == (code_wanted, True), message


def existing(at: Stand) -> None:
    if "kept" not in [
        each["name"] for each in at.call("codepipeline", "ListPipelines")["pipelines"]
    ]:
        at.call("codepipeline", "CreatePipeline", pipeline=deploying() | {"name": "kept"})


def test_a_build_with_several_inputs_needs_a_primary_source(at: Stand) -> None:
    build = action(
        "Build",
        "Build",
        "CodeBuild",
        inputs=("SourceArtifact", "image-web"),
        ProjectName="tests",
    )
    given = structure(stage("Source", code(), image()), stage("Build", build))
    assert "PrimarySource must be set" in at.refused("CreatePipeline", pipeline=given)[1]
    build["configuration"]["PrimarySource"] = "Other"
    given = structure(stage("Source", code(), image()), stage("Build", build))
    assert "'Other' is not one of" in at.refused("CreatePipeline", pipeline=given)[1]


def test_an_artifact_may_be_used_within_its_stage_by_a_later_order(at: Stand) -> None:
    build = action(
        "Build", "Build", "CodeBuild", inputs=("SourceArtifact",), outputs=("Out",), ProjectName="t"
    )
    use = action("Use", "Deploy", "S3", inputs=("Out",), order=2, BucketName="site", Extract="true")
    given = structure(stage("Source", code()), stage("Both", build, use), name="both")
    at.call("codepipeline", "CreatePipeline", pipeline=given)
    use["runOrder"] = 1
    given = structure(stage("Source", code()), stage("Both", build, use), name="together")
    assert at.refused("CreatePipeline", pipeline=given)[0] == ACTION


def test_what_aws_gives_back_can_be_given_again(at: Stand) -> None:
    made = at.call("codepipeline", "CreatePipeline", pipeline=asking("Ask", name="again"))
    shown = at.call("codepipeline", "GetPipeline", name="again")
    assert shown["pipeline"] == made["pipeline"]
    assert shown["pipeline"]["version"] == 1
    assert shown["pipeline"]["stages"][0]["actions"][0] == code()
    updated = at.call("codepipeline", "UpdatePipeline", pipeline=shown["pipeline"])
    assert updated["pipeline"] == shown["pipeline"] | {"version": 2}


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({}, "V1"),
        ({"executionMode": "SUPERSEDED"}, "V1"),
        ({"executionMode": "QUEUED"}, "V2"),
        ({"variables": [{"name": "a", "defaultValue": "b"}]}, "V2"),
    ],
)
def test_what_only_v2_has_makes_it_one(given: dict[str, Any], kind: str) -> None:
    at = Stand()
    made = at.call("codepipeline", "CreatePipeline", pipeline=deploying() | given)
    assert made["pipeline"]["pipelineType"] == kind


def test_a_store_may_be_named_by_its_region() -> None:
    at = Stand()
    given = asking("Ask")
    given["artifactStores"] = {SCOPE.region: given.pop("artifactStore")}
    at.do("CreatePipeline", pipeline=given)
    shown = at.call("codepipeline", "GetPipeline", name="release")["pipeline"]
    assert shown["artifactStores"] == given["artifactStores"]
    assert "artifactStore" not in shown
    assert at.latest("Source", "Code")["status"] == "Succeeded"
