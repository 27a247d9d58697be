"""What the rest of Demitasse may ask of a container engine.

Two classes keep this contract: ``docker.DockerEngine`` (Docker Engine's API) and
``fake.FakeEngine`` (memory, for tests); ``tests/contract/test_container_engine.py`` holds both
to it.
"""

# ruff: noqa: ASYNC109 - Docker's grace before a kill, and deadlines that end more than a wait

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Protocol

from demitasse.engines.containers.observation import (
    Container,
    EngineInfo,
    Event,
    ExecResult,
    ImageInfo,
    LogLine,
    NamedVolume,
    Network,
    PullProgress,
    Resync,
    RunResult,
)
from demitasse.engines.containers.spec import ContainerSpec, NetworkSpec, RegistryAuth, VolumeSpec

Progress = Callable[[PullProgress], None]


class ContainerEngine(Protocol):
    """Containers, images, networks and volumes of one installation.

    Containers are named by id or by name. Whatever it makes carries the installation's label, and
    it neither shows nor touches what does not: somebody else's container is ``NotFoundInEngine``.

    Every method may raise ``EngineUnavailable`` (the engine is away or did not answer in time) and
    ``EngineError`` (it refused; the message is its own). Every method may be cancelled.
    """

    @property
    def installation(self) -> str:
        """The installation's id, the value of ``demitasse.installation``."""

    async def ping(self) -> EngineInfo:
        """Ask whether the engine is there, and what it is."""

    async def close(self) -> None:
        """Let go of the connection; containers go on running."""

    # Images

    async def pull(
        self,
        image: str,
        auth: RegistryAuth | None = None,
        *,
        progress: Progress | None = None,
        timeout: float | None = None,
    ) -> ImageInfo:
        """Get an image (``name``, ``name:tag``, ``name@sha256:…``) from its registry.

        Raises ``PullNotFound``, ``PullUnauthorised``, ``RegistryUnreachable``, ``PullNoSpace`` or
        plain ``CannotPull``. ``timeout`` bounds the silence between two words of progress.
        """

    async def image(self, image: str) -> ImageInfo | None:
        """An image on this machine, by reference or id; ``None`` when it is not there."""

    async def remove_image(self, image: str, *, force: bool = False) -> None:
        """Remove a reference, and the image with its last one; one that is not there is fine.

        Raises ``InUse`` when a container uses it (with ``force``: when a running one does).
        """

    # Containers

    async def create(self, spec: ContainerSpec) -> str:
        """Make a container without starting it; its id.

        Idempotent by name: a container of this installation with this name that was made from an
        equal specification is adopted as it is, whatever its state (look with ``inspect``).
        Raises ``NameConflict`` when the name belongs to anything else, ``ImageMissing``.
        Networks, volumes and containers named in it need not exist before ``start``.
        """

    async def start(self, container: str) -> None:
        """Start it; one that runs is fine.

        Raises ``CannotStart`` (also when its network, or the container whose network it shares,
        is missing or does not run), ``AddressInUse``.
        """

    async def stop(self, container: str, *, timeout: float | None = None) -> None:
        """Send the stop signal, after ``timeout`` seconds SIGKILL; returns when it has ended.

        ``None`` means the container's own stop timeout (else 10 seconds). One that does not run
        is fine; one that is not there raises ``NotFoundInEngine``.
        """

    async def kill(self, container: str, signal: str = "SIGKILL") -> None:
        """Send a signal; does not wait. One that does not run is fine."""

    async def remove(self, container: str, *, force: bool = False, volumes: bool = True) -> None:
        """Remove it, with its anonymous volumes; one that is not there is fine.

        A running one needs ``force`` (else ``InUse``).
        """

    async def inspect(self, container: str) -> Container:
        """Everything about one. Raises ``NotFoundInEngine``."""

    async def list(self, labels: Mapping[str, str | None] | None = None) -> tuple[Container, ...]:
        """All of this installation's containers, in any state, oldest first.

        ``labels`` must all match; ``None`` as a value means "has this label". Of an observation
        the list says ``id``, ``name``, ``image``, ``image_id``, ``state``, ``labels``,
        ``created_at``, ``addresses``, ``health``, and of ended ones ``exit_code``; for the rest
        ``inspect`` it.
        """

    async def exec(
        self,
        container: str,
        argv: Sequence[str],
        *,
        timeout: float = 30.0,
        environment: Mapping[str, str] | None = None,
        user: str | None = None,
        workdir: str | None = None,
    ) -> ExecResult:
        """Run a command in a running container; one that cannot be started answers 126 or 127.

        Raises ``EngineError`` when the container does not run, ``TimeoutError`` after ``timeout``
        seconds (the command may go on).
        """

    async def run(self, spec: ContainerSpec, *, timeout: float = 60.0) -> RunResult:
        """Create, start, wait, read its output, remove. Removed in any case, also when cancelled.

        A container of this installation with the same name is taken as left over from a killed
        platform, and removed first.
        Raises ``TimeoutError`` after ``timeout`` seconds, and what ``create`` and ``start`` do.
        """

    async def discard_runs(self) -> None:
        """Remove the containers of runs that this engine does not wait for.

        They were left by a platform that was killed; whoever else uses this installation's engine
        at the same time would lose its runs.
        """

    async def wait(self, container: str) -> int:
        """Wait until it does not run, however long; its exit code."""

    def logs(
        self, container: str, *, since: int = 0, follow: bool = False
    ) -> AsyncGenerator[LogLine, None]:
        """Its lines in the order recorded, from ``since`` (nanoseconds, inclusive) on.

        With ``follow`` it goes on until the container ends. A line that the container ended in
        the middle of counts. Raises ``NotFoundInEngine``, and ``EngineUnavailable`` when the
        engine goes away meanwhile: go on with ``since`` the last line's time.
        Close it (``contextlib.aclosing``) when leaving early.
        """

    def events(self) -> AsyncGenerator[Event | Resync, None]:
        """What happens from now on, for ever: first a ``Resync``, and one after each reconnection.

        Only this installation's containers. Never raises ``EngineUnavailable``: it waits for the
        engine to come back. Close it (``contextlib.aclosing``) when leaving.
        """

    # Networks and volumes

    async def ensure_network(self, spec: NetworkSpec) -> Network:
        """Make a bridge network; one that is already there with the same range is fine.

        Raises ``NetworkOverlap`` (says which range), ``NameConflict`` (the name is taken by
        another installation's network, or by one with another range).
        """

    async def remove_network(self, name: str) -> None:
        """Remove it; one that is not there is fine. ``InUse`` while containers are in it."""

    async def networks(self) -> tuple[Network, ...]:
        """This installation's networks, by name."""

    async def ensure_volume(self, spec: VolumeSpec) -> NamedVolume:
        """Make a volume; one that is already there and ours is fine (else ``NameConflict``)."""

    async def remove_volume(self, name: str) -> None:
        """Remove it with its content; one that is not there is fine. ``InUse`` by a container."""

    async def volumes(self) -> tuple[NamedVolume, ...]:
        """This installation's volumes, by name."""
