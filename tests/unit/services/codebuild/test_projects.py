"""Projects as boto3 sees them, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from tests.kit.stand import SCOPE
from tests.unit.services.codebuild.world import ENVIRONMENT, ROLE, World, given

from demitasse.engines.workspaces import Workspace
from demitasse.services.codebuild import specs
from demitasse.services.codebuild.records import find_build
from demitasse.services.iam.beginnings import trust_of

CLONE = "http://127.0.0.1:4566/v1/repos/app"


@pytest.fixture(scope="module")
def _made() -> World:
    return World()


def test_a_project_is_described_as_it_was_given(world: World) -> None:
    world.project(
        description="The app",
        source={"type": "CODECOMMIT", "location": CLONE, "buildspec": "ci/buildspec.yml"},
        sourceVersion="dev",
        secondarySources=[{"type": "S3", "location": "b/k.zip", "sourceIdentifier": "more"}],
        secondarySourceVersions=[{"sourceIdentifier": "more", "sourceVersion": "v1"}],
        artifacts={"type": "S3", "location": "b", "packaging": "ZIP", "name": "out.zip"},
        secondaryArtifacts=[{"type": "S3", "location": "b", "artifactIdentifier": "docs"}],
        cache={"type": "LOCAL", "modes": ["LOCAL_CUSTOM_CACHE"]},
        environment={**ENVIRONMENT, "environmentVariables": [{"name": "A", "value": "1"}]},
        logsConfig={"cloudWatchLogs": {"status": "ENABLED", "groupName": "mine"}},
        timeoutInMinutes=5,
        concurrentBuildLimit=1,
        tags=[{"key": "team", "value": "coffee"}],
    )
    (seen,) = world.call("BatchGetProjects", names=["app"])["projects"]

    assert seen["arn"] == SCOPE.arn("codebuild", "project/app")
    assert seen["source"]["buildspec"] == "ci/buildspec.yml"
    assert seen["sourceVersion"] == "dev"
    assert seen["secondarySourceVersions"] == [{"sourceIdentifier": "more", "sourceVersion": "v1"}]
    assert seen["secondaryArtifacts"][0]["artifactIdentifier"] == "docs"
    assert seen["cache"] == {"type": "LOCAL", "modes": ["LOCAL_CUSTOM_CACHE"]}
    assert seen["environment"]["environmentVariables"] == [
        {"name": "A", "value": "1", "type": "PLAINTEXT"}
    ]
    assert seen["logsConfig"]["cloudWatchLogs"]["groupName"] == "mine"
    assert (seen["timeoutInMinutes"], seen["queuedTimeoutInMinutes"]) == (5, 480)
    assert seen["encryptionKey"].endswith("alias/aws/s3")
    assert seen["tags"] == [{"key": "team", "value": "coffee"}]
    assert seen["created"] == seen["lastModified"] == world.stand.clock.now()


def test_an_update_changes_only_what_is_given(world: World) -> None:
    world.project(description="before", tags=[{"key": "a", "value": "1"}])
    world.stand.clock.advance(60)
    after = world.call(
        "UpdateProject",
        name="app",
        environment={**ENVIRONMENT, "privilegedMode": True},
        timeoutInMinutes=10,
    )["project"]

    assert after["environment"]["privilegedMode"] is True
    assert (after["description"], after["timeoutInMinutes"]) == ("before", 10)
    assert after["tags"] == [{"key": "a", "value": "1"}]
    assert after["lastModified"] > after["created"]
    assert world.refusal("UpdateProject", name="none")[0] == "ResourceNotFoundException"


def test_artifacts_have_awss_defaults(world: World) -> None:
    world.project(artifacts={"type": "S3", "location": "arn:aws:s3:::b"})
    world.project("piped", source={"type": "CODEPIPELINE"}, artifacts={"type": "CODEPIPELINE"})
    plain, piped = world.call("BatchGetProjects", names=["app", "piped"])["projects"]
    common = {"packaging": "NONE", "encryptionDisabled": False}
    assert plain["artifacts"] == {
        "type": "S3", "location": "b", "name": "app", "namespaceType": "NONE", **common,
    }  # fmt: skip
    assert piped["artifacts"] == {"type": "CODEPIPELINE", "name": "piped", **common}


def test_secondary_sources_and_their_versions_are_given_apart(world: World) -> None:
    def source(name: str) -> dict[str, str]:
        return {"type": "S3", "location": f"b/{name}.zip", "sourceIdentifier": name}

    def version(name: str, value: str) -> dict[str, str]:
        return {"sourceIdentifier": name, "sourceVersion": value}

    def update(**given: Any) -> list[dict[str, str]]:
        found = world.call("UpdateProject", name="app", **given)["project"]
        versions: list[dict[str, str]] = found["secondarySourceVersions"]
        return versions

    world.project(
        secondarySources=[source("one"), source("two")],
        secondarySourceVersions=[version("one", "1"), version("two", "2")],
    )
    assert update(secondarySources=[source("two"), source("three")]) == [version("two", "2")]
    assert update(secondarySourceVersions=[version("three", "3")]) == [version("three", "3")]
    assert update(secondarySourceVersions=[]) == []
    assert (
        world.refusal("UpdateProject", name="app", secondarySourceVersions=[version("one", "1")])[0]
        == "InvalidInputException"
    )


def test_projects_are_listed_and_deleted(world: World) -> None:
    names = [f"p{number:03}" for number in range(105)]
    for name in reversed(names):
        world.project(name)
        world.stand.clock.advance(1)
    assert _listed(world) == names
    assert _listed(world, sortOrder="DESCENDING") == names[::-1]
    assert _listed(world, sortBy="CREATED_TIME") == names[::-1]

    for name in (names[0], SCOPE.arn("codebuild", f"project/{names[1]}"), "never-there"):
        world.call("DeleteProject", name=name)
    assert _listed(world) == names[2:]
    found = world.call("BatchGetProjects", names=[names[0], names[2]])
    assert found["projectsNotFound"] == [names[0]]


def _listed(world: World, **how: Any) -> list[str]:
    found: list[str] = []
    page = world.call("ListProjects", **how)
    while True:
        assert len(page["projects"]) <= 100
        found += page["projects"]
        if "nextToken" not in page:
            return found
        page = world.call("ListProjects", nextToken=page["nextToken"], **how)


def test_a_name_is_taken_once(world: World) -> None:
    world.project()
    assert world.refusal("CreateProject", **given())[0] == "ResourceAlreadyExistsException"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"name": "a b"}, "at 'name' failed to satisfy constraint"),
        ({"timeoutInMinutes": 2161}, "less than or equal to 2160"),
        ({"source": {"type": "GITHUB", "location": "x"}}, "The source type GITHUB is not supported"),
        ({"source": {"type": "S3"}}, "Project source location is required"),
        (
            {"source": {"type": "S3", "location": "b/k", "buildspec": "arn:aws:s3:::b"}},
            "is not the ARN of an object in S3",
        ),
        ({"source": {"type": "S3", "location": "bucket"}}, "location must be <bucket>/"),
        ({"source": {"type": "CODECOMMIT", "location": "app"}}, "HTTP clone URL"),
        ({"source": {"type": "NO_SOURCE"}}, "A buildspec is required"),
        ({"source": {"type": "NO_SOURCE", "buildspec": "version: 0.2\nphases: x"}}, "line 2"),
        (
            {"source": {"type": "CODEPIPELINE"}},
            "when using CodePipeline both sourceType, and artifactType must be set to: CODEPIPELINE",
        ),
        (
            {"artifacts": {"type": "NO_ARTIFACTS", "name": "x"}},
            "artifact type NO_ARTIFACTS should have null output name",
        ),
        ({"artifacts": {"type": "S3"}}, "location is required"),
        ({"artifacts": {"type": "S3", "location": "b/c"}}, "valid S3 bucket name"),
        ({"environment": {**ENVIRONMENT, "type": "ARM_CONTAINER"}}, "environment type ARM_CONTAINER"),
        (
            {"environment": {**ENVIRONMENT, "computeType": "BUILD_LAMBDA_1GB"}},
            "The compute type BUILD_LAMBDA_1GB is not supported",
        ),
        (
            {"environment": {**ENVIRONMENT, "environmentVariables": [
                {"name": "A", "value": "b", "type": "SECRETS_MANAGER"}]}},
            "The environment variable type SECRETS_MANAGER is not supported",
        ),
        ({"cache": {"type": "S3", "location": "b"}}, "The cache type S3 is not supported"),
        ({"cache": {"type": "LOCAL"}}, "at least one mode"),
        ({"vpcConfig": {"vpcId": "vpc-1"}}, "vpcConfig is not supported"),
        ({"tags": [{"key": "aws:x", "value": "y"}]}, "Tag keys must not begin with aws:"),
        ({"badgeEnabled": True}, "badgeEnabled is not supported"),
        ({"logsConfig": {"s3Logs": {"status": "ENABLED"}}}, "logsConfig.s3Logs is not supported"),
        ({"serviceRole": "PipelineRole"}, "Invalid service role"),
        (
            {"serviceRole": SCOPE.global_arn("iam", "role/Nobody")},
            "CodeBuild is not authorized to perform: sts:AssumeRole",
        ),
        (
            {"secondarySources": [{"type": "S3", "location": "b/k", "sourceIdentifier": "a-b"}]},
            "sourceIdentifier must contain only alphanumeric",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_carried_out_is_refused(
    _made: World,  # noqa: PT019 - shared: nothing is kept of it
    changes: dict[str, Any],
    problem: str,
) -> None:
    code, message = _made.refusal("CreateProject", **given(**changes))
    assert code == "InvalidInputException"
    assert problem in message
    assert _made.call("ListProjects")["projects"] == []


def test_a_role_must_trust_codebuild(world: World) -> None:
    def role(name: str, service: str) -> str:
        made = world.stand.call(
            "iam", "CreateRole", RoleName=name, Path="/service-role/",
            AssumeRolePolicyDocument=trust_of(service),
        )  # fmt: skip
        arn: str = made["Role"]["Arn"]
        return arn

    trusted = role("Builder", "codebuild.amazonaws.com")
    world.project(serviceRole=trusted)
    other = role("Task", "ecs-tasks.amazonaws.com")
    for operation in ("CreateProject", "UpdateProject", "StartBuild"):
        members = {
            "CreateProject": given("two", serviceRole=other),
            "UpdateProject": {"name": "app", "serviceRole": other},
            "StartBuild": {"projectName": "app", "serviceRoleOverride": other},
        }[operation]
        code, message = world.refusal(operation, **members)
        assert code == "InvalidInputException"
        assert message == f"CodeBuild is not authorized to perform: sts:AssumeRole on {other}"
    wrong_path = trusted.replace("service-role/", "")
    assert world.refusal("CreateProject", **given("two", serviceRole=wrong_path))[0] == code


@pytest.mark.parametrize(
    "operation", ["CreateWebhook", "DeleteReportGroup", "StartBuildBatch", "StartSandbox"]
)
def test_other_operations_are_refused_by_name(_made: World, operation: str) -> None:  # noqa: PT019
    more = {"projectName": "app"} if operation == "CreateWebhook" else {}
    _code, message = _made.refusal(operation, **more)
    assert operation in message


def test_images_are_listed_for_which_builds_run(world: World) -> None:
    platforms = world.call("ListCuratedEnvironmentImages")["platforms"]
    names = [
        image["name"]
        for each in platforms
        for language in each["languages"]
        for image in language["images"]
    ]
    assert "aws/codebuild/standard:7.0" in names
    assert all(specs.curated(name) for name in names)


def test_sizes_become_limits_of_the_machine(world: World) -> None:
    world.project(environment={**ENVIRONMENT, "computeType": "BUILD_GENERAL1_LARGE"})
    build_id = world.start()
    with world.stand.store.transaction() as tx:
        item = find_build(tx, SCOPE, build_id)
    spec = specs.container(
        item,
        Workspace("/w", "0"),
        image="i",
        docker_socket="/run/docker.sock",
        processors=2.0,
        cache=None,
    )
    assert (spec.cpu, spec.memory_bytes) == (2.0, 16 * 1024**3)
    assert [(mount.target, getattr(mount, "read_only", False)) for mount in spec.mounts] == [
        ("/w/control", True),
        ("/w/control/out", False),
        ("/w/source", False),
    ]
    assert item.desired.settings.service_role == ROLE
