"""Load balancers when things go wrong, and while they change under load."""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.contract.traffic_world import (
    RealWorld,
    listening,
    run_real,
    to,
)

from demitasse.engines.traffic.conditions import HttpHeader
from demitasse.engines.traffic.runtime import session
from demitasse.engines.traffic.spec import FixedResponse, Rule
from demitasse.errors import EngineError

pytestmark = pytest.mark.docker


def test_a_killed_container_is_back_when_applied_again(tmp_path: Path) -> None:
    async def scenario(w: RealWorld) -> None:
        one = w.backend()
        spec = w.balancer(w.group("g", one))
        await w.healthy(spec)
        w.docker("kill", w.container(spec))

        await w.engine.apply(spec)
        assert (await w.get(spec)).by == one.port

    run_real(tmp_path, scenario)


def test_a_crashed_process_comes_back_without_the_platform(tmp_path: Path) -> None:
    async def scenario(w: RealWorld) -> None:
        one, two = w.backend(), w.backend()
        spec = w.balancer(w.group("g", one))
        await w.healthy(spec)
        spec = replace(spec, target_groups=(w.group("g", two),))
        await w.engine.apply(spec)
        pid = w.docker("inspect", "--format", "{{.State.Pid}}", w.container(spec))
        w.docker("run", "--rm", "--pid=host", "--entrypoint=/bin/busybox", "demitasse/pause:2",
                 "kill", "-9", pid)  # fmt: skip

        deadline = time.monotonic() + 5
        while True:
            try:
                assert (await w.get(spec)).by == two.port
                break
            except ConnectionError:
                assert time.monotonic() < deadline
                await asyncio.sleep(0.05)

    run_real(tmp_path, scenario)


def test_a_restarted_platform_adopts_what_runs(tmp_path: Path) -> None:
    async def scenario(w: RealWorld) -> None:
        one, two = w.backend(), w.backend()
        spec = w.balancer(w.group("g", one))
        await w.healthy(spec)
        started = w.docker("inspect", "--format", "{{.State.StartedAt}}", w.container(spec))

        w.engine = w.another()
        assert spec.id in await w.engine.running()
        await w.engine.apply(spec)
        await w.healthy(replace(spec, target_groups=(w.group("g", two),)))

        assert await w.served(spec) == {two.port}
        assert w.docker("inspect", "--format", "{{.State.StartedAt}}", w.container(spec)) == started

    run_real(tmp_path, scenario)


def test_servers_that_nobody_knows_are_removed(tmp_path: Path) -> None:
    async def scenario(w: RealWorld) -> None:
        one, stranger = w.backend(), w.backend()
        spec = w.balancer(w.group("g", one))
        await w.healthy(spec)
        place = f"127.0.0.1:{stranger.port}"
        async with session(w.folder / spec.id / "run" / "admin.sock") as haproxy:
            await haproxy.ask(f"add server group-g/{place} {place}")
            await haproxy.ask(f"enable server group-g/{place}")
            await haproxy.ask(f"disable server group-g/127.0.0.1:{one.port}")
        assert await w.served(spec) == {stranger.port}

        await w.healthy(spec)

        assert await w.served(spec) == {one.port}
        assert [each.port for each in (await w.engine.observe(spec.id)).group("g").targets] == [
            one.port
        ]

    run_real(tmp_path, scenario)


@pytest.mark.parametrize("header", [HttpHeader("X\nY", ("*",)), HttpHeader("not)aname", ("*",))])
def test_what_haproxy_refuses_changes_nothing(tmp_path: Path, header: HttpHeader) -> None:
    async def scenario(w: RealWorld) -> None:
        one = w.backend()
        spec = w.balancer(w.group("g", one))
        await w.healthy(spec)
        config = (w.folder / spec.id / "haproxy.cfg").read_text()
        refused = listening(spec, to(("g", 1)), Rule(1, (header,), FixedResponse(200)))

        with pytest.raises(EngineError, match="configuration"):
            await w.engine.apply(refused)

        assert (await w.get(spec)).by == one.port
        assert (w.folder / spec.id / "haproxy.cfg").read_text() == config
        w.docker("restart", "--time=0", w.container(spec))
        await w.engine.apply(spec)
        assert (await w.get(spec)).by == one.port

    run_real(tmp_path, scenario)


def test_a_lost_address_is_put_back(tmp_path: Path) -> None:
    async def scenario(w: RealWorld) -> None:
        one = w.backend()
        spec = w.balancer(w.group("g", one))
        await w.healthy(spec)
        w.docker("run", "--rm", "--network=host", "--cap-add=NET_ADMIN", "--entrypoint=/bin/busybox",
                 "demitasse/pause:2", "ip", "addr", "del", f"{spec.address}/32", "dev", "lo")  # fmt: skip

        await w.engine.apply(spec)

        assert (await w.get(spec)).by == one.port

    run_real(tmp_path, scenario)


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    async def scenario(w: RealWorld) -> None:
        spec = w.balancer(w.group("g", w.backend()))
        await w.engine.apply(spec)
        await w.engine.remove(spec.id)

        assert not list(w.folder.iterdir())
        assert w.docker("ps", "-aq", "--filter", f"name={w.container(spec)}") == ""
        with socket.socket() as probe, pytest.raises(OSError, match="assign"):
            probe.bind((spec.address, 0))

    run_real(tmp_path, scenario)


def test_a_shift_loses_no_request(tmp_path: Path) -> None:
    async def scenario(w: RealWorld) -> None:
        blue, green, more = w.backend(), w.backend(), w.backend()
        groups = {"blue": w.group("blue", blue), "green": w.group("green")}
        spec = w.balancer(groups["blue"], groups["green"])
        await w.healthy(listening(spec, to(("blue", 1), ("green", 0))))
        stop = asyncio.Event()
        answers: list[int] = []

        async def client() -> None:
            while not stop.is_set():
                answers.append((await w.get(spec)).status)

        clients = [asyncio.ensure_future(client()) for _ in range(8)]
        for weights, blues, greens in (
            ((1, 0), (blue.target,), (green.target,)),
            ((1, 0), (blue.target,), (green.target, more.target)),
            ((9, 1), (blue.target,), (green.target, more.target)),
            ((1, 1), (blue.target,), (replace(green.target, draining=True), more.target)),
            ((0, 1), (blue.target,), (more.target,)),
            ((0, 1), (replace(blue.target, draining=True),), (more.target,)),
            ((0, 1), (), (more.target,)),
        ):
            spec = replace(
                listening(spec, to(("blue", weights[0]), ("green", weights[1]))),
                target_groups=(
                    replace(groups["blue"], targets=blues),
                    replace(groups["green"], targets=greens),
                ),
            )
            await w.healthy(spec)
            await asyncio.sleep(0.15)
        stop.set()
        await asyncio.gather(*clients)

        assert len(answers) > 100
        assert set(answers) == {200}

    run_real(tmp_path, scenario)
