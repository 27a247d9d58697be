"""Getting a build's sources: zips, from S3 or from git."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass

from demitasse.engines.git.protocol import Git, NoSuchObject
from demitasse.engines.objects import NoSuchObject as NoSuchS3Object
from demitasse.engines.objects import Objects
from demitasse.services.codebuild.controller.problems import PhaseFailed
from demitasse.services.codebuild.records import BuildItem, Source, bucket_and_key
from demitasse.services.codecommit.records import PATH, default_branch, find_repository
from demitasse.store import Store

_PINNED = re.compile(r"refs/\S+\^\{([0-9a-f]{40})\}")
"""A reference with the commit meant (``refs/heads/main^{…}``)."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A source as a zip (``None``: there is none), and what it was resolved to.

    AWS resolves CODECOMMIT's to a commit; CODEPIPELINE's comes resolved; S3's is not.
    """

    archive: bytes | None
    version: str


class Sources:
    """Reads from the account and region of the build."""

    def __init__(self, store: Store, objects: Objects, git: Git) -> None:
        self._store = store
        self._objects = objects
        self._git = git

    async def primary(self, item: BuildItem) -> Fetched:
        """The primary source. ``PhaseFailed``."""
        settings = item.desired.settings
        version = item.observed.resolved_version or settings.source_version
        return await self._fetch(item, settings.source, version, "primary source")

    async def secondary(self, item: BuildItem, source: Source) -> Fetched:
        """A secondary source. ``PhaseFailed``."""
        return await self._fetch(
            item, source, source.version, f"secondary source {source.identifier}"
        )

    async def _fetch(self, item: BuildItem, source: Source, version: str, which: str) -> Fetched:
        if source.type == "NO_SOURCE":
            return Fetched(None, "")
        if source.type == "CODECOMMIT":
            return await self._from_git(item, source, version, which)
        if source.type == "CODEPIPELINE":
            # What it resolved is its revision, not a version of the artifact's object.
            return Fetched(await self._object(item, source.location, "", which), version)
        if not source.location.endswith("/"):
            return Fetched(await self._object(item, source.location, version, which), "")
        if version:
            raise PhaseFailed(
                "CLIENT_ERROR", f"the folder {source.location} has no version {version} for {which}"
            )
        return Fetched(await self._folder(item, source.location, which), "")

    async def buildspec(self, item: BuildItem, arn: str) -> bytes:
        """A buildspec that is an object of S3. ``PhaseFailed``."""
        return await self._object(item, arn, "", "buildspec")

    async def _object(self, item: BuildItem, location: str, version: str, which: str) -> bytes:
        bucket, key = bucket_and_key(location)
        try:
            return await self._objects.get(item.scope, bucket, key, version)
        except NoSuchS3Object as error:
            raise PhaseFailed(
                "CLIENT_ERROR", f"error while downloading key {key}, error: {error} for {which}"
            ) from error

    async def _folder(self, item: BuildItem, location: str, which: str) -> bytes:
        """All objects below a key, as a zip."""
        bucket, folder = bucket_and_key(location)
        packed = io.BytesIO()
        try:
            below = await self._objects.keys(item.scope, bucket, folder)
            # A key that ends in "/" stands for a folder itself.
            keys = [each for each in below if not each.endswith("/")]
            with zipfile.ZipFile(packed, "w") as archive:
                for key in keys:
                    content = await self._objects.get(item.scope, bucket, key)
                    archive.writestr(key.removeprefix(folder), content)
        except NoSuchS3Object as error:
            raise PhaseFailed(
                "CLIENT_ERROR", f"error while downloading {folder}, error: {error} for {which}"
            ) from error
        if not keys:
            raise PhaseFailed("CLIENT_ERROR", f"nothing is below {folder} for {which}")
        return packed.getvalue()

    async def _from_git(self, item: BuildItem, source: Source, version: str, which: str) -> Fetched:
        name = source.location.rpartition(PATH)[2]
        with self._store.transaction() as tx:
            repository = find_repository(tx, item.scope, name)
        if repository is None:
            raise PhaseFailed(
                "CLIENT_ERROR", f"repository {name} not found for {which} and source version"
                f" {version}"
            )  # fmt: skip
        identity = repository.desired.repository_id
        pinned = _PINNED.fullmatch(version)
        specifier = pinned[1] if pinned else version or default_branch(repository)
        commit = await self._git.resolve(identity, specifier) if specifier else None
        if commit is None:
            raise PhaseFailed(
                "CLIENT_ERROR",
                f"reference not found for {which} and source version {version}",
            )
        try:
            return Fetched(await self._git.archive(identity, commit), commit)
        except NoSuchObject as error:
            raise PhaseFailed("CLIENT_ERROR", f"{error} for {which}") from error
