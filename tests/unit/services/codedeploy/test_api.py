"""CodeDeploy's operations as boto3 sees them, and what they refuse."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.unit.services.codedeploy.stand import ROLE, SCOPE, Stand

PREDEFINED = [
    "CodeDeployDefault.ECSAllAtOnce",
    "CodeDeployDefault.ECSCanary10Percent15Minutes",
    "CodeDeployDefault.ECSCanary10Percent5Minutes",
    "CodeDeployDefault.ECSLinear10PercentEvery1Minutes",
    "CodeDeployDefault.ECSLinear10PercentEvery3Minutes",
]


@pytest.fixture
def stand() -> Stand:
    return Stand()


# Applications


def test_an_application_s_life(stand: Stand) -> None:
    made = stand.deploy("CreateApplication", applicationName="other", computePlatform="ECS")
    got = stand.deploy("GetApplication", applicationName="other")["application"]
    assert got == {
        "applicationId": made["applicationId"],
        "applicationName": "other",
        "createTime": stand.clock.now(),
        "linkedToGitHub": False,
        "computePlatform": "ECS",
    }
    assert stand.deploy("ListApplications")["applications"] == ["app", "other"]
    batch = stand.deploy("BatchGetApplications", applicationNames=["other", "app"])
    assert [each["applicationName"] for each in batch["applicationsInfo"]] == ["other", "app"]
    stand.deploy("UpdateApplication", applicationName="app", newApplicationName="new")
    assert stand.deploy("ListDeploymentGroups", applicationName="new")["deploymentGroups"] == [
        "group"
    ]
    stand.deploy("DeleteApplication", applicationName="new")
    stand.deploy("DeleteApplication", applicationName="new")
    code, _ = stand.refused("GetApplication", applicationName="new")
    assert code == "ApplicationDoesNotExistException"


def test_an_application_s_name_is_taken_once(stand: Stand) -> None:
    code, _ = stand.refused("CreateApplication", applicationName="app", computePlatform="ECS")
    assert code == "ApplicationAlreadyExistsException"


@pytest.mark.parametrize("platform", ["Server", "Lambda", None])
def test_other_compute_platforms_are_refused_by_name(stand: Stand, platform: str | None) -> None:
    given = {"computePlatform": platform} if platform else {}
    _, message = stand.refused("CreateApplication", applicationName="x", **given)
    assert f"computePlatform {platform or 'Server'}" in message


def test_pages_of_applications(stand: Stand) -> None:
    for number in range(150):
        name = f"a{number:03d}"
        stand.deploy("CreateApplication", applicationName=name, computePlatform="ECS")
    first = stand.deploy("ListApplications")
    assert len(first["applications"]) == 100
    rest = stand.deploy("ListApplications", nextToken=first["nextToken"])
    assert len(rest["applications"]) == 51
    assert "nextToken" not in rest
    assert stand.refused("ListApplications", nextToken="x")[0] == "InvalidNextTokenException"


# Configurations


def test_the_predefined_configurations(stand: Stand) -> None:
    assert stand.deploy("ListDeploymentConfigs")["deploymentConfigsList"] == PREDEFINED
    got = stand.deploy("GetDeploymentConfig", deploymentConfigName=PREDEFINED[2])
    assert got["deploymentConfigInfo"]["trafficRoutingConfig"] == {
        "type": "TimeBasedCanary",
        "timeBasedCanary": {"canaryPercentage": 10, "canaryInterval": 5},
    }
    code, _ = stand.refused("DeleteDeploymentConfig", deploymentConfigName=PREDEFINED[0])
    assert code == "InvalidOperationException"


def test_a_configuration_s_life(stand: Stand) -> None:
    routing = {
        "type": "TimeBasedLinear",
        "timeBasedLinear": {"linearPercentage": 30, "linearInterval": 2},
    }
    given = {"deploymentConfigName": "mine", "computePlatform": "ECS"}
    stand.deploy("CreateDeploymentConfig", **given, trafficRoutingConfig=routing)
    got = stand.deploy("GetDeploymentConfig", deploymentConfigName="mine")["deploymentConfigInfo"]
    assert got["trafficRoutingConfig"] == routing
    assert stand.deploy("ListDeploymentConfigs")["deploymentConfigsList"] == [*PREDEFINED, "mine"]
    code, _ = stand.refused("CreateDeploymentConfig", **given, trafficRoutingConfig=routing)
    assert code == "DeploymentConfigAlreadyExistsException"
    stand.deploy(
        "UpdateDeploymentGroup",
        applicationName="app",
        currentDeploymentGroupName="group",
        deploymentConfigName="mine",
    )
    code, _ = stand.refused("DeleteDeploymentConfig", deploymentConfigName="mine")
    assert code == "DeploymentConfigInUseException"
    stand.deploy("DeleteDeploymentGroup", applicationName="app", deploymentGroupName="group")
    stand.deploy("DeleteDeploymentConfig", deploymentConfigName="mine")
    code, _ = stand.refused("GetDeploymentConfig", deploymentConfigName="mine")
    assert code == "DeploymentConfigDoesNotExistException"


@pytest.mark.parametrize(
    "routing",
    [
        None,
        {"type": "TimeBasedCanary"},
        {"type": "TimeBasedCanary", "timeBasedCanary": {"canaryPercentage": 10}},
        {
            "type": "TimeBasedCanary",
            "timeBasedCanary": {"canaryPercentage": 100, "canaryInterval": 1},
        },
        {
            "type": "TimeBasedLinear",
            "timeBasedCanary": {"canaryPercentage": 10, "canaryInterval": 1},
        },
    ],
)
def test_configurations_refused(stand: Stand, routing: dict[str, Any] | None) -> None:
    given = {"deploymentConfigName": "mine", "computePlatform": "ECS"}
    more = {"trafficRoutingConfig": routing} if routing else {}
    code, _ = stand.refused("CreateDeploymentConfig", **given, **more)
    assert code == "InvalidTrafficRoutingConfigurationException"


# Groups


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


BLUE = "terminateBlueInstancesOnDeploymentSuccess"


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


def test_tags(stand: Stand) -> None:
    arn = SCOPE.arn("codedeploy", "deploymentgroup:app/group")
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    stand.deploy("TagResource", ResourceArn=arn, Tags=tags)
    stand.deploy("UntagResource", ResourceArn=arn, TagKeys=["b"])
    assert stand.deploy("ListTagsForResource", ResourceArn=arn)["Tags"] == tags[:1]
    arn = SCOPE.arn("codedeploy", "application:app")
    stand.deploy("TagResource", ResourceArn=arn, Tags=tags)
    assert stand.deploy("ListTagsForResource", ResourceArn=arn)["Tags"] == tags
    for wrong, code in (
        ("nonsense", "InvalidArnException"),
        (SCOPE.arn("codedeploy", "application:x"), "ApplicationDoesNotExistException"),
        (SCOPE.arn("codedeploy", "deploymentconfig:x"), "ArnNotSupportedException"),
    ):
        assert stand.refused("ListTagsForResource", ResourceArn=wrong)[0] == code


# Deployments


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


def test_lists_of_what_is_only_elsewhere_are_empty(stand: Stand) -> None:
    assert stand.deploy("ListOnPremisesInstances")["instanceNames"] == []
    assert stand.deploy("ListGitHubAccountTokenNames")["tokenNameList"] == []
    code, _ = stand.refused("ListDeploymentInstances", deploymentId=stand.begin())
    assert code == "InvalidComputePlatformException"
