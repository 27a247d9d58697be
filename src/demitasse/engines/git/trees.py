"""Looking into commits and making new ones, over any source of objects.

Both engines do this alike: one reads objects from git, the other from memory.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime

from demitasse.engines.git.objects import (
    Named,
    Tree,
    object_id,
    read_commit,
    read_tree,
    write_commit,
    write_tree,
)
from demitasse.engines.git.protocol import (
    FOLDER,
    Commit,
    Difference,
    Entry,
    Folder,
    NewCommit,
    Person,
    Refused,
)

Read = Callable[[str, str], Awaitable[bytes]]
"""The content of an object by type and id. ``NoSuchObject``."""


async def commit(read: Read, commit_id: str) -> Commit:
    """A commit."""
    return read_commit(commit_id, await read("commit", commit_id))


async def root(read: Read, commit_id: str) -> str:
    """The id of a commit's tree."""
    return (await commit(read, commit_id)).tree


async def tree(read: Read, tree_id: str) -> Tree:
    """A tree's entries by name."""
    return read_tree(await read("tree", tree_id))


async def entry(read: Read, commit_id: str, path: str) -> Entry | None:
    """What is at a path in a commit; the root is a folder."""
    at = Entry("", FOLDER, await root(read, commit_id))
    for name in path.split("/") if path else ():
        if at.mode != FOLDER:
            return None
        found = (await tree(read, at.id)).get(name)
        if found is None:
            return None
        at = Entry(_join(at.path, name), found.mode, found.id)
    return at


async def folder(read: Read, commit_id: str, path: str) -> Folder | None:
    """The folder at a path in a commit."""
    at = await entry(read, commit_id, path)
    if at is None or at.mode != FOLDER:
        return None
    entries = await tree(read, at.id)
    return Folder(
        at.id,
        tuple(Entry(_join(path, name), each.mode, each.id) for name, each in entries.items()),
    )


async def files(read: Read, tree_id: str, path: str = "") -> AsyncIterator[Entry]:
    """All files below a tree, symbolic links and submodules included."""
    for name, each in (await tree(read, tree_id)).items():
        where = _join(path, name)
        if each.mode == FOLDER:
            async for inner in files(read, each.id, where):
                yield inner
        else:
            yield Entry(where, each.mode, each.id)


async def differences(read: Read, before: str | None, after: str) -> list[Difference]:
    """The files that differ between two commits, by path."""
    found: list[Difference] = []
    old = None if before is None else await root(read, before)
    await _compare(read, old, await root(read, after), "", found)
    return sorted(found, key=lambda each: (each.after or each.before or _NOWHERE).path)


_NOWHERE = Entry("", FOLDER, "")


async def _compare(
    read: Read, old: str | None, new: str | None, path: str, found: list[Difference]
) -> None:
    if old == new:
        return
    before = {} if old is None else await tree(read, old)
    after = {} if new is None else await tree(read, new)
    for name in {**before, **after}:
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        where = _join(path, name)
        inner = [each.id if each and each.mode == FOLDER else None for each in (was, now)]
        if any(inner):
            await _compare(read, inner[0], inner[1], where, found)
        old_file = _file(was, where)
        new_file = _file(now, where)
        if old_file or new_file:
            found.append(Difference(old_file, new_file))


def _file(named: Named | None, path: str) -> Entry | None:
    if named is None or named.mode == FOLDER:
        return None
    return Entry(path, named.mode, named.id)


class Making:
    """A commit in the making: ``objects`` are those that it adds, by id."""

    def __init__(self, read: Read) -> None:
        self._stored = read
        self.objects: dict[str, tuple[str, bytes]] = {}

    async def read(self, kind: str, object_id: str) -> bytes:
        """An object that was there or that this commit adds."""
        added = self.objects.get(object_id)
        return added[1] if added else await self._stored(kind, object_id)

    def add(self, kind: str, content: bytes) -> str:
        """Add an object; its id."""
        identity = object_id(kind, content)
        self.objects[identity] = (kind, content)
        return identity

    async def commit(self, new: NewCommit, now: datetime) -> Commit:
        """Put it all together. ``NoSuchObject``, ``Refused``."""
        start = None if new.parent is None else await root(self._stored, new.parent)
        changes: dict[str, Named | None] = dict.fromkeys(new.delete)
        for path, (mode, blob) in new.copy.items():
            changes[path] = Named(mode, blob)
        for path, (mode, content) in new.put.items():
            changes[path] = Named(mode, self.add("blob", content))
        tree_id = await self._edit(start, changes, "", new.keep)
        committer = Person(new.author.name, new.author.email, int(now.timestamp()))
        content = write_commit(
            tree_id or self.add("tree", b""),
            [parent for parent in (new.parent, new.merged) if parent is not None],
            new.author,
            committer,
            new.message,
        )
        return read_commit(self.add("commit", content), content)

    async def _edit(
        self, start: str | None, changes: dict[str, Named | None], path: str, keep: str
    ) -> str | None:
        """The tree with the changes below it made; ``None`` when nothing is left in it."""
        entries = {} if start is None else dict(await tree(self.read, start))
        inner: dict[str, dict[str, Named | None]] = {}
        puts: dict[str, Named] = {}
        for where, change in changes.items():
            name, slash, rest = where.partition("/")
            if slash:
                inner.setdefault(name, {})[rest] = change
            elif change is None:
                entries.pop(name, None)
            else:
                puts[name] = change
        for name, within in inner.items():
            there = entries.get(name)
            if there is not None and there.mode != FOLDER:
                raise Refused(f"{_join(path, name)} is not a folder")
            start_of = there.id if there else None
            kept = "" if name in puts else keep  # what a file takes the place of is not kept
            below = await self._edit(start_of, within, _join(path, name), kept)
            if below is None:
                entries.pop(name, None)
            else:
                entries[name] = Named(FOLDER, below)
        for name, change in puts.items():  # last: it may take the place of a folder that is gone
            if name in entries and entries[name].mode == FOLDER:
                raise Refused(f"{_join(path, name)} is not a file")
            entries[name] = change
        if not entries and keep and path and start is not None:
            entries[keep] = Named(0o100644, self.add("blob", b""))
        return self.add("tree", write_tree(entries)) if entries else None


def _join(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name
