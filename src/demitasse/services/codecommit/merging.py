"""What comes of two commits when they are merged: file by file, then line by line.

A file that only one side has changed since the two parted is taken from it. One that both have
changed is a conflict, or is merged by its lines, as the caller wants. Files are known by their
paths: a renamed file is one deleted and one added, as CodeCommit has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from demitasse.errors import ServiceError
from demitasse.services.codecommit.line_merge import (
    Chunk,
    Edit,
    chunks,
    edits_of,
    joined,
    lines_with_ends,
)
from demitasse.services.codecommit.repository_view import MODE_NAMES, PLAIN, Entry, View, is_binary

SOURCE, DESTINATION = "source", "destination"

T = TypeVar("T")
Entries = tuple[Entry | None, Entry | None, Entry | None]
"""What there is at a path: in the base, the source, the destination."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How conflicts are seen and resolved: conflictDetailLevel and conflictResolutionStrategy."""

    by_lines: bool = False
    prefer: str = ""  # whose version is taken: SOURCE, DESTINATION or nobody's

    @classmethod
    def of(cls, level: str, strategy: str) -> Rules:
        """By AWS's words. AUTOMERGE looks at lines, whatever the level."""
        prefer = {"ACCEPT_SOURCE": SOURCE, "ACCEPT_DESTINATION": DESTINATION}.get(strategy, "")
        return cls(level == "LINE_LEVEL" or strategy == "AUTOMERGE", prefer)


@dataclass(frozen=True, slots=True)
class Version:
    """A file on one side; ``content`` is ``None`` for what has none, such as a submodule."""

    entry: Entry
    content: bytes | None


@dataclass(frozen=True, slots=True)
class Result:
    """What a file becomes: new content, or a blob that is there. Neither: it is deleted."""

    mode: int = 0
    content: bytes | None = None
    blob: str = ""


@dataclass(frozen=True, slots=True)
class Met:
    """A path that both sides have changed, and not alike; ``None``: it is not there.

    ``folder`` names the side that has a folder there, where the other has a file.
    ``chunks`` are the changes by lines; ``None`` when it cannot be merged so.
    """

    path: str
    base: Version | None
    source: Version | None
    destination: Version | None
    folder: str = ""
    chunks: tuple[Chunk, ...] | None = None

    def content_conflicts(self, rules: Rules) -> int:
        """How many conflicts there are in the content."""
        if self.folder or _id(self.source) == _id(self.destination):
            return 0
        if self.source is None or self.destination is None:
            return 1
        if _id(self.base) in (_id(self.source), _id(self.destination)):
            return 0  # one has changed the mode alone
        if not rules.by_lines or self.chunks is None:
            return 1
        return sum(chunk.conflicts for chunk in self.chunks)

    @property
    def mode_conflict(self) -> bool:
        """Whether both sides have changed whether it can be executed, and not alike."""
        modes = [_mode(each) for each in (self.base, self.source, self.destination)]
        return 0 not in modes[1:] and len({*modes}) == 3

    def result(self, rules: Rules) -> Result | None:
        """What it becomes; ``None`` when that is for a person to say."""
        conflicts = self.content_conflicts(rules)
        if self.folder or ((conflicts or self.mode_conflict) and not rules.prefer):
            return None
        preferred = self.source if rules.prefer == SOURCE else self.destination
        if conflicts and (not rules.by_lines or self.chunks is None):
            return kept(preferred)
        mode = _changed(_mode(self.base), _mode(self.source), _mode(self.destination))
        if self.mode_conflict:
            mode = _mode(preferred)
        if self.chunks is None:
            return Result(
                mode, blob=_changed(_id(self.base), _id(self.source), _id(self.destination))
            )
        return Result(mode, self._joined(rules))

    def _joined(self, rules: Rules) -> bytes:
        parts = []
        for chunk in self.chunks or ():
            preferred = chunk.source if rules.prefer == SOURCE else chunk.destination
            parts.append((chunk, preferred.lines if chunk.conflicts else chunk.merged))
        return joined(_lines(self.base), parts)


@dataclass(frozen=True, slots=True)
class Merge:
    """Two commits, where they parted, and what is between them.

    ``taken`` is what the source alone has changed.
    """

    base: str
    source: str
    destination: str
    taken: dict[str, Result] = field(default_factory=dict)
    met: tuple[Met, ...] = ()

    def conflicts(self, rules: Rules) -> list[Met]:
        """What must be resolved by a person."""
        return [each for each in self.met if each.result(rules) is None]


def kept(version: Version | None) -> Result:
    """A side's version as it is."""
    return Result(version.entry.mode, blob=version.entry.id) if version else Result()


async def merge_base(view: View, source: str, destination: str) -> str:
    """Where two commits parted. ``TipsDivergenceExceededException``."""
    base = await view.git.merge_base(view.id, source, destination)
    if base is None:
        raise ServiceError(
            "TipsDivergenceExceededException", "The two commits have no history in common"
        )
    return base


async def compare(view: View, source: str, destination: str) -> Merge:
    """All that two commits have changed since they parted.

    ``TipsDivergenceExceededException``, ``MaximumFileContentToLoadExceededException``.
    """
    base = await merge_base(view, source, destination)
    theirs = await _changes(view, base, source)
    ours = await _changes(view, base, destination)
    there = {path for path, (_, after) in ours.items() if after}
    above = {folder for path in there for folder in _folders(path)}
    taken: dict[str, Result] = {}
    met: dict[str, Met] = {}
    for path, (before, after) in theirs.items():
        folder = DESTINATION if after and path in above else ""
        file_above = next((each for each in _folders(path) if each in there), None)
        if path in ours or folder:
            now = ours[path][1] if path in ours else None
            if now != after:
                met[path] = await _met(view, path, (before, after, now), folder)
        elif after and file_above:
            was, now = ours[file_above]
            met[file_above] = await _met(view, file_above, (was, None, now), SOURCE)
        else:
            taken[path] = Result(after.mode, blob=after.id) if after else Result()
    return Merge(base, source, destination, taken, tuple(met[path] for path in sorted(met)))


async def _changes(view: View, base: str, tip: str) -> dict[str, tuple[Entry | None, Entry | None]]:
    found = {}
    for each in await view.git.differences(view.id, base, tip):
        entry = each.after or each.before
        if entry is not None:
            found[entry.path] = (each.before, each.after)
    return found


async def _met(view: View, path: str, entries: Entries, folder: str) -> Met:
    base, source, destination = [await _version(view, each) for each in entries]
    found: tuple[Chunk, ...] | None = None
    there = [each for each in (base, source, destination) if each]
    if not folder and source and destination and all(map(_is_text, there)):
        found = tuple(
            chunks(
                _lines(base),
                _lines(source),
                _lines(destination),
                await _edits(view, base, source),
                await _edits(view, base, destination),
            )
        )
    return Met(path, base, source, destination, folder, found)


async def _version(view: View, entry: Entry | None) -> Version | None:
    if entry is None:
        return None
    if entry.mode not in MODE_NAMES:
        return Version(entry, None)
    content = await view.content(
        entry.id, "FileDoesNotExistException", "MaximumFileContentToLoadExceededException"
    )
    return Version(entry, content)


def _is_text(version: Version) -> bool:
    content = version.content
    return version.entry.mode in PLAIN and content is not None and not is_binary(content)


def _lines(version: Version | None) -> list[bytes]:
    return lines_with_ends(version.content or b"") if version else []


async def _edits(view: View, base: Version | None, side: Version) -> list[Edit]:
    if base is None:
        return [Edit(0, 0, 0, len(_lines(side)))]
    if base.entry.id == side.entry.id:
        return []
    hunks = await view.git.hunks(view.id, base.entry.id, side.entry.id, context=0, blanks=True)
    return edits_of(hunks)


def _folders(path: str) -> Iterator[str]:
    parts = path.split("/")
    for depth in range(1, len(parts)):
        yield "/".join(parts[:depth])


def _id(version: Version | None) -> str:
    return version.entry.id if version else ""


def _mode(version: Version | None) -> int:
    return version.entry.mode if version else 0


def _changed(base: T, source: T, destination: T) -> T:
    """The value of the side that has changed it."""
    return destination if source == base else source
