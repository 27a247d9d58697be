"""One suite for git's own programs and for git in memory: what either keeps, the other would."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvloop

from demitasse.clock import ManualClock
from demitasse.engines.git.fake import FakeGit
from demitasse.engines.git.programs import GitPrograms
from demitasse.engines.git.protocol import (
    EXECUTABLE,
    FILE,
    FOLDER,
    SUBMODULE,
    SYMLINK,
    Git,
    Hunk,
    Move,
    NewCommit,
    NoSuchObject,
    Person,
    ReferenceMoved,
    Refused,
)
from demitasse.ids import CountingIds

REPO = "11111111-2222-3333-4444-555555555555"
NOBODY = "0" * 40
MARY = Person("Mary Major", "mary@example.com", 1_767_225_600)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
DEV = "refs/heads/dev"
# As git itself says: git commit --date=… and git rev-parse HEAD HEAD^{tree}
FIRST = "44e0f504f78ea3f923ccef68c90426f378990f44"
TREE = "bdf951031c78b4baa1e5d139c1de07fa3558c15c"

Scenario = Callable[[Git], Coroutine[Any, Any, None]]


@pytest.fixture(params=["programs", "memory"])
def play(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Scenario], None]:
    """Plays a scenario on one engine; a scenario that hangs fails."""

    def play(scenario: Scenario) -> None:
        async def bounded() -> None:
            git: Git = (
                FakeGit()
                if request.param == "memory"
                else GitPrograms(tmp_path / "git", ManualClock(), CountingIds())
            )
            async with asyncio.timeout(60):
                await scenario(git)

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # as the platform's
            runner.run(bounded())

    return play


async def committed(git: Git, parent: str | None, branch: str = "dev", **given: Any) -> str:
    """A commit on a branch; ``put`` holds text by path."""
    put = {path: (FILE, text.encode()) for path, text in given.pop("put", {}).items()}
    new = NewCommit(parent, MARY, given.pop("message", "A change\n"), put, **given)
    made = await git.write(REPO, new, NOW)
    await git.move(REPO, Move(f"refs/heads/{branch}", parent, made.id))
    return made.id


def test_a_repository_nobody_has_written_to_is_empty(play: Callable[[Scenario], None]) -> None:
    async def scenario(git: Git) -> None:
        assert await git.repositories() == frozenset()
        for _ in range(2):
            assert await git.references(REPO) == {}
            assert await git.resolve(REPO, "main") is None
            with pytest.raises(NoSuchObject):
                await git.commit(REPO, NOBODY)
            with pytest.raises(NoSuchObject):
                await git.archive(REPO, NOBODY)
            await git.create(REPO)
        assert await git.repositories() == frozenset({REPO})
        await git.remove(REPO)
        await git.remove(REPO)
        assert await git.repositories() == frozenset()

    play(scenario)


def test_commits_have_gits_own_ids(play: Callable[[Scenario], None]) -> None:
    async def scenario(git: Git) -> None:
        first = await committed(git, None, put={"a.txt": "hello\n", "x/y.txt": "1"})
        assert first == FIRST
        made = await git.commit(REPO, first)
        assert made.tree == TREE
        assert (made.author, made.committer, made.parents) == (MARY, MARY, ())
        assert made.message == "A change\n"
        found = await git.entry(REPO, first, "a.txt")
        assert found is not None
        assert found.id == "ce013625030ba8dba906f756967f9e9ca394464a"  # git hash-object

    play(scenario)


def test_branches_move_only_from_where_they_stand(play: Callable[[Scenario], None]) -> None:
    async def scenario(git: Git) -> None:
        first = await committed(git, None, put={"a": "1"})
        second = await committed(git, first, put={"a": "2"})
        assert await git.references(REPO) == {DEV: second}
        for stale in (Move(DEV, first, first), Move(DEV, None, first), Move(DEV, first, None)):
            with pytest.raises(ReferenceMoved):
                await git.move(REPO, stale)
        with pytest.raises(NoSuchObject):
            await git.move(REPO, Move(DEV, second, NOBODY))
        await git.move(REPO, Move("refs/tags/v1", None, first))
        assert await git.references(REPO) == {DEV: second, "refs/tags/v1": first}
        await git.move(REPO, Move(DEV, second, None))
        assert await git.references(REPO) == {"refs/tags/v1": first}

    play(scenario)


def test_names_mean_commits(play: Callable[[Scenario], None]) -> None:
    async def scenario(git: Git) -> None:
        first = await committed(git, None, put={"a": "1"})
        second = await committed(git, first, put={"a": "2"})
        await git.move(REPO, Move("refs/tags/v1", None, first))
        await git.set_head(REPO, "dev")
        for name, commit in {
            "dev": second,
            DEV: second,
            "HEAD": second,
            "v1": first,
            "refs/tags/v1": first,
            first: first,
        }.items():
            assert await git.resolve(REPO, name) == commit
        blob = await git.entry(REPO, first, "a")
        assert blob is not None
        for unknown in ("main", "dev~1", "dev^", ":/A", "dev@{0}", NOBODY, "a b", "", blob.id):
            assert await git.resolve(REPO, unknown) is None, unknown

    play(scenario)


def test_folders_and_files_are_found(play: Callable[[Scenario], None]) -> None:
    async def scenario(git: Git) -> None:
        at = await committed(
            git, None, put={"a.txt": "1", "src/app.py": "2", "src/deep/er.py": "3", "src.py": "4"}
        )
        root = await git.folder(REPO, at, "")
        assert root is not None
        assert [entry.path for entry in root.entries] == ["a.txt", "src.py", "src"]
        assert [entry.mode for entry in root.entries] == [FILE, FILE, FOLDER]
        inner = await git.folder(REPO, at, "src")
        assert inner is not None
        assert [entry.path for entry in inner.entries] == ["src/app.py", "src/deep"]
        assert await git.folder(REPO, at, "a.txt") is None
        assert await git.folder(REPO, at, "nowhere") is None
        assert await git.entry(REPO, at, "a.txt/under") is None
        entry = await git.entry(REPO, at, "src/deep/er.py")
        assert entry is not None
        assert entry.path == "src/deep/er.py"
        assert await git.blob(REPO, entry.id, 1) == b"3"
        assert await git.blob(REPO, entry.id, 0) is None
        with pytest.raises(NoSuchObject):
            await git.blob(REPO, at, 1000)
        with pytest.raises(NoSuchObject):
            await git.entry(REPO, entry.id, "a")

    play(scenario)


def test_files_are_put_copied_and_deleted(play: Callable[[Scenario], None]) -> None:
    async def scenario(git: Git) -> None:
        first = await committed(git, None, put={"a": "1", "x/b": "2", "x/c": "3"})
        blob = await git.entry(REPO, first, "a")
        assert blob is not None
        second = await committed(
            git, first, put={"x/b": "two"}, copy={"run": (EXECUTABLE, blob.id)}, delete=["a", "x/c"]
        )
        changes = await git.differences(REPO, first, second)
        assert [
            ((each.before or each.after).path, each.before is None, each.after is None)  # type: ignore[union-attr]
            for each in changes
        ] == [("a", False, True), ("run", True, False), ("x/b", False, False), ("x/c", False, True)]
        assert changes[1].after is not None
        assert changes[1].after.mode == EXECUTABLE
        assert len(await git.differences(REPO, None, second)) == 2
        assert await git.differences(REPO, second, second) == []
        emptied = await committed(git, second, delete=["x/b"])
        assert await git.folder(REPO, emptied, "x") is None
        kept = await committed(git, emptied, put={"y/z": "1"})
        kept = await committed(git, kept, delete=["y/z"], keep=".gitkeep")
        assert await git.entry(REPO, kept, "y/.gitkeep") is not None
        bare = await git.write(REPO, NewCommit(emptied, MARY, "", delete=["run"]), NOW)
        assert (await git.folder(REPO, bare.id, "")).entries == ()  # type: ignore[union-attr]

    play(scenario)


def test_a_file_does_not_take_a_folders_place(play: Callable[[Scenario], None]) -> None:
    async def scenario(git: Git) -> None:
        first = await committed(git, None, put={"a": "1", "x/b": "2"})
        for path in ("x", "a/b"):
            with pytest.raises(Refused):
                await committed(git, first, put={path: "no"})
        with pytest.raises(NoSuchObject):
            await committed(git, NOBODY, put={"a": "1"})
        with pytest.raises(NoSuchObject):
            await committed(git, first, copy={"a": (FILE, NOBODY)})

    play(scenario)


def test_ancestors_and_histories(play: Callable[[Scenario], None]) -> None:
    async def scenario(git: Git) -> None:
        first = await committed(git, None, put={"a": "1", "b": "1"})
        second = await committed(git, first, put={"a": "2"})
        third = await committed(git, second, put={"b": "3"})
        fork = await git.write(REPO, NewCommit(first, MARY, "fork", {"c": (FILE, b"1")}), NOW)
        apart = await git.write(REPO, NewCommit(None, MARY, "apart", {"d": (FILE, b"1")}), NOW)
        assert await git.merge_base(REPO, third, fork.id) == first
        assert await git.merge_base(REPO, third, second) == second
        assert await git.merge_base(REPO, third, apart.id) is None
        with pytest.raises(NoSuchObject):
            await git.merge_base(REPO, third, NOBODY)
        history = await git.history(REPO, third, "a")
        assert [(each.commit.id, each.parents) for each in history] == [
            (second, (first,)),
            (first, ()),
        ]
        assert history[0].blob != history[1].blob
        assert await git.history(REPO, third, "nowhere") == []

    play(scenario)


def test_an_archive_holds_the_files(play: Callable[[Scenario], None]) -> None:
    async def scenario(git: Git) -> None:
        new = NewCommit(
            None,
            MARY,
            "all\n",
            {
                "run.sh": (EXECUTABLE, b"#!/bin/sh\n"),
                "lines.txt": (FILE, b"a\r\nb\n"),
                "x/link": (SYMLINK, b"../run.sh"),
                ".gitattributes": (FILE, b"lines.txt export-ignore\n* text eol=crlf\n"),
                "données/été.txt": (FILE, "été".encode()),
            },
        )
        made = await git.write(REPO, new, NOW)
        archive = zipfile.ZipFile(io.BytesIO(await git.archive(REPO, made.id)))
        files = {info.filename: info for info in archive.infolist() if not info.is_dir()}
        assert {name: archive.read(name) for name in files} == {
            path: content for path, (_, content) in new.put.items()
        }
        assert files["run.sh"].external_attr >> 16 & 0o111
        assert not files["lines.txt"].external_attr >> 16 & 0o111
        assert files["x/link"].external_attr >> 28 == 0o12

    play(scenario)


def test_ids_that_could_be_paths_are_refused(play: Callable[[Scenario], None]) -> None:
    async def scenario(git: Git) -> None:
        if isinstance(git, GitPrograms):
            with pytest.raises(ValueError, match="no repository's id"):
                await git.create("../elsewhere")

    play(scenario)


def test_files_are_compared_line_by_line(play: Callable[[Scenario], None]) -> None:
    before = "".join(f"{number}\n" for number in range(1, 21))
    after = before.replace("3\n", "3\nthree\n", 1).replace("18\n", "eighteen")

    async def scenario(git: Git) -> None:
        put = {"old": before, "new": after, "dashes": "-- a\n", "none": "", "wide": "  -- a \n"}
        tip = await committed(git, None, put=put)
        ids = {}
        for path in put:
            found = await git.entry(REPO, tip, path)
            assert found is not None
            ids[path] = found.id

        async def compared(old: str, new: str, context: int = 1, **how: bool) -> list[Hunk]:
            blanks = how.get("blanks", True)
            return await git.hunks(REPO, ids[old], ids[new], context=context, blanks=blanks)

        assert await compared("old", "new") == [
            Hunk(3, 2, 3, 3, ((" ", b"3"), ("+", b"three"), (" ", b"4"))),
            Hunk(
                17,
                4,
                18,
                3,
                (
                    (" ", b"17"),
                    ("-", b"18"),
                    ("-", b"19"),
                    ("+", b"eighteen19"),
                    (" ", b"20"),
                ),
            ),
        ]
        assert (await compared("old", "new", 0))[0] == Hunk(3, 0, 4, 1, (("+", b"three"),))
        assert len(await compared("old", "new", 20)) == 1
        assert await compared("none", "dashes") == [Hunk(0, 0, 1, 1, (("+", b"-- a"),))]
        assert await compared("dashes", "none") == [Hunk(1, 1, 0, 0, (("-", b"-- a"),))]
        assert await compared("dashes", "wide", blanks=False) == []
        assert len(await compared("dashes", "wide")) == 1
        assert await compared("old", "old") == []
        with pytest.raises(NoSuchObject):
            await git.hunks(REPO, ids["old"], NOBODY, context=3, blanks=True)

    play(scenario)


def test_a_commit_may_have_two_parents(play: Callable[[Scenario], None]) -> None:
    async def scenario(git: Git) -> None:
        base = await committed(git, None, put={"a": "1"})
        one = await committed(git, base, put={"b": "1"})
        await git.move(REPO, Move("refs/heads/other", None, base))
        other = await committed(git, base, "other", put={"c": "1"})
        found = await git.entry(REPO, other, "c")
        assert found is not None
        merge = await committed(git, one, copy={"c": (FILE, found.id)}, merged=other)
        assert (await git.commit(REPO, merge)).parents == (one, other)
        assert await git.merge_base(REPO, merge, other) == other
        assert [each.after for each in await git.differences(REPO, one, merge)] == [found]

    play(scenario)


def test_what_is_in_the_way_goes_first(play: Callable[[Scenario], None]) -> None:
    async def scenario(git: Git) -> None:
        base = await committed(git, None, put={"a": "1", "b/c": "2"})
        put = {"a/x": "in what was a file", "b": "instead of a folder"}
        tip = await committed(git, base, put=put, delete=["a", "b/c"])
        for path, mode in {"a": FOLDER, "a/x": FILE, "b": FILE}.items():
            found = await git.entry(REPO, tip, path)
            assert found is not None
            assert found.mode == mode
        with pytest.raises(Refused):
            await committed(git, tip, put={"a": "3"})
        linked = await committed(git, tip, copy={"sub": (SUBMODULE, NOBODY[:-1] + "1")})
        moved = await committed(git, linked, copy={"sub": (SUBMODULE, NOBODY[:-1] + "2")})
        found = await git.entry(REPO, moved, "sub")
        assert found is not None
        assert (found.mode, found.id) == (SUBMODULE, NOBODY[:-1] + "2")

    play(scenario)
