"""Which files make an artifact, and where it goes: values only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from demitasse.errors import DemitasseError
from demitasse.services.codebuild.buildspec import FileSet
from demitasse.services.codebuild.records import Artifacts, bucket_and_key


class NoArtifacts(DemitasseError):
    """Nothing matches; in CodeBuild's words."""


@dataclass(frozen=True, slots=True)
class Place:
    """An object of S3, or (a folder) the beginning of the keys of several."""

    bucket: str
    key: str
    folder: bool = False

    @property
    def arn(self) -> str:
        """What CodeBuild gives as an artifact's location."""
        return "arn:aws:s3:::" + "/".join(part for part in (self.bucket, self.key) if part)

    def within(self, path: str) -> Place:
        """One file of a folder; that may be the whole bucket."""
        return Place(self.bucket, f"{self.key}/{path}" if self.key else path)


def select(wanted: FileSet, files: Sequence[str], folders: Iterable[str]) -> list[tuple[str, str]]:
    """The files that an artifact is made of: (path in the source, path in the artifact).

    ``files`` and ``folders`` are all that there are, by their paths with ``/``. ``NoArtifacts``.
    """
    bases = _bases(wanted.base, folders)
    patterns = [_pattern(each) for each in wanted.files]
    excluded = [_pattern(each) for each in wanted.exclude]
    chosen: dict[str, str] = {}
    for base in bases:
        for path in files:
            if not path.startswith(base):
                continue
            inner = path.removeprefix(base)
            if not any(each.fullmatch(inner) for each in patterns):
                continue
            if any(each.fullmatch(inner) for each in excluded):
                continue
            chosen[inner.rpartition("/")[2] if wanted.discard_paths else inner] = path
    if not chosen:
        raise NoArtifacts("no matching artifact paths found")
    return sorted((path, name) for name, path in chosen.items())


def place(
    artifacts: Artifacts, project: str, build_id: str, *, name: str = "", prefix: str = ""
) -> Place:
    """Where an artifact goes.

    ``name`` and ``prefix`` are the buildspec's: the one is used if it overrides the project's, the
    other (``s3-prefix``) in a namespace of the build.
    """
    if artifacts.type == "CODEPIPELINE":
        return Place(*bucket_and_key(artifacts.location))
    own = name if artifacts.override_name and name else artifacts.name or project
    words = [artifacts.path, own]
    if artifacts.namespace == "BUILD_ID":
        words = [prefix, artifacts.path, build_id.rpartition(":")[2], own]
    key = "/".join(word.strip("/") for word in words if word.strip("/"))
    return Place(artifacts.location, key, folder=artifacts.packaging != "ZIP")


def _bases(base: str, folders: Iterable[str]) -> list[str]:
    """The folders that a base directory means, each with a ``/`` at its end."""
    clean = base.removeprefix("./").strip("/")
    if clean in {"", "."} and not base.startswith("/"):
        return [""]
    pattern = _pattern(clean)
    found = [f"{each}/" for each in folders if pattern.fullmatch(each)]
    if not found or base.startswith("/"):
        raise NoArtifacts(f"no matching base directory path found for {base}")
    return found


def _pattern(glob: str) -> re.Pattern[str]:
    """``*`` and ``?`` stay within a folder, ``**/`` goes through any number of them."""
    text = glob.removeprefix("./")
    made = ""
    at = 0
    while at < len(text):
        if text.startswith("**/", at):
            made += "(?:[^/]+/)*"
            at += 3
        elif text.startswith("**", at):
            made += ".*"
            at += 2
        elif text[at] in "*?":
            made += "[^/]*" if text[at] == "*" else "[^/]"
            at += 1
        else:
            made += re.escape(text[at])
            at += 1
    return re.compile(made, re.DOTALL)
