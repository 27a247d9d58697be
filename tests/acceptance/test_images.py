"""What is left in Docker of an installation's images once it is gone: nothing, and all of others'."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.acceptance.application import docker
from tests.acceptance.conftest import Installation

from demitasse.lab.docker import Docker

pytestmark = pytest.mark.docker

SOMEBODYS = "somebodys-own-name"


@pytest.fixture
def pulled(platform: Installation, tmp_path: Path) -> Iterator[str]:
    """An image, pulled by digest as ECS does, that somebody has given a name as well."""
    ecr = platform.client("ecr")
    uri = ecr.create_repository(repositoryName="gone/app")["repository"]["repositoryUri"]
    data = ecr.get_authorization_token()["authorizationData"][0]
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    config = Docker(tmp_path / "config")
    config.login(platform.settings.registry, user, password)
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    docker("build", "--quiet", "--tag", f"{uri}:latest", str(tmp_path))
    config.push(f"{uri}:latest")
    docker("image", "rm", f"{uri}:latest")
    digest = ecr.describe_images(repositoryName="gone/app")["imageDetails"][0]["imageDigest"]
    name = f"{uri}@{digest}"
    docker("--config", str(tmp_path / "config"), "pull", "--quiet", name)
    docker("tag", name, SOMEBODYS)
    try:
        yield name
    finally:
        docker("image", "rm", "--force", SOMEBODYS)
        ecr.delete_repository(repositoryName="gone/app", force=True)


def test_an_image_that_somebody_else_has_a_name_for_stays(
    platform: Installation, pulled: str
) -> None:
    here = Docker()
    found = here.image(pulled)
    assert found is not None
    assert here.forget_registry(f"{platform.settings.registry}/gone") == 1
    assert here.image(pulled) is None
    kept = here.image(SOMEBODYS)
    assert kept is not None
    assert (kept["Id"], kept["RepoDigests"]) == (found["Id"], [])
