"""What a commit through the API is to change, checked against the commit it is made on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from demitasse.engines.git.protocol import (
    FILE,
    FOLDER,
    SUBMODULE,
    Entry,
    NewCommit,
    Person,
)
from demitasse.errors import ServiceError
from demitasse.services.codecommit.repository_view import (
    LARGEST_FILE,
    MODE_NAMES,
    MODES,
    View,
    checked_path,
)

KEEP = ".gitkeep"
_MOST_FILES = 100
_LARGEST_CHANGE = 7 * 2**20
_LONGEST_MESSAGE = 256 * 1024
_LONGEST_NAME = 256


@dataclass(slots=True)
class Changes:
    """Files to be put, copied and deleted, on ``parent`` (``None``: the repository's first)."""

    view: View
    parent: str | None
    put: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    copied: dict[str, tuple[int, str]] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    before: dict[str, Entry | None] = field(default_factory=dict)

    async def read(self, given: dict[str, Any]) -> None:
        """Take in CreateCommit's ``putFiles``, ``deleteFiles`` and ``setFileModes``."""
        puts, deletions = given.get("putFiles", ()), given.get("deleteFiles", ())
        modes = given.get("setFileModes", ())
        count = len(puts) + len(deletions) + len(modes)
        if not count:
            raise _refused(
                "FileEntryRequired",
                "No files have been specified as added, updated, or changed for the commit.",
            )
        if count > _MOST_FILES:
            raise _refused(
                "MaximumFileEntriesExceeded", f"Up to {_MOST_FILES} files can be changed at once."
            )
        for entry in puts:
            await self.put_file(entry)
        for entry in deletions:
            await self.delete_file(entry["filePath"])
        for entry in modes:
            await self.set_mode(entry["filePath"], entry["fileMode"])
        self._check_sizes()
        _check_folders([*self.put, *self.copied])

    async def put_file(self, given: dict[str, Any]) -> None:
        """Add or change a file, from content or from another file of the parent commit."""
        path = await self._free(given["filePath"])
        there = self.before[path]
        source, content = given.get("sourceFile"), given.get("fileContent")
        asked = given.get("fileMode")
        if source is not None and content is not None:
            raise _refused(
                "FileContentAndSourceFileSpecified", f"Both are given for {path}: give only one."
            )
        if content is not None:
            kept = there.mode if there and there.mode in MODE_NAMES else FILE
            self.put[path] = (MODES[asked] if asked else kept, content)
            return
        if source is None:
            raise _refused(
                "SourceFileOrContentRequired", f"No source file or content is given for {path}."
            )
        origin = await self._origin(checked_path(source["filePath"]))
        self.copied[path] = (MODES[asked] if asked else origin.mode, origin.id)
        if source.get("isMove"):
            await self.delete_file(origin.path)

    async def delete_file(self, given_path: str) -> None:
        """Delete a file that is there."""
        path = await self._free(given_path)
        if self.before[path] is None:
            raise _refused("FileDoesNotExist", f"{path} does not exist")
        self.deleted.append(path)

    async def set_mode(self, given_path: str, mode: str) -> None:
        """Change whether a file can be executed."""
        path = await self._free(given_path)
        there = self.before[path]
        if there is None:
            raise _refused("FileDoesNotExist", f"{path} does not exist")
        self.copied[path] = (MODES[mode], there.id)

    def new_commit(self, given: dict[str, Any], author: Person) -> NewCommit:
        """The commit that makes them."""
        return NewCommit(
            self.parent,
            author,
            message(given),
            self.put,
            self.copied,
            self.deleted,
            KEEP if given.get("keepEmptyFolders") else "",
        )

    async def _free(self, given_path: str) -> str:
        """A path that nothing else of this commit is about, and that can hold a file."""
        path = checked_path(given_path)
        if path in self.before:
            raise _refused("SamePathRequest", f"{path} is changed more than once by this commit.")
        self.before[path] = await self._there(path)
        return path

    async def _there(self, path: str) -> Entry | None:
        if self.parent is None:
            return None
        parts = path.split("/")
        for depth in range(1, len(parts)):
            above = await self._entry("/".join(parts[:depth]))
            if above is None:
                return None
            if above.mode == SUBMODULE:
                raise _refused("FilePathConflictsWithSubmodulePath", f"{above.path} is a submodule")
            if above.mode != FOLDER:
                raise _refused("DirectoryNameConflictsWithFileName", f"{above.path} is a file")
        found = await self._entry(path)
        if found and found.mode == SUBMODULE:
            raise _refused("FilePathConflictsWithSubmodulePath", f"{path} is a submodule")
        if found and found.mode == FOLDER:
            raise _refused("FileNameConflictsWithDirectoryName", f"{path} is a directory")
        return found

    async def _entry(self, path: str) -> Entry | None:
        assert self.parent is not None  # noqa: S101 - looked at before
        return await self.view.git.entry(self.view.id, self.parent, path)

    async def _origin(self, path: str) -> Entry:
        if path.rpartition("/")[2] == KEEP:
            raise _refused("RestrictedSourceFile", f"A {KEEP} file cannot be copied or moved.")
        if self.parent is None:
            raise _refused("FileDoesNotExist", f"{path} does not exist")
        return await self.view.file(self.parent, path)

    def _check_sizes(self) -> None:
        sizes = [len(content) for _, content in self.put.values()]
        if sizes and (max(sizes) > LARGEST_FILE or sum(sizes) > _LARGEST_CHANGE):
            raise _refused(
                "FileContentSizeLimitExceeded",
                "The maximum file size is 6 MB, and the combined file content change size is 7 MB."
                " Consider making these changes using a Git client.",
            )


def author(given: dict[str, Any], name_member: str, caller_arn: str, seconds: int) -> Person:
    """Who makes a commit: as asked, else the caller by the end of their ARN."""
    name = given.get(name_member) or caller_arn.rpartition("/")[2].rpartition(":")[2]
    email = given.get("email", "")
    if len(name) > _LONGEST_NAME:
        raise _refused("NameLengthExceeded", f"A name has up to {_LONGEST_NAME} characters.")
    if len(email) > _LONGEST_NAME or any(letter in email for letter in "<>\r\n\0"):
        raise _refused("InvalidEmail", f"{email!r} is not a valid email address")
    return Person(name, email, seconds)


def message(given: dict[str, Any]) -> str:
    """The message of a commit; none by default."""
    text: str = given.get("commitMessage", "")
    if len(text.encode()) > _LONGEST_MESSAGE:
        raise _refused("CommitMessageLengthExceeded", "The commit message is too long.")
    return text


def _check_folders(paths: Iterable[str]) -> None:
    """No path may be a file for one entry and a folder for another."""
    names = set(paths)
    for path in names:
        parts = path.split("/")
        if any("/".join(parts[:depth]) in names for depth in range(1, len(parts))):
            raise _refused("PutFileEntryConflict", f"{path} lies in what is a file as well.")


def _refused(name: str, message: str) -> ServiceError:
    return ServiceError(f"{name}Exception", message)
