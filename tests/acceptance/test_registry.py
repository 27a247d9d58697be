"""The registry, with the real ``aws``, ``docker`` and boto3."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import json
import os
import signal
import subprocess
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.conftest import Installation, installed, take_down

from demitasse import daemon

pytestmark = pytest.mark.docker

MEGABYTE = 1024 * 1024
Until = Callable[..., Any]


@dataclass
class Docker:
    """The ``docker`` command with a configuration of its own, and the images it made."""

    registry: str
    folder: Path
    made: list[str]

    def __call__(self, *argv: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "DOCKER_CONFIG": str(self.folder / "config")}
        environment["DOCKER_BUILDKIT"] = "0"
        return subprocess.run(
            ("docker", *argv),
            env=environment,
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )

    def done(self, *argv: str) -> str:
        result = self(*argv)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def login(self, platform: Installation, **where: Any) -> None:
        token = platform.client("ecr", **where).get_authorization_token()
        data = token["authorizationData"][0]
        user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
        result = self(
            "login", "-u", user, "--password-stdin", data["proxyEndpoint"], given=password
        )
        assert result.returncode == 0, result.stderr

    def build(self, name: str, content: bytes | None = None) -> str:
        """An image of one file that nobody else has; returns its reference in the registry."""
        context = self.folder / uuid.uuid4().hex
        context.mkdir()
        (context / "file").write_bytes(uuid.uuid4().bytes if content is None else content)
        (context / "Dockerfile").write_text('FROM scratch\nCOPY file /file\nCMD ["/file"]\n')
        reference = f"{self.registry}/{name}"
        self.done("build", "--quiet", "--tag", reference, str(context))
        self.made.append(self.image_id(reference))
        return reference

    def image_id(self, reference: str) -> str:
        return self.done("image", "inspect", "--format", "{{.Id}}", reference).strip()


def docker_for(platform: Installation, folder: Path) -> Iterator[Docker]:
    docker = Docker(platform.settings.registry, folder, [])
    yield docker
    if docker.made:
        docker("rmi", "--force", *docker.made)


@pytest.fixture
def docker(platform: Installation, tmp_path: Path) -> Iterator[Docker]:
    for each in docker_for(platform, tmp_path):
        each.login(platform)
        yield each


@pytest.fixture
def ecr(platform: Installation) -> Any:
    return platform.client("ecr")


@pytest.fixture
def repository(ecr: Any) -> Iterator[str]:
    name = f"registry-tests/{uuid.uuid4().hex}"
    ecr.create_repository(repositoryName=name)
    yield name
    with contextlib.suppress(ecr.exceptions.RepositoryNotFoundException):
        ecr.delete_repository(repositoryName=name, force=True)


class Raw:
    """HTTP by hand, with the login of ``aws ecr get-login-password``."""

    def __init__(self, platform: Installation) -> None:
        token = platform.client("ecr").get_authorization_token()["authorizationData"][0]
        self.headers = {"Authorization": f"Basic {token['authorizationToken']}"}
        host, _, port = platform.settings.registry.partition(":")
        self.connection = http.client.HTTPConnection(host, int(port), timeout=60)

    def close(self) -> None:
        self.connection.close()

    def __call__(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, path, body, {**self.headers, **named})
        answer = self.connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, found, answer.read()


@pytest.fixture
def raw(platform: Installation) -> Iterator[Raw]:
    with contextlib.closing(Raw(platform)) as connection:
        yield connection


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def test_the_commands_of_the_lab(platform: Installation, tmp_path: Path) -> None:
    made = platform.aws("ecr", "create-repository", "--repository-name", "lab/customer")
    assert made.returncode == 0, made.stderr
    uri = json.loads(made.stdout)["repository"]["repositoryUri"]
    assert uri == f"{platform.settings.registry}/lab/customer"
    password = platform.aws("ecr", "get-login-password", "--region", "us-east-1").stdout
    for docker in docker_for(platform, tmp_path):
        login = ("login", "--username", "AWS", "--password-stdin", uri.partition("/")[0])
        assert "Login Succeeded" in docker(*login, given=password).stdout
        image = docker.build("lab/customer:latest")
        docker.done("push", image)
        identity = docker.image_id(image)
        repo_digest = docker.done(
            "image", "inspect", "-f", "{{index .RepoDigests 0}}", image
        ).strip()
        said = platform.aws("ecr", "describe-images", "--repository-name", "lab/customer")
        (detail,) = json.loads(said.stdout)["imageDetails"]
        assert repo_digest == f"{uri}@{detail['imageDigest']}"
        assert detail["imageTags"] == ["latest"]
        docker.done("rmi", image)
        docker.done("pull", image)
        assert docker.image_id(image) == identity
        docker.done("pull", repo_digest)
    gone = platform.aws("ecr", "delete-repository", "--repository-name", "lab/customer", "--force")
    assert gone.returncode == 0, gone.stderr


def test_a_tag_moves_to_the_image_pushed_last(docker: Docker, ecr: Any, repository: str) -> None:
    digests = []
    for _ in range(2):
        docker.done("push", docker.build(f"{repository}:latest"))
        (image,) = ecr.describe_images(
            repositoryName=repository, imageIds=[{"imageTag": "latest"}]
        )["imageDetails"]
        digests.append(image["imageDigest"])
    listed = ecr.list_images(repositoryName=repository)["imageIds"]
    assert {each["imageDigest"]: each.get("imageTag") for each in listed} == {
        digests[0]: None,
        digests[1]: "latest",
    }


def test_docker_shows_the_registrys_own_errors(
    docker: Docker, platform: Installation, ecr: Any, repository: str
) -> None:
    first = docker.build(f"{repository}:v1")
    docker.done("push", first)
    ecr.put_image_tag_mutability(repositoryName=repository, imageTagMutability="IMMUTABLE")
    second = docker.build(f"{repository}:v1")
    refused = docker("push", second)
    assert refused.returncode != 0
    assert f"The image tag 'v1' already exists in the '{repository}' repository" in refused.stderr
    docker.done("tag", second, f"{docker.registry}/never-made:v1")
    docker.made.append(f"{docker.registry}/never-made:v1")
    refused = docker("push", f"{docker.registry}/never-made:v1")
    assert (
        "name unknown: The repository with name 'never-made' does not exist in the registry with id"
        f" '{platform.settings.account}'" in refused.stderr
    )
    missing = docker("pull", f"{docker.registry}/{repository}:never")
    assert "manifest unknown: Requested image not found" in missing.stderr
    wrong = docker("login", "-u", "AWS", "--password-stdin", docker.registry, given="wrong")
    assert wrong.returncode != 0
    docker("logout", docker.registry)
    assert "no basic auth credentials" in docker("pull", first).stderr


def test_another_accounts_login_sees_its_own_registry(
    docker: Docker, platform: Installation, repository: str
) -> None:
    image = docker.build(f"{repository}:latest")
    docker.done("push", image)
    docker.login(platform, account="222222222222")
    assert "in the registry with id '222222222222'" in docker("push", image).stderr
    docker.login(platform, region_name="eu-west-3")
    assert "name unknown" in docker("push", image).stderr


def test_one_tag_for_several_platforms(docker: Docker, ecr: Any, repository: str) -> None:
    parts = [docker.build(f"{repository}:part{number}") for number in range(2)]
    for part in parts:
        docker.done("push", part)
    together = f"{docker.registry}/{repository}:together"
    docker.done("manifest", "create", "--insecure", together, *parts)
    docker.done("manifest", "push", "--insecure", together)
    (image,) = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": "together"}])[
        "images"
    ]
    assert image["imageManifestMediaType"].endswith("manifest.list.v2+json")
    docker.made.append(together)
    docker.done("pull", together)
    failures = ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": "part0"}])[
        "failures"
    ]
    assert failures[0]["failureCode"] == "ImageReferencedByManifestList"


def test_chunks_by_hand(raw: Raw, repository: str) -> None:
    status, headers, _ = raw("POST", f"/v2/{repository}/blobs/uploads/")
    assert status == 202
    place, data = headers["location"], os.urandom(3 * MEGABYTE)
    parts = [data[start : start + MEGABYTE] for start in range(0, len(data), MEGABYTE)]
    for number, part in enumerate(parts[:2]):
        first = number * MEGABYTE
        span = f"{first}-{first + len(part) - 1}"
        assert raw("PATCH", place, part, Content_Range=span)[0] == 202
        assert raw("PATCH", place, part, Content_Range=span)[0] == 416
    assert raw("GET", place)[1]["range"] == f"0-{2 * MEGABYTE - 1}"
    assert raw("PUT", f"{place}?digest={digest_of(data)}", parts[2])[0] == 201
    blob = f"/v2/{repository}/blobs/{digest_of(data)}"
    assert raw("GET", blob)[2] == data
    status, headers, body = raw("GET", blob, Range=f"bytes={MEGABYTE}-{MEGABYTE + 9}")
    assert (status, body) == (206, data[MEGABYTE : MEGABYTE + 10])


def test_a_layer_by_its_download_url(docker: Docker, ecr: Any, repository: str) -> None:
    docker.done("push", docker.build(f"{repository}:latest"))
    (image,) = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": "latest"}])[
        "images"
    ]
    (layer,) = json.loads(image["imageManifest"])["layers"]
    url = ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=layer["digest"])
    with urllib.request.urlopen(url["downloadUrl"], timeout=10) as answer:
        assert digest_of(answer.read()) == layer["digest"]


def test_a_large_layer_needs_little_memory_and_holds_nobody_up(
    platform: Installation, raw: Raw, repository: str
) -> None:
    size = 300
    piece = os.urandom(MEGABYTE)
    digest = hashlib.sha256()
    for _ in range(size):
        digest.update(piece)
    process = Path("/proc") / str(process_of(platform)) / "status"
    before = resident(process)
    place = raw("POST", f"/v2/{repository}/blobs/uploads/")[1]["location"]
    length = str(size * MEGABYTE)
    assert raw("PATCH", place, (piece for _ in range(size)), Content_Length=length)[0] == 202
    assert raw("PUT", f"{place}?digest=sha256:{digest.hexdigest()}")[0] == 201
    status, _, body = raw("GET", f"/v2/{repository}/blobs/sha256:{digest.hexdigest()}")
    assert (status, len(body)) == (200, size * MEGABYTE)
    assert resident(process) - before < 32 * MEGABYTE


def process_of(platform: Installation) -> int:
    host, _, port = platform.settings.registry.partition(":")
    with contextlib.closing(http.client.HTTPConnection(host, int(port), timeout=10)) as connection:
        connection.request("GET", daemon.HEALTH_PATH)
        number: int = json.loads(connection.getresponse().read())["process"]
    return number


def resident(status: Path) -> int:
    """The most memory a process has had, in bytes."""
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def test_boto3s_paginators_and_waiters(docker: Docker, ecr: Any, repository: str) -> None:
    for number in range(3):
        docker.done("push", docker.build(f"{repository}:v{number}"))
    options = {"PageSize": 2}
    for operation, member in (("list_images", "imageIds"), ("describe_images", "imageDetails")):
        paginator = ecr.get_paginator(operation)
        found = paginator.paginate(repositoryName=repository, PaginationConfig=options)
        assert len(found.build_full_result()[member]) == 3
    rules = {
        "rulePriority": 1,
        "description": "Keep only the newest image: the tests of the registry want it so",
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1},
        "action": {"type": "expire"},
    }
    policy = json.dumps({"rules": [rules]})
    ecr.start_lifecycle_policy_preview(repositoryName=repository, lifecyclePolicyText=policy)
    ecr.get_waiter("lifecycle_policy_preview_complete").wait(
        repositoryName=repository, WaiterConfig={"Delay": 1, "MaxAttempts": 20}
    )
    preview = ecr.get_lifecycle_policy_preview(repositoryName=repository)
    tags = {tag for each in preview["previewResults"] for tag in each["imageTags"]}
    assert tags == {"v0", "v1"}


def test_a_lifecycle_policy_is_carried_out(
    docker: Docker, ecr: Any, repository: str, until: Until
) -> None:
    for number in range(3):
        docker.done("push", docker.build(f"{repository}:v{number}"))
    rule = {
        "rulePriority": 1,
        "description": "Keep only the newest image: the tests of the registry want it so",
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1},
        "action": {"type": "expire"},
    }
    ecr.put_lifecycle_policy(
        repositoryName=repository, lifecyclePolicyText=json.dumps({"rules": [rule]})
    )

    def tags() -> set[str]:
        listed = ecr.list_images(repositoryName=repository)["imageIds"]
        return {each["imageTag"] for each in listed}

    until(lambda: tags() == {"v2"})
    docker.done("push", docker.build(f"{repository}:v3"))
    until(lambda: tags() == {"v3"})


@pytest.mark.slow
def test_a_push_survives_the_platforms_death(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = installed(tmp_path / "home")
    for name, value in platform.environment.items():
        monkeypatch.setenv(name, value)
    daemon.start(platform.settings)
    try:
        ecr = platform.client("ecr")
        ecr.create_repository(repositoryName="app")
        for docker in docker_for(platform, tmp_path):
            docker.login(platform)
            small = docker.build("app:small")
            docker.done("push", small)
            large = docker.build("app:large", os.urandom(150 * MEGABYTE))
            environment = {**os.environ, "DOCKER_CONFIG": str(docker.folder / "config")}
            with subprocess.Popen(
                ["docker", "push", large], env=environment, stdout=subprocess.DEVNULL
            ) as push:
                uploads = platform.settings.home / "blobs"
                deadline = time.monotonic() + 30
                while not any(part.stat().st_size for part in uploads.rglob(".uploads/*")):
                    assert time.monotonic() < deadline, "nothing was uploaded"
                    time.sleep(0.01)
                os.kill(process_of(platform), signal.SIGKILL)
                daemon.start(platform.settings)
                push.wait()
            docker.done("push", large)
            listed = ecr.list_images(repositoryName="app")["imageIds"]
            assert {each["imageTag"] for each in listed} == {"small", "large"}
            docker.done("rmi", small, large)
            docker.done("pull", small)
            docker.done("pull", large)
    finally:
        take_down(platform)
