"""The firewall: what both it and its fake keep, and what the real one lets through."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass

import pytest

from demitasse.clock import SystemClock
from demitasse.engines.addresses import FakeAddresses, HostAddresses
from demitasse.engines.addresses.protocol import Addresses
from demitasse.engines.containers.docker import DockerEngine
from demitasse.engines.containers.fake import FakeEngine
from demitasse.engines.containers.protocol import ContainerEngine
from demitasse.engines.containers.spec import (
    PAUSE_IMAGE,
    ContainerSpec,
    HostNetwork,
    NetworkSpec,
    OwnAddress,
)
from demitasse.engines.firewall.fake import FakeFirewall
from demitasse.engines.firewall.nft import NftFirewall
from demitasse.engines.firewall.protocol import Firewall
from demitasse.engines.firewall.spec import Filter, Rule
from demitasse.errors import NotFoundInEngine
from demitasse.ids import RandomIds

INSTALLATION = f"fw{os.getpid()}"
RANGE = f"10.214.{os.getpid() % 250}"
GATEWAY, SERVER, FRIEND, STRANGER = (f"{RANGE}.{each}" for each in (1, 2, 3, 4))
ON_MACHINE = f"10.215.{os.getpid() % 250}.9"
NETWORK = f"{INSTALLATION}-net"
ANYWHERE = ("0.0.0.0/0",)
ALL_OUT = (Rule(ANYWHERE),)
SERVING = "httpd -h / -p 80; httpd -h / -p 81; nc -ll -p 82 -e cat & exec sh /pause"


@dataclass
class World:
    """A firewall, and who talks to whom through it."""

    firewall: Firewall
    engine: ContainerEngine
    addresses: Addresses

    async def container(self, address: str, script: str = "exec sh /pause") -> str:
        """A container with an address, which may be guarded; its name."""
        made = ContainerSpec(
            name=f"{INSTALLATION}-{address}",
            image=PAUSE_IMAGE,
            entrypoint=("/bin/busybox", "sh", "-c", script),
            network=OwnAddress(NETWORK, address),
            cap_drop=("ALL",),
            cap_add=("NET_ADMIN", "NET_RAW", "NET_BIND_SERVICE"),
            stop_timeout=0,
        )
        await self.engine.start(await self.engine.create(made))
        return made.name

    async def reaches(self, client: str, address: str, port: int = 80) -> bool:
        """Whether a container is answered by a server."""
        argv = ("wget", "-q", "-T", "1", "-O", "/dev/null", f"http://{address}:{port}/version")
        return (await self.engine.exec(client, argv)).exit_code == 0


@asynccontextmanager
async def fake_world() -> AsyncGenerator[World, None]:
    engine = FakeEngine(SystemClock(), INSTALLATION)
    engine.add_image(PAUSE_IMAGE)
    await engine.ensure_network(NetworkSpec(name=NETWORK, cidr=f"{RANGE}.0/24"))
    yield World(FakeFirewall(engine), engine, FakeAddresses())
    await engine.close()


@asynccontextmanager
async def real_world() -> AsyncGenerator[World, None]:
    engine = DockerEngine(INSTALLATION, SystemClock())
    addresses = HostAddresses(engine, RandomIds())
    firewall = NftFirewall(engine)
    network = NetworkSpec(name=NETWORK, cidr=f"{RANGE}.0/24", gateway=GATEWAY)
    try:
        await engine.ensure_network(network)
        yield World(firewall, engine, addresses)
    finally:
        await firewall.unguard(*await firewall.guarded())
        await addresses.remove(*await addresses.present())
        for container in await engine.list():
            await engine.remove(container.id, force=True)
        await engine.remove_network(NETWORK)
        await engine.close()


Scenario = Callable[[World], Awaitable[None]]


async def _play(world: Callable[[], object], scenario: Scenario) -> None:
    async with asyncio.timeout(60), world() as it:  # type: ignore[attr-defined]
        await scenario(it)


def really(scenario: Scenario) -> None:
    asyncio.run(_play(real_world, scenario))


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.docker)])
def play(request: pytest.FixtureRequest) -> Callable[[Scenario], None]:
    world = fake_world if request.param == "fake" else real_world
    return lambda scenario: asyncio.run(_play(world, scenario))


def connects(address: str, port: int, source: str | None = None) -> bool:
    """Whether the machine itself can connect."""
    place = (source, 0) if source else None
    try:
        socket.create_connection((address, port), timeout=0.7, source_address=place).close()
    except TimeoutError:
        return False
    return True


# What both keep


def test_what_is_guarded_on_the_machine_is_told(play: Callable[[Scenario], None]) -> None:
    async def scenario(w: World) -> None:
        assert await w.firewall.problem() == ""
        assert await w.firewall.guarded() == frozenset()
        await w.firewall.guard(Filter("eni-1", ON_MACHINE), None)
        await w.firewall.guard(Filter("eni-2", ON_MACHINE, ingress=ALL_OUT), None)
        await w.firewall.guard(Filter("eni-1", ON_MACHINE, ingress=ALL_OUT), None)
        assert await w.firewall.guarded() == {"eni-1", "eni-2"}
        await w.firewall.unguard("eni-1", "eni-3")
        await w.firewall.unguard()
        assert await w.firewall.guarded() == {"eni-2"}

    play(scenario)


def test_an_interface_in_a_container_needs_the_container(
    play: Callable[[Scenario], None],
) -> None:
    async def scenario(w: World) -> None:
        with pytest.raises(NotFoundInEngine):
            await w.firewall.guard(Filter("eni-1", SERVER), "nobody")
        server = await w.container(SERVER)
        await w.firewall.guard(Filter("eni-1", SERVER), server)
        await w.firewall.guard(Filter("eni-1", SERVER, ingress=ALL_OUT), server)
        assert await w.firewall.guarded() == frozenset()

    play(scenario)


# What goes through


@pytest.mark.docker
def test_only_peers_on_their_ports_come_in() -> None:
    async def scenario(w: World) -> None:
        server = await w.container(SERVER, SERVING)
        friend, stranger = await w.container(FRIEND), await w.container(STRANGER)
        assert await w.reaches(stranger, SERVER)
        rules = (Rule((f"{FRIEND}/32",), "tcp", 80, 80), Rule((f"{GATEWAY}/32",), "tcp", 81, 90))
        await w.firewall.guard(Filter("eni-1", SERVER, rules, ALL_OUT), server)

        assert await w.reaches(friend, SERVER)
        assert not await w.reaches(friend, SERVER, 81)
        assert not await w.reaches(stranger, SERVER)
        assert connects(SERVER, 81)
        assert not connects(SERVER, 80)
        assert await w.reaches(server, SERVER), "what stays within is nobody's business"
        ping = await w.engine.exec(friend, ("ping", "-c", "1", "-W", "1", SERVER))
        assert ping.exit_code != 0

        everything = (Rule(ANYWHERE, "tcp", 80, 80), Rule(ANYWHERE, "icmp", 8, 0))
        await w.firewall.guard(Filter("eni-1", SERVER, everything, ALL_OUT), server)
        assert await w.reaches(stranger, SERVER)
        ping = await w.engine.exec(friend, ("ping", "-c", "1", "-W", "1", SERVER))
        assert ping.exit_code == 0, ping.stderr

    really(scenario)


@pytest.mark.docker
def test_only_what_is_admitted_goes_out_and_is_answered() -> None:
    async def scenario(w: World) -> None:
        await w.container(SERVER, SERVING)
        client = await w.container(FRIEND)
        out = (Rule((f"{SERVER}/32",), "tcp", 80, 80),)
        await w.firewall.guard(Filter("eni-1", FRIEND, egress=out), client)
        assert await w.reaches(client, SERVER, 80)
        assert not await w.reaches(client, SERVER, 81)

    really(scenario)


@pytest.mark.docker
def test_who_is_connected_stays_connected_when_the_rule_goes() -> None:
    async def scenario(w: World) -> None:
        server = await w.container(SERVER, SERVING)
        rules = (Rule(ANYWHERE, "tcp", 82, 82),)
        await w.firewall.guard(Filter("eni-1", SERVER, rules, ALL_OUT), server)
        deadline = time.monotonic() + 5
        while True:
            try:
                line = socket.create_connection((SERVER, 82), timeout=2)
                break
            except ConnectionRefusedError:
                assert time.monotonic() < deadline
        with closing(line):
            line.sendall(b"before")
            assert line.recv(20) == b"before"
            await w.firewall.guard(Filter("eni-1", SERVER), server)
            line.sendall(b"after")
            assert line.recv(20) == b"after"
            assert not connects(SERVER, 82)

    really(scenario)


@pytest.mark.docker
def test_an_address_of_the_machine_is_filtered_and_no_other() -> None:
    async def scenario(w: World) -> None:
        friend, stranger = await w.container(FRIEND), await w.container(STRANGER)
        await w.addresses.add(ON_MACHINE)
        made = ContainerSpec(
            name=f"{INSTALLATION}-on-machine",
            image=PAUSE_IMAGE,
            entrypoint=("/bin/busybox", "httpd", "-f", "-h", "/", "-p", f"{ON_MACHINE}:80"),
            network=HostNetwork(),
        )
        await w.engine.start(await w.engine.create(made))
        rules = (Rule((f"{FRIEND}/32", "127.0.0.3/32"), "tcp", 80, 80),)
        await w.firewall.guard(Filter("eni-1", ON_MACHINE, rules, ALL_OUT), None)

        assert await w.reaches(friend, ON_MACHINE)
        assert not await w.reaches(stranger, ON_MACHINE)
        assert connects(ON_MACHINE, 80, "127.0.0.3")
        assert not connects(ON_MACHINE, 80), "it comes from the address itself"

        await w.firewall.unguard("eni-1")
        assert connects(ON_MACHINE, 80)

    really(scenario)


@pytest.mark.docker
def test_the_machine_itself_goes_out_from_its_address_as_admitted() -> None:
    """As a load balancer does to its targets."""

    async def scenario(w: World) -> None:
        await w.container(SERVER, SERVING)
        await w.addresses.add(ON_MACHINE)
        out = (Rule((f"{SERVER}/32",), "tcp", 81, 81),)
        await w.firewall.guard(Filter("eni-1", ON_MACHINE, egress=out), None)
        assert connects(SERVER, 81, ON_MACHINE)
        assert not connects(SERVER, 80, ON_MACHINE)
        assert connects(SERVER, 80)

    really(scenario)


@pytest.mark.docker
def test_a_stopped_firewall_container_is_started_again() -> None:
    async def scenario(w: World) -> None:
        await w.firewall.guard(Filter("eni-1", ON_MACHINE), None)
        (container,) = await w.engine.list({"demitasse.kind": "firewall"})
        await w.engine.stop(container.id)
        assert await w.firewall.guarded() == {"eni-1"}
        await w.engine.remove(container.id, force=True)
        await w.firewall.guard(Filter("eni-2", ON_MACHINE), None)
        assert await w.firewall.guarded() == {"eni-1", "eni-2"}
        await w.firewall.unguard("eni-1", "eni-2")
        assert await w.engine.list() == (), "what nobody needs any more is gone"

    really(scenario)
