"""What is run of git: command lines and environment, as values."""

from __future__ import annotations

import os
from pathlib import Path

_SETTINGS = {
    # What is acknowledged is on the disk.
    "core.fsync": "all",
    "core.fsyncMethod": "fsync",
    # Large files are streamed rather than held in memory to be compared with others.
    "core.bigFileThreshold": "16m",
    "pack.threads": "1",
    "receive.fsckObjects": "true",
    "receive.unpackLimit": "1",
    "receive.autogc": "false",  # ``tidy`` does it, when no push waits for it
    # Which branch may not be deleted is decided by the gate, in CodeCommit's words.
    "receive.denyDeleteCurrent": "ignore",
    "uploadpack.allowFilter": "true",
    "uploadpack.allowReachableSHA1InWant": "true",
    # Of an empty repository, the client's own default branch is the first.
    "lsrefs.unborn": "ignore",
    "gc.auto": "2000",
    "gc.autoPackLimit": "50",
    "gc.autoDetach": "false",
    "gc.writeCommitGraph": "true",
    "repack.writeBitmaps": "false",
}

ATTRIBUTES = "* -text -ident -filter -export-ignore -export-subst -working-tree-encoding\n"
"""An archive holds the files as they were committed, whatever attributes they give themselves."""

_OBJECTS = ("cat-file", "--batch-command")


def environment(protocol: str = "") -> dict[str, str]:
    """The whole environment of git: nothing of the person's own reaches into it."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C",
        "HOME": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        **({"GIT_PROTOCOL": protocol} if protocol else {}),
    }


def git(folder: Path, *arguments: str, hooks: Path | None = None) -> list[str]:
    """Run git on a bare repository."""
    settings = {**_SETTINGS, "core.hooksPath": str(hooks) if hooks else os.devnull}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return ["git", "--git-dir", str(folder), *options, *arguments]


def objects(folder: Path) -> list[str]:
    """Tell the objects asked for on the standard input, until it ends."""
    return git(folder, *_OBJECTS)


def references(folder: Path) -> list[str]:
    """All branches and tags."""
    form = "--format=%(objectname) %(refname)"
    return git(folder, "for-each-ref", form, "refs/heads/", "refs/tags/")


def compare(folder: Path, before: str, after: str, *, context: int, blanks: bool) -> list[str]:
    """Write how one file, given by its blobs, differs; always as text."""
    options = ["--text", "--no-color", "--no-ext-diff", "--no-textconv", f"--unified={context}"]
    if not blanks:
        options.append("--ignore-all-space")
    return git(folder, "diff", *options, before, after)


def update_reference(
    folder: Path, reference: str, after: str | None, before: str | None
) -> list[str]:
    """Move a reference that stands at ``before``."""
    old = before or "0" * 40
    if after is None:
        return git(folder, "update-ref", "--no-deref", "-d", reference, old)
    return git(folder, "update-ref", "--no-deref", reference, after, old)


def service(
    folder: Path, name: str, *, advertise: bool = False, hooks: Path | None = None
) -> list[str]:
    """Serve one request of smart HTTP: ``upload-pack`` or ``receive-pack``."""
    arguments = ["--stateless-rpc", *(["--http-backend-info-refs"] if advertise else [])]
    return git(folder, name, *arguments, str(folder), hooks=hooks)
