"""What may be asked of workspaces. ``files`` keeps them on disk, ``fake`` in memory.

A workspace is a folder that a container sees at the very same path, so that what a build tells
Docker about its files (``docker run -v $PWD:/data``) is true for Docker as well. Its parts:

``control``         the platform tells the container (whole files only); ``control/out`` answers
``source``          where a build's primary source is, and its commands begin
``source-<name>``   a secondary source
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from demitasse.errors import EngineError

CONTROL, OUT, SOURCE = "control", "control/out", "source"


class BadArchive(EngineError):
    """What should be a zip is none, or would write outside of its folder."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where a workspace is: the same path on the machine and in the container."""

    root: str
    owner: str  # "uid:gid" of the platform, to whom its files belong in the end; "0" for root

    def part(self, name: str) -> str:
        """The path of one of its parts."""
        return f"{self.root}/{name}"


@dataclass(frozen=True, slots=True)
class Packed:
    """Files as a zip, and its digests in hexadecimal digits."""

    content: bytes
    sha256: str
    md5: str


class Workspaces(Protocol):
    """Workspaces by name. Every call may raise ``EngineError`` (no space, no permission)."""

    async def open(self, name: str, parts: Iterable[str] = (SOURCE,)) -> Workspace:
        """Make a workspace with these parts; one that is there already is fine.

        A container must see the parts and ``control/out`` writable, ``control`` not: then nothing
        that it does makes the platform read or write elsewhere.
        """

    async def tell(self, name: str, files: Mapping[str, str]) -> None:
        """Put files into ``control``, each whole or not at all, in the order given.

        One that is there stays as it is: what was told before a crash still holds.
        """

    async def told(self, name: str, file: str) -> str | None:
        """A file of ``control`` as it was told, or ``None``."""

    async def answers(self, name: str) -> dict[str, bytes]:
        """The files of ``control/out`` (of long ones the beginning); none without a workspace."""

    async def unpack(self, name: str, part: str, archive: bytes) -> None:
        """Replace a part by what a zip holds, with its permissions and links. ``BadArchive``."""

    async def read(self, name: str, part: str, path: str, limit: int) -> bytes | None:
        """A file of a part; ``None`` when it is not there, outside, or larger than ``limit``."""

    async def listing(self, name: str, part: str) -> tuple[list[str], list[str]]:
        """All files of a part, and all folders, by their paths in it with ``/``, sorted.

        A link counts as what it leads to if that is in the workspace, else not at all.
        """

    async def pack(self, name: str, part: str, files: Iterable[tuple[str, str]]) -> Packed:
        """A zip of files, given as (path in the part, path in the zip): the same bytes each time."""

    async def content(self, name: str, part: str, path: str) -> bytes:
        """A file's content, however large."""

    async def remove(self, name: str) -> None:
        """Remove a workspace; one that is not there is fine."""

    async def names(self) -> list[str]:
        """All workspaces that there are."""
