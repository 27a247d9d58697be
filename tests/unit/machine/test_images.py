"""Which way each image comes, with a pretended Docker."""

from __future__ import annotations

from pathlib import Path

import pytest

from demitasse.clock import ManualClock
from demitasse.errors import StartupError
from demitasse.machine import host, images
from demitasse.machine.commands import CommandFailed
from demitasse.machine.host import Host
from demitasse.machine.recipes import CODEBUILD, FOUNDATION, HAPROXY, MARIADB, PAUSE, PYTHON

from .conftest import Programs

_DOCKER = """
present={present}
case "$1 $2" in
"image inspect") grep -qxF "$5" $present || {{ echo "Error: No such image: $5" >&2; exit 1; }} ;;
"image ls") cat $present ;;
"image rm")
    if [ "$3" = "$IN_USE" ]; then echo "conflict: cannot remove repository reference" >&2; exit 1; fi
    sed -i "\\\\|^$3\\$|d" $present ;;
"image prune") ;;
"pull "*) {pull} ;;
"build "*)
    cat > /dev/null; echo sha256:built
    if [ "$3 $4" = "--tag $CORRUPT" ]; then echo corrupt >&2; exit 2; fi
    if [ "$3" = --tag ]; then echo "$4" >> $present; fi ;;
"import "*) cat > /dev/null; echo sha256:imported ;;
"tag "*) echo "$3" >> $present ;;
"run "*) echo 1:3.0.11-1 ;;
*) echo "unexpected: $*" >&2; exit 2 ;;
esac
"""
_INSTALLS = """
if [ "$1" = install ]; then
    printf '#!/bin/sh\\necho tar\\n' > {folder}/mmdebstrap; chmod +x {folder}/mmdebstrap
fi
"""
_UNREACHABLE = 'echo "Error response from daemon: lookup registry: no such host" >&2; exit 1'
_GIVES = 'echo "tag: Pulling from library"; echo "$2" >> $present'
_HANGS = "exec sleep 60"


@pytest.fixture
def present(tmp_path: Path) -> Path:
    """The names of the images that are here, a line each."""
    path = tmp_path / "present"
    path.touch()
    return path


@pytest.fixture(autouse=True)
def _machine(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    programs.add("mmdebstrap", "echo a tar")
    monkeypatch.setattr(host, "read", Host)


def _docker(programs: Programs, present: Path, pull: str) -> None:
    programs.add("docker", _DOCKER.format(present=present, pull=pull))


def test_what_is_here_is_left_alone(programs: Programs, present: Path, said: list[str]) -> None:
    _docker(programs, present, _UNREACHABLE)
    present.write_text("haproxy:3.0\n")

    images.ensure(HAPROXY, said.append)

    assert programs.calls() == ["docker image inspect --format {{.Id}} haproxy:3.0"]
    assert said == []


def test_a_registry_that_answers_gives_the_official_images(
    programs: Programs, present: Path, said: list[str]
) -> None:
    _docker(programs, present, _GIVES)

    images.ensure_all(said.append, [HAPROXY, PYTHON], clock=ManualClock())

    assert programs.calls("docker pull") == [
        "docker pull haproxy:3.0",
        "docker pull python:3.13-slim",
    ]
    assert programs.calls("docker build") == []
    assert said == [
        "Pulling haproxy:3.0 …",
        "Pulled haproxy:3.0 (0.0 s).",
        "Pulling python:3.13-slim …",
        "Pulled python:3.13-slim (0.0 s).",
    ]


def test_without_a_registry_stand_ins_are_made_and_it_is_asked_once(
    programs: Programs, present: Path, said: list[str]
) -> None:
    _docker(programs, present, _UNREACHABLE)

    images.ensure_all(said.append, [HAPROXY, PYTHON, MARIADB], clock=ManualClock())

    assert programs.calls("docker pull") == ["docker pull haproxy:3.0"]
    assert said[:3] == [
        "No registry gives haproxy:3.0: Error response from daemon: lookup registry: no such host.",
        "Making stand-ins from Debian's packages for haproxy:3.0, python:3.13-slim, mariadb:11.8.",
        "Made demitasse/debian:trixie, which they share (0.0 s).",
    ]
    assert sorted(said[3:]) == [
        "Made a stand-in for haproxy:3.0 (0.0 s).",
        "Made a stand-in for mariadb:11.8 (0.0 s).",
        "Made a stand-in for python:3.13-slim (0.0 s).",
    ]
    assert sorted(present.read_text().split()) == [
        FOUNDATION,
        "haproxy:3.0",
        "mariadb:11.8",
        "python:3.13-slim",
    ]


def test_a_registry_that_keeps_silent_is_given_up(
    programs: Programs, present: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "ANSWER_SECONDS", 0.05)
    _docker(programs, present, _HANGS)

    images.ensure(HAPROXY, said.append)

    assert said[0] == "No registry gives haproxy:3.0: no answer within 0 s."
    assert "haproxy:3.0" in present.read_text()


def test_the_pause_image_is_never_asked_of_a_registry(
    programs: Programs, present: Path, said: list[str]
) -> None:
    _docker(programs, present, _GIVES)

    images.ensure(PAUSE, said.append, clock=ManualClock())

    assert programs.calls("docker pull") == ["docker pull python:3.13-slim"]
    assert programs.calls("mmdebstrap") == []
    assert said[2:] == ["Made a stand-in for demitasse/pause:2 (0.0 s)."]


def test_an_image_is_made_after_the_one_it_begins_with(
    programs: Programs, present: Path, said: list[str]
) -> None:
    _docker(programs, present, _UNREACHABLE)

    images.ensure(CODEBUILD, said.append, clock=ManualClock())

    assert present.read_text().split() == [FOUNDATION, "python:3.13-slim", "demitasse/codebuild:1"]


def test_the_shared_layer_is_made_once(programs: Programs, present: Path, said: list[str]) -> None:
    _docker(programs, present, _UNREACHABLE)
    present.write_text(f"{FOUNDATION}\n")

    images.ensure(HAPROXY, said.append)

    assert programs.calls("mmdebstrap") == []


def test_half_a_foundation_is_not_named(programs: Programs, present: Path, said: list[str]) -> None:
    _docker(programs, present, _UNREACHABLE)
    programs.add("mmdebstrap", "echo half a tar; echo E: no space left >&2; exit 25")

    with pytest.raises(CommandFailed, match=r"(?s)mmdebstrap .* \(exit 25\):\n  E: no space left"):
        images.ensure(HAPROXY, said.append)

    assert present.read_text() == ""


def test_a_missing_tool_is_installed_first(
    programs: Programs, present: Path, said: list[str]
) -> None:
    _docker(programs, present, _UNREACHABLE)
    programs.remove("mmdebstrap")
    programs.add("apt-get", _INSTALLS.format(folder=programs.folder))

    images.ensure(HAPROXY, said.append)

    assert programs.calls("apt-get") == [
        "apt-get update -qq",
        "apt-get install -y -qq --no-install-recommends mmdebstrap debian-archive-keyring",
    ]
    assert (
        "Installing mmdebstrap, debian-archive-keyring from the distribution,"
        " for the stand-ins of base images …" in said
    )


def test_one_failure_is_told_when_all_have_ended(
    programs: Programs, present: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _docker(programs, present, _UNREACHABLE)
    monkeypatch.setenv("CORRUPT", "python:3.13-slim")

    with pytest.raises(CommandFailed, match="corrupt"):
        images.ensure_all(said.append, [PYTHON, HAPROXY])

    assert "haproxy:3.0" in present.read_text()


def test_only_what_was_made_here_is_removed(programs: Programs, present: Path) -> None:
    _docker(programs, present, _UNREACHABLE)
    earlier = "demitasse/pause:1"
    present.write_text(f"haproxy:3.0\n{FOUNDATION}\ncustomer:latest\n{earlier}\n")

    assert images.remove_stand_ins() == ["haproxy:3.0", FOUNDATION, earlier]

    assert present.read_text() == "customer:latest\n"
    assert programs.calls("docker image ls") == [
        "docker image ls --filter label=demitasse.kind=base-image --format {{.Repository}}:{{.Tag}}"
    ]
    assert programs.calls("docker image prune") == [
        "docker image prune --force --filter label=demitasse.stand-in.stage"
    ]


def test_what_a_container_uses_stays(
    programs: Programs, present: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _docker(programs, present, _UNREACHABLE)
    present.write_text(f"haproxy:3.0\n{FOUNDATION}\n")
    monkeypatch.setenv("IN_USE", "haproxy:3.0")

    assert images.remove_stand_ins() == [FOUNDATION]


def test_an_unknown_image_is_refused_by_name(said: list[str]) -> None:
    with pytest.raises(StartupError, match="no recipe for an image mysql:8"):
        images.ensure("mysql:8", said.append)


def test_a_docker_that_fails_is_not_an_image_that_is_missing(programs: Programs) -> None:
    programs.add("docker", 'echo "Cannot connect to the Docker daemon" >&2; exit 1')
    with pytest.raises(CommandFailed, match="Cannot connect"):
        images.present("haproxy:3.0")
