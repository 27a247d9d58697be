"""Load balancers made real: a HAProxy container each, changed while it runs.

A container lives in the machine's network, bound to its load balancer's own address. It outlives
the platform: Docker restarts it, from files that always say what runs. What runs is asked from
HAProxy itself each time, so that any state is brought to the wanted one: after a crash of either
side, in the middle of a change, or with servers that nobody knows.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections import defaultdict
from pathlib import Path

from demitasse.clock import Clock
from demitasse.engines.addresses import Addresses
from demitasse.engines.containers.errors import NameConflict
from demitasse.engines.containers.protocol import ContainerEngine
from demitasse.engines.containers.spec import KIND_LABEL, Bind, ContainerSpec, HostNetwork
from demitasse.engines.traffic import names, reading
from demitasse.engines.traffic.commands import commands, prepare, replacement
from demitasse.engines.traffic.folder import Folder
from demitasse.engines.traffic.observation import Observation
from demitasse.engines.traffic.plan import Change, Reload, Replace, Running, plan_changes
from demitasse.engines.traffic.reach import present
from demitasse.engines.traffic.render import Rendered, render
from demitasse.engines.traffic.runtime import Session, master, session
from demitasse.engines.traffic.spec import LoadBalancer
from demitasse.errors import EngineError, EngineUnavailable, NotFoundInEngine

KIND = "load-balancer"
LOAD_BALANCER_LABEL = "demitasse.load-balancer"

_START = 5.0
_POLL = 0.02
_SETTLE = 1.0
_OCCUPIED = re.compile(r"cannot bind socket \((?P<why>[^)]*)\) for \[(?P<place>[^]]*)\]")
_ALERT = re.compile(r"^\[ALERT\]\s*\(\d+\) : (.*)$", re.MULTILINE)


class HaproxyTraffic:
    """``Traffic`` by HAProxy. ``folder`` is the state folder's part for load balancers."""

    def __init__(
        self,
        containers: ContainerEngine,
        addresses: Addresses,
        folder: Path,
        clock: Clock,
        *,
        image: str = "haproxy:3.0",
    ) -> None:
        self._containers = containers
        self._folder = folder
        self._clock = clock
        self._image = image
        self._addresses = addresses
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._written: dict[str, Rendered] = {}
        self._seen: dict[str, Observation] = {}

    async def apply(self, spec: LoadBalancer) -> None:
        async with self._locks[spec.id]:
            folder = self._files(spec.id)
            before = folder.address()
            if before not in (None, spec.address):
                raise EngineError(
                    f"load balancer {spec.id} has the address {before}, which cannot be changed"
                )
            wanted = _rendered(spec)
            if not present(spec.address):
                await self._addresses.add(spec.address)
            try:
                await self._change(spec, wanted)
            except EngineUnavailable:
                self._written.pop(spec.id, None)
                await self._start(spec, wanted)
                await self._change(spec, wanted)

    async def remove(self, load_balancer: str) -> None:
        async with self._locks[load_balancer]:
            self._written.pop(load_balancer, None)
            self._seen.pop(load_balancer, None)
            await self._containers.remove(self._name(load_balancer), force=True)
            folder = self._files(load_balancer)
            address = folder.address()
            if address is not None:
                await self._addresses.remove(address)
            folder.delete()

    async def observe(self, load_balancer: str) -> Observation:
        try:
            async with session(self._files(load_balancer).admin) as haproxy:
                stat = await haproxy.ask("show stat")
        except EngineUnavailable as error:
            raise NotFoundInEngine(f"load balancer {load_balancer} does not run") from error
        seen = reading.observation(load_balancer, stat, self._seen.get(load_balancer))
        self._seen[load_balancer] = seen
        return seen

    async def running(self) -> frozenset[str]:
        found = await self._containers.list({KIND_LABEL: KIND})
        return frozenset(each.labels[LOAD_BALANCER_LABEL] for each in found if each.running)

    # A load balancer that runs

    async def _change(self, spec: LoadBalancer, wanted: Rendered) -> None:
        """Make the running HAProxy be as wanted. ``EngineUnavailable`` when none runs."""
        folder = self._files(spec.id)
        async with session(folder.admin) as haproxy:
            seen = await _look(haproxy, wanted)
            planned = plan_changes(seen, wanted)
            if not isinstance(planned, Reload):
                if self._written.get(spec.id) != wanted:
                    folder.write(wanted, spec.address)
                    folder.drop_candidate()
                    folder.drop_states()
                    self._written[spec.id] = wanted
                for change in planned:
                    await _carry_out(haproxy, change)
                return
        await self._reload(spec, wanted, seen)
        async with session(folder.admin) as haproxy:
            seen = await _look(haproxy, wanted)
            if seen.digest != wanted.digest:
                raise EngineError(f"load balancer {spec.id} kept its old configuration")

    async def _reload(self, spec: LoadBalancer, wanted: Rendered, seen: Running) -> None:
        """Have a new process take over the listeners; the old one finishes its requests."""
        folder = self._files(spec.id)
        await self._check(spec.id, folder.write_candidate(wanted))
        folder.drop_candidate()
        kept = folder.keep()
        folder.write_states(reading.states_file(wanted.servers, seen.servers))
        begun = self._nanoseconds()
        try:
            folder.write(wanted, spec.address)
            answer = await master(folder.master, "reload")
            if not answer.startswith("Success=1"):
                raise _failure(f"{answer}\n{await self._words(self._name(spec.id), begun)}")
        except EngineError:
            folder.restore(kept)
            raise
        finally:
            folder.drop_states()
        self._written[spec.id] = wanted

    async def _check(self, load_balancer: str, config: str) -> None:
        checked = await self._containers.exec(
            self._name(load_balancer), ("haproxy", "-c", "-q", "-f", config)
        )
        if checked.exit_code:
            words = (checked.stderr + checked.stdout).decode(errors="replace")
            raise EngineError(f"HAProxy refuses its configuration: {_alerts(words)}")

    # A load balancer that does not run

    async def _start(self, spec: LoadBalancer, wanted: Rendered) -> None:
        folder = self._files(spec.id)
        name = self._name(spec.id)
        folder.write(wanted, spec.address)
        folder.drop_states()
        container = self._container(spec.id)
        if await self._settled(folder, name):
            return
        try:
            made = await self._containers.create(container)
        except NameConflict:
            await self._containers.remove(name, force=True)
            made = await self._containers.create(container)
        begun = self._nanoseconds()
        await self._containers.start(made)
        deadline = self._clock.monotonic() + _START
        while not await _answers(folder.admin):
            seen = await self._containers.inspect(made)
            if seen.restarts or not seen.running or self._clock.monotonic() > deadline:
                words = await self._words(made, begun)
                await self._containers.remove(made, force=True)
                raise _failure(words)
            await self._clock.sleep(_POLL)

    async def _settled(self, folder: Folder, name: str) -> bool:
        """Whether a container that runs begins to answer; one that does not is removed."""
        try:
            seen = await self._containers.inspect(name)
        except NotFoundInEngine:
            return False
        if seen.state in ("exited", "created"):
            return False
        deadline = self._clock.monotonic() + _SETTLE
        while seen.state == "running" and self._clock.monotonic() < deadline:
            if await _answers(folder.admin):
                return True
            await self._clock.sleep(_POLL)
        await self._containers.remove(name, force=True)
        return False

    def _nanoseconds(self) -> int:
        return int(self._clock.now().timestamp() * 1_000_000_000)

    async def _words(self, container: str, since: int) -> str:
        async with contextlib.aclosing(self._containers.logs(container, since=since)) as logs:
            return "\n".join([line.text.decode(errors="replace") async for line in logs])

    def _container(self, load_balancer: str) -> ContainerSpec:
        # Root binds port 80; without DAC_OVERRIDE it could not use a folder that is not root's.
        others = ("DAC_OVERRIDE",) if os.getuid() else ()
        return ContainerSpec(
            name=self._name(load_balancer),
            image=self._image,
            entrypoint=("haproxy",),
            command=(
                *("-W", "-db"),
                *("-S", f"{names.HOME}/{names.MASTER_SOCKET},mode,666"),
                *("-f", f"{names.HOME}/{names.CONFIG}"),
            ),
            labels={KIND_LABEL: KIND, LOAD_BALANCER_LABEL: load_balancer},
            network=HostNetwork(),
            mounts=(Bind(str(self._files(load_balancer).path), names.HOME),),
            user="0:0",
            workdir="/",
            cap_drop=("ALL",),
            cap_add=("NET_BIND_SERVICE", *others),
            read_only_root=True,
            restart="unless-stopped",
        )

    def _name(self, load_balancer: str) -> str:
        return f"demitasse-{self._containers.installation}-{KIND}-{load_balancer}"

    def _files(self, load_balancer: str) -> Folder:
        return Folder(self._folder / load_balancer)


def _rendered(spec: LoadBalancer) -> Rendered:
    try:
        return render(spec)
    except ValueError as error:
        raise EngineError(f"load balancer {spec.id}: {error}") from error


async def _look(haproxy: Session, wanted: Rendered) -> Running:
    """What runs; of another structure the tables are not looked at."""
    digest = reading.description(await haproxy.ask("show info"))
    servers = reading.servers(await haproxy.ask("show servers state"))
    if digest != wanted.digest:
        return Running(digest, servers)
    tables = {}
    for name in wanted.tables:
        shown = await haproxy.ask(f"show map {names.HOME}/{name}")
        tables[name] = reading.entries(shown)
    return Running(digest, servers, tables)


async def _carry_out(haproxy: Session, change: Change) -> None:
    if isinstance(change, Replace):
        version = await haproxy.do(prepare(change))
        await haproxy.do_all(replacement(change, version))
    else:
        await haproxy.do_all(commands(change))


async def _answers(socket: Path) -> bool:
    try:
        async with session(socket, limit=1.0) as haproxy:
            return bool(await haproxy.ask("show info"))
    except EngineUnavailable:
        return False


def _alerts(words: str) -> str:
    return "; ".join(_ALERT.findall(words)) or words.strip() or "no reason given"


def _failure(words: str) -> EngineError:
    """What HAProxy said when it could not start, made readable."""
    occupied = _OCCUPIED.search(words)
    if occupied is not None and "in use" in occupied["why"]:
        address, _, port = occupied["place"].rpartition(":")
        return EngineError(f"port {port} of {address} is already in use (EADDRINUSE)")
    return EngineError(f"HAProxy could not start: {_alerts(words)}")
