"""Workspaces as folders of the machine."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import shutil
import stat
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from demitasse.engines.workspaces.protocol import (
    CONTROL,
    OUT,
    SOURCE,
    BadArchive,
    Packed,
    Workspace,
)
from demitasse.errors import EngineError

T = TypeVar("T")

_MOST_ANSWERS = 1000
_LONGEST_ANSWER = 2**18
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip can hold


class WorkspaceFolders:
    """Workspaces below one folder. Disks are slow: all work happens in threads."""

    def __init__(self, home: Path) -> None:
        self._home = home

    async def open(self, name: str, parts: Iterable[str] = (SOURCE,)) -> Workspace:
        return await _work(lambda: self._open(name, parts))

    async def tell(self, name: str, files: Mapping[str, str]) -> None:
        await _work(lambda: self._tell(name, files))

    async def told(self, name: str, file: str) -> str | None:
        def look() -> str | None:
            path = self._home / name / CONTROL / file
            return path.read_text(encoding="utf-8") if path.exists() else None

        return await _work(look)

    async def answers(self, name: str) -> dict[str, bytes]:
        return await _work(lambda: self._answers(name))

    async def unpack(self, name: str, part: str, archive: bytes) -> None:
        await _work(lambda: _unpack(archive, self._fresh(name, part)))

    async def read(self, name: str, part: str, path: str, limit: int) -> bytes | None:
        def look() -> bytes | None:
            found = _real(self._home / name, self._home / name / part / path)
            if found is None or not found.is_file() or found.stat().st_size > limit:
                return None
            return found.read_bytes()

        return await _work(look)

    async def listing(self, name: str, part: str) -> tuple[list[str], list[str]]:
        return await _work(lambda: _listing(self._home / name, self._home / name / part))

    async def pack(self, name: str, part: str, files: Iterable[tuple[str, str]]) -> Packed:
        return await _work(lambda: _pack(self._home / name, self._home / name / part, files))

    async def content(self, name: str, part: str, path: str) -> bytes:
        return await _work(
            lambda: _must(self._home / name, self._home / name / part / path).read_bytes()
        )

    async def remove(self, name: str) -> None:
        def remove() -> None:
            if (self._home / name).exists():
                shutil.rmtree(self._home / name)

        await _work(remove)

    async def names(self) -> list[str]:
        def look() -> list[str]:
            return sorted(each.name for each in self._home.iterdir()) if self._home.exists() else []

        return await _work(look)

    def _open(self, name: str, parts: Iterable[str]) -> Workspace:
        root = self._home / name
        for part in (OUT, *parts):
            (root / part).mkdir(parents=True, exist_ok=True)
        self._home.chmod(0o700)
        owner = os.geteuid()
        return Workspace(str(root), f"{owner}:{os.getegid()}" if owner else "0")

    def _tell(self, name: str, files: Mapping[str, str]) -> None:
        control = self._home / name / CONTROL
        for path, text in files.items():
            target = control / path
            if target.exists():
                continue
            target.parent.mkdir(exist_ok=True)
            beside = target.with_name(f".{target.name}")
            beside.write_text(text, encoding="utf-8")
            beside.replace(target)

    def _answers(self, name: str) -> dict[str, bytes]:
        out = self._home / name / OUT
        if not out.is_dir():
            return {}
        return {
            each.name: _beginning(each)
            for each in sorted(out.iterdir())[:_MOST_ANSWERS]
            if each.is_file() and not each.is_symlink()
        }

    def _fresh(self, name: str, part: str) -> Path:
        """The part, empty. The folder itself stays: a container may stand in it."""
        folder = self._home / name / part
        folder.mkdir(parents=True, exist_ok=True)
        for each in folder.iterdir():
            if each.is_dir() and not each.is_symlink():
                shutil.rmtree(each)
            else:
                each.unlink()
        return folder


async def _work(task: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(task)
    except OSError as error:
        raise EngineError(f"{error.filename or 'a workspace'}: {error.strerror}") from error


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_LONGEST_ANSWER)


def _unpack(archive: bytes, folder: Path) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as packed:
            links = []
            for entry in packed.infolist():
                target = _within(folder, entry.filename)
                mode = entry.external_attr >> 16
                if entry.is_dir():
                    target.mkdir(parents=True, exist_ok=True)
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                if stat.S_ISLNK(mode):
                    links.append((target, packed.read(entry).decode()))
                    continue
                with packed.open(entry) as source, target.open("wb") as written:
                    shutil.copyfileobj(source, written)
                target.chmod(0o755 if mode & 0o100 else 0o644)
            # Last, so that no file of the archive is written through a link.
            for target, leads_to in links:
                target.unlink(missing_ok=True)
                target.symlink_to(leads_to)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, UnicodeError, NotImplementedError) as error:
        raise BadArchive(f"The source is not a valid zip archive: {error}") from error


def _within(folder: Path, path: str) -> Path:
    target = Path(os.path.normpath(folder / path))
    if not target.is_relative_to(folder):
        raise BadArchive(f"The archive has a file outside of its folder: {path}")
    return target


def _real(root: Path, path: Path) -> Path | None:
    """Where a path leads, if that is in the workspace and not in its control folder."""
    try:
        found = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return None
    root = root.resolve()
    if not found.is_relative_to(root) or found.is_relative_to(root / CONTROL):
        return None
    return found


def _must(root: Path, path: Path) -> Path:
    found = _real(root, path)
    if found is None:
        raise EngineError(f"{path.name} is not in the workspace any more")
    return found


def _listing(root: Path, part: Path) -> tuple[list[str], list[str]]:
    files: list[str] = []
    folders: list[str] = []
    pending = [part]
    while pending:
        folder = pending.pop()
        for entry in os.scandir(folder):
            path = Path(entry.path)
            name = path.relative_to(part).as_posix()
            if entry.is_symlink():
                found = _real(root, path)
                if found is not None and found.is_file():
                    files.append(name)
            elif entry.is_dir():
                folders.append(name)
                pending.append(path)
            elif entry.is_file():
                files.append(name)
    return sorted(files), sorted(folders)


def _pack(root: Path, part: Path, files: Iterable[tuple[str, str]]) -> Packed:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, name in files:
            found = _must(root, part / path)
            entry = zipfile.ZipInfo(name, _EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            mode = 0o755 if found.stat().st_mode & 0o100 else 0o644
            entry.external_attr = (stat.S_IFREG | mode) << 16
            with found.open("rb") as source, archive.open(entry, "w") as target:
                shutil.copyfileobj(source, target)
    content = packed.getvalue()
    return Packed(
        content,
        hashlib.sha256(content).hexdigest(),
        hashlib.md5(content, usedforsecurity=False).hexdigest(),
    )
