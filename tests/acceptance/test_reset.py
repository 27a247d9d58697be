"""The reset call: what runs goes, what is known is forgotten, and everything works as before."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.conftest import Installation, installed, take_down

from demitasse import daemon
from demitasse.accounts import identity
from demitasse.ids import RandomIds
from demitasse.machine.recipes import PAUSE

pytestmark = pytest.mark.docker

Until = Callable[..., Any]


def reset(installation: Installation) -> dict[str, Any]:
    request = urllib.request.Request(
        installation.settings.endpoint + "/_demitasse/reset", method="POST"
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        said: dict[str, Any] = json.load(answer)
        return said


def left(installation: Installation) -> list[str]:
    """What the installation has in Docker."""
    who = identity(installation.settings.identity_file, RandomIds()).installation
    label = f"demitasse.installation={who}"
    found: list[str] = []
    for kind in (("ps", "--all"), ("network", "ls"), ("volume", "ls")):
        done = installation.run("docker", *kind, "--quiet", "--filter", f"label={label}")
        found += done.stdout.split()
    return found


def image(installation: Installation) -> str:
    """An image in the registry that does nothing for ever."""
    ecr = installation.client("ecr")
    uri = ecr.create_repository(repositoryName="idle")["repository"]["repositoryUri"]
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    config = installation.settings.home / "docker"
    config.mkdir(exist_ok=True)
    auths = {"auths": {uri.partition("/")[0]: {"auth": token}}}
    (config / "config.json").write_text(json.dumps(auths))
    for argv in (("tag", PAUSE.name, uri), ("push", uri), ("rmi", uri)):
        done = installation.run("docker", "--config", str(config), *argv)
        assert done.returncode == 0, done.stderr
    return str(uri)


def task(installation: Installation, until: Until) -> None:
    """Run a task until it is RUNNING."""
    ec2, ecs = installation.client("ec2"), installation.client("ecs")
    ecs.create_cluster(clusterName="c")
    ecs.register_task_definition(
        family="idle",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        executionRoleArn=f"arn:aws:iam::{installation.settings.account}:role/PipelineRole",
        containerDefinitions=[{"name": "idle", "image": image(installation), "essential": True}],
    )
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    arn = ecs.run_task(
        cluster="c",
        taskDefinition="idle",
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet]}},
    )["tasks"][0]["taskArn"]
    until(
        lambda: ecs.describe_tasks(cluster="c", tasks=[arn])["tasks"][0]["lastStatus"] == "RUNNING"
    )


def test_a_reset_leaves_an_installation_as_new(tmp_path: Path, until: Until) -> None:
    installation = installed(tmp_path, DEMITASSE_ALLOW_RESET="1")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in installation.environment.items():
            patch.setenv(name, value)
        try:
            daemon.start(installation.settings)
            balancer = a_load_balancer(installation)
            task(installation, until)
            until(lambda: state_of(installation, balancer) == "active")
            assert left(installation)
            removed = reset(installation)["removed"]
            assert removed["networks"] == 1
            assert removed["containers"] >= 2
            assert installation.client("ecs").list_clusters()["clusterArns"] == []
            assert installation.client("elbv2").describe_load_balancers()["LoadBalancers"] == []
            until(lambda: not left(installation))
            assert not list((tmp_path / "traffic").iterdir())
            # And again, with the same names.
            task(installation, until)
            balancer = a_load_balancer(installation)
            until(lambda: state_of(installation, balancer) == "active")
        finally:
            take_down(installation)


def a_load_balancer(installation: Installation) -> str:
    """A load balancer with a listener; its ARN."""
    elb, ec2 = installation.client("elbv2"), installation.client("ec2")
    subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]][:2]
    made = elb.create_load_balancer(Name="lb", Subnets=subnets)["LoadBalancers"][0]
    elb.create_listener(
        LoadBalancerArn=made["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}],
    )
    arn: str = made["LoadBalancerArn"]
    return arn


def state_of(installation: Installation, arn: str) -> str:
    found = installation.client("elbv2").describe_load_balancers(LoadBalancerArns=[arn])
    code: str = found["LoadBalancers"][0]["State"]["Code"]
    return code
