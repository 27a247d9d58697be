"""Deployment groups as boto3 sees them, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.services.codedeploy.stand import ROLE, SCOPE, Stand

BLUE = "terminateBlueInstancesOnDeploymentSuccess"


@pytest.fixture
def stand() -> Stand:
    return Stand()


def test_a_group_as_it_was_made(stand: Stand) -> None:
    got = stand.deploy("GetDeploymentGroup", applicationName="app", deploymentGroupName="group")
    info = got["deploymentGroupInfo"]
    wanted = stand.group_input()
    for member in (
        "applicationName",
        "deploymentGroupName",
        "serviceRoleArn",
        "deploymentStyle",
        "blueGreenDeploymentConfiguration",
        "loadBalancerInfo",
        "ecsServices",
    ):
        assert info[member] == wanted[member]
    assert info["deploymentConfigName"] == "CodeDeployDefault.ECSAllAtOnce"
    assert info["computePlatform"] == "ECS"
    assert info["autoRollbackConfiguration"] == {"enabled": False, "events": []}


def test_a_group_is_changed_and_renamed(stand: Stand) -> None:
    rollback = {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]}
    blue_green = {
        "terminateBlueInstancesOnDeploymentSuccess": {
            "action": "TERMINATE",
            "terminationWaitTimeInMinutes": 60,
        },
        "deploymentReadyOption": {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 10},
    }
    stand.deploy(
        "UpdateDeploymentGroup",
        applicationName="app",
        currentDeploymentGroupName="group",
        newDeploymentGroupName="renamed",
        autoRollbackConfiguration=rollback,
        blueGreenDeploymentConfiguration=blue_green,
        loadBalancerInfo={"targetGroupPairInfoList": [stand.pair(testTrafficRoute=None)]},
        ecsServices=[{"serviceName": "web", "clusterName": "c"}],
    )
    batch = stand.deploy(
        "BatchGetDeploymentGroups",
        applicationName="app",
        deploymentGroupNames=["renamed", "group"],
    )
    assert "group" in batch["errorMessage"]
    (info,) = batch["deploymentGroupsInfo"]
    assert info["autoRollbackConfiguration"] == rollback
    assert info["blueGreenDeploymentConfiguration"] == blue_green
    assert "testTrafficRoute" not in info["loadBalancerInfo"]["targetGroupPairInfoList"][0]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "DeploymentGroupAlreadyExistsException"),
        ({"applicationName": "x"}, "ApplicationDoesNotExistException"),
        ({"deploymentStyle": None}, "InvalidDeploymentStyleException"),
        (
            {"deploymentStyle": {"deploymentType": "IN_PLACE"}},
            "InvalidDeploymentStyleException",
        ),
        ({"deploymentConfigName": "x"}, "DeploymentConfigDoesNotExistException"),
        ({"serviceRoleArn": "DeployRole"}, "InvalidRoleException"),
        ({"serviceRoleArn": ROLE.replace(SCOPE.account, "9" * 12)}, "InvalidRoleException"),
        ({"ecsServices": None}, "InvalidECSServiceException"),
        ({"ecsServices": [{"serviceName": "x", "clusterName": "c"}]}, "InvalidECSServiceException"),
        (
            {"ecsServices": [{"serviceName": "web", "clusterName": "c"}]},
            "ECSServiceMappingLimitExceededException",
        ),
        ({"loadBalancerInfo": None}, "InvalidLoadBalancerInfoException"),
        (
            {"loadBalancerInfo": {"targetGroupInfoList": [{"name": "one"}]}},
            "InvalidLoadBalancerInfoException",
        ),
        (
            {"blueGreenDeploymentConfiguration": None},
            "InvalidBlueGreenDeploymentConfigurationException",
        ),
        (
            {"blueGreenDeploymentConfiguration": {BLUE: {"action": "KEEP_ALIVE"}}},
            "InvalidBlueGreenDeploymentConfigurationException",
        ),
        (
            {"blueGreenDeploymentConfiguration": {BLUE: {"terminationWaitTimeInMinutes": 2881}}},
            "InvalidBlueGreenDeploymentConfigurationException",
        ),
        (
            {
                "blueGreenDeploymentConfiguration": {
                    "deploymentReadyOption": {
                        "actionOnTimeout": "CONTINUE_DEPLOYMENT",
                        "waitTimeInMinutes": 5,
                    }
                }
            },
            "InvalidBlueGreenDeploymentConfigurationException",
        ),
        (
            {
                "blueGreenDeploymentConfiguration": {
                    "greenFleetProvisioningOption": {"action": "DISCOVER_EXISTING"}
                }
            },
            "InvalidGreenFleetProvisioningOptionException",
        ),
        (
            {"autoRollbackConfiguration": {"enabled": True}},
            "InvalidAutoRollbackConfigException",
        ),
        ({"autoScalingGroups": ["x"]}, "InvalidInputException"),
        ({"tags": [{"Key": "aws:x", "Value": ""}]}, "InvalidTagsToAddException"),
    ],
)
def test_groups_refused(changes: dict[str, Any], code: str) -> None:
    taken = code in {
        "DeploymentGroupAlreadyExistsException",
        "ECSServiceMappingLimitExceededException",
    }
    stand = Stand(group=taken)
    if code.startswith("ECSServiceMapping"):
        changes = {**changes, "deploymentGroupName": "another"}
    assert stand.refused("CreateDeploymentGroup", **stand.group_input(**changes))[0] == code


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"targetGroups": [{"name": "one"}]}, "must have two target groups"),
        ({"targetGroups": [{"name": "one"}, {"name": "one"}]}, "must have distinct target groups"),
        ({"targetGroups": [{"name": "one"}, {"name": "x"}]}, "target group x could not be found"),
        ({"prodTrafficRoute": None}, "production traffic route"),
        ({"prodTrafficRoute": {"listenerArns": ["arn:x"]}}, "arn:x of prodTrafficRoute"),
        ({"testTrafficRoute": {"listenerArns": ["arn:x"]}}, "arn:x of testTrafficRoute"),
    ],
)
def test_target_group_pairs_refused(changes: dict[str, Any], words: str) -> None:
    stand = Stand(group=False)
    info = {"targetGroupPairInfoList": [stand.pair(**changes)]}
    code, message = stand.refused(
        "CreateDeploymentGroup", **stand.group_input(loadBalancerInfo=info)
    )
    assert code == "InvalidTargetGroupPairException"
    assert words in message


def test_a_service_with_another_controller(stand: Stand) -> None:
    stand.service("rolling", controller="ECS")
    given = stand.group_input(
        deploymentGroupName="other", ecsServices=[{"serviceName": "rolling", "clusterName": "c"}]
    )
    code, message = stand.refused("CreateDeploymentGroup", **given)
    assert code == "InvalidECSServiceException"
    assert "CODE_DEPLOY" in message


@pytest.mark.parametrize(
    "member",
    [
        {"alarmConfiguration": {"enabled": True, "alarms": [{"name": "a"}]}},
        {"triggerConfigurations": [{"triggerName": "a"}]},
        {"terminationHookEnabled": True},
    ],
)
def test_what_is_not_carried_out_is_refused_by_name(member: dict[str, Any]) -> None:
    stand = Stand(group=False)
    _, message = stand.refused("CreateDeploymentGroup", **stand.group_input(**member))
    assert message == f"{next(iter(member))} is not supported by Demitasse."
