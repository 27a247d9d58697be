"""Putting what a build made into S3."""

from __future__ import annotations

import hashlib

from demitasse.engines.objects import NoSuchObject, Objects
from demitasse.engines.workspaces import Workspaces
from demitasse.services.codebuild import artifacts, specs
from demitasse.services.codebuild.artifacts import NoArtifacts, Place
from demitasse.services.codebuild.buildspec import Buildspec, FileSet
from demitasse.services.codebuild.controller.problems import PhaseFailed
from demitasse.services.codebuild.records import Artifacts, BuildItem, Output

_SOURCE = "source"


class Uploads:
    """Uploading again what is there already makes no second version of it."""

    def __init__(self, objects: Objects, workspaces: Workspaces) -> None:
        self._objects = objects
        self._workspaces = workspaces

    async def upload(
        self, item: BuildItem, spec: Buildspec, names: dict[str, str]
    ) -> tuple[Output, ...]:
        """Upload all artifacts of a build; ``names`` are those that its shell made. ``PhaseFailed``."""
        settings = item.desired.settings
        outputs = []
        if settings.artifacts.type != "NO_ARTIFACTS" and spec.artifacts is not None:
            outputs.append(
                await self._one(item, settings.artifacts, spec.artifacts, names.get("", ""))
            )
        for each in settings.secondary_artifacts:
            files = spec.secondary.get(each.identifier)
            if files is None:
                raise PhaseFailed(
                    "CLIENT_ERROR",
                    f"no definition for secondary artifact {each.identifier} found in the buildspec",
                )
            outputs.append(await self._one(item, each, files, names.get(each.identifier, "")))
        return tuple(outputs)

    async def _one(self, item: BuildItem, wanted: Artifacts, files: FileSet, name: str) -> Output:
        workspace = specs.workspace_name(item.key)
        try:
            chosen = artifacts.select(files, *await self._workspaces.listing(workspace, _SOURCE))
        except NoArtifacts as error:
            raise PhaseFailed("CLIENT_ERROR", str(error)) from error
        place = artifacts.place(
            wanted, item.desired.project, item.key, name=name, prefix=files.prefix
        )
        try:
            if place.folder:
                for path, inner in chosen:
                    content = await self._workspaces.content(workspace, _SOURCE, path)
                    await self._put(item, place.within(inner), content)
                return Output(place.arn, wanted.identifier)
            packed = await self._workspaces.pack(workspace, _SOURCE, chosen)
            version = await self._put(item, place, packed.content)
        except NoSuchObject as error:
            raise PhaseFailed(
                "CLIENT_ERROR", f"Error in UPLOAD_ARTIFACTS phase: {error}"
            ) from error
        return Output(place.arn, wanted.identifier, packed.sha256, packed.md5, version)

    async def _put(self, item: BuildItem, place: Place, content: bytes) -> str:
        current = await self._objects.current(item.scope, place.bucket, place.key)
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        if current is not None and current[1].strip('"') == digest:
            return current[0]
        kind = "application/octet-stream" if place.folder else "application/zip"
        return await self._objects.put(
            item.scope, place.bucket, place.key, content, content_type=kind
        )
