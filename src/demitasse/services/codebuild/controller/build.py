"""The loop that carries builds out.

What a build needs is decided by ``plan`` from its record; every step can be begun again by
another process. Between DOWNLOAD_SOURCE and UPLOAD_ARTIFACTS a build's container runs by itself
(``script``): here it is only looked at.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from demitasse.api import Scope
from demitasse.clock import Clock
from demitasse.control import Controller, Enqueue, Interest, own
from demitasse.engines.containers.observation import Container, Resync
from demitasse.engines.containers.protocol import ContainerEngine
from demitasse.engines.containers.spec import KIND_LABEL
from demitasse.engines.git.protocol import Git
from demitasse.engines.objects import Objects
from demitasse.engines.workspaces import BadArchive, Workspaces
from demitasse.errors import EngineError, EngineUnavailable, NotFoundInEngine
from demitasse.ids import Ids
from demitasse.services.codebuild import buildspec, plan, script, specs
from demitasse.services.codebuild.buildspec import Buildspec
from demitasse.services.codebuild.controller.download import Download
from demitasse.services.codebuild.controller.notes import Notes
from demitasse.services.codebuild.controller.problems import PhaseFailed
from demitasse.services.codebuild.controller.provision import Provision
from demitasse.services.codebuild.controller.sources import Sources
from demitasse.services.codebuild.controller.uploads import Uploads
from demitasse.services.codebuild.plan import Step
from demitasse.services.codebuild.records import (
    BUILDS,
    EVERYWHERE,
    QUEUE,
    SUCCEEDED,
    BuildItem,
    Ending,
)
from demitasse.services.logs.records import LOG_SOURCES
from demitasse.store import Change, Kind, Ref, Store, Transaction

log = logging.getLogger(__name__)

SLOTS = 2
"""How many builds run at once on a machine; the others wait."""

_LOOK_SECONDS = 0.25
_SOON = 0.05
_END_SECONDS = timedelta(seconds=15)


class BuildController(Controller):
    """One build at a time, by its id; ``slots`` of them run at once, in the order of starting.

    ``docker_socket`` is the path of Docker's socket, which privileged builds are given.
    """

    name = "codebuild.build"

    def __init__(
        self,
        *,
        store: Store,
        containers: ContainerEngine,
        workspaces: Workspaces,
        objects: Objects,
        git: Git,
        clock: Clock,
        ids: Ids,
        endpoint: str,
        registry: str,
        docker_socket: str = "/var/run/docker.sock",
        processors: float | None = None,
        slots: int = SLOTS,
    ) -> None:
        self._store = store
        self._containers = containers
        self._workspaces = workspaces
        self._clock = clock
        self._slots = slots
        self._notes = Notes(store, ids, clock)
        self._uploads = Uploads(objects, workspaces)
        self._provision = Provision(
            store=store,
            containers=containers,
            workspaces=workspaces,
            clock=clock,
            ids=ids,
            registry=registry,
            docker_socket=docker_socket,
            processors=processors,
        )
        self._download = Download(
            sources=Sources(store, objects, git),
            workspaces=workspaces,
            provision=self._provision,
            notes=self._notes,
            clock=clock,
            endpoint=endpoint,
        )

    def interests(self) -> dict[Kind[Any, Any], Interest]:
        return {BUILDS: own, QUEUE: self._next_in_queue}

    def everything(self, tx: Transaction) -> Iterable[Ref]:
        return [each.desired.ref for each in tx.page(QUEUE, EVERYWHERE)]

    def _next_in_queue(self, change: Change) -> Iterable[Ref]:
        del change
        with self._store.transaction() as tx:
            return self._in_turn(tx)

    def _in_turn(self, tx: Transaction) -> list[Ref]:
        return [each.desired.ref for each in tx.page(QUEUE, EVERYWHERE, limit=self._slots)]

    async def listen(self, enqueue: Enqueue) -> None:
        """Look at a build whose container has ended; remove what belongs to no build."""
        events = self._containers.events()
        async with contextlib.aclosing(events):
            async for event in events:
                if isinstance(event, Resync):
                    await self._sweep()
                elif event.action == "die" and specs.BUILD_LABEL in event.labels:
                    enqueue(_ref(event.labels[specs.BUILD_LABEL]))

    async def reconcile(self, ref: Ref) -> float | None:
        item = self._notes.read(ref)
        if item is None:
            await self._remove(ref)
            return None
        step = plan.step(item)
        if step is Step.NOTHING:
            return None
        if step is Step.CLEAR:
            return await self._clear(item)
        end = plan.too_long(item, self._clock.now())
        if end is not None:
            self._notes.complete(ref, end, end.status)
            return None
        try:
            return await self._take(step, item)
        except PhaseFailed as problem:
            end = Ending("FAILED", problem.code, problem.message)
            if step is Step.PROVISION:
                self._notes.complete(ref, end, end.status)
            else:
                self._notes.enter(ref, "FINALIZING", end, verdict=end.status)
            return None

    async def _take(self, step: Step, item: BuildItem) -> float | None:
        if step is Step.WAIT_FOR_TURN:
            return self._wait_for_turn(item)
        if step is Step.PROVISION:
            wait = await self._provision.provide(item)
            if wait is None:
                self._notes.enter(item.ref, "DOWNLOAD_SOURCE")
            return wait
        if step is Step.DOWNLOAD:
            return await self._begin(item)
        if step is Step.WATCH:
            return await self._watch(item)
        if step is Step.UPLOAD:
            return await self._upload(item)
        return await self._finalize(item)

    def _wait_for_turn(self, item: BuildItem) -> float | None:
        with self._store.transaction() as tx:
            has_turn = item.ref in self._in_turn(tx)
        if has_turn:
            self._notes.enter(item.ref, "PROVISIONING")
            return None
        return max(_SOON, (plan.deadline(item) - self._clock.now()).total_seconds())

    async def _begin(self, item: BuildItem) -> float | None:
        """Let the commands begin, once their source is there."""
        name = specs.workspace_name(item.key)
        if await self._workspaces.told(name, "source") is None:
            try:
                await self._download.fill(item)
            except BadArchive as error:
                raise PhaseFailed("CLIENT_ERROR", str(error)) from error
        self._notes.enter(item.ref, "INSTALL")
        return _SOON

    async def _watch(self, item: BuildItem) -> float | None:
        name = specs.workspace_name(item.key)
        noted = script.noted(await self._workspaces.answers(name))
        failed = {
            each.failed: await self._workspaces.told(name, f"steps/{each.failed}") or ""
            for each in noted.phases
            if each.failed
        }
        self._notes.see(
            item.ref, plan.caught_up(item, noted, failed), exported=dict(noted.exported)
        )
        if noted.no_shell:
            raise PhaseFailed("CLIENT_ERROR", "The shell that env/shell names is not in the image")
        if noted.ended:
            item = self._notes.read(item.ref) or item
            if plan.uploads(noted):
                self._notes.enter(item.ref, "UPLOAD_ARTIFACTS")
            else:
                self._notes.enter(item.ref, "FINALIZING", verdict=plan.verdict(item))
            return None
        container = await self._look(item)
        if container is None or not container.running:
            # Once more, for what was noted just before it ended.
            if not script.noted(await self._workspaces.answers(name)).ended:
                end = plan.dead(container.exit_code if container else None)
                self._notes.complete(item.ref, end, end.status)
            return _SOON
        return _LOOK_SECONDS

    async def _upload(self, item: BuildItem) -> float | None:
        name = specs.workspace_name(item.key)
        spec = await self._spec(name)
        noted = script.noted(await self._workspaces.answers(name))
        outputs = await self._uploads.upload(item, spec, noted.names)
        self._notes.enter(item.ref, "FINALIZING", verdict=plan.verdict(item), outputs=outputs)
        return None

    async def _spec(self, name: str) -> Buildspec:
        text = await self._workspaces.told(name, "buildspec")
        if text is None:
            raise PhaseFailed("INTERNAL_SERVICE_ERROR", "The build's folder was removed.")
        return buildspec.read(text)

    async def _finalize(self, item: BuildItem) -> float | None:
        """Let the container print its last lines and end; then the build is over."""
        late = self._late(item)
        container = await self._look(item)
        if container is not None and container.running:
            if late:
                await self._containers.kill(container.id)
            else:
                await self._dismiss(item)
            return _SOON
        if container is not None and not late and not self._log_is_kept(item):
            return _SOON
        self._notes.complete(item.ref, SUCCEEDED, item.observed.verdict)
        return None

    def _late(self, item: BuildItem) -> bool:
        """Whether a build has had long enough to say its last lines."""
        last = next(
            each for each in item.observed.phases if each.type in {"FINALIZING", "COMPLETED"}
        )
        return self._clock.now() - last.started_at > _END_SECONDS

    def _log_is_kept(self, item: BuildItem) -> bool:
        """Whether all that a container that has ended had printed is in CloudWatch Logs."""
        with self._store.transaction() as tx:
            source = tx.get(LOG_SOURCES, item.scope, specs.container_name(item.key))
        return source is None or source.observed.finished

    async def _dismiss(self, item: BuildItem) -> None:
        """Tell the agent what it waits for, and how the phase ended that is not its own."""
        texts = []
        for each in item.observed.phases:
            failed = each.type == "DOWNLOAD_SOURCE" and each.status == "FAILED"
            if failed or each.type == "UPLOAD_ARTIFACTS":
                texts += [
                    f"Phase complete: {each.type} State: {each.status}",
                    f"Phase context status code: {each.code} Message: {each.message}",
                ]
        name = specs.workspace_name(item.key)
        await self._workspaces.tell(
            name, {"end": script.lines(self._clock.now(), *texts), "source": ""}
        )

    async def _clear(self, item: BuildItem) -> float | None:
        """End what still runs of a build that is over, and remove it when its log is kept."""
        container = await self._look(item)
        if container is not None:
            if container.running:
                await self._containers.kill(container.id)
                return _SOON
            if not self._log_is_kept(item):
                if not self._late(item):
                    return _SOON
                log.warning("%s: its log is not complete", item.key)
        await self._remove(item.ref)
        self._notes.cleared(item.ref)
        return None

    async def _remove(self, ref: Ref) -> None:
        """Remove everything that a build has outside of its record, and its place in the queue."""
        container = specs.container_name(ref.key)
        await self._containers.remove(container, force=True)
        with contextlib.suppress(EngineUnavailable):
            await self._remove_workspace(specs.workspace_name(ref.key))
        with self._store.transaction() as tx:
            tx.delete(LOG_SOURCES, Ref(ref.scope, container))
            place = tx.one(QUEUE, EVERYWHERE, "build", ref.key)
            if place is not None:
                tx.delete(QUEUE, place.ref)

    async def _remove_workspace(self, name: str) -> None:
        try:
            await self._workspaces.remove(name)
        except EngineError as error:
            # Its files are in nobody's way; a build is not to wait for their removal.
            log.warning("the folder of the build %s stays: %s", name, error)

    async def _look(self, item: BuildItem) -> Container | None:
        try:
            return await self._containers.inspect(specs.container_name(item.key))
        except NotFoundInEngine:
            return None

    async def _sweep(self) -> None:
        """Remove containers and folders that belong to no build."""
        for container in await self._containers.list({KIND_LABEL: "build"}):
            if not self._known(container.labels.get(specs.BUILD_LABEL, "")):
                await self._containers.remove(container.id, force=True)
        with self._store.transaction() as tx:
            active = {specs.workspace_name(ref.key) for ref in self.everything(tx)}
        for name in await self._workspaces.names():
            if name not in active:
                await self._remove_workspace(name)

    def _known(self, arn: str) -> bool:
        if arn.count(":") < 6:
            return False
        item = self._notes.read(_ref(arn))
        return item is not None and not item.observed.cleared


def _ref(arn: str) -> Ref:
    """The build of an ARN."""
    _, _, _, region, account, resource = arn.split(":", 5)
    return Ref(Scope(account, region), resource.removeprefix("build/"))
