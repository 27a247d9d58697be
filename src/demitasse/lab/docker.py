"""The docker commands of the lab: built as values here, run here and nowhere else."""

from __future__ import annotations

import contextlib
import hashlib
import json
import subprocess
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demitasse.errors import DemitasseError

SOURCE_LABEL = "demitasse.source"
LEFT_OUT = frozenset({"__pycache__", ".git", ".pytest_cache"})
"""Folders that are no part of a source."""
_LAST_LINES = 15

_LISTED = "{{.Repository}} {{.Tag}} {{.Digest}} {{.ID}}"
_NONE = "<none>"


class DockerFailed(DemitasseError):
    """A docker command ended with an error; the message is its own."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    status: int
    output: str = ""
    errors: str = ""


Execute = Callable[[Sequence[str], "str | None"], Done]
"""Runs a command, given its words and what it reads; ``OSError`` when there is no such program."""


def execute(words: Sequence[str], given: str | None) -> Done:
    """Run a command of this machine."""
    done = subprocess.run(words, input=given, capture_output=True, text=True, check=False)
    return Done(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class Docker:
    """Runs docker. ``config`` is where logins are kept, apart from the person's own;
    ``labels`` go on whatever is made.
    """

    config: Path | None = None
    labels: Mapping[str, str] | None = None
    execute: Execute = execute

    def build(self, folder: Path, tag: str) -> None:
        """Build a folder with its Dockerfile, unless the image is of this very source."""
        source = fingerprint(folder)
        image = self.image(tag)
        if image is not None and (image["Config"].get("Labels") or {}).get(SOURCE_LABEL) == source:
            return
        labels = {SOURCE_LABEL: source, **(self.labels or {})}
        self._run("build", "--quiet", "--tag", tag, *_labels(labels), str(folder))

    def run(self, name: str, image: str, *, publish: str, environment: Mapping[str, str]) -> None:
        """Run a container in the background, in the place of one with the same name."""
        self._run("rm", "--force", name)
        variables = [
            part for key, value in environment.items() for part in ("-e", f"{key}={value}")
        ]
        self._run(
            "run", "--detach", "--name", name, "--restart", "unless-stopped", "--publish", publish,
            *_labels(self.labels or {}), *variables, image,
        )  # fmt: skip

    def once(self, image: str, *command: str) -> str:
        """Run a command in a container on the machine's network; what it printed."""
        return self._run(
            "run", "--rm", "--network", "host", *_labels(self.labels or {}), image, *command
        )

    def tag(self, image: str, as_name: str) -> None:
        """Give an image one more name."""
        self._run("tag", image, as_name)

    def push(self, image: str) -> None:
        """Push an image to the registry in its name."""
        self._run("push", "--quiet", image)

    def login(self, registry: str, user: str, password: str) -> None:
        """Log in to a registry."""
        self._run("login", "--username", user, "--password-stdin", registry, given=password)

    def forget_registry(self, registry: str) -> int:
        """Remove the names that images have in a registry, pulled ones too; how many.

        An image goes with its last name. Names that others gave the same image stay.
        """
        return self._remove(
            name for repository, name, _ in self._listed() if repository.startswith(f"{registry}/")
        )

    def remove_built(self, label: str, names: Collection[str]) -> int:
        """Remove what was built with a label: under these names, or under none by now; how many."""
        listed = list(self._listed(f"label={label}"))
        count = self._remove(name for repository, name, _ in listed if repository in names)
        for nameless in {image for _, name, image in listed if not name}:
            with contextlib.suppress(DockerFailed):  # somebody's container runs it
                count += self._remove([nameless])
        return count

    def _listed(self, *filters: str) -> Iterator[tuple[str, str, str]]:
        """Of each name of an image: its repository, the name, and the image's id."""
        chosen = [part for each in filters for part in ("--filter", each)]
        listed = self._run("image", "ls", "--digests", "--format", _LISTED, *chosen)
        for repository, tag, digest, image in map(str.split, listed.splitlines()):
            # What was pulled by digest has no tag; what has neither has no name.
            if tag != _NONE:
                yield repository, f"{repository}:{tag}", image
            else:
                yield repository, "" if digest == _NONE else f"{repository}@{digest}", image

    def _remove(self, names: Iterable[str]) -> int:
        chosen = sorted(set(names))
        if chosen:
            self._run("image", "rm", "--force", *chosen)
        return len(chosen)

    def is_used_by_others(self) -> bool:
        """Whether another installation of Demitasse has containers on this machine."""
        return bool(self._run("ps", "--all", "--quiet", "--filter", "label=demitasse.installation"))

    def image(self, name: str) -> dict[str, Any] | None:
        """An image of this machine as docker describes it, or ``None``."""
        return self._inspect("image", name)

    def container(self, name: str) -> dict[str, Any] | None:
        """A container of this machine as docker describes it, or ``None``."""
        return self._inspect("container", name)

    def process(self, container: str) -> str:
        """The command line of a container's first process."""
        # not "docker top": it needs ps, which a bare machine does not have
        return self._run("exec", container, "cat", "/proc/1/cmdline").replace("\0", " ")

    def _inspect(self, what: str, name: str) -> dict[str, Any] | None:
        try:
            found: list[dict[str, Any]] = json.loads(self._run(what, "inspect", name))
        except DockerFailed as error:
            if "no such" in str(error).lower():
                return None
            raise
        return found[0]

    def _run(self, *arguments: str, given: str | None = None) -> str:
        config = [] if self.config is None else ["--config", str(self.config)]
        done = self.execute(["docker", *config, *arguments], given)
        if done.status != 0:
            said = (done.errors.strip() or done.output.strip()).splitlines()
            raise DockerFailed(f"docker {arguments[0]}: " + "\n".join(said[-_LAST_LINES:]))
        return done.output


def fingerprint(folder: Path) -> str:
    """A digest of a folder's files, their names and contents."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not _left_out(path.relative_to(folder).parts):
            total.update(f"{path.relative_to(folder)}\0{path.stat().st_mode & 0o111}\0".encode())
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:32]


def names_and_contents(folder: Path) -> str:
    """A digest of a folder's files as the applications' buildspecs make it in a shell:

    ``find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c 1-16``
    """
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    lines = [
        (f"./{path.as_posix()}".encode(), hashlib.sha256((folder / path).read_bytes()).hexdigest())
        for path in found
        if not _left_out(path.parts)
    ]
    total = b"".join(digest.encode() + b"  " + name + b"\n" for name, digest in sorted(lines))
    return hashlib.sha256(total).hexdigest()[:16]


def _left_out(parts: Sequence[str]) -> bool:
    return any(part in LEFT_OUT for part in parts)


def _labels(labels: Mapping[str, str]) -> list[str]:
    return [part for key, value in labels.items() for part in ("--label", f"{key}={value}")]
