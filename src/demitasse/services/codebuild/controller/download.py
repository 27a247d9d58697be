"""Filling a build's workspace: its sources, and the script made of its buildspec."""

from __future__ import annotations

from demitasse.clock import Clock
from demitasse.engines.workspaces import Workspaces
from demitasse.services.codebuild import buildspec, script, specs
from demitasse.services.codebuild.buildspec import BadBuildspec
from demitasse.services.codebuild.controller.notes import Notes
from demitasse.services.codebuild.controller.problems import PhaseFailed
from demitasse.services.codebuild.controller.provision import Provision
from demitasse.services.codebuild.controller.sources import Sources
from demitasse.services.codebuild.records import BuildItem

_LARGEST_BUILDSPEC = 1_000_000


class Download:
    """Everything between a container that waits and its first command."""

    def __init__(
        self,
        *,
        sources: Sources,
        workspaces: Workspaces,
        provision: Provision,
        notes: Notes,
        clock: Clock,
        endpoint: str,
    ) -> None:
        self._sources = sources
        self._workspaces = workspaces
        self._provision = provision
        self._notes = notes
        self._clock = clock
        self._endpoint = endpoint

    async def fill(self, item: BuildItem) -> None:
        """Put source and script into the workspace. ``PhaseFailed``, ``BadArchive``.

        The file ``source``, told last, lets the commands begin.
        """
        name = specs.workspace_name(item.key)
        settings = item.desired.settings
        primary = await self._sources.primary(item)
        fetched = [("source", settings.source, primary)]
        for each in settings.secondary_sources:
            found = await self._sources.secondary(item, each)
            fetched.append((f"source-{each.identifier}", each, found))
        for part, _, found in fetched:
            if found.archive is not None:
                await self._workspaces.unpack(name, part, found.archive)
        self._notes.see(item.ref, resolved_version=primary.version)
        item = self._notes.read(item.ref) or item
        workspace = await self._workspaces.open(name, specs.parts(item))
        text = await self._buildspec_text(item, name)
        try:
            spec = buildspec.read(text)
            specs.check_runtimes(spec.runtimes, settings.environment.image)
        except (BadBuildspec, specs.UnknownRuntime) as error:
            raise PhaseFailed("YAML_FILE_ERROR", str(error)) from error
        session, now = self._provision.session(item.observed.session), self._clock.now()
        environment = specs.variables(
            item,
            spec,
            workspace,
            endpoint=self._endpoint,
            access_key_id=item.observed.session,
            session=session,
        )
        login = specs.GitLogin(item.observed.session, session, item.scope.region, now)
        files = script.write(
            spec,
            control=workspace.part("control"),
            source=workspace.part("source"),
            environment=environment,
            cache=specs.CACHE if "LOCAL_CUSTOM_CACHE" in (settings.cache or ()) else "",
            owner=workspace.owner,
            histories=[
                specs.history(
                    source,
                    workspace.part(part),
                    found.version,
                    endpoint=self._endpoint,
                    credentials=login,
                )
                for part, source, found in fetched
                if source.type == "CODECOMMIT"
            ],
        )
        lines = script.lines(
            self._clock.now(),
            "Phase is DOWNLOAD_SOURCE",
            f"CODEBUILD_SRC_DIR={workspace.part('source')}",
            f"Phases found in YAML: {len(spec.phases)}",
            *(f" {phase}: {len(each.commands)} commands" for phase, each in spec.phases.items()),
            "Phase complete: DOWNLOAD_SOURCE State: SUCCEEDED",
            "Phase context status code:  Message: ",
        )
        await self._workspaces.tell(name, {"buildspec": text, **files, "source": lines})

    async def _buildspec_text(self, item: BuildItem, name: str) -> str:
        wanted = item.desired.settings.source.buildspec
        if wanted and buildspec.is_inline(wanted):
            return wanted
        path = wanted or "buildspec.yml"
        content: bytes | None
        if path.startswith("arn:"):
            content = await self._sources.buildspec(item, path)
        else:
            content = await self._workspaces.read(name, "source", path, _LARGEST_BUILDSPEC)
        if content is None:
            raise PhaseFailed(
                "YAML_FILE_ERROR",
                f"stat {specs.source_folder(item)}/{path}: no such file or directory",
            )
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise PhaseFailed("YAML_FILE_ERROR", f"{path} is not text: {error}") from error
