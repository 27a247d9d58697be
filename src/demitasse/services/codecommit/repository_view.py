"""One repository while an operation waits for git: its names resolved, git's errors as AWS's."""

from __future__ import annotations

import re
from dataclasses import dataclass

from demitasse.api import Scope
from demitasse.engines.git.patches import lines_of
from demitasse.engines.git.protocol import (
    EXECUTABLE,
    FILE,
    FOLDER,
    SUBMODULE,
    SYMLINK,
    Commit,
    Entry,
    Git,
    Hunk,
    NewCommit,
    NoSuchObject,
    Person,
)
from demitasse.errors import ServiceError
from demitasse.services.base import WaitingContext
from demitasse.services.codecommit.records import RepositoryItem, default_branch, repository
from demitasse.services.codecommit.references import References

__all__ = [
    "FILE",
    "FOLDER",
    "SUBMODULE",
    "SYMLINK",
    "Commit",
    "Entry",
    "Hunk",
    "NewCommit",
    "NoSuchObject",
    "Person",
    "View",
    "lines_of",
]

LARGEST_FILE = 6 * 2**20
"""Bytes of a file that the API gives or takes; larger ones come and go by git itself."""

MODES = {"NORMAL": FILE, "EXECUTABLE": EXECUTABLE, "SYMLINK": SYMLINK}
MODE_NAMES = {number: name for name, number in MODES.items()}
PLAIN = frozenset({FILE, EXECUTABLE})
_LOOKED_AT = 8000
"""Bytes at a file's beginning in which git looks for a NUL: then it is binary."""

_ID = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class View:
    """A repository as it stood when the operation began."""

    item: RepositoryItem
    references: References

    @property
    def git(self) -> Git:
        """Git."""
        return self.references.git

    @property
    def id(self) -> str:
        """The repository's id."""
        return self.item.desired.repository_id

    def now(self, scope: Scope) -> View:
        """The repository as it stands now. ``RepositoryDoesNotExistException``: it was deleted."""
        item = self.references.current(scope, self.id)
        if item is None:
            raise ServiceError("RepositoryDoesNotExistException", f"{self.item.key} does not exist")
        return View(item, self.references)

    def tip(self, branch: str) -> str:
        """Where a branch stands. ``BranchDoesNotExistException``,
        ``BranchNameIsTagNameException``.
        """
        seen = self.item.observed
        if branch not in seen.branches and branch in seen.git_tags:
            raise ServiceError("BranchNameIsTagNameException", f"{branch} is the name of a tag")
        if branch not in seen.branches:
            raise ServiceError("BranchDoesNotExistException", f"Branch {branch} does not exist")
        return seen.branches[branch]

    async def resolve(self, specifier: str | None) -> str:
        """The commit that a branch, tag, reference or id names; the default branch's by default.

        ``CommitDoesNotExistException``.
        """
        name = specifier or default_branch(self.item)
        seen = self.item.observed
        if name in seen.branches and name not in seen.git_tags:
            return seen.branches[name]
        found = await self.git.resolve(self.id, name) if name else None
        if found is None:
            raise ServiceError(
                "CommitDoesNotExistException",
                f"Could not resolve {name} to a commit of {self.item.key}"
                if name
                else "No commit was specified, and the repository has no default branch",
            )
        return found

    async def commit(
        self, commit_id: str, missing: str = "CommitIdDoesNotExistException"
    ) -> Commit:
        """A commit by its full id. ``InvalidCommitIdException``; ``missing`` when there is none."""
        if not _ID.fullmatch(commit_id):
            raise ServiceError(
                "InvalidCommitIdException", f"{commit_id} is not a full commit ID (40 hex digits)"
            )
        try:
            return await self.git.commit(self.id, commit_id)
        except NoSuchObject as error:
            raise ServiceError(missing, f"Could not retrieve {commit_id}") from error

    async def blob(self, blob_id: str) -> bytes:
        """A file's content by its own id. ``InvalidBlobIdException``,
        ``BlobIdDoesNotExistException``, ``FileTooLargeException``.
        """
        if not _ID.fullmatch(blob_id):
            raise ServiceError("InvalidBlobIdException", f"{blob_id} is not a full blob ID")
        return await self.content(blob_id, "BlobIdDoesNotExistException")

    async def content(
        self, blob_id: str, code: str, too_large: str = "FileTooLargeException"
    ) -> bytes:
        """A file's content. ``code`` when there is none such; ``too_large``."""
        try:
            content = await self.git.blob(self.id, blob_id, LARGEST_FILE)
        except NoSuchObject as error:
            raise ServiceError(code, f"{blob_id} does not exist") from error
        if content is None:
            raise ServiceError(
                too_large,
                f"{blob_id} has more than {LARGEST_FILE} bytes; get it by git",
            )
        return content

    async def file(self, commit_id: str, path: str) -> Entry:
        """A file (or symbolic link). ``FileDoesNotExistException``."""
        entry = await self.git.entry(self.id, commit_id, path)
        if entry is None or entry.mode not in MODE_NAMES:
            raise ServiceError("FileDoesNotExistException", f"{path} does not exist")
        return entry


def look(context: WaitingContext, name: str) -> View:
    """The repository of that name. ``RepositoryDoesNotExistException``."""
    with context.transaction() as tx:
        item = repository(tx, context.scope, name)
    return View(item, context.part(References))


def checked_path(path: str, *, root: bool = False) -> str:
    """A path without slashes at its ends. ``InvalidPathException``; the root only if allowed."""
    plain = path.strip("/")
    parts = plain.split("/")
    if not plain and root:
        return ""
    wrong = any(part in ("", ".", "..") or part.lower() == ".git" for part in parts)
    if wrong or "\0" in plain or len(plain) > 4096:
        raise ServiceError("InvalidPathException", f"The path {path!r} is not valid")
    return plain


def shown_path(path: str) -> str:
    """A path as text: git takes any bytes for a name, and what is no UTF-8 is shown as such."""
    return path.encode(errors="surrogateescape").decode(errors="replace")


def is_binary(content: bytes) -> bool:
    """Whether git takes it for no text."""
    return b"\0" in content[:_LOOKED_AT]


def is_id(text: str) -> bool:
    """Whether this is a full object id."""
    return _ID.fullmatch(text) is not None
