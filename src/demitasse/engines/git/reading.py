"""Reading many objects from one process of git."""

from __future__ import annotations

from asyncio import IncompleteReadError
from asyncio.subprocess import Process

from demitasse.engines.git.objects import object_id
from demitasse.engines.git.protocol import NoSuchObject
from demitasse.errors import EngineError

_EMPTY_TREE = object_id("tree", b"")


class Objects:
    """Asks ``git cat-file --batch-command``; ``None`` instead of a process: there is nothing."""

    def __init__(self, process: Process | None) -> None:
        self._process = process

    async def find(self, name: str) -> str | None:
        """The id of the object that a name means to git, or ``None``."""
        found = await self._head("info", name)
        return None if found is None else found[0]

    async def size(self, kind: str, wanted: str) -> int:
        """How many bytes an object has. ``NoSuchObject``."""
        found = await self._head("info", wanted)
        if found is None or found[1] != kind:
            raise NoSuchObject(f"there is no {kind} {wanted}")
        return found[2]

    async def read(self, kind: str, wanted: str) -> bytes:
        """An object's content. ``NoSuchObject``."""
        if kind == "tree" and wanted == _EMPTY_TREE:
            return b""
        found = await self._head("contents", wanted)
        if found is None:
            raise NoSuchObject(f"there is no {kind} {wanted}")
        content = (await self._exactly(found[2] + 1))[:-1]
        if found[1] != kind:
            raise NoSuchObject(f"there is no {kind} {wanted}")
        return content

    async def _head(self, command: str, name: str) -> tuple[str, str, int] | None:
        """Id, type and size of an object."""
        if self._process is None or "\n" in name:
            return None
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None  # noqa: S101 - made with pipes
        assert stdout is not None  # noqa: S101
        stdin.write(f"{command} {name}\n".encode(errors="surrogateescape"))
        line = await stdout.readline()
        parts = line.rstrip(b"\n").split(b" ")
        if not line:
            raise EngineError("git ended while it was asked for objects")
        if len(parts) != 3 or not parts[2].isdigit():  # "<name> missing", "<name> ambiguous"
            return None
        return parts[0].decode(), parts[1].decode(), int(parts[2])

    async def _exactly(self, size: int) -> bytes:
        assert self._process is not None  # noqa: S101 - a head has been read
        assert self._process.stdout is not None  # noqa: S101
        try:
            return await self._process.stdout.readexactly(size)
        except IncompleteReadError as error:
            raise EngineError("git ended in the middle of an object") from error
