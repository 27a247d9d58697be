"""A platform that lacks what it stands on: room on the disk, or Docker."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.acceptance.application import docker, installation_in, log_of, up, wait_for, wait_until
from tests.acceptance.conftest import Installation

from demitasse import daemon

pytestmark = pytest.mark.docker

DEFINITION: dict[str, Any] = {
    "family": "quick",
    "networkMode": "awsvpc",
    "requiresCompatibilities": ["FARGATE"],
    "cpu": "256",
    "memory": "512",
    "executionRoleArn": "arn:aws:iam::000000000000:role/PipelineRole",
}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(place)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip("file systems cannot be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(place: Path) -> Path:
    """Take all the room that is left."""
    ballast = place / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 65536)
        except OSError:
            pass
        try:
            while True:
                file.write(b"\0" * 512)
        except OSError:
            pass
    return ballast


def test_without_room_writes_are_refused_and_nothing_is_half_made(small_disk: Path) -> None:
    with installation_in(small_disk / "home") as installation:
        up(installation, "--empty")
        ecs, ecr = installation.client("ecs"), installation.client("ecr")
        ecs.create_cluster(clusterName="before")
        ballast = fill(small_disk)
        made, refused = 1, []
        for number in range(400):
            try:
                ecs.create_cluster(
                    clusterName=f"c{number}", tags=[{"key": "k", "value": "v" * 250}]
                )
                made += 1
            except ClientError as error:
                refused.append(error.response)
                if len(refused) == 5:
                    break
        assert refused
        for response in refused:
            assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
            assert "ServiceUnavailable" in response["Error"]["Code"]
            assert "disk is full" in response["Error"]["Message"]
        assert _clusters(ecs) == made  # what was refused is not there; reading works
        with pytest.raises(ClientError):
            ecr.create_repository(repositoryName="x" * 200)
        assert ecr.describe_repositories()["repositories"] == []

        ballast.unlink()
        ecs.create_cluster(clusterName="after")
        ecr.create_repository(repositoryName="after")
        assert _clusters(ecs) == made + 1
        assert "Traceback" not in log_of(installation)


def test_a_platform_that_finds_no_room_says_so(small_disk: Path) -> None:
    with installation_in(small_disk / "home") as installation:
        ballast = fill(small_disk)
        said = _up(installation)
        ballast.unlink()
        assert said.returncode == 1
        assert "Traceback" not in said.stderr + said.stdout
        assert "No space left" in said.stderr
        up(installation, "--empty")


def test_without_docker_the_api_answers_and_all_comes_when_docker_does(tmp_path: Path) -> None:
    with installation_in(tmp_path / "home") as installation:
        engine = Path("/var/run/docker.sock")
        place = tmp_path / "docker.sock"
        away = Installation(
            installation.settings, {**installation.environment, "DOCKER_HOST": f"unix://{place}"}
        )
        said = _up(away)
        assert said.returncode == 1
        assert "no Docker Engine answers" in said.stderr

        serving = _serve(away)
        try:
            _without_docker(away, place, engine)
        finally:
            serving.terminate()
            serving.wait()


def _without_docker(away: Installation, place: Path, engine: Path) -> None:
    ec2, ecs, elbv2 = (away.client(name) for name in ("ec2", "ecs", "elbv2"))
    subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]][:2]
    network = {"awsvpcConfiguration": {"subnets": subnets}}
    begun = time.monotonic()
    ecs.create_cluster(clusterName="c")
    ecs.register_task_definition(
        **DEFINITION,
        containerDefinitions=[{"name": "web", "image": f"{away.settings.registry}/web:latest"}],
    )
    away.client("ecr").create_repository(repositoryName="web")
    ecs.create_service(
        cluster="c", serviceName="s", taskDefinition="quick", desiredCount=1,
        launchType="FARGATE", networkConfiguration=network,
    )  # fmt: skip
    elbv2.create_load_balancer(Name="lb", Subnets=subnets)
    assert time.monotonic() - begun < 5
    wait_until(lambda: "Docker does not answer" in log_of(away), "a controller has tried")
    (arn,) = ecs.list_tasks(cluster="c")["taskArns"]
    (task,) = ecs.describe_tasks(cluster="c", tasks=[arn])["tasks"]
    assert task["lastStatus"] == "PROVISIONING"
    (balancer,) = elbv2.describe_load_balancers()["LoadBalancers"]
    assert balancer["State"]["Code"] == "provisioning"
    assert "Traceback" not in log_of(away)

    place.symlink_to(engine)
    image = f"{away.settings.registry}/web:latest"
    _push(away, "haproxy:3.0", image)
    wait_until(
        lambda: ecs.describe_services(cluster="c", services=["s"])["services"][0]["events"],
        "the service tells",
    )
    wait_for(
        lambda: elbv2.describe_load_balancers()["LoadBalancers"][0]["State"], {"Code": "active"}
    )
    wait_until(lambda: _has_run(ecs), "the service's tasks are placed", 30)
    docker("image", "rm", image)


def _has_run(ecs: Any) -> bool:
    """Whether any task of the cluster has come to run (its image's command may end at once)."""
    arns = [
        arn
        for status in ("RUNNING", "STOPPED")
        for arn in ecs.list_tasks(cluster="c", desiredStatus=status)["taskArns"]
    ]
    tasks = ecs.describe_tasks(cluster="c", tasks=arns)["tasks"] if arns else []
    return any("startedAt" in task for task in tasks)


def _push(installation: Installation, local: str, image: str) -> None:
    token = installation.client("ecr").get_authorization_token()["authorizationData"][0]
    user, password = base64.b64decode(token["authorizationToken"]).decode().split(":", 1)
    config = str(installation.settings.home / "docker")
    docker("tag", local, image)
    login = ["docker", "--config", config, "login", "--username", user, "--password-stdin"]
    subprocess.run(
        [*login, installation.settings.registry],
        input=password,
        text=True,
        capture_output=True,
        check=True,
    )
    docker("--config", config, "push", "--quiet", image)


def _up(installation: Installation) -> subprocess.CompletedProcess[str]:
    """``up --empty`` in a shell that knows nothing of the installation's credentials."""
    return subprocess.run(
        [sys.executable, "-m", "demitasse", "up", "--empty"],
        env={**os.environ, **installation.environment},
        capture_output=True,
        text=True,
        check=False,
    )


def _serve(installation: Installation) -> subprocess.Popen[bytes]:
    """``demitasse serve`` without ``up``, which insists on Docker."""
    installation.settings.home.mkdir(parents=True, exist_ok=True)
    with installation.settings.log_file.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "demitasse", "serve"],
            env={**os.environ, **installation.environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    wait_until(lambda: daemon.health(installation.settings), "it serves", 20)
    return process


def _clusters(ecs: Any) -> int:
    pages = ecs.get_paginator("list_clusters").paginate()
    return sum(len(page["clusterArns"]) for page in pages)
