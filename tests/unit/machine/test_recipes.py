"""What is run to make an image, to the letter."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from importlib import resources

import pytest

from demitasse.engines.containers.spec import PAUSE_IMAGE
from demitasse.machine import recipes
from demitasse.machine.host import Host
from demitasse.machine.recipes import HAPROXY, KNOWN, MARIADB, PAUSE, PYTHON, BaseImage

_PROXIED = Host(
    apt_options=('Acquire::http::Proxy "http://proxy.test:3128";',),
    mirrors=("deb http://mirror.test/debian trixie main",),
    proxies=(("http_proxy", "http://127.0.0.1:3142"),),
)


def test_the_foundation_is_a_minimal_debian_with_the_hosts_files() -> None:
    assert recipes.foundation_argv(_PROXIED, "/tmp/files") == (
        "mmdebstrap",
        "--variant=minbase",
        "--include=ca-certificates",
        '--aptopt=Acquire::http::Proxy "http://proxy.test:3128";',
        "--dpkgopt=path-exclude=/usr/share/man/*",
        "--dpkgopt=path-exclude=/usr/share/doc/*",
        "--dpkgopt=path-exclude=/usr/share/locale/*",
        "--dpkgopt=path-exclude=/usr/share/info/*",
        "--dpkgopt=path-exclude=/usr/share/lintian/*",
        "--dpkgopt=path-include=/usr/share/doc/*/copyright",
        "--customize-hook=sync-in /tmp/files /",
        '--customize-hook=chroot "$1" update-ca-certificates',
        "trixie",
        "-",
        "deb http://mirror.test/debian trixie main",
    )


def test_the_foundation_says_what_it_is() -> None:
    assert recipes.import_argv() == (
        "docker",
        "import",
        "--change",
        'CMD ["bash"]',
        "--change",
        'LABEL demitasse.kind="base-image"',
        "--change",
        'LABEL demitasse.stand-in="demitasse/debian:trixie"',
        "--change",
        'LABEL demitasse.stand-in.made-from="Debian trixie"',
        "-",
    )


def test_a_build_uses_the_machines_own_network_and_proxy() -> None:
    assert recipes.build_argv(_PROXIED) == (
        "docker",
        "build",
        "--quiet",
        "--network",
        "host",
        "--build-arg",
        "BASE=demitasse/debian:trixie",
        "--build-arg",
        "http_proxy=http://127.0.0.1:3142",
        "-",
    )


def test_an_image_is_named_and_labelled_in_a_last_step() -> None:
    assert recipes.name_argv(HAPROXY) == (
        "docker",
        "build",
        "--quiet",
        "--tag",
        "haproxy:3.0",
        "-",
    )
    assert recipes.naming(HAPROXY, "sha256:1", "3.0.11-1+deb13u5").decode().splitlines() == [
        "FROM sha256:1",
        'LABEL demitasse.kind="base-image"',
        'LABEL demitasse.stand-in="haproxy:3.0"',
        'LABEL demitasse.stand-in.made-from="Debian trixie: haproxy 3.0.11-1+deb13u5"',
        'ENV HAPROXY_VERSION="3.0.11"',
    ]


@pytest.mark.parametrize(
    ("debian", "upstream"),
    [
        ("3.13.5-1", "3.13.5"),
        ("1:11.8.6-0+deb13u1", "11.8.6"),
        ("17.12-0+deb13u1", "17.12"),
        ("2026a", "2026a"),
    ],
)
def test_the_version_of_the_software_is_read_from_the_packages(debian: str, upstream: str) -> None:
    assert recipes.upstream(debian) == upstream


def test_the_version_is_asked_of_the_image_without_a_network() -> None:
    assert recipes.version_argv(PYTHON, "sha256:1") == (
        "docker",
        "run",
        "--rm",
        "--network",
        "none",
        "--entrypoint",
        "dpkg-query",
        "sha256:1",
        "--show",
        "--showformat=${Version}",
        "python3",
    )


def test_the_pause_image_is_the_one_that_containers_are_made_of() -> None:
    assert PAUSE.name == PAUSE_IMAGE


def test_an_image_without_debians_database_says_its_version_in_a_file() -> None:
    argv = recipes.version_argv(PAUSE, "sha256:1")
    assert argv[-3:] == ("cat", "sha256:1", "/version")


@pytest.mark.parametrize("image", KNOWN, ids=lambda image: image.recipe)
def test_a_context_holds_the_recipe_and_runs_its_scripts(image: BaseImage) -> None:
    packed = recipes.context(image)

    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        modes = {each.name: each.mode for each in tar.getmembers()}
    assert modes["Dockerfile"] == 0o644
    assert all(mode == 0o755 for name, mode in modes.items() if name.endswith(".sh"))


def test_a_context_is_the_same_each_time() -> None:
    """So that Docker finds the steps that it has already done."""
    assert recipes.context(MARIADB) == recipes.context(MARIADB)


def test_no_recipe_names_a_server_to_get_packages_from() -> None:
    for image in KNOWN:
        text = recipes.context(image)
        assert b"://" not in text, image.name


@pytest.mark.parametrize("recipe", ["mariadb", "haproxy"])
def test_the_scripts_are_scripts(recipe: str) -> None:
    folder = resources.files("demitasse.machine") / "stand_ins" / recipe
    for script in folder.iterdir():
        if script.name.endswith(".sh"):
            shell = "bash" if "bash" in script.read_text().splitlines()[0] else "sh"
            with resources.as_file(script) as path:
                subprocess.run([shell, "-n", os.fspath(path)], check=True)
