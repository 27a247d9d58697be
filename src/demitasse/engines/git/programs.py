"""Git by its own programs, on bare repositories below one folder."""

from __future__ import annotations

import asyncio
import re
import shutil
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import datetime
from importlib import resources
from pathlib import Path

from demitasse.clock import Clock
from demitasse.engines.git import commands, folders, trees
from demitasse.engines.git.gatekeeping import gatekeeper
from demitasse.engines.git.objects import pack
from demitasse.engines.git.patches import read_patch
from demitasse.engines.git.processes import Done, exchange, run, running
from demitasse.engines.git.protocol import (
    SUBMODULE,
    Commit,
    Difference,
    Entry,
    Folder,
    Gate,
    Hunk,
    Move,
    NewCommit,
    NoSuchObject,
    ReferenceMoved,
    Refused,
    Revision,
)
from demitasse.engines.git.reading import Objects
from demitasse.errors import EngineError
from demitasse.ids import Ids

_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_OBJECT_ID = re.compile(r"[0-9a-f]{40}")
_REFERENCE = re.compile(r"[^\x00-\x20\x7f~^:?*\[\\]+")
_AT_ONCE = 8
"""Short commands that run at the same time; others wait for their turn."""

_LAST_SECONDS = 30.0
"""How long a push may take to move its references, once it may."""


class GitPrograms:
    """Keeps repositories as ``<folder>/<id>.git``, and its hooks in ``<folder>/hooks``."""

    def __init__(self, folder: Path, clock: Clock, ids: Ids) -> None:
        self._folder = folder
        self._hooks = folder / "hooks"
        self._ids = ids
        self._began = clock.now().timestamp()
        self._turns = asyncio.Semaphore(_AT_ONCE)

    # repositories

    async def create(self, repository_id: str) -> None:
        folder = self._path(repository_id)
        if not folder.exists():
            await asyncio.to_thread(folders.make, folder, self._beside(self._folder))

    async def remove(self, repository_id: str) -> None:
        folder = self._path(repository_id)
        beside = self._beside(self._folder)
        try:
            folder.rename(beside)  # so that it is gone at once, or not at all
        except FileNotFoundError:
            return
        await asyncio.to_thread(shutil.rmtree, beside, ignore_errors=True)

    async def repositories(self) -> frozenset[str]:
        return frozenset(path.stem for path in self._folder.glob("*.git"))

    async def recover(self, repository_id: str) -> None:
        await asyncio.to_thread(folders.clear, self._path(repository_id), self._began)

    async def tidy(self, repository_id: str) -> None:
        if self._path(repository_id).exists():
            await self._run(repository_id, "gc", "--auto", "--quiet")

    # references

    async def references(self, repository_id: str) -> dict[str, str]:
        folder = self._path(repository_id)
        if not folder.exists():
            return {}
        output = _well(await self._do(commands.references(folder))).decode(errors="surrogateescape")
        pairs = (line.split(" ", 1) for line in output.splitlines())
        return {name: at for at, name in pairs}

    async def move(self, repository_id: str, move: Move) -> None:
        await self.create(repository_id)
        if move.after is not None:
            await self.commit(repository_id, move.after)
        argv = commands.update_reference(
            self._path(repository_id), move.reference, move.after, move.before
        )
        done = await self._do(argv)
        if done.status == 0:
            return
        now = (await self.references(repository_id)).get(move.reference)
        if now != move.before:
            raise ReferenceMoved(f"{move.reference} does not stand at {move.before}")
        raise Refused(f"{move.reference} cannot be moved: {done.said}")

    async def set_head(self, repository_id: str, branch: str) -> None:
        await self.create(repository_id)
        wanted = f"ref: refs/heads/{branch}\n"
        head = self._path(repository_id) / "HEAD"
        if head.read_text(encoding="utf-8") != wanted:
            _well(await self._run(repository_id, "symbolic-ref", "HEAD", f"refs/heads/{branch}"))

    # objects

    async def resolve(self, repository_id: str, specifier: str) -> str | None:
        if not _REFERENCE.fullmatch(specifier) or "@{" in specifier or ".." in specifier:
            return None
        names = [f"refs/tags/{specifier}", f"refs/heads/{specifier}"]
        if specifier.startswith("refs/") or specifier == "HEAD":
            names.insert(0, specifier)
        if _OBJECT_ID.fullmatch(specifier):
            names.append(specifier)
        async with self._objects(repository_id) as objects:
            for name in names:
                found = await objects.find(f"{name}^{{commit}}")
                if found is not None:
                    return found
        return None

    async def commit(self, repository_id: str, commit_id: str) -> Commit:
        async with self._objects(repository_id) as objects:
            return await trees.commit(objects.read, commit_id)

    async def blob(self, repository_id: str, blob_id: str, limit: int) -> bytes | None:
        async with self._objects(repository_id) as objects:
            size = await objects.size("blob", blob_id)
            return await objects.read("blob", blob_id) if size <= limit else None

    async def entry(self, repository_id: str, commit_id: str, path: str) -> Entry | None:
        async with self._objects(repository_id) as objects:
            return await trees.entry(objects.read, commit_id, path)

    async def folder(self, repository_id: str, commit_id: str, path: str) -> Folder | None:
        async with self._objects(repository_id) as objects:
            return await trees.folder(objects.read, commit_id, path)

    async def differences(
        self, repository_id: str, before: str | None, after: str
    ) -> list[Difference]:
        async with self._objects(repository_id) as objects:
            return await trees.differences(objects.read, before, after)

    async def hunks(
        self, repository_id: str, before: str, after: str, *, context: int, blanks: bool
    ) -> list[Hunk]:
        async with self._objects(repository_id) as objects:
            await objects.size("blob", before)
            await objects.size("blob", after)
        folder = self._path(repository_id)
        argv = commands.compare(folder, before, after, context=context, blanks=blanks)
        return read_patch(_well(await self._do(argv)))

    async def merge_base(self, repository_id: str, one: str, other: str) -> str | None:
        async with self._objects(repository_id) as objects:
            await objects.size("commit", one)
            await objects.size("commit", other)
        done = await self._run(repository_id, "merge-base", one, other)
        if done.status == 1:
            return None
        return _well(done).decode().strip()

    async def history(self, repository_id: str, commit_id: str, path: str) -> list[Revision]:
        found: list[Revision] = []
        async with self._objects(repository_id) as objects:
            await objects.size("commit", commit_id)
            pathspec = f":(top,literal){path}"
            listed = _well(
                await self._run(repository_id, "rev-list", "--parents", commit_id, "--", pathspec)
            ).decode()
            for line in listed.splitlines():
                each, *parents = line.split()
                at = await trees.entry(objects.read, each, path)
                if at is not None:
                    made = await trees.commit(objects.read, each)
                    found.append(Revision(made, at.id, tuple(parents)))
        return found

    async def archive(self, repository_id: str, commit_id: str) -> bytes:
        await self.commit(repository_id, commit_id)
        return _well(await self._run(repository_id, "archive", "--format=zip", commit_id))

    async def write(self, repository_id: str, new: NewCommit, now: datetime) -> Commit:
        await self.create(repository_id)
        async with self._objects(repository_id) as objects:
            for mode, blob in new.copy.values():
                if mode != SUBMODULE:  # its commit is another repository's
                    await objects.size("blob", blob)
            making = trees.Making(objects.read)
            made = await making.commit(new, now)
        argv = commands.git(self._path(repository_id), "index-pack", "--stdin", "--strict")
        done = await self._do(argv, pack(making.objects.values()))
        if done.status != 0:
            raise Refused(f"git does not take the commit: {done.said}")
        return made

    # the wire

    async def advertise(
        self, repository_id: str, service: str, protocol: str
    ) -> AsyncGenerator[bytes, None]:
        await self.create(repository_id)
        name = service.removeprefix("git-")
        argv = commands.service(self._path(repository_id), name, advertise=True)
        if "version=2" not in protocol.split(":"):
            yield b"%04x# service=%s\n0000" % (len(service) + 15, service.encode())
        async with (
            running(argv, commands.environment(protocol)) as process,
            aclosing(exchange(process, _nothing())) as pieces,
        ):
            async for piece in pieces:
                yield piece

    async def upload_pack(
        self, repository_id: str, request: AsyncIterator[bytes], protocol: str
    ) -> AsyncGenerator[bytes, None]:
        await self.create(repository_id)
        argv = commands.service(self._path(repository_id), "upload-pack")
        async with (
            running(argv, commands.environment(protocol)) as process,
            aclosing(exchange(process, request)) as pieces,
        ):
            async for piece in pieces:
                yield piece

    async def receive_pack(
        self, repository_id: str, request: AsyncIterator[bytes], protocol: str, gate: Gate
    ) -> AsyncGenerator[bytes, None]:
        await self.create(repository_id)
        await asyncio.to_thread(folders.write_hook, self._hooks, self._beside(self._hooks))
        argv = commands.service(self._path(repository_id), "receive-pack", hooks=self._hooks)
        async with gatekeeper(gate) as keeper:
            environment = {
                **commands.environment(protocol),
                **keeper.environment,
                "DEMITASSE_PYTHON": sys.executable,
                "DEMITASSE_HOOK": str(resources.files(__package__) / "pre_receive.py"),
            }
            inherited = (keeper.inherited_ask, keeper.inherited_answer)
            held: list[bytes] = []
            async with running(argv, environment, inherited=inherited) as process:
                keeper.start()
                try:
                    async with aclosing(exchange(process, request)) as pieces:
                        async for piece in pieces:
                            if keeper.answered:
                                held.append(piece)
                            else:
                                yield piece
                finally:
                    if keeper.answered:  # whoever asked may have gone: references are on the move
                        await asyncio.wait_for(process.wait(), _LAST_SECONDS)
            for piece in held:
                yield piece

    # within

    def _path(self, repository_id: str) -> Path:
        if not _ID.fullmatch(repository_id):
            raise ValueError(f"this is no repository's id: {repository_id!r}")
        return self._folder / f"{repository_id}.git"

    def _beside(self, folder: Path) -> Path:
        """A name that nobody else has, to make something under before it takes its own."""
        return folder / f".{self._ids.hex(16)}"

    @asynccontextmanager
    async def _objects(self, repository_id: str) -> AsyncGenerator[Objects, None]:
        folder = self._path(repository_id)
        if not folder.exists():
            yield Objects(None)
            return
        async with (
            self._turns,
            running(commands.objects(folder), commands.environment()) as process,
        ):
            yield Objects(process)

    async def _run(self, repository_id: str, *arguments: str) -> Done:
        folder = self._path(repository_id)
        if not folder.exists():
            raise NoSuchObject(f"there is no repository {repository_id}")
        return await self._do(commands.git(folder, *arguments))

    async def _do(self, argv: list[str], stdin: bytes = b"") -> Done:
        return await run(argv, commands.environment(), stdin)


def _well(done: Done) -> bytes:
    """The output of a command that must not fail."""
    if done.status != 0:
        raise EngineError(f"git failed (exit {done.status}): {done.said}")
    return done.output


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""  # a generator, of nothing
