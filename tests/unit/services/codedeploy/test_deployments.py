"""Deployments as callers begin, see and stop them."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.unit.services.codedeploy.stand import Stand


@pytest.fixture
def stand() -> Stand:
    return Stand()


def test_a_deployment_as_it_is_told(stand: Stand) -> None:
    content = stand.revision()["appSpecContent"]["content"]
    sha256 = hashlib.sha256(content.encode()).hexdigest()
    deployment = stand.begin(revision=stand.revision(sha256=sha256), description="hello")
    stand.work()
    info = stand.info(deployment)
    assert info["status"] == "InProgress"
    assert info["creator"] == "user"
    assert info["description"] == "hello"
    assert info["revision"]["appSpecContent"]["sha256"] == sha256
    assert info["deploymentOverview"]["InProgress"] == 1
    assert info["loadBalancerInfo"] == stand.group_input()["loadBalancerInfo"]
    targets = stand.deploy("ListDeploymentTargets", deploymentId=deployment)["targetIds"]
    assert targets == ["c:web"]
    got = stand.deploy("GetDeploymentTarget", deploymentId=deployment, targetId="c:web")
    target = got["deploymentTarget"]["ecsTarget"]
    assert got["deploymentTarget"]["deploymentTargetType"] == "ECSTarget"
    assert [
        (each["taskSetLabel"], each["status"], each["targetGroup"]["name"], each["trafficWeight"])
        for each in target["taskSetsInfo"]
    ] == [("Blue", "PRIMARY", "two", 100.0), ("Green", "ACTIVE", "one", 0.0)]
    assert [each["lifecycleEventName"] for each in target["lifecycleEvents"]] == [
        "BeforeInstall",
        "Install",
        "AfterInstall",
        "AllowTestTraffic",
        "AfterAllowTestTraffic",
        "BeforeAllowTraffic",
        "AllowTraffic",
        "AfterAllowTraffic",
    ]
    (seen,) = stand.call("ecs", "DescribeServices", cluster="c", services=["web"])["services"]
    assert seen["deployments"] == []
    green = next(each for each in seen["taskSets"] if each["status"] == "ACTIVE")
    assert (green["externalId"], green["startedBy"]) == (deployment, "CODE_DEPLOY")
    batch = stand.deploy("BatchGetDeploymentTargets", deploymentId=deployment, targetIds=["c:web"])
    assert batch["deploymentTargets"] == [got["deploymentTarget"]]
    code, _ = stand.refused("GetDeploymentTarget", deploymentId=deployment, targetId="c:x")
    assert code == "DeploymentTargetDoesNotExistException"


def test_update_service_may_not_change_what_codedeploy_does(stand: Stand) -> None:
    def update(**given: Any) -> Any:
        return stand.ecs("UpdateService", cluster="c", service="web", **given)

    with pytest.raises(ClientError) as refused:
        update(taskDefinition="web:2")
    assert refused.value.response["Error"] == {
        "Code": "InvalidParameterException",
        "Message": "Unable to update task definition on services with a CODE_DEPLOY deployment"
        " controller. Use AWS CodeDeploy to trigger a new deployment.",
    }
    assert update(desiredCount=3)["service"]["desiredCount"] == 3


def test_lists_of_deployments_are_newest_first(stand: Stand) -> None:
    begun = []
    for _ in range(3):
        deployment = stand.begin()
        begun.append(deployment)
        stand.clock.advance(60)
        if len(begun) < 3:
            stand.deploy("StopDeployment", deploymentId=deployment)
            stand.work()
    newest_first = list(reversed(begun))
    of_group = {"applicationName": "app", "deploymentGroupName": "group"}
    for given in ({}, {"applicationName": "app"}, of_group):
        assert stand.deploy("ListDeployments", **given)["deployments"] == newest_first
    listed = stand.deploy("ListDeployments", includeOnlyStatuses=["Stopped"])["deployments"]
    assert listed == newest_first[1:]
    since = stand.clock.now() - timedelta(seconds=90)
    listed = stand.deploy("ListDeployments", createTimeRange={"start": since})["deployments"]
    assert listed == newest_first[:1]
    batch = stand.deploy("BatchGetDeployments", deploymentIds=[*begun, "d-NONE"])
    assert [each["deploymentId"] for each in batch["deploymentsInfo"]] == begun
    code, _ = stand.refused("BatchGetDeployments", deploymentIds=["d-NONE"] * 26)
    assert code == "BatchLimitExceededException"
    assert stand.deploy("ListDeployments", externalId="a stack")["deployments"] == []
    got = stand.deploy("GetDeploymentGroup", **of_group)["deploymentGroupInfo"]
    assert got["lastAttemptedDeployment"]["deploymentId"] == begun[-1]


def test_pages_of_deployments_by_status_and_time(stand: Stand) -> None:
    begun, moments = [], []
    for number in range(130):
        stand.clock.advance(60)
        begun.append(stand.begin())
        moments.append(stand.clock.now())
        if number % 10:
            stand.succeed(begun[-1])
        else:
            stand.deploy("StopDeployment", deploymentId=begun[-1])
            stand.work()
    stopped = begun[::10]
    begun.append(stand.begin())

    def listed(**given: Any) -> list[str]:
        found: list[str] = []
        while True:
            page = stand.deploy("ListDeployments", **given)
            assert len(page["deployments"]) <= 100
            found += page["deployments"]
            if "nextToken" not in page:
                return found
            given["nextToken"] = page["nextToken"]

    assert listed() == begun[::-1]
    assert listed(includeOnlyStatuses=["Stopped"]) == stopped[::-1]
    assert listed(applicationName="app", includeOnlyStatuses=["Created"]) == begun[-1:]
    assert listed(includeOnlyStatuses=["Succeeded", "Stopped"]) == begun[-2::-1]
    assert listed(createTimeRange={"start": moments[120]}) == begun[:119:-1]
    assert listed(createTimeRange={"end": moments[4]}) == begun[4::-1]
    within = {"start": moments[5], "end": moments[20]}
    assert listed(createTimeRange=within, includeOnlyStatuses=["Stopped"]) == stopped[2:0:-1]


def test_stopping(stand: Stand) -> None:
    deployment = stand.begin()
    assert stand.deploy("StopDeployment", deploymentId=deployment)["status"] == "Pending"
    stand.work()
    info = stand.info(deployment)
    assert info["status"] == "Stopped"
    assert info["errorInformation"]["code"] == "MANUAL_STOP"
    for operation in ("StopDeployment", "ContinueDeployment"):
        code, _ = stand.refused(operation, deploymentId=deployment)
        assert code == "DeploymentAlreadyCompletedException"


def test_going_on_too_early(stand: Stand) -> None:
    deployment = stand.begin()
    stand.work()
    code, _ = stand.refused("ContinueDeployment", deploymentId=deployment)
    assert code == "DeploymentIsNotInReadyStateException"
    code, _ = stand.refused(
        "ContinueDeployment", deploymentId=deployment, deploymentWaitType="TERMINATION_WAIT"
    )
    assert code == "InvalidDeploymentStatusException"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"applicationName": "x"}, "ApplicationDoesNotExistException"),
        ({"deploymentGroupName": "x"}, "DeploymentGroupDoesNotExistException"),
        ({"deploymentConfigName": "x"}, "DeploymentConfigDoesNotExistException"),
        ({"revision": {}}, "RevisionRequiredException"),
        ({"revision": {"revisionType": "AppSpecContent"}}, "InvalidRevisionException"),
        (
            {
                "revision": {
                    "revisionType": "AppSpecContent",
                    "appSpecContent": {"content": "version: 0.0", "sha256": "0" * 64},
                }
            },
            "InvalidRevisionException",
        ),
        (
            {
                "revision": {
                    "revisionType": "S3",
                    "s3Location": {"bucket": "b", "key": "k", "bundleType": "zip"},
                }
            },
            "InvalidRevisionException",
        ),
        ({"updateOutdatedInstancesOnly": True}, "InvalidInputException"),
    ],
)
def test_deployments_refused(stand: Stand, changes: dict[str, Any], code: str) -> None:
    given = {
        "applicationName": "app",
        "deploymentGroupName": "group",
        "revision": stand.revision(),
        **changes,
    }
    assert stand.refused("CreateDeployment", **given)[0] == code


def test_a_bad_appspec_is_refused_with_its_place(stand: Stand) -> None:
    code, message = stand.refused(
        "CreateDeployment",
        applicationName="app",
        deploymentGroupName="group",
        revision=stand.revision("version: 0.0\nresources: []\n"),
    )
    assert code == "InvalidRevisionException"
    assert "line 2, column 12" in message


def test_what_does_not_exist(stand: Stand) -> None:
    for operation in ("GetDeployment", "StopDeployment", "ListDeploymentTargets"):
        code, _ = stand.refused(operation, deploymentId="d-NONE")
        assert code == "DeploymentDoesNotExistException"
        assert stand.refused(operation, deploymentId="none")[0] == "InvalidDeploymentIdException"
        assert stand.refused(operation, deploymentId="")[0] == "DeploymentIdRequiredException"
    code, message = stand.refused(
        "PutLifecycleEventHookExecutionStatus",
        deploymentId="d-NONE",
        lifecycleEventHookExecutionId="x",
        status="Succeeded",
    )
    assert "PutLifecycleEventHookExecutionStatus" in message
