"""From a turn in the queue to a container that waits for the source."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from demitasse.clock import Clock
from demitasse.engines.containers import references
from demitasse.engines.containers.errors import CannotPull, CannotStart, ImageMissing
from demitasse.engines.containers.protocol import ContainerEngine
from demitasse.engines.containers.spec import RegistryAuth, VolumeSpec
from demitasse.engines.workspaces import Workspaces
from demitasse.errors import ServiceError
from demitasse.ids import Ids
from demitasse.services.codebuild import script, specs
from demitasse.services.codebuild.controller.problems import PhaseFailed
from demitasse.services.codebuild.records import BUILDS, BuildItem, build_arn, service_role
from demitasse.services.ecr.records import authorization_token
from demitasse.services.logs.records import LOG_SOURCES, Source
from demitasse.services.sts.records import EVERYWHERE, SESSIONS, Session
from demitasse.store import Store, Transaction

_SILENCE_SECONDS = 120.0
_LOG_POLL_SECONDS = 0.05
_SESSION_SPARE = timedelta(hours=1)


class Provision:
    """Everything that a build needs before its source. ``PhaseFailed`` when it cannot be had."""

    def __init__(
        self,
        *,
        store: Store,
        containers: ContainerEngine,
        workspaces: Workspaces,
        clock: Clock,
        ids: Ids,
        registry: str,
        docker_socket: str,
        processors: float | None,
    ) -> None:
        self._store = store
        self._containers = containers
        self._workspaces = workspaces
        self._clock = clock
        self._ids = ids
        self._registry = registry
        self._docker_socket = docker_socket
        self._processors = processors

    async def provide(self, item: BuildItem) -> float | None:
        """Start the container; ``None`` once it runs, else the seconds to wait."""
        with self._store.transaction() as tx:
            item = self._register(tx, item, self._clock.now())
            source = tx.get(LOG_SOURCES, item.scope, specs.container_name(item.key))
        if source is not None and not source.observed.ready:
            return _LOG_POLL_SECONDS
        image = await self._image(item)
        name = specs.workspace_name(item.key)
        workspace = await self._workspaces.open(name, specs.parts(item))
        files = {"build": build_arn(item.scope, item.key), "agent.sh": script.agent()}
        await self._workspaces.tell(name, files)
        cache = await self._cache(item)
        spec = specs.container(
            item,
            workspace,
            image=image,
            docker_socket=self._docker_socket,
            processors=self._processors,
            cache=cache,
        )
        try:
            await self._containers.start(await self._containers.create(spec))
        except CannotStart as error:
            raise PhaseFailed(
                "CLIENT_ERROR", f"The build container could not be started: {error}"
            ) from error
        return None

    def _register(self, tx: Transaction, item: BuildItem, now: datetime) -> BuildItem:
        """Credentials of the service role, and the place of the log: once each."""
        if item.observed.session:
            return item
        try:
            role = service_role(tx, item.scope, item.desired.settings.service_role)
        except ServiceError as error:
            raise PhaseFailed("ACCESS_DENIED", error.message) from error
        run = specs.workspace_name(item.key)
        session_name = f"AWSCodeBuild-{run}"
        account = item.scope.account
        lasts = timedelta(minutes=item.desired.settings.timeout) + _SESSION_SPARE
        key = self._ids.unique_id("ASIA")
        session = Session(
            account=account,
            arn=f"arn:aws:sts::{account}:assumed-role/{role.name}/{session_name}",
            user_id=f"{role.role_id}:{session_name}",
            secret_access_key=self._ids.secret(40),
            token=self._ids.secret(256),
            expires=now.replace(microsecond=0) + lasts,
        )
        tx.create(SESSIONS, EVERYWHERE, key, session)
        seen = msgspec.structs.replace(item.observed, session=key)
        logs = item.desired.settings.logs
        if logs is None or logs.enabled:
            group = (logs.group if logs else "") or f"/aws/codebuild/{item.desired.project}"
            prefix = logs.stream if logs else ""
            seen = msgspec.structs.replace(
                seen, log_group=group, log_stream=f"{prefix}/{run}" if prefix else run
            )
            container = specs.container_name(item.key)
            if tx.get(LOG_SOURCES, item.scope, container) is None:
                source = Source(seen.log_group, seen.log_stream, create_group=True)
                tx.create(LOG_SOURCES, item.scope, container, source)
        return tx.observe(BUILDS, item.ref, seen)

    async def _image(self, item: BuildItem) -> str:
        image = item.desired.settings.environment.image
        try:
            if specs.curated(image):
                if await self._containers.image(specs.IMAGE) is None:
                    raise PhaseFailed(
                        "BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE",
                        f"The image {specs.IMAGE}, which stands in for {image}, is not on this"
                        " machine; `demitasse up` makes it.",
                    )
                return specs.IMAGE
            if references.parse(image).registry == self._registry:
                with self._store.transaction() as tx:
                    now = self._clock.now()
                    user, password = authorization_token(tx, item.scope, now, self._ids)
                login = RegistryAuth(self._registry, user, password)
                await self._containers.pull(image, login, timeout=_SILENCE_SECONDS)
            elif await self._containers.image(image) is None:
                await self._containers.pull(image, timeout=_SILENCE_SECONDS)
        except (CannotPull, ImageMissing, ValueError) as error:
            raise PhaseFailed(
                "BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE",
                f"Unable to pull customer's container image. CannotPullContainerError: {error}",
            ) from error
        return image

    async def _cache(self, item: BuildItem) -> VolumeSpec | None:
        if "LOCAL_CUSTOM_CACHE" not in (item.desired.settings.cache or ()):
            return None
        spec = specs.cache_volume(item, self._containers.installation)
        await self._containers.ensure_volume(spec)
        return spec

    def session(self, key: str) -> Session:
        """The credentials of a build, kept before. ``PhaseFailed`` when somebody removed them."""
        with self._store.transaction() as tx:
            found = tx.get(SESSIONS, EVERYWHERE, key)
        if found is None:
            raise PhaseFailed("INTERNAL_SERVICE_ERROR", "The build's credentials were removed.")
        return found.desired
