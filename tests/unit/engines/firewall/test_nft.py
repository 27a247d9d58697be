"""How nft's answers are taken, and that its container stays no longer than it is needed."""

from __future__ import annotations

import asyncio

import pytest

from demitasse.clock import ManualClock
from demitasse.engines.containers.errors import CannotStart
from demitasse.engines.containers.fake import FakeEngine
from demitasse.engines.containers.observation import ExecResult
from demitasse.engines.containers.spec import PAUSE_IMAGE, ContainerSpec, HostNetwork
from demitasse.engines.firewall.nft import NftFirewall
from demitasse.engines.firewall.spec import Filter
from demitasse.errors import EngineError, EngineUnavailable

ONE, TWO = Filter("eni-1", "172.31.0.9"), Filter("eni-2", "172.31.0.10")


class World:
    """nft on a container engine in memory; ``tables`` is what it lists.

    With ``probe`` its containers end at once, as the one does that only tries.
    """

    def __init__(self, probe: int | None = None) -> None:
        self.engine = FakeEngine(ManualClock(), "i1")
        self.engine.add_image(
            PAUSE_IMAGE,
            exec=self._nft,
            exit_after=None if probe is None else 0,
            exit_code=probe or 0,
            output=[("stderr", b"Operation not supported"), ("stderr", b"table ip x {")],
        )
        self.firewall = NftFirewall(self.engine)
        self.tables: list[str] = []
        self.told: list[str] = []
        self.refuses = False

    def _nft(self, argv: tuple[str, ...]) -> ExecResult:
        program, script = argv
        assert program == "/usr/sbin/nft"
        if self.refuses:
            return ExecResult(1, b"", b"Error: No buffer space\n the rest\n")
        self.told.append(script)
        return ExecResult(0, "".join(f"table ip {each}\n" for each in self.tables).encode(), b"")


def test_why_packets_cannot_be_filtered_is_told_in_nfts_own_words() -> None:
    world = World(probe=1)
    assert world.firewall.found is None
    problem = asyncio.run(world.firewall.problem())
    assert problem == "packets cannot be filtered: Operation not supported"
    assert world.firewall.found == problem


def test_what_goes_wrong_with_docker_is_no_word_on_the_kernel() -> None:
    """It is tried again; a machine where no such container starts, in contrast, is known."""
    world = World(probe=0)
    world.engine.fail_next("run", EngineUnavailable("restarting"))
    with pytest.raises(EngineUnavailable):
        asyncio.run(world.firewall.problem())
    assert world.firewall.found is None
    world.engine.fail_next("run", CannotStart("NET_ADMIN is not allowed"))
    assert asyncio.run(world.firewall.problem()) == "NET_ADMIN is not allowed"


def test_that_packets_can_be_filtered_is_found_out_once() -> None:
    world = World(probe=0)

    async def ask() -> None:
        first, second = world.firewall.problem(), world.firewall.problem()
        assert await asyncio.gather(first, second) == ["", ""]
        assert await world.firewall.problem() == ""

    asyncio.run(ask())
    assert [each.operation for each in world.engine.calls].count("run") == 1
    assert world.engine._boxes == {}


def test_where_something_is_guarded_it_is_found_out_there() -> None:
    """After a kill and a start, without another container."""
    world = World()

    async def scenario() -> None:
        await world.firewall.guard(ONE, None)
        assert await NftFirewall(world.engine).problem() == ""

    asyncio.run(scenario())
    assert world.told[-1].endswith("delete table ip demitasse-i1-probe")
    assert [each.spec.name for each in world.engine._boxes.values()] == ["demitasse-i1-firewall"]


def test_what_nft_refuses_is_an_error() -> None:
    world = World()
    world.refuses = True
    with pytest.raises(EngineError, match=r"^packets cannot be filtered: Error: No buffer space$"):
        asyncio.run(world.firewall.guard(ONE, None))


def test_only_tables_of_this_installation_are_seen_and_removed() -> None:
    world = World()
    world.tables = ["filter", "demitasse-i1-eni-1", "demitasse-i2-eni-1", "demitasse-i1-eni-2"]

    async def scenario() -> None:
        await world.firewall.guard(ONE, None)
        assert await world.firewall.guarded() == {"eni-1", "eni-2"}
        await world.firewall.unguard("eni-1", "eni-3")

    asyncio.run(scenario())
    assert world.told[-1] == "delete table ip demitasse-i1-eni-1"
    assert [each.spec.name for each in world.engine._boxes.values()] == ["demitasse-i1-firewall"]


def test_the_container_of_an_earlier_version_makes_room() -> None:
    world = World()
    world.engine.add_image("earlier")

    async def scenario() -> None:
        await world.engine.create(
            ContainerSpec(name="demitasse-i1-firewall", image="earlier", network=HostNetwork())
        )
        await world.firewall.guard(TWO, None)

    asyncio.run(scenario())
    (box,) = world.engine._boxes.values()
    assert (box.spec.image, box.spec.cap_add) == (PAUSE_IMAGE, ("NET_ADMIN",))
