"""Where packages come from."""

from __future__ import annotations

import pytest

from demitasse.errors import StartupError
from demitasse.machine import debian


def test_the_machines_own_mirrors_serve_the_stand_ins() -> None:
    assert debian.mirrors(
        [
            "http://mirror.test/debian/|Debian|Debian",
            "http://mirror.test/debian/|Debian|Debian",
            "http://mirror.test/security/|Debian|Debian-Security",
            "http://elsewhere.test/tool|Some Tool|Some Tool",
        ]
    ) == (
        "deb http://mirror.test/debian trixie main",
        "deb http://mirror.test/debian trixie-updates main",
        "deb http://mirror.test/security trixie-security main",
    )


@pytest.mark.parametrize(
    "targets",
    [
        [],
        [""],
        ["http://ubuntu.test/ubuntu|Ubuntu|Ubuntu"],
        ["http://mirror.test/debian|Debian|Debian"],
        ["mirror+file:/etc/apt/mirrors|Debian|Debian", "cdrom:[x]/|Debian|Debian-Security"],
        [
            "http://me:secret@mirror.test/debian|Debian|Debian",
            "http://me:secret@mirror.test/security|Debian|Debian-Security",
        ],
    ],
)
def test_without_a_mirror_that_may_be_told_the_tools_default_is_used(targets: list[str]) -> None:
    assert debian.mirrors(targets) == ()


def test_packages_are_installed_without_asking() -> None:
    assert debian.install_argv(["docker.io"]) == (
        "apt-get",
        "install",
        "-y",
        "-qq",
        "--no-install-recommends",
        "docker.io",
    )


def test_a_system_without_apt_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(StartupError, match=r"docker\.io, which can be installed here by itself on"):
        debian.install(["docker.io"], lambda _: None, purpose="the Docker Engine")
