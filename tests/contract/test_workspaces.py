"""What CodeBuild may expect of workspaces: folders of the machine, and the fake."""

from __future__ import annotations

import asyncio
import io
import os
import stat
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from demitasse.engines.workspaces import BadArchive, Workspaces
from demitasse.engines.workspaces.fake import FakeWorkspaces
from demitasse.engines.workspaces.files import WorkspaceFolders
from demitasse.errors import EngineError

Scenario = Callable[[Workspaces], Awaitable[Any]]


def zipped(*entries: tuple[str, str, int]) -> bytes:
    """A zip of (path, content, mode)."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, content, mode in entries:
            entry = zipfile.ZipInfo(path)
            entry.create_system = 3
            entry.external_attr = mode << 16
            archive.writestr(entry, content)
    return packed.getvalue()


FILE, PROGRAM, LINK = stat.S_IFREG | 0o644, stat.S_IFREG | 0o755, stat.S_IFLNK | 0o777
SOURCE = zipped(("a.txt", "a", FILE), ("dir/run.sh", "#!", PROGRAM), ("dir/deep/b.txt", "b", FILE))


@pytest.fixture(params=["folders", "memory"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Scenario], Any]:
    def work(scenario: Scenario) -> Any:
        made = WorkspaceFolders(tmp_path) if request.param == "folders" else FakeWorkspaces()
        return asyncio.run(scenario(made))  # type: ignore[arg-type]

    return work


@pytest.fixture
def folders(tmp_path: Path) -> WorkspaceFolders:
    return WorkspaceFolders(tmp_path)


def test_what_was_told_stays(run: Callable[[Scenario], Any]) -> None:
    async def scenario(made: Workspaces) -> None:
        assert await made.told("one", "x") is None
        await made.open("one")
        await made.tell("one", {"x": "first", "steps/1": "make"})
        await made.open("one")
        await made.tell("one", {"x": "second", "y": ""})
        assert [await made.told("one", each) for each in ("x", "y", "steps/1", "z")] == [
            "first", "", "make", None,
        ]  # fmt: skip
        assert await made.answers("one") == {}

    run(scenario)


def test_a_source_is_replaced_whole(run: Callable[[Scenario], Any]) -> None:
    async def scenario(made: Workspaces) -> None:
        await made.open("one")
        await made.unpack("one", "source", zipped(("old", "x", FILE), ("dir/old", "x", FILE)))
        await made.unpack("one", "source", SOURCE)
        assert await made.listing("one", "source") == (
            ["a.txt", "dir/deep/b.txt", "dir/run.sh"],
            ["dir", "dir/deep"],
        )
        assert await made.read("one", "source", "dir/deep/b.txt", 10) == b"b"
        assert await made.read("one", "source", "dir/deep/b.txt", 0) is None
        assert await made.read("one", "source", "none", 10) is None
        assert await made.content("one", "source", "a.txt") == b"a"
        with pytest.raises(EngineError):
            await made.content("one", "source", "none")

    run(scenario)


@pytest.mark.parametrize(
    "archive", [b"no zip", zipped(("../x", "x", FILE)), zipped(("/etc/x", "x", FILE))]
)
def test_a_bad_archive_writes_nothing_outside(
    run: Callable[[Scenario], Any], archive: bytes, tmp_path: Path
) -> None:
    async def scenario(made: Workspaces) -> None:
        await made.open("one")
        with pytest.raises(BadArchive):
            await made.unpack("one", "source", archive)

    run(scenario)
    assert not list(tmp_path.glob("**/x"))


def test_packing_gives_the_same_bytes_each_time(run: Callable[[Scenario], Any]) -> None:
    async def scenario(made: Workspaces) -> None:
        await made.open("one")
        await made.unpack("one", "source", SOURCE)
        chosen = [("a.txt", "a.txt"), ("dir/run.sh", "flat.sh")]
        first = await made.pack("one", "source", chosen)
        assert first == await made.pack("one", "source", chosen)
        with zipfile.ZipFile(io.BytesIO(first.content)) as archive:
            assert archive.namelist() == ["a.txt", "flat.sh"]
        assert (len(first.sha256), len(first.md5)) == (64, 32)

    run(scenario)


def test_what_is_removed_is_gone(run: Callable[[Scenario], Any]) -> None:
    async def scenario(made: Workspaces) -> None:
        await made.open("one")
        await made.open("two")
        assert await made.names() == ["one", "two"]
        await made.remove("one")
        await made.remove("one")
        assert await made.names() == ["two"]

    run(scenario)


# Of the machine's folders alone


def test_permissions_and_links_are_kept(folders: WorkspaceFolders, tmp_path: Path) -> None:
    archive = zipped(("run.sh", "#!", PROGRAM), ("link", "run.sh", LINK), ("away", "/etc", LINK))

    async def scenario() -> None:
        await folders.open("one")
        await folders.unpack("one", "source", archive)
        source = tmp_path / "one" / "source"
        assert os.access(source / "run.sh", os.X_OK)
        assert (source / "link").readlink() == Path("run.sh")
        assert await folders.listing("one", "source") == (["link", "run.sh"], [])
        packed = await folders.pack("one", "source", [("run.sh", "run.sh")])
        with zipfile.ZipFile(io.BytesIO(packed.content)) as again:
            assert again.getinfo("run.sh").external_attr >> 16 == PROGRAM

    asyncio.run(scenario())


def test_a_link_leads_nobody_out(folders: WorkspaceFolders, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    leads = {"up": "../../secret", "abs": str(tmp_path / "secret"), "own": "../control/x"}
    archive = zipped(*((name, target, LINK) for name, target in leads.items()))

    async def scenario() -> None:
        await folders.open("one")
        await folders.tell("one", {"x": "credentials"})
        await folders.unpack("one", "source", archive)
        assert await folders.listing("one", "source") == ([], [])
        for name in leads:
            assert await folders.read("one", "source", name, 100) is None
            with pytest.raises(EngineError):
                await folders.pack("one", "source", [(name, name)])
        through = zipped(("up", "../../", LINK), ("up/secret", "written", FILE))
        with pytest.raises(EngineError):
            await folders.unpack("one", "source", through)
        assert (tmp_path / "secret").read_text() == "secret"

    asyncio.run(scenario())


def test_only_the_platform_sees_the_folders(folders: WorkspaceFolders, tmp_path: Path) -> None:
    asyncio.run(folders.open("one"))
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


def test_a_disk_that_refuses_is_an_engines_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EngineError, match="Not a directory"):
        asyncio.run(WorkspaceFolders(tmp_path / "file").open("one"))
