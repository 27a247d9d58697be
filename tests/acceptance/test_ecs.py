"""ECS from outside: real containers, a real load balancer, boto3 and the ``aws`` command."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.application import wait_until
from tests.acceptance.commands import run
from tests.acceptance.conftest import Installation
from tests.acceptance.ecs_scene import PORT, Scene, Until, address, container, get
from tests.contract import busybox

from demitasse import daemon

pytestmark = pytest.mark.docker

_clusters = itertools.count(1)

SERVER = """#!/bin/sh
echo "version $VERSION listens"
mkdir -p /tmp/www && echo "version $VERSION" > /tmp/www/index.html
httpd -f -p 8080 -h /tmp/www &
trap 'echo "goes"; kill $!; exit 0' TERM
while :; do wait $!; done
"""


@pytest.fixture(scope="module")
def image(platform: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The little server, pushed to the platform's registry; nothing of it stays in Docker."""
    folder = tmp_path_factory.mktemp("image")
    uri = platform.client("ecr").create_repository(repositoryName="ecs-tests")["repository"][
        "repositoryUri"
    ]
    token = platform.client("ecr").get_authorization_token()["authorizationData"][0]
    user, _, password = base64.b64decode(token["authorizationToken"]).decode().partition(":")
    docker = {"DOCKER_CONFIG": str(folder / "docker"), "DOCKER_BUILDKIT": "0"}
    host = uri.partition("/")[0]
    run("docker", "login", "-u", user, "--password-stdin", host, given=password, **docker)
    name = f"{uri}:latest"
    with busybox.image() as base:
        (folder / "server").write_text(SERVER)
        (folder / "server").chmod(0o755)
        (folder / "Dockerfile").write_text(f'FROM {base}\nCOPY server /server\nCMD ["/server"]\n')
        run("docker", "build", "--quiet", "--tag", name, str(folder), **docker)
        run("docker", "push", name, **docker)
        run("docker", "image", "rm", "--force", name)
    try:
        yield name
    finally:
        subprocess.run(["docker", "image", "rm", "--force", name], check=False, capture_output=True)
        listed = run("docker", "images", "--format", "{{.ID}}", uri).split()
        for each in set(listed):
            subprocess.run(["docker", "rmi", "--force", each], check=False, capture_output=True)


@pytest.fixture
def scene(platform: Installation, until: Until, image: str) -> Iterator[Scene]:
    cluster = f"ecs-{next(_clusters)}"
    platform.client("ecs").create_cluster(clusterName=cluster)
    made = Scene(platform, until, image, cluster)
    yield made
    for arn in made.ecs.list_services(cluster=cluster, maxResults=100)["serviceArns"]:
        made.ecs.delete_service(cluster=cluster, service=arn, force=True)
    for arn in made.ecs.list_tasks(cluster=cluster)["taskArns"]:
        made.ecs.stop_task(cluster=cluster, task=arn)
    until(lambda: not made.containers("pause"), seconds=60)


@dataclass
class Visits:
    """What was answered, and what went wrong."""

    pages: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def answers(self, more: int) -> None:
        """Wait until so many further pages were shown."""
        wanted = len(self.pages) + more
        wait_until(lambda: len(self.pages) >= wanted, f"{more} further requests are answered")


@contextlib.contextmanager
def load(url: str) -> Iterator[Visits]:
    """Ask for a page again and again."""
    visits = Visits()
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            try:
                visits.pages.append(get(url))
            except (OSError, urllib.error.HTTPError) as error:
                visits.wrong.append(str(error))
            time.sleep(0.005)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for each in threads:
        each.start()
    try:
        yield visits
    finally:
        over.set()
        for each in threads:
            each.join()


def test_a_service_behind_a_load_balancer(scene: Scene) -> None:
    group, url = scene.balancer()
    name = scene.service(scene.web("1"), group, desiredCount=2)
    scene.stable(name)
    scene.until(lambda: scene.see(name)["deployments"][0]["rolloutState"] == "COMPLETED")
    assert get(url) == "version 1\n"
    tasks = scene.tasks(name)
    assert {get(f"http://{address(task)}:{PORT}/") for task in tasks} == {"version 1\n"}
    assert scene.see(name)["events"][0]["message"].endswith("has reached a steady state.")
    stream = f"t/web/{tasks[0]['taskArn'].rpartition('/')[2]}"
    scene.until(
        lambda: (
            [
                each["message"]
                for each in scene.logs.get_log_events(
                    logGroupName=f"/ecs/{scene.cluster}", logStreamName=stream
                )["events"]
            ]
            == ["version 1 listens"]
        )
    )


def test_a_killed_task_is_replaced_within_seconds_and_no_request_is_lost(scene: Scene) -> None:
    group, url = scene.balancer()
    name = scene.service(scene.web("1"), group, desiredCount=2)
    scene.stable(name)
    scene.until(lambda: scene.see(name)["deployments"][0]["rolloutState"] == "COMPLETED")
    before = {task["taskArn"]: task for task in scene.tasks(name)}
    victim = next(iter(before.values()))
    killed = time.time()
    run("docker", "kill", container(victim))

    def fresh() -> list[dict[str, Any]]:
        return [
            task
            for task in scene.tasks(name)
            if task["taskArn"] not in before and task["lastStatus"] == "RUNNING"
        ]

    [task] = scene.until(fresh, every=0.02)
    # 3 s is what a machine with nothing else to do must hold; tests share theirs.
    assert task["startedAt"].timestamp() - killed < 6
    old = scene.task(victim["taskArn"])
    assert old["stopCode"] == "EssentialContainerExited"
    assert old["containers"][0]["exitCode"] == 137
    scene.until(lambda: len(scene.containers()) == 2)
    assert get(url) == "version 1\n"


def test_a_rolling_deployment_loses_no_request(scene: Scene) -> None:
    group, url = scene.balancer()
    name = scene.service(scene.web("1"), group, desiredCount=2)
    scene.stable(name)
    scene.until(lambda: scene.see(name)["deployments"][0]["rolloutState"] == "COMPLETED")
    with load(url) as visits:
        visits.answers(100)
        scene.ecs.update_service(cluster=scene.cluster, service=name, taskDefinition=scene.web("2"))
        scene.stable(name)
        scene.until(
            lambda: scene.see(name)["deployments"][0]["rolloutState"] == "COMPLETED", seconds=60
        )
        visits.answers(100)
    assert visits.wrong == []
    assert set(visits.pages) == {"version 1\n", "version 2\n"}
    assert get(url) == "version 2\n"
    assert len(scene.tasks(name)) == 2
    # SIGTERM came through, and what was said then is kept.
    found = scene.logs.filter_log_events(logGroupName=f"/ecs/{scene.cluster}", filterPattern="goes")
    assert len(found["events"]) == 2


def test_killed_and_started_again_the_platform_goes_on_with_what_runs(scene: Scene) -> None:
    group, url = scene.balancer()
    name = scene.service(scene.web("1"), group, desiredCount=2)
    scene.stable(name)
    before = scene.containers(), scene.containers("pause")
    process = daemon.running(scene.platform.settings)
    assert process is not None
    os.kill(process, signal.SIGKILL)
    scene.until(lambda: daemon.running(scene.platform.settings) is None)
    assert get(url) == "version 1\n"
    # One task ends while nobody watches.
    run("docker", "kill", before[0][0])
    daemon.start(scene.platform.settings)
    scene.until(
        lambda: len(scene.containers(every=False)) == 2 and before[0][0] not in scene.containers(),
        seconds=40,
    )
    scene.stable(name)
    assert before[0][1] in scene.containers()
    scene.until(lambda: len(scene.containers("pause")) == 2)
    # In the middle of a start, too.
    scene.ecs.update_service(cluster=scene.cluster, service=name, desiredCount=4)
    scene.until(lambda: len(scene.containers("pause")) > 2, every=0.01)
    process = daemon.running(scene.platform.settings)
    assert process is not None
    os.kill(process, signal.SIGKILL)
    scene.until(lambda: daemon.running(scene.platform.settings) is None)
    daemon.start(scene.platform.settings)
    scene.stable(name)
    scene.until(lambda: len(scene.containers()) == len(scene.containers("pause")) == 4)
    assert len(scene.tasks(name)) == 4


def test_the_aws_command_runs_waits_for_and_stops_a_task(scene: Scene) -> None:
    definition = scene.register(
        {
            "name": "web",
            "command": ["sh", "-c", "exit $CODE"],
            "environment": [{"name": "CODE", "value": "3"}],
        }
    )
    network = (
        f"awsvpcConfiguration={{subnets=[{scene.subnets[0]}],securityGroups=[{scene.group}],"
        "assignPublicIp=ENABLED}"
    )

    def aws(*argv: str) -> Any:
        done = scene.platform.aws("ecs", *argv, "--output", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    started = aws(
        "run-task",
        "--cluster",
        scene.cluster,
        "--task-definition",
        definition,
        "--launch-type",
        "FARGATE",
        "--network-configuration",
        network,
    )["tasks"][0]
    assert started["lastStatus"] == "PROVISIONING"
    aws("wait", "tasks-stopped", "--cluster", scene.cluster, "--tasks", started["taskArn"])
    [task] = aws("describe-tasks", "--cluster", scene.cluster, "--tasks", started["taskArn"])[
        "tasks"
    ]
    assert task["containers"][0]["exitCode"] == 3
    assert task["stopCode"] == "EssentialContainerExited"
    assert task["stoppedReason"] == "Essential container in task exited"


def test_an_image_that_was_only_built_here_cannot_be_pulled(scene: Scene, image: str) -> None:
    with busybox.image() as base:
        run("docker", "tag", base, "built-here-alone")
        try:
            arn = scene.run(scene.register({"name": "web", "image": "built-here-alone"}))
            scene.until(lambda: scene.task(arn)["lastStatus"] == "STOPPED", seconds=60)
        finally:
            run("docker", "rmi", "built-here-alone")
    task = scene.task(arn)
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("CannotPullContainerError: ")
    missing = scene.image.replace(":latest", ":nope")
    name = scene.service(scene.register({"name": "web", "image": missing}))
    scene.until(
        lambda: any(
            "CannotPullContainerError" in each["message"] for each in scene.see(name)["events"]
        )
    )
    assert scene.see(name)["runningCount"] == 0


def test_containers_of_a_task_share_network_and_volume_and_know_their_limits(scene: Scene) -> None:
    check = (
        "set -e; wget -qO- http://127.0.0.1:8080/index.html; cat /shared/word;"
        " grep -q 'NoNewPrivs:.1' /proc/self/status; id -u;"
        " ! touch /nope 2>/dev/null; cat /sys/fs/cgroup/memory/memory.limit_in_bytes"
        " 2>/dev/null || cat /sys/fs/cgroup/memory.max"
    )
    mount = {"sourceVolume": "shared", "containerPath": "/shared"}
    definition = scene.register(
        {
            "name": "init",
            "essential": False,
            "command": ["sh", "-c", "echo word > /shared/word"],
            "mountPoints": [mount],
        },
        {
            "name": "web",
            "environment": [{"name": "VERSION", "value": "x"}],
            "healthCheck": {
                "command": ["CMD-SHELL", "wget -qO- http://127.0.0.1:8080/"],
                "interval": 5,
                "timeout": 2,
            },
        },
        {
            "name": "check",
            "essential": False,
            "command": ["sh", "-c", check],
            "user": "1234",
            "memory": 64,
            "readonlyRootFilesystem": True,
            "mountPoints": [{**mount, "readOnly": True}],
            "dependsOn": [
                {"containerName": "init", "condition": "SUCCESS"},
                {"containerName": "web", "condition": "HEALTHY"},
            ],
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": f"/ecs/{scene.cluster}",
                    "awslogs-region": "us-east-1",
                    "awslogs-stream-prefix": "t",
                    "awslogs-create-group": "true",
                },
            },
        },
        volumes=[{"name": "shared"}],
    )
    arn = scene.run(definition)
    scene.waits("tasks_running", arn)
    scene.until(
        lambda: (
            {each["name"]: each.get("exitCode") for each in scene.task(arn)["containers"]}
            == {"init": 0, "web": None, "check": 0}
        )
    )
    assert scene.task(arn)["healthStatus"] == "HEALTHY"
    stream = f"t/check/{arn.rpartition('/')[2]}"
    lines = scene.until(
        lambda: [
            each["message"]
            for each in scene.logs.get_log_events(
                logGroupName=f"/ecs/{scene.cluster}", logStreamName=stream, startFromHead=True
            )["events"]
        ]
    )
    assert lines == ["version x", "word", "1234", str(64 * 1024 * 1024)]
    scene.ecs.stop_task(cluster=scene.cluster, task=arn)
    scene.waits("tasks_stopped", arn)
    scene.until(lambda: not scene.containers())
    volumes = run("docker", "volume", "ls", "-q", "--filter", f"label=demitasse.task={arn}")
    assert volumes == ""


def test_memory_is_a_hard_bound(scene: Scene) -> None:
    eat = "x=a; while :; do x=$x$x; done"
    arn = scene.run(scene.register({"name": "web", "command": ["sh", "-c", eat], "memory": 16}))
    scene.until(lambda: scene.task(arn)["lastStatus"] == "STOPPED", seconds=60)
    [container_] = scene.task(arn)["containers"]
    assert container_["exitCode"] in (1, 2, 137)


def test_a_code_deploy_service_has_its_shape(scene: Scene) -> None:
    group, _ = scene.balancer()
    definition = scene.web("1")
    name = scene.service(definition, group, deploymentController={"type": "CODE_DEPLOY"})
    scene.until(lambda: scene.see(name)["taskSets"][0]["stabilityStatus"] == "STEADY_STATE")
    with pytest.raises(scene.ecs.exceptions.InvalidParameterException, match="Use AWS CodeDeploy"):
        scene.ecs.update_service(cluster=scene.cluster, service=name, taskDefinition=scene.web("2"))
    scene.ecs.update_service(cluster=scene.cluster, service=name, desiredCount=3)
    scene.until(lambda: scene.see(name)["runningCount"] == 3)


def test_a_deleted_service_leaves_nothing(scene: Scene) -> None:
    name = scene.service(scene.web("1"), desiredCount=2)
    scene.stable(name)
    scene.ecs.delete_service(cluster=scene.cluster, service=name, force=True)
    scene.ecs.get_waiter("services_inactive").wait(
        cluster=scene.cluster, services=[name], WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    scene.until(lambda: not scene.containers() and not scene.containers("pause"))
    scene.ecs.delete_cluster(cluster=scene.cluster)
    scene.ecs.create_cluster(clusterName=scene.cluster)


def test_the_pages_of_long_lists(scene: Scene, tmp_path: Path) -> None:
    for number in range(12):
        scene.register({"name": "web"}, family=f"page-{scene.cluster}-{number:02d}")
    pages = scene.ecs.get_paginator("list_task_definition_families").paginate(
        familyPrefix=f"page-{scene.cluster}", PaginationConfig={"PageSize": 5}
    )
    assert len([family for page in pages for family in page["families"]]) == 12
