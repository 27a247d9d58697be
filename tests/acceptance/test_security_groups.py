"""Security groups from outside: who reaches a task, a load balancer, a database, and who waits."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from tests.acceptance.conftest import Installation
from tests.acceptance.targets import ask

from demitasse import daemon
from demitasse.machine.recipes import PAUSE

pytestmark = pytest.mark.docker

Until = Callable[..., Any]
PORT = 8080
NAME = "guarded"
SERVES = "httpd -h / -p 8080; exec nc -ll -p 8081 -e cat"


def reach(address: str, port: int, seconds: float = 0.8) -> socket.socket | None:
    """A connection from the machine, or ``None`` when nothing answers: a timeout, not a refusal."""
    try:
        return socket.create_connection((address, port), timeout=seconds)
    except TimeoutError:
        return None


def reached(address: str, port: int) -> bool:
    line = reach(address, port)
    if line is not None:
        line.close()
    return line is not None


class Scene:
    """A service behind a load balancer, and a database, each in a security group of its own."""

    def __init__(self, platform: Installation, until: Until) -> None:
        self.platform, self.until = platform, until
        self.ec2, self.ecs = platform.client("ec2"), platform.client("ecs")
        self.elb, self.rds = platform.client("elbv2"), platform.client("rds")
        self.vpc = self.ec2.describe_vpcs()["Vpcs"][0]
        found = self.ec2.describe_subnets()["Subnets"]
        self.subnets = sorted(each["SubnetId"] for each in found)[:2]
        self.groups: list[str] = []
        self.door, self.room, self.vault = (self.group(each) for each in ("door", "room", "vault"))
        self.admit(self.door, 80, cidr="0.0.0.0/0")
        self.admit(self.room, PORT, member=self.door)

    def group(self, name: str) -> str:
        made = self.ec2.create_security_group(
            GroupName=name, Description=name, VpcId=self.vpc["VpcId"]
        )
        self.groups.append(made["GroupId"])
        return str(made["GroupId"])

    def on_machine(self) -> list[str]:
        """The interfaces of its load balancer and its database; other tests have theirs."""
        mine = {"Name": "group-id", "Values": self.groups}
        found = self.ec2.describe_network_interfaces(Filters=[mine])["NetworkInterfaces"]
        return [each["NetworkInterfaceId"] for each in found if ":task/" not in each["Description"]]

    def admit(self, group: str, port: int, **peer: str) -> None:
        self.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=_rule(port, **peer))

    def revoke(self, group: str, port: int, **peer: str) -> None:
        self.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=_rule(port, **peer))

    def build(self) -> None:
        self.rds.create_db_instance(
            DBInstanceIdentifier=NAME, Engine="mariadb", DBInstanceClass="db.t3.micro",
            AllocatedStorage=20, MasterUsername="admin", MasterUserPassword="lab-password",
            VpcSecurityGroupIds=[self.vault],
        )  # fmt: skip
        balancer = self.elb.create_load_balancer(
            Name=NAME, Subnets=self.subnets, SecurityGroups=[self.door]
        )["LoadBalancers"][0]
        self.balancer, self.address = balancer["LoadBalancerArn"], balancer["DNSName"]
        self.targets = self.elb.create_target_group(
            Name=NAME, Protocol="HTTP", Port=PORT, VpcId=self.vpc["VpcId"], TargetType="ip",
            HealthyThresholdCount=2, UnhealthyThresholdCount=2, HealthCheckPath="/version",
            HealthCheckIntervalSeconds=6, HealthCheckTimeoutSeconds=2,
        )["TargetGroups"][0]["TargetGroupArn"]  # fmt: skip
        self.elb.create_listener(
            LoadBalancerArn=self.balancer, Protocol="HTTP", Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self.targets}],
        )  # fmt: skip
        self.ecs.create_cluster(clusterName=NAME)
        self.ecs.register_task_definition(
            family=NAME, networkMode="awsvpc", requiresCompatibilities=["FARGATE"],
            cpu="256", memory="512", executionRoleArn="arn:aws:iam::000000000000:role/PipelineRole",
            containerDefinitions=[{
                "name": "web", "image": self.image(), "command": ["sh", "-c", SERVES],
                "portMappings": [{"containerPort": PORT}], "stopTimeout": 2,
            }],
        )  # fmt: skip
        self.ecs.create_service(
            cluster=NAME, serviceName=NAME, taskDefinition=NAME, desiredCount=1,
            launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": {
                "subnets": self.subnets, "securityGroups": [self.room],
            }},
            loadBalancers=[{
                "targetGroupArn": self.targets, "containerName": "web", "containerPort": PORT,
            }],
        )  # fmt: skip

    def image(self) -> str:
        """A little server in the registry: BusyBox's."""
        ecr = self.platform.client("ecr")
        uri = str(ecr.create_repository(repositoryName=NAME)["repository"]["repositoryUri"])
        token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
        config = self.platform.settings.home / "docker-guarded"
        config.mkdir()
        auths = {"auths": {uri.partition("/")[0]: {"auth": token}}}
        (config / "config.json").write_text(json.dumps(auths))
        for argv in (("tag", PAUSE.name, uri), ("push", uri), ("rmi", uri)):
            done = self.platform.run("docker", "--config", str(config), *argv)
            assert done.returncode == 0, done.stderr
        return uri

    def health(self) -> tuple[str, str] | None:
        """State and reason of the service's only target."""
        found = self.elb.describe_target_health(TargetGroupArn=self.targets)
        states = [each["TargetHealth"] for each in found["TargetHealthDescriptions"]]
        return (states[0]["State"], states[0].get("Reason", "")) if len(states) == 1 else None

    def task(self) -> tuple[str, str]:
        """The task's address, and the name of its container."""
        arns = self.ecs.list_tasks(cluster=NAME)["taskArns"]
        task = self.ecs.describe_tasks(cluster=NAME, tasks=arns)["tasks"][0]
        address = task["containers"][0]["networkInterfaces"][0]["privateIpv4Address"]
        return address, f"demitasse-task-{arns[0].rpartition('/')[2]}-web"

    def remove(self) -> None:
        self.ecs.delete_service(cluster=NAME, service=NAME, force=True)
        self.elb.delete_load_balancer(LoadBalancerArn=self.balancer)
        self.rds.delete_db_instance(DBInstanceIdentifier=NAME, SkipFinalSnapshot=True)


def _rule(port: int, *, member: str = "", cidr: str = "") -> list[dict[str, Any]]:
    peer = (
        {"UserIdGroupPairs": [{"GroupId": member}]} if member else {"IpRanges": [{"CidrIp": cidr}]}
    )
    return [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **peer}]


def tables() -> str:
    """The packet filter's tables on the machine, seen from its network."""
    argv = ("--rm", "--network", "host", "--cap-add", "NET_ADMIN", "--entrypoint", "nft")
    done = subprocess.run(
        ["docker", "run", *argv, PAUSE.name, "list", "tables"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


@pytest.fixture(scope="module")
def scene(platform: Installation, until: Until) -> Iterator[Scene]:
    made = Scene(platform, until)
    made.build()
    until(lambda: made.health() == ("healthy", ""))
    yield made
    own = made.on_machine()
    assert len(own) == 2
    assert all(each in tables() for each in own)
    made.remove()
    until(lambda: not any(each in tables() for each in own), every=1)


def test_a_task_admits_its_load_balancer_and_nobody_else(scene: Scene) -> None:
    address, _ = scene.task()
    assert ask(scene.address, 80, "/version").status == 200
    assert not reached(address, PORT)

    scene.revoke(scene.room, PORT, member=scene.door)
    scene.until(lambda: scene.health() == ("unhealthy", "Target.Timeout"), seconds=10)

    # As on AWS, a person on a machine of the VPC is let in by its block.
    scene.admit(scene.room, PORT, cidr=scene.vpc["CidrBlock"])
    begun = time.monotonic()
    scene.until(lambda: reached(address, PORT), seconds=2)
    assert time.monotonic() - begun < 1
    scene.until(lambda: scene.health() == ("healthy", ""), seconds=10)
    scene.revoke(scene.room, PORT, cidr=scene.vpc["CidrBlock"])
    scene.admit(scene.room, PORT, member=scene.door)
    scene.until(lambda: not reached(address, PORT), seconds=2)


def test_who_is_not_let_in_to_a_load_balancer_waits(scene: Scene) -> None:
    assert reached(scene.address, 80)
    scene.revoke(scene.door, 80, cidr="0.0.0.0/0")
    scene.until(lambda: not reached(scene.address, 80), seconds=2)
    scene.admit(scene.door, 80, cidr="127.0.0.1/32")  # a person's own address, to that person
    scene.until(lambda: reached(scene.address, 80), seconds=2)
    scene.revoke(scene.door, 80, cidr="127.0.0.1/32")
    scene.admit(scene.door, 80, cidr="0.0.0.0/0")
    scene.until(lambda: reached(scene.address, 80), seconds=2)


def test_a_load_balancer_that_may_not_go_out_reaches_no_target(scene: Scene) -> None:
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    scene.ec2.revoke_security_group_egress(GroupId=scene.door, IpPermissions=everything)
    scene.until(lambda: scene.health() == ("unhealthy", "Target.Timeout"), seconds=10)
    scene.ec2.authorize_security_group_egress(
        GroupId=scene.door, IpPermissions=_rule(PORT, member=scene.room)
    )
    scene.until(lambda: scene.health() == ("healthy", ""), seconds=10)


def test_a_database_is_available_and_yet_admits_its_groups_only(scene: Scene) -> None:
    scene.rds.get_waiter("db_instance_available").wait(
        DBInstanceIdentifier=NAME, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    instance = scene.rds.describe_db_instances(DBInstanceIdentifier=NAME)["DBInstances"][0]
    endpoint = instance["Endpoint"]
    _, container = scene.task()

    def from_task() -> bool:
        command = ("nc", "-w", "1", endpoint["Address"], str(endpoint["Port"]))
        done = subprocess.run(
            ["docker", "exec", container, "timeout", "2", *command],
            stdin=subprocess.DEVNULL, capture_output=True, check=False,
        )  # fmt: skip
        return b"MariaDB" in done.stdout

    def from_machine() -> bool:
        return reached(endpoint["Address"], endpoint["Port"])

    assert not from_task()
    assert not from_machine()
    scene.admit(scene.vault, endpoint["Port"], member=scene.room)
    scene.until(from_task, seconds=3)
    assert not from_machine()

    # Another group, in place of that one.
    other = scene.group("other")
    scene.admit(other, endpoint["Port"], cidr=scene.vpc["CidrBlock"])
    scene.rds.modify_db_instance(
        DBInstanceIdentifier=NAME, VpcSecurityGroupIds=[other], ApplyImmediately=True
    )
    scene.until(from_machine, seconds=3)


def test_rules_outlive_the_platform_and_who_is_connected_outlives_rules(scene: Scene) -> None:
    address, _ = scene.task()
    anywhere = {"cidr": "0.0.0.0/0"}
    scene.admit(scene.room, 8081, **anywhere)
    line = scene.until(lambda: reach(address, 8081), seconds=2)
    with closing(line):
        process = daemon.running(scene.platform.settings)
        assert process is not None
        os.kill(process, signal.SIGKILL)
        scene.until(lambda: daemon.running(scene.platform.settings) is None)
        assert reached(address, 8081)
        assert not reached(address, PORT)
        daemon.start(scene.platform.settings)
        scene.revoke(scene.room, 8081, **anywhere)
        scene.until(lambda: not reached(address, 8081), seconds=5)
        line.sendall(b"still here")
        assert line.recv(20) == b"still here"
    assert ask(scene.address, 80, "/version").status == 200
