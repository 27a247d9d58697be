"""Git in memory, for tests: real object ids, no processes, and no wire."""

from __future__ import annotations

import difflib
import io
import zipfile
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from demitasse.engines.git import trees
from demitasse.engines.git.objects import object_id, read_commit, write_commit
from demitasse.engines.git.patches import lines_of
from demitasse.engines.git.protocol import (
    EXECUTABLE,
    FILE,
    SUBMODULE,
    SYMLINK,
    Commit,
    Difference,
    Entry,
    Folder,
    Gate,
    Hunk,
    Move,
    NewCommit,
    NoSuchObject,
    Person,
    ReferenceMoved,
    Revision,
)
from demitasse.engines.git.trees import Read

_AUTHOR = Person("Mary Major", "mary_major@example.com", 1_767_225_600)


@dataclass
class _Kept:
    objects: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)
    head: str = "refs/heads/main"


class FakeGit:
    """Keeps repositories until the process ends. Fetching and pushing are not pretended:
    ``push`` says what a push would have left.
    """

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

    def push(
        self,
        repository_id: str,
        branch: str,
        files: Mapping[str, bytes],
        *,
        message: str = "A change\n",
        parent: str | None = None,
    ) -> str:
        """For tests: a commit of exactly ``files`` on a branch; its id."""
        kept = self._kept.setdefault(repository_id, _Kept())
        reference = f"refs/heads/{branch}"
        making = trees.Making(self._reader(repository_id))
        at = parent or kept.references.get(reference)
        new = NewCommit(
            None, _AUTHOR, message, {path: (FILE, data) for path, data in files.items()}
        )
        step = making.commit(new, datetime.fromtimestamp(_AUTHOR.seconds, UTC))
        try:
            step.send(None)
        except StopIteration as done:
            made: Commit = done.value
        if at:
            content = write_commit(made.tree, (at,), made.author, made.committer, message)
            made = read_commit(making.add("commit", content), content)
        kept.objects.update(making.objects)
        kept.references[reference] = made.id
        return made.id

    async def create(self, repository_id: str) -> None:
        self._kept.setdefault(repository_id, _Kept())

    async def remove(self, repository_id: str) -> None:
        self._kept.pop(repository_id, None)

    async def repositories(self) -> frozenset[str]:
        return frozenset(self._kept)

    async def recover(self, repository_id: str) -> None:
        """Nothing is ever left over."""

    async def tidy(self, repository_id: str) -> None:
        """Nothing needs packing."""

    async def references(self, repository_id: str) -> dict[str, str]:
        return dict(sorted(self._of(repository_id).references.items()))

    async def move(self, repository_id: str, move: Move) -> None:
        kept = self._kept.setdefault(repository_id, _Kept())
        if kept.references.get(move.reference) != move.before:
            raise ReferenceMoved(f"{move.reference} does not stand at {move.before}")
        if move.after is None:
            kept.references.pop(move.reference, None)
        else:
            self._must(repository_id, "commit", move.after)
            kept.references[move.reference] = move.after

    async def set_head(self, repository_id: str, branch: str) -> None:
        self._kept.setdefault(repository_id, _Kept()).head = f"refs/heads/{branch}"

    async def resolve(self, repository_id: str, specifier: str) -> str | None:
        kept = self._of(repository_id)
        for name in (specifier, f"refs/tags/{specifier}", f"refs/heads/{specifier}"):
            found = kept.references.get(name)
            if found is not None:
                return found
        if specifier == "HEAD":
            return kept.references.get(kept.head)
        kind, _ = kept.objects.get(specifier, ("", b""))
        return specifier if kind == "commit" else None

    async def commit(self, repository_id: str, commit_id: str) -> Commit:
        return await trees.commit(self._reader(repository_id), commit_id)

    async def blob(self, repository_id: str, blob_id: str, limit: int) -> bytes | None:
        content = self._must(repository_id, "blob", blob_id)
        return content if len(content) <= limit else None

    async def entry(self, repository_id: str, commit_id: str, path: str) -> Entry | None:
        return await trees.entry(self._reader(repository_id), commit_id, path)

    async def folder(self, repository_id: str, commit_id: str, path: str) -> Folder | None:
        return await trees.folder(self._reader(repository_id), commit_id, path)

    async def differences(
        self, repository_id: str, before: str | None, after: str
    ) -> list[Difference]:
        return await trees.differences(self._reader(repository_id), before, after)

    async def hunks(
        self, repository_id: str, before: str, after: str, *, context: int, blanks: bool
    ) -> list[Hunk]:
        """Where several comparisons are as short, git's may be another."""
        old, new = (lines_of(self._must(repository_id, "blob", each)) for each in (before, after))
        compared = [
            lines if blanks else [b"".join(line.split()) for line in lines] for lines in (old, new)
        ]
        matcher = difflib.SequenceMatcher(None, compared[0], compared[1], autojunk=False)
        return [
            _hunk(group, old, new)
            for group in matcher.get_grouped_opcodes(context)
            if any(kind != "equal" for kind, *_ in group)
        ]

    async def merge_base(self, repository_id: str, one: str, other: str) -> str | None:
        ours, theirs = self._ancestry(repository_id, one), self._ancestry(repository_id, other)
        common = [each for each in ours if each in set(theirs)]
        return common[0] if common else None

    async def history(self, repository_id: str, commit_id: str, path: str) -> list[Revision]:
        """Of merges, the revisions come out in one line."""
        read = self._reader(repository_id)
        found: list[tuple[Commit, str]] = []
        for each in self._ancestry(repository_id, commit_id):
            here = await trees.commit(read, each)
            now = await trees.entry(read, each, path)
            before = [await trees.entry(read, parent, path) for parent in here.parents] or [None]
            if now is not None and all(now != was for was in before):
                found.append((here, now.id))
        older = [(commit.id,) for commit, _ in found[1:]]
        return [
            Revision(commit, blob, parents)
            for (commit, blob), parents in zip(found, [*older, ()], strict=False)
        ]

    async def archive(self, repository_id: str, commit_id: str) -> bytes:
        read = self._reader(repository_id)
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            async for each in trees.files(read, await trees.root(read, commit_id)):
                if each.mode == SUBMODULE:
                    continue
                info = zipfile.ZipInfo(each.path)
                mode = {EXECUTABLE: 0o100755, SYMLINK: 0o120777}.get(each.mode, 0o100644)
                info.external_attr = mode << 16
                archive.writestr(info, await read("blob", each.id))
        return buffer.getvalue()

    async def write(self, repository_id: str, new: NewCommit, now: datetime) -> Commit:
        kept = self._kept.setdefault(repository_id, _Kept())
        for mode, blob in new.copy.values():
            if mode != SUBMODULE:
                self._must(repository_id, "blob", blob)
        making = trees.Making(self._reader(repository_id))
        made = await making.commit(new, now)
        kept.objects.update(making.objects)
        return made

    async def advertise(
        self, repository_id: str, service: str, protocol: str
    ) -> AsyncGenerator[bytes, None]:
        yield f"{service} {repository_id} {protocol}".encode()

    async def upload_pack(
        self, repository_id: str, request: AsyncIterator[bytes], protocol: str
    ) -> AsyncGenerator[bytes, None]:
        asked = b"".join([piece async for piece in request])
        yield f"{repository_id} {protocol} ".encode() + asked

    async def receive_pack(
        self,
        repository_id: str,
        request: AsyncIterator[bytes],
        protocol: str,  # noqa: ARG002 - the Protocol's signature
        gate: Gate,
    ) -> AsyncGenerator[bytes, None]:
        """The request is lines of ``reference before after`` (``-``: none); objects are there."""
        asked = b"".join([piece async for piece in request]).decode()
        moves = [
            Move(name, *(None if at == "-" else at for at in (before, after)))
            for name, before, after in (line.split() for line in asked.splitlines())
        ]
        refusal = await gate(moves)
        if not refusal:
            for move in moves:
                await self.move(repository_id, move)
        yield refusal.encode() or b"ok"

    def _of(self, repository_id: str) -> _Kept:
        return self._kept.get(repository_id, _Kept())

    def _must(self, repository_id: str, kind: str, wanted: str) -> bytes:
        found, content = self._of(repository_id).objects.get(wanted, ("", b""))
        if kind == "tree" and wanted == object_id("tree", b""):
            return b""  # git knows the empty tree everywhere
        if found != kind:
            raise NoSuchObject(f"there is no {kind} {wanted}")
        return content

    def _reader(self, repository_id: str) -> Read:
        async def read(kind: str, wanted: str) -> bytes:
            return self._must(repository_id, kind, wanted)

        return read

    def _ancestry(self, repository_id: str, commit_id: str) -> list[str]:
        """A commit and those before it, newest first as they are met."""
        found: dict[str, None] = {}
        ahead = [commit_id]
        while ahead:
            each = ahead.pop(0)
            if each not in found:
                content = self._must(repository_id, "commit", each)
                found[each] = None
                ahead += read_commit(each, content).parents
        return list(found)


def _hunk(group: list[tuple[str, int, int, int, int]], old: list[bytes], new: list[bytes]) -> Hunk:
    (_, start, _, other_start, _), (_, _, end, _, other_end) = group[0], group[-1]
    lines: list[tuple[str, bytes]] = []
    for kind, first, last, other_first, other_last in group:
        if kind == "equal":
            lines += ((" ", line) for line in new[other_first:other_last])
        else:
            lines += (("-", line) for line in old[first:last])
            lines += (("+", line) for line in new[other_first:other_last])
    count, other_count = end - start, other_end - other_start
    return Hunk(
        start + bool(count), count, other_start + bool(other_count), other_count, tuple(lines)
    )
