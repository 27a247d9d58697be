"""Bare repositories as folders: made at once or not at all, cleared of what the killed left."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from demitasse.engines.git import commands
from demitasse.errors import EngineError

_HOOK = """#!/bin/sh
exec "$DEMITASSE_PYTHON" -I -S "$DEMITASSE_HOOK"
"""


def make(folder: Path, beside: Path) -> None:
    """What ``git init --bare`` makes, put together ``beside``; nothing happens when it is there.

    Raises ``EngineError``.
    """
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in ("objects/info", "objects/pack", "refs/heads", "refs/tags", "info"):
        (beside / name).mkdir(parents=True)
    (beside / "HEAD").write_text("ref: refs/heads/main\n", encoding="ascii")
    (beside / "config").write_text(
        "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n",
        encoding="ascii",
    )
    (beside / "info" / "attributes").write_text(commands.ATTRIBUTES, encoding="ascii")
    for name in ("HEAD", "config", "info/attributes", "."):
        _sync(beside / name)
    try:
        beside.rename(folder)
    except OSError as error:
        shutil.rmtree(beside)
        if not folder.exists():  # else another has made it meanwhile
            raise EngineError(f"a repository cannot be made: {error}") from error
    _sync(folder.parent)


def clear(folder: Path, before: float) -> None:
    """Remove the locks and half-received packs that nobody has touched since a time."""
    left = [
        *folder.glob("*.lock"),
        *(folder / "refs").rglob("*.lock"),
        *(folder / "objects").glob("incoming-*"),
        *(folder / "objects").glob("tmp_objdir-*"),
        *(folder / "objects" / "pack").glob("tmp_*"),
        *(folder / "objects" / "pack").glob(".tmp-*"),
    ]
    for path in left:
        if path.lstat().st_mtime >= before:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def write_hook(hooks: Path, beside: Path) -> None:
    """The hook with which git asks before references move; nothing happens when it is there."""
    hook = hooks / "pre-receive"
    if hook.exists():
        return
    hooks.mkdir(parents=True, exist_ok=True)
    beside.write_text(_HOOK, encoding="ascii")
    beside.chmod(0o755)
    beside.rename(hook)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
