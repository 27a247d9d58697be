"""What is asked of git.

A repository is named by an id of ours (letters, digits and dashes). One that nobody has written
to is empty: reading finds nothing there, and writing makes it. Object ids are git's SHA-1, 40
hexadecimal digits; paths are relative to the repository's root, without a slash at either end
("" is the root); file modes are git's numbers (``0o100644``).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from demitasse.errors import EngineError, NotFoundInEngine

FILE, EXECUTABLE, SYMLINK, FOLDER, SUBMODULE = 0o100644, 0o100755, 0o120000, 0o040000, 0o160000
"""The modes that entries of a tree have."""


class NoSuchObject(NotFoundInEngine):
    """There is no object with that id, or it is of another type."""


class ReferenceMoved(EngineError):
    """A reference does not stand where the caller thought it does; nothing was changed."""


class Refused(EngineError):
    """What was to be written is wrong: the path is a folder's, or malformed."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who wrote a commit, when; ``zone`` is the offset as git writes it (``+0200``)."""

    name: str
    email: str
    seconds: int
    zone: str = "+0000"


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit. ``message`` is as written, with its line ends."""

    id: str
    tree: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    message: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What a tree holds under ``path`` (full, from the repository's root)."""

    path: str
    mode: int
    id: str


@dataclass(frozen=True, slots=True)
class Folder:
    """A tree, and its entries by name in git's order."""

    id: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One file that differs: as it was, as it is (``None``: not there)."""

    before: Entry | None
    after: Entry | None


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit that changed a file: the blob it made of it, and the revisions it followed."""

    commit: Commit
    blob: str
    parents: tuple[str, ...]


Line = tuple[str, bytes]
"""A line of two compared files: " " (in both), "-" or "+", and what stands in it."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines that differ, with some that do not around them.

    Lines count from 1. Of no lines, the start is the line after which they would stand.
    """

    before_start: int
    before_count: int
    after_start: int
    after_count: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class NewCommit:
    """A commit to be made on ``parent`` (``None``: the first).

    ``put`` maps paths to a mode and content, ``copy`` to a mode and the id of a blob that is
    there, ``delete`` names files. A folder without files is no more, as always in git, except
    where ``keep`` names a file to be put into folders that deleting leaves empty. ``merged`` is a
    further parent, if the commit merges it.
    """

    parent: str | None
    author: Person
    message: str
    put: Mapping[str, tuple[int, bytes]] = field(default_factory=dict)
    copy: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    delete: Sequence[str] = ()
    keep: str = ""
    merged: str | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """A reference that a push wants to move; ``None``: it is not there."""

    reference: str
    before: str | None
    after: str | None


Gate = Callable[[Sequence[Move]], Awaitable[str]]
"""Asked when a push has been received whole and checked, before any reference moves.

Gives "" for "go on", else the sentence with which the push is refused. Only one push of a
repository is between its gate's answer and its end at a time, if the gate sees to that.
"""


class Git(Protocol):
    """Keeps repositories; what it has acknowledged survives ``kill -9`` and a power cut."""

    async def create(self, repository_id: str) -> None:
        """Make an empty repository; nothing happens when it is there."""

    async def remove(self, repository_id: str) -> None:
        """Delete a repository with everything; nothing happens when there is none."""

    async def repositories(self) -> frozenset[str]:
        """All that there are."""

    async def recover(self, repository_id: str) -> None:
        """Clear away what was left by processes that were killed before this engine was made."""

    async def tidy(self, repository_id: str) -> None:
        """Pack what many small writes have left, if it is worth it."""

    # references

    async def references(self, repository_id: str) -> dict[str, str]:
        """Branches and tags by their full names (``refs/heads/dev``) → object id."""

    async def move(self, repository_id: str, move: Move) -> None:
        """Create, move or delete a reference if it stands at ``before``. ``ReferenceMoved``."""

    async def set_head(self, repository_id: str, branch: str) -> None:
        """Choose the branch that a clone checks out."""

    # objects

    async def resolve(self, repository_id: str, specifier: str) -> str | None:
        """The commit that a branch, tag, full reference name or (full) id names, or ``None``."""

    async def commit(self, repository_id: str, commit_id: str) -> Commit:
        """A commit. ``NoSuchObject``."""

    async def blob(self, repository_id: str, blob_id: str, limit: int) -> bytes | None:
        """A file's content; ``None`` when it has more than ``limit`` bytes. ``NoSuchObject``."""

    async def entry(self, repository_id: str, commit_id: str, path: str) -> Entry | None:
        """What is at a path in a commit, or ``None``. ``NoSuchObject`` (the commit)."""

    async def folder(self, repository_id: str, commit_id: str, path: str) -> Folder | None:
        """The folder at a path in a commit, or ``None``. ``NoSuchObject`` (the commit)."""

    async def differences(
        self, repository_id: str, before: str | None, after: str
    ) -> list[Difference]:
        """The files that differ between two commits, by path; ``None``: all of ``after``."""

    async def hunks(
        self, repository_id: str, before: str, after: str, *, context: int, blanks: bool
    ) -> list[Hunk]:
        """The lines that differ between two blobs of text, with ``context`` lines around them.

        Not ``blanks``: lines that differ in white space alone are alike. ``NoSuchObject``.
        """

    async def merge_base(self, repository_id: str, one: str, other: str) -> str | None:
        """The best common ancestor of two commits, or ``None``. ``NoSuchObject``."""

    async def history(self, repository_id: str, commit_id: str, path: str) -> list[Revision]:
        """A file's revisions up to a commit, newest first; deletions are none. ``NoSuchObject``."""

    async def archive(self, repository_id: str, commit_id: str) -> bytes:
        """A zip of a commit's files (no ``.git``), executables marked so. ``NoSuchObject``."""

    async def write(self, repository_id: str, new: NewCommit, now: datetime) -> Commit:
        """Make a commit that no reference names yet. ``NoSuchObject``, ``Refused``."""

    # the wire

    def advertise(
        self, repository_id: str, service: str, protocol: str
    ) -> AsyncGenerator[bytes, None]:
        """What ``git-upload-pack`` or ``git-receive-pack`` offer, as smart HTTP's info/refs."""

    def upload_pack(
        self, repository_id: str, request: AsyncIterator[bytes], protocol: str
    ) -> AsyncGenerator[bytes, None]:
        """Answer one request of a fetch. Closing the generator ends git's process."""

    def receive_pack(
        self, repository_id: str, request: AsyncIterator[bytes], protocol: str, gate: Gate
    ) -> AsyncGenerator[bytes, None]:
        """Answer one request of a push. References move only after ``gate`` has let them.

        What tells the client that they have moved is yielded only after they are durable: the
        first piece after the gate's answer comes when git has ended.
        """
