"""Pipelines from outside: a commit or an image becomes what visitors see, once, whatever is killed."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.acceptance.application import installation_in
from tests.acceptance.blue_green import Shop, push_application
from tests.acceptance.conftest import Installation
from tests.acceptance.release import BUCKET, PIPELINE, ROLE, Release
from tests.acceptance.rolling import BUILDSPEC, building, rolling

from demitasse import daemon

pytestmark = [pytest.mark.docker, pytest.mark.slow]


def start(installation: Installation) -> None:
    done = installation.demitasse("up", "--empty")
    assert done.returncode == 0, done.stdout + done.stderr


def kill(installation: Installation) -> None:
    """``kill -9`` of the platform."""
    process = daemon.running(installation.settings)
    assert process is not None
    os.kill(process, signal.SIGKILL)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A platform of its own: it is killed, and its time runs fast."""
    home = tmp_path_factory.mktemp("codepipeline")
    with installation_in(home, DEMITASSE_TIME_COMPRESSION="60") as made:
        start(made)
        yield made


@pytest.fixture(scope="module")
def release(
    installation: Installation,
    until: Callable[..., Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Release]:
    """The pipeline after its first execution, which its creation starts."""
    image = push_application(installation, tmp_path_factory.mktemp("image"))
    made = Release(Shop(installation, until, image, "shop"))
    made.create()
    assert made.shop.page("customer") == "customer 1"
    yield made
    # One task of the last release, whatever was killed, failed or deleted.
    until(lambda: len(made.shop.see("customer")["taskSets"]) == 1, seconds=30)
    assert made.shop.see("customer")["runningCount"] == 1


def test_a_commit_reaches_production(release: Release) -> None:
    with release.shop.load("customer", 4) as load:
        commit = release.commit("2")
        execution = release.ended(commit)
    assert load.figures.failed == 0, load.figures
    assert release.shop.page("customer") == "customer 2"
    assert execution["trigger"]["triggerType"] == "PollForSourceChanges"
    source, image, deploy = release.actions(execution["pipelineExecutionId"])
    assert source["output"]["outputVariables"]["CommitId"] == commit
    assert source["output"]["outputVariables"]["CommitMessage"] == "Version 2"
    stored = image["output"]["outputArtifacts"][0]["s3location"]
    kept = release.s3.get_object(Bucket=stored["bucket"], Key=stored["key"])
    assert kept["Body"].read(2) == b"PK"
    deployment = deploy["output"]["executionResult"]["externalExecutionId"]
    assert release.shop.info(deployment)["status"] == "Succeeded"


def test_an_image_reaches_production(release: Release) -> None:
    """``docker push`` starts the pipeline, which deploys that very image."""
    before = release.executions()[0]["pipelineExecutionId"]
    ecr = release.shop.platform.client("ecr")
    image = ecr.batch_get_image(repositoryName="blue-green", imageIds=[{"imageTag": "latest"}])
    manifest = json.loads(image["images"][0]["imageManifest"])
    again = json.dumps(manifest, indent=1)  # the same image by another digest
    digest = ecr.put_image(
        repositoryName="blue-green",
        imageManifest=again,
        imageManifestMediaType=manifest["mediaType"],
        imageTag="latest",
    )["image"]["imageId"]["imageDigest"]
    release.until(lambda: release.executions()[0]["pipelineExecutionId"] != before)
    execution = release.ended(digest)
    assert execution["trigger"]["triggerType"] == "CloudWatchEvent"
    with_tasks = release.shop.see("customer")["taskSets"][0]["taskDefinition"]
    kept = release.shop.ecs.describe_task_definition(taskDefinition=with_tasks)["taskDefinition"]
    assert kept["containerDefinitions"][0]["image"].endswith(f"/blue-green@{digest}")


@pytest.mark.parametrize("moment", ["at once", "shifting"])
def test_killed_in_the_middle_it_goes_on(release: Release, moment: str) -> None:
    """That very execution is finished, and nothing runs twice."""
    deployments = release.shop.deploy.get_paginator("list_deployments").paginate

    def count() -> int:
        return sum(
            len(page["deployments"])
            for page in deployments(applicationName="shop", deploymentGroupName="customer")
        )

    reached: dict[str, Callable[[], object]] = {
        "at once": lambda: True,
        "shifting": lambda: release.shop.page("customer") == f"customer {moment}",
    }
    before, runs = count(), len(release.executions())
    with release.shop.load("customer", 4) as load:
        commit = release.commit(moment)
        release.until(reached[moment], seconds=30, every=0.005)
        kill(release.shop.platform)
        start(release.shop.platform)
        execution = release.ended(commit)
    assert load.figures.failed == 0, load.figures
    assert release.shop.page("customer") == f"customer {moment}"
    assert (count(), len(release.executions())) == (before + 1, runs + 1)
    done = release.actions(execution["pipelineExecutionId"])
    assert [each["status"] for each in done] == ["Succeeded"] * 3


def test_a_broken_release_is_never_seen_and_its_end_is_said(release: Release) -> None:
    """Nobody waits CodeDeploy's hour for it: it is stopped by hand."""
    page = release.shop.page("customer")
    with release.shop.load("customer", 4) as load:
        commit = release.commit("broken", mood="exits")
        deployment = release.until(lambda: release.deployment_of(commit))
        release.shop.deploy.stop_deployment(deploymentId=deployment, autoRollbackEnabled=True)
        execution = release.ended(commit, "Failed")
    assert load.figures.failed == 0, load.figures
    assert set(load.figures.served_by) == {page}
    failed = release.actions(execution["pipelineExecutionId"])[-1]["output"]["executionResult"]
    assert failed["errorDetails"]["code"] == "JobFailed"
    assert failed["errorDetails"]["message"].startswith(f"Deployment {deployment} was stopped.")
    rollback = release.shop.info(deployment).get("rollbackInfo", {}).get("rollbackDeploymentId")
    if rollback:  # something had begun
        release.shop.ended(rollback, "Succeeded")


def test_a_bucket_emptied_under_it_is_said_by_the_execution(release: Release) -> None:
    """Stopped before Deploy, robbed of its artifacts, and let go on."""
    transition = {"pipelineName": PIPELINE, "stageName": "Deploy", "transitionType": "Inbound"}
    release.pipelines.disable_stage_transition(**transition, reason="a look")
    commit = release.commit("robbed")
    waiting = release.until(
        lambda: release.pipelines.get_pipeline_state(name=PIPELINE)["stageStates"][1].get(
            "inboundExecution"
        )
    )
    listed = release.s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    release.s3.delete_objects(
        Bucket=BUCKET, Delete={"Objects": [{"Key": each["Key"]} for each in listed]}
    )
    release.pipelines.enable_stage_transition(**transition)
    execution = release.ended(commit, "Failed")
    assert execution["pipelineExecutionId"] == waiting["pipelineExecutionId"]
    failed = release.actions(execution["pipelineExecutionId"])[-1]["output"]["executionResult"]
    assert f"Name of artifact bucket: {BUCKET}" in failed["errorDetails"]["message"]
    release.pipelines.start_pipeline_execution(name=PIPELINE)
    release.until(lambda: release.executions()[0]["status"] == "Succeeded", seconds=60)
    assert release.shop.page("customer") == "customer robbed"


def test_a_build_is_put_where_it_belongs_and_a_service_rolls_to_it(release: Release) -> None:
    shop, client = release.shop, release.shop.platform.client
    rolling(shop)
    release.git.create_repository(repositoryName="code")
    release.git.create_commit(
        repositoryName="code",
        branchName="main",
        putFiles=[
            {"filePath": "buildspec.yml", "fileContent": BUILDSPEC},
            {"filePath": "page.html", "fileContent": "hello"},
        ],
    )
    client("codebuild").create_project(
        name="code",
        source={"type": "CODEPIPELINE"},
        artifacts={"type": "CODEPIPELINE"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
        },
        serviceRole=ROLE,
    )
    release.s3.create_bucket(Bucket="site-of-the-shop")
    release.pipelines.create_pipeline(pipeline=building(shop))
    done = release.until(
        lambda: next(
            (each for each in release.executions("code") if each["status"] != "InProgress"), None
        ),
        seconds=90,
    )
    actions = {
        each["actionName"]: each
        for each in release.pipelines.list_action_executions(pipelineName="code")[
            "actionExecutionDetails"
        ]
    }
    assert done["status"] == "Succeeded", actions
    built = release.s3.get_object(Bucket="site-of-the-shop", Key="v1/site/index.html")
    assert built["Body"].read() == b"built"
    assert (built["ContentType"], built["CacheControl"]) == ("text/html", "max-age=60")
    assert actions["Build-CodeBuild"]["output"]["outputVariables"] == {"GREETING": "from hello"}
    service = shop.ecs.describe_services(cluster=shop.name, services=["rolling"])["services"][0]
    definition = shop.ecs.describe_task_definition(taskDefinition=service["taskDefinition"])
    image = definition["taskDefinition"]["containerDefinitions"][0]["image"]
    assert (image, service["runningCount"]) == (shop.image, 1)
    release.pipelines.delete_pipeline(name="code")
    shop.ecs.delete_service(cluster=shop.name, service="rolling", force=True)


def test_the_cli_shows_and_drives_it(release: Release) -> None:
    aws = release.shop.platform.aws

    def asked(*argv: str) -> dict[str, Any]:
        done = aws("codepipeline", *argv, "--output", "json")
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout or "{}"))

    shown = asked("get-pipeline", "--name", PIPELINE)["pipeline"]
    assert shown["stages"][1]["actions"][0]["actionTypeId"]["provider"] == "CodeDeployToECS"
    state = asked("get-pipeline-state", "--name", PIPELINE)
    assert [each["stageName"] for each in state["stageStates"]] == ["Source", "Deploy"]
    listed = asked("list-pipeline-executions", "--pipeline-name", PIPELINE, "--max-items", "1")
    assert len(listed["pipelineExecutionSummaries"]) == 1
    refused = aws("codepipeline", "delete-webhook", "--name", "w")
    assert refused.returncode != 0
    assert "DeleteWebhook" in refused.stderr


def test_every_paginator(release: Release) -> None:
    """Those of all that boto3 can list; what cannot be made here has nothing to list."""
    done = release.actions(release.executions()[0]["pipelineExecutionId"])[-1]
    arn = release.pipelines.get_pipeline(name=PIPELINE)["metadata"]["pipelineArn"]
    listed: dict[str, tuple[str, dict[str, str]]] = {
        "list_action_executions": ("actionExecutionDetails", {"pipelineName": PIPELINE}),
        "list_action_types": ("actionTypes", {}),
        "list_deploy_action_execution_targets": (
            "targets",
            {"actionExecutionId": done["actionExecutionId"]},
        ),
        "list_pipeline_executions": ("pipelineExecutionSummaries", {"pipelineName": PIPELINE}),
        "list_pipelines": ("pipelines", {}),
        "list_rule_executions": ("ruleExecutionDetails", {"pipelineName": PIPELINE}),
        "list_tags_for_resource": ("tags", {"resourceArn": arn}),
        "list_webhooks": ("webhooks", {}),
    }
    empty = {
        name
        for name, (result, given) in listed.items()
        if not list(release.pipelines.get_paginator(name).paginate(**given).search(result))
    }
    assert empty == {
        "list_deploy_action_execution_targets",
        "list_rule_executions",
        "list_tags_for_resource",
        "list_webhooks",
    }


def test_an_update_cancels_the_execution_and_its_deployment_goes_on(release: Release) -> None:
    commit = release.commit("updated")
    deployment = release.until(lambda: release.deployment_of(commit))
    before = release.pipelines.get_pipeline(name=PIPELINE)["pipeline"]
    updated = release.pipelines.update_pipeline(pipeline=before)["pipeline"]
    assert updated == before | {"version": before["version"] + 1}
    execution = release.ended(commit, "Cancelled")
    assert release.actions(execution["pipelineExecutionId"])[-1]["status"] == "Abandoned"
    release.shop.ended(deployment, "Succeeded")
    assert release.shop.page("customer") == "customer updated"


def test_a_pipeline_deleted_while_it_runs_lets_its_deployment_end(release: Release) -> None:
    commit = release.commit("last")
    deployment = release.until(lambda: release.deployment_of(commit))
    release.pipelines.delete_pipeline(name=PIPELINE)
    with pytest.raises(ClientError, match="does not have a pipeline with name"):
        release.pipelines.get_pipeline_state(name=PIPELINE)
    release.shop.ended(deployment, "Succeeded")
    assert release.shop.page("customer") == "customer last"
    release.create()
    assert len(release.executions()) == 1
