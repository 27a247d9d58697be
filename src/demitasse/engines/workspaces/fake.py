"""Workspaces in memory, for tests."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable, Mapping

from demitasse.engines.workspaces.protocol import SOURCE, BadArchive, Packed, Workspace
from demitasse.errors import EngineError


class FakeWorkspaces:
    """``out`` is what containers answer: tests write there. No permissions, no links."""

    def __init__(self) -> None:
        self.parts: dict[str, dict[str, dict[str, bytes]]] = {}
        self.control: dict[str, dict[str, str]] = {}
        self.out: dict[str, dict[str, bytes]] = {}

    async def open(self, name: str, parts: Iterable[str] = (SOURCE,)) -> Workspace:
        for part in parts:
            self.parts.setdefault(name, {}).setdefault(part, {})
        self.control.setdefault(name, {})
        return Workspace(f"/builds/{name}", "0")

    async def tell(self, name: str, files: Mapping[str, str]) -> None:
        for path, text in files.items():
            self.control[name].setdefault(path, text)

    async def told(self, name: str, file: str) -> str | None:
        return self.control.get(name, {}).get(file)

    async def answers(self, name: str) -> dict[str, bytes]:
        return dict(self.out.get(name, {}))

    async def unpack(self, name: str, part: str, archive: bytes) -> None:
        try:
            with zipfile.ZipFile(io.BytesIO(archive)) as packed:
                for each in packed.namelist():
                    if ".." in each.split("/") or each.startswith("/"):
                        raise BadArchive(f"The archive has a file outside of its folder: {each}")
                self.parts[name][part] = {
                    each: packed.read(each) for each in packed.namelist() if not each.endswith("/")
                }
        except zipfile.BadZipFile as error:
            raise BadArchive(f"The source is not a valid zip archive: {error}") from error

    async def read(self, name: str, part: str, path: str, limit: int) -> bytes | None:
        found = self.parts.get(name, {}).get(part, {}).get(path)
        return None if found is None or len(found) > limit else found

    async def listing(self, name: str, part: str) -> tuple[list[str], list[str]]:
        files = sorted(self.parts[name].get(part, {}))
        folders = {
            "/".join(words[:count])
            for words in (file.split("/") for file in files)
            for count in range(1, len(words))
        }
        return files, sorted(folders)

    async def pack(self, name: str, part: str, files: Iterable[tuple[str, str]]) -> Packed:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for path, target in files:
                content = await self.content(name, part, path)
                archive.writestr(zipfile.ZipInfo(target), content)
        content = packed.getvalue()
        return Packed(
            content,
            hashlib.sha256(content).hexdigest(),
            hashlib.md5(content, usedforsecurity=False).hexdigest(),
        )

    async def content(self, name: str, part: str, path: str) -> bytes:
        try:
            return self.parts[name][part][path]
        except KeyError:
            raise EngineError(f"{path} is not in the workspace any more") from None

    async def remove(self, name: str) -> None:
        for kept in (self.parts, self.control, self.out):
            kept.pop(name, None)

    async def names(self) -> list[str]:
        return sorted(self.parts)
