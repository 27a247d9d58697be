"""Applications, deployment configurations and tags as boto3 sees them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.services.codedeploy.stand import SCOPE, Stand

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


def test_lists_of_what_is_only_elsewhere_are_empty(stand: Stand) -> None:
    assert stand.deploy("ListOnPremisesInstances")["instanceNames"] == []
    assert stand.deploy("ListGitHubAccountTokenNames")["tokenNameList"] == []
    code, _ = stand.refused("ListDeploymentInstances", deploymentId=stand.begin())
    assert code == "InvalidComputePlatformException"
