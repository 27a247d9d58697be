"""Phase 8: the deployment groups, and the pipelines in front of them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.lab.stand import Hub, Lab, World

from demitasse.lab import names
from demitasse.lab.errors import NotYet
from demitasse.lab.phases import (
    phase0_preparation,
    phase5_images,
    phase6_load_balancer,
    phase7_services,
    phase8_builds,
    phase8_pipelines,
)


@pytest.fixture
def lab(world: World) -> Lab:
    """With a cluster and a load balancer."""
    phase5_images.make_cluster(world.lab)
    phase6_load_balancer.make_target_groups(world.lab)
    phase6_load_balancer.make_load_balancer(world.lab)
    world.load_balancer_active()
    return world.lab


@pytest.fixture
def with_services(world: World, lab: Lab) -> Lab:
    phase0_preparation.make_database(lab)
    world.database_available()
    for service in names.SERVICES:
        lab.client("ecr").create_repository(repositoryName=service)
    phase5_images.register(lab)
    for service in names.SERVICES:
        phase7_services.run_service(service, lab)
    return lab


def test_the_groups_are_as_the_course_means_them(with_services: Lab) -> None:
    lab = with_services
    with pytest.raises(NotYet, match="microservices-customer"):
        phase8_pipelines.check_groups(lab)
    phase8_pipelines.make_groups(lab)
    phase8_pipelines.check_groups(lab)
    phase8_pipelines.make_groups(lab)
    group: Any = lab.deployment_group("microservices-employee")
    assert group["deploymentConfigName"] == "CodeDeployDefault.ECSAllAtOnce"
    assert group["deploymentStyle"]["deploymentType"] == "BLUE_GREEN"
    waits = group["blueGreenDeploymentConfiguration"]
    assert waits["terminateBlueInstancesOnDeploymentSuccess"] == {
        "action": "TERMINATE",
        "terminationWaitTimeInMinutes": 5,
    }
    (pair,) = group["loadBalancerInfo"]["targetGroupPairInfoList"]
    assert [each["name"] for each in pair["targetGroups"]] == ["employee-tg-two", "employee-tg-one"]
    assert pair["prodTrafficRoute"] == {"listenerArns": [lab.listeners()[80]]}
    assert pair["testTrafficRoute"] == {"listenerArns": [lab.listeners()[8080]]}


def test_the_groups_follow_a_load_balancer_made_anew(world: World, with_services: Lab) -> None:
    lab = with_services
    phase8_pipelines.make_groups(lab)
    balancer = lab.load_balancer()
    assert balancer is not None
    lab.client("elbv2").delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
    phase6_load_balancer.make_load_balancer(lab)
    world.load_balancer_active()
    with pytest.raises(NotYet, match="for the load balancer's listeners"):
        phase8_pipelines.check_groups(lab)
    phase8_pipelines.make_groups(lab)
    phase8_pipelines.check_groups(lab)


def test_where_production_requests_go(lab: Lab) -> None:
    def at(service: str, which: str) -> bool:
        arn = lab.target_group_arn(names.target_group(service, which))
        return phase6_load_balancer.production_group(lab, service) == arn

    assert at("customer", "two")
    assert at("employee", "two")
    elbv2, listener = lab.client("elbv2"), lab.listeners()[80]
    groups = [
        {"TargetGroupArn": lab.target_group_arn(f"employee-tg-{which}"), "Weight": weight}
        for which, weight in (("two", 0), ("one", 100))
    ]
    (rule,) = [
        each
        for each in elbv2.describe_rules(ListenerArn=listener)["Rules"]
        if not each["IsDefault"]
    ]
    elbv2.modify_rule(
        RuleArn=rule["RuleArn"],
        Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}],
    )
    assert at("employee", "one")
    assert at("customer", "two")
    elbv2.delete_rule(RuleArn=rule["RuleArn"])
    with pytest.raises(NotYet, match="no rule"):
        phase6_load_balancer.production_group(lab, "employee")
    elbv2.delete_listener(ListenerArn=listener)
    with pytest.raises(NotYet, match="no listener"):
        phase6_load_balancer.production_group(lab, "customer")


@pytest.mark.parametrize("service", names.SERVICES)
def test_a_deployments_pipeline(lab: Lab, hub: Hub, service: str) -> None:
    with pytest.raises(NotYet, match=f"update-{service}-microservice"):
        phase8_pipelines.check_pipeline(service, lab)
    for _ in range(2):
        phase8_pipelines.make_pipeline(service, lab)
    phase8_pipelines.check_pipeline(service, lab)
    assert hub.buckets == [{"Bucket": f"codepipeline-microservices-{lab.account()}"}]
    made: Any = lab.pipeline(f"update-{service}-microservice")
    source, deploy = made["stages"]
    assert [each["actionTypeId"]["provider"] for each in source["actions"]] == ["CodeCommit", "ECR"]
    (action,) = deploy["actions"]
    assert action["actionTypeId"]["provider"] == "CodeDeployToECS"
    assert action["configuration"]["Image1ContainerName"] == "IMAGE1_NAME"
    assert action["configuration"]["TaskDefinitionTemplatePath"] == f"taskdef-{service}.json"


def test_elsewhere_a_bucket_says_where(lab: Lab, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(lab.session), "region_name", "eu-west-3")
    phase8_pipelines.make_bucket(lab)
    assert hub.buckets[0]["CreateBucketConfiguration"] == {"LocationConstraint": "eu-west-3"}


def test_the_builds(lab: Lab) -> None:
    with pytest.raises(NotYet, match="no project build-customer"):
        phase8_builds.check_builds(lab)
    for _ in range(2):
        phase8_builds.make_builds(lab)
    phase8_builds.check_builds(lab)
    (project,) = lab.client("codebuild").batch_get_projects(names=["build-employee"])["projects"]
    assert project["source"]["buildspec"] == "employee/buildspec.yml"
    assert project["environment"]["privilegedMode"] is True
    made: Any = lab.pipeline("build-employee")
    assert [stage["name"] for stage in made["stages"]] == ["Source", "Build"]
    lab.client("codepipeline").delete_pipeline(name="build-employee")
    with pytest.raises(NotYet, match="no pipeline build-employee"):
        phase8_builds.check_builds(lab)
