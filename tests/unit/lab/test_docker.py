from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demitasse.cli.up import sources
from demitasse.lab.docker import (
    SOURCE_LABEL,
    Docker,
    DockerFailed,
    Done,
    execute,
    fingerprint,
    names_and_contents,
)


class Notes:
    """Answers what a test says, one answer after the other."""

    def __init__(self, *answers: Done) -> None:
        self.answers = list(answers)
        self.told: list[list[str]] = []
        self.given: list[str | None] = []

    def __call__(self, words: Sequence[str], given: str | None) -> Done:
        self.told.append(list(words))
        self.given.append(given)
        return self.answers.pop(0) if self.answers else Done(0)


NONE = Done(1, errors="Error: No such image: customer")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "main.py").write_text("print('coffee')\n")
    return tmp_path


def test_build(folder: Path) -> None:
    notes = Notes(NONE)
    Docker(Path("/state/docker"), {"a": "1", "b": "2"}, notes).build(folder, "customer")
    assert notes.told == [
        ["docker", "--config", "/state/docker", "image", "inspect", "customer"],
        ["docker", "--config", "/state/docker", "build", "--quiet", "--tag", "customer",
         "--label", f"{SOURCE_LABEL}={fingerprint(folder)}", "--label", "a=1", "--label", "b=2",
         str(folder)],
    ]  # fmt: skip


def inspected(**labels: str) -> Done:
    return Done(0, json.dumps([{"Id": "sha256:1", "Config": {"Labels": labels or None}}]))


def test_an_image_of_this_source_is_not_built_again(folder: Path) -> None:
    notes = Notes(inspected(**{SOURCE_LABEL: fingerprint(folder)}))
    Docker(execute=notes).build(folder, "customer")
    assert len(notes.told) == 1
    for other in (inspected(), inspected(**{SOURCE_LABEL: "older"})):
        notes = Notes(other)
        Docker(execute=notes).build(folder, "customer")
        assert notes.told[-1][1] == "build"


def test_run_takes_the_place_of_a_container_with_the_name() -> None:
    notes = Notes()
    Docker(labels={"a": "1"}, execute=notes).run(
        "monolith_1", "monolith", publish="127.0.0.1:80:80", environment={"APP_DB_HOST": "h"}
    )
    assert notes.told == [
        ["docker", "rm", "--force", "monolith_1"],
        ["docker", "run", "--detach", "--name", "monolith_1", "--restart", "unless-stopped",
         "--publish", "127.0.0.1:80:80", "--label", "a=1", "-e", "APP_DB_HOST=h", "monolith"],
    ]  # fmt: skip


def test_the_other_commands() -> None:
    notes = Notes(Done(0, "output"))
    docker = Docker(labels={"a": "1"}, execute=notes)
    assert docker.once("mariadb:11.8", "mariadb", "--version") == "output"
    docker.tag("customer:latest", "r/customer:latest")
    docker.push("r/customer:latest")
    docker.login("127.0.0.1:4566", "AWS", "secret")
    docker.process("monolith_1")
    assert notes.told == [
        ["docker", "run", "--rm", "--network", "host", "--label", "a=1", "mariadb:11.8",
         "mariadb", "--version"],
        ["docker", "tag", "customer:latest", "r/customer:latest"],
        ["docker", "push", "--quiet", "r/customer:latest"],
        ["docker", "login", "--username", "AWS", "--password-stdin", "127.0.0.1:4566"],
        ["docker", "exec", "monolith_1", "cat", "/proc/1/cmdline"],
    ]  # fmt: skip
    assert notes.given == [None, None, None, "secret", None], "a password is on no command line"


LISTED = Done(
    0,
    """\
127.0.0.1:4566/customer latest sha256:aa 1
127.0.0.1:4566/customer source-1 sha256:aa 1
127.0.0.1:4566/team/app <none> sha256:bb 2
127.0.0.1:45669/customer latest sha256:aa 1
127.0.0.1:4570/team/app <none> sha256:bb 2
customer latest <none> 1
somebodys latest <none> 1
<none> <none> <none> 3
""",
)
LIST = ["docker", "image", "ls", "--digests", "--format",
        "{{.Repository}} {{.Tag}} {{.Digest}} {{.ID}}"]  # fmt: skip


def test_a_registry_is_forgotten_by_name_so_that_other_names_of_its_images_stay() -> None:
    notes = Notes(LISTED)
    assert Docker(execute=notes).forget_registry("127.0.0.1:4566") == 3
    assert notes.told == [
        LIST,
        ["docker", "image", "rm", "--force", "127.0.0.1:4566/customer:latest",
         "127.0.0.1:4566/customer:source-1", "127.0.0.1:4566/team/app@sha256:bb"],
    ]  # fmt: skip


def test_what_was_built_is_removed_by_the_labs_own_names_or_when_it_has_none() -> None:
    notes = Notes(LISTED)
    assert Docker(execute=notes).remove_built("l=1", ("customer", "employee")) == 2
    assert notes.told == [
        [*LIST, "--filter", "label=l=1"],
        ["docker", "image", "rm", "--force", "customer:latest"],
        ["docker", "image", "rm", "--force", "3"],
    ]


def test_an_image_without_a_name_that_somebodys_container_runs_stays() -> None:
    notes = Notes(LISTED, Done(0), Done(1, errors="conflict: image is being used"))
    assert Docker(execute=notes).remove_built("l=1", ("customer",)) == 1
    refused = Notes(LISTED, Done(1, errors="Cannot connect"))
    with pytest.raises(DockerFailed, match="Cannot connect"):
        Docker(execute=refused).remove_built("l=1", ("customer",))


def test_where_there_is_nothing_nothing_is_removed() -> None:
    notes = Notes()
    docker = Docker(execute=notes)
    assert docker.forget_registry("r") == docker.remove_built("l=1", ("customer",)) == 0
    assert len(notes.told) == 2


def test_other_installations_are_seen_by_their_containers() -> None:
    notes = Notes(Done(0, "aa\n"), Done(0, ""))
    docker = Docker(execute=notes)
    assert docker.is_used_by_others()
    assert not docker.is_used_by_others()
    assert notes.told[0] == [
        "docker", "ps", "--all", "--quiet", "--filter", "label=demitasse.installation",
    ]  # fmt: skip


def test_what_is_not_there_is_none_and_other_failures_are_told() -> None:
    for what in ("Error: No such image: x", "Error response from daemon: no such container: x"):
        docker = Docker(execute=Notes(Done(1, "[]", what), Done(1, "[]", what)))
        assert docker.image("x") is None
        assert docker.container("x") is None
    docker = Docker(execute=Notes(Done(1, "", "Cannot connect to the Docker daemon")))
    with pytest.raises(DockerFailed, match=r"docker container: Cannot connect"):
        docker.container("x")


def test_a_failure_says_dockers_own_last_words() -> None:
    lines = "\n".join(f"Step {number}" for number in range(40))
    docker = Docker(execute=Notes(Done(1, lines, "")))
    with pytest.raises(DockerFailed) as told:
        docker.push("x")
    assert str(told.value).startswith("docker push: Step 25\n")
    assert str(told.value).endswith("Step 39")


def test_commands_are_really_run() -> None:
    assert execute(["cat"], "hello") == Done(0, "hello", "")
    assert execute(["sh", "-c", "echo oops >&2; exit 3"], None) == Done(3, "", "oops\n")
    with pytest.raises(FileNotFoundError):
        execute(["there-is-no-such-program"], None)


def test_a_fingerprint_knows_contents_names_and_what_may_run(folder: Path) -> None:
    seen = [fingerprint(folder)]
    (folder / "app" / "main.py").write_text("print('tea')\n")
    seen.append(fingerprint(folder))
    (folder / "app" / "main.py").rename(folder / "app" / "other.py")
    seen.append(fingerprint(folder))
    (folder / "app" / "other.py").chmod(0o755)
    seen.append(fingerprint(folder))
    (folder / "empty").touch()
    seen.append(fingerprint(folder))
    assert len(set(seen)) == len(seen)
    for unseen in ("__pycache__", ".git", ".pytest_cache"):
        (folder / "app" / unseen).mkdir()
        (folder / "app" / unseen / "file").write_text("x")
    assert fingerprint(folder) == seen[-1]


@given(st.dictionaries(st.text("ab", min_size=1, max_size=4), st.binary(max_size=8), max_size=5))
def test_equal_folders_have_equal_fingerprints_and_others_not(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    one, other = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("other")
    for name, content in files.items():
        (one / name).write_bytes(content)
    for name, content in reversed(files.items()):
        (other / name).write_bytes(content)
    assert fingerprint(one) == fingerprint(other)
    (other / "more").touch()
    assert fingerprint(one) != fingerprint(other)


def test_names_and_contents_are_told_as_the_buildspecs_do(folder: Path) -> None:
    (folder / "app" / "a file.txt").write_text("with a space in its name")
    (folder / ".dockerignore").write_text("tests\n")
    (folder / "app-more").mkdir()
    (folder / "app-more" / "é.py").write_text("print('thé')\n")
    for service in ("customer", "employee"):
        spec = (sources() / service / "buildspec.yml").read_text()
        (line,) = (line for line in spec.splitlines() if "SOURCE=source-" in line)
        command = line.partition("$(")[2].rstrip(")")
        told = execute(["sh", "-c", f'cd "$0" && {command}', str(folder)], None)
        assert told == Done(0, names_and_contents(folder) + "\n")
    before = names_and_contents(folder)
    (folder / "app" / "__pycache__").mkdir()
    (folder / "app" / "__pycache__" / "main.pyc").touch()
    assert names_and_contents(folder) == before
