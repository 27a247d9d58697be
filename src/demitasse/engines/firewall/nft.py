"""The kernel's packet filter, set by nft in containers that may do so.

A container that carries an interface has nft and the capability NET_ADMIN, which those that share
its network have not. For addresses of the machine, a container stands on the machine's network as
long as one is guarded. So it works with access to Docker alone, also where the platform is not
root.
"""

from __future__ import annotations

import asyncio

from demitasse.engines.containers.errors import CannotStart, NameConflict
from demitasse.engines.containers.observation import ExecResult, RunResult
from demitasse.engines.containers.protocol import ContainerEngine
from demitasse.engines.containers.spec import (
    KIND_LABEL,
    PAUSE_IMAGE,
    Attachment,
    ContainerSpec,
    HostNetwork,
    LogOptions,
    NoNetwork,
)
from demitasse.engines.firewall.render import prefix, removing, replacing, table_name
from demitasse.engines.firewall.spec import Filter, Rule
from demitasse.errors import EngineError, EngineUnavailable, NotFoundInEngine

KIND = "firewall"
_NFT = "/usr/sbin/nft"
_PROBE = Filter("probe", "127.0.0.2", (Rule(("127.0.0.0/8",), "tcp", 1, 2),))


class NftFirewall:
    """Implements ``Firewall``."""

    def __init__(self, containers: ContainerEngine) -> None:
        self._containers = containers
        self._prefix = prefix(containers.installation)
        self._machine = asyncio.Lock()
        self._probing = asyncio.Lock()
        self.found: str | None = None
        """The ``problem``, once it is known: a kernel does not learn while it runs."""

    async def problem(self) -> str:
        async with self._probing:
            if self.found is None:
                self.found = await self._probe()
            return self.found

    async def _probe(self) -> str:
        """Try, where something is guarded already; else on a network that nobody else is in."""
        table = self._table(_PROBE.interface)
        script = "\n".join([replacing(table, _PROBE, on_machine=True), *removing(table)])
        spec = self._spec("firewall-probe", NoNetwork(), entrypoint=(_NFT, script))
        done: ExecResult | RunResult
        try:
            if await self._runs():
                done = await self._containers.exec(self._name, (_NFT, script))
            else:
                done = await self._containers.run(spec)
        except CannotStart as error:
            return str(error)
        return "" if done.exit_code == 0 else _refusal(done)

    async def _runs(self) -> bool:
        try:
            return (await self._containers.inspect(self._name)).running
        except NotFoundInEngine:
            return False

    async def guard(self, wanted: Filter, container: str | None) -> None:
        script = replacing(self._table(wanted.interface), wanted, on_machine=container is None)
        if container is not None:
            _checked(await self._containers.exec(container, (_NFT, script)))
            return
        async with self._machine:
            await self._on_machine(script)

    async def unguard(self, *interfaces: str) -> None:
        async with self._machine:
            guarded = await self._guarded()
            there = guarded & {*interfaces}
            if there:
                await self._on_machine("\n".join(removing(*map(self._table, sorted(there)))))
            if not guarded - there:
                await self._containers.remove(self._name, force=True)

    async def guarded(self) -> frozenset[str]:
        async with self._machine:
            return await self._guarded()

    async def _guarded(self) -> frozenset[str]:
        try:
            await self._containers.inspect(self._name)
        except NotFoundInEngine:
            return frozenset()
        lines = (await self._on_machine("list tables ip")).splitlines()
        names = (line.rpartition(" ")[2] for line in lines)
        return frozenset(
            name.removeprefix(self._prefix) for name in names if name.startswith(self._prefix)
        )

    def _table(self, interface: str) -> str:
        return table_name(self._containers.installation, interface)

    @property
    def _name(self) -> str:
        return f"demitasse-{self._containers.installation}-{KIND}"

    async def _on_machine(self, script: str) -> str:
        try:
            done = await self._containers.exec(self._name, (_NFT, script))
        except EngineUnavailable:
            raise
        except EngineError:  # it is not there, or somebody has stopped it
            await self._start()
            done = await self._containers.exec(self._name, (_NFT, script))
        return _checked(done)

    async def _start(self) -> None:
        spec = self._spec(KIND, HostNetwork())
        try:
            await self._containers.create(spec)
        except NameConflict:  # an earlier version's
            await self._containers.remove(spec.name, force=True)
            await self._containers.create(spec)
        await self._containers.start(spec.name)

    def _spec(
        self, name: str, network: Attachment, entrypoint: tuple[str, ...] | None = None
    ) -> ContainerSpec:
        return ContainerSpec(
            name=f"demitasse-{self._containers.installation}-{name}",
            image=PAUSE_IMAGE,
            labels={KIND_LABEL: KIND},
            entrypoint=entrypoint,
            network=network,
            cap_drop=("ALL",),
            cap_add=("NET_ADMIN",),
            read_only_root=True,
            restart="no" if entrypoint else "unless-stopped",
            stop_timeout=0,
            log=LogOptions(max_files=1),
        )


def _checked(done: ExecResult | RunResult) -> str:
    """What nft printed."""
    if done.exit_code != 0:
        raise EngineError(_refusal(done))
    return done.stdout.decode()


def _refusal(done: ExecResult | RunResult) -> str:
    said = (done.stderr + done.stdout).decode(errors="replace").strip()
    why = said.partition("\n")[0] or f"exit status {done.exit_code}"
    return f"packets cannot be filtered: {why}"
