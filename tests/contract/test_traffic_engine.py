"""One suite for the traffic engine and its fake: what passes here may be built upon."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from tests.contract.traffic_world import (
    CHECK,
    FakeWorld,
    RealWorld,
    World,
    listening,
    run,
    to,
)

from demitasse.engines.traffic.conditions import (
    PathPattern,
    SourceIp,
)
from demitasse.engines.traffic.observation import Reason, State
from demitasse.engines.traffic.spec import (
    FixedResponse,
    Listener,
    Redirect,
    Rule,
    TargetGroup,
)
from demitasse.errors import EngineError, NotFoundInEngine

KINDS = ["fake", pytest.param("real", marks=pytest.mark.docker)]
both = pytest.mark.parametrize("kind", KINDS)


@both
def test_requests_are_shared_by_the_targets(kind: str, tmp_path: Path) -> None:
    async def scenario(w: World) -> None:
        one, two = w.backend(), w.backend()
        spec = w.balancer(w.group("g", one, two))
        await w.healthy(spec)

        assert await w.served(spec) == {one.port, two.port}

    run(kind, tmp_path, scenario)


@both
def test_applying_the_same_again_changes_nothing(kind: str, tmp_path: Path) -> None:
    async def scenario(w: World) -> None:
        spec = w.balancer(w.group("g", w.backend()))
        before = await w.healthy(spec)

        await w.engine.apply(spec)
        after = await w.engine.observe(spec.id)

        assert [each.state for each in after.group("g").targets] == [State.HEALTHY]
        assert after.id == before.id

    run(kind, tmp_path, scenario)


@both
def test_rules_act_by_priority(kind: str, tmp_path: Path) -> None:
    async def scenario(w: World) -> None:
        customer, employee = w.backend(), w.backend()
        spec = w.balancer(w.group("customer", customer), w.group("employee", employee))
        spec = listening(
            spec,
            to(("customer", 1)),
            Rule(30, (PathPattern(("/admin/*",)),), to(("employee", 1))),
            Rule(10, (PathPattern(("/admin/closed",)),), FixedResponse(403, body="closed")),
            Rule(20, (PathPattern(("/old",)),), Redirect(path="/new", status=302)),
        )
        await w.healthy(spec)

        assert await w.served(spec, "/") == {customer.port}
        assert await w.served(spec, "/admin/suppliers") == {employee.port}
        assert (await w.get(spec, "/admin/closed")).status == 403
        assert (await w.get(spec, "/old")).status == 302

    run(kind, tmp_path, scenario)


@both
def test_a_source_ip_admits_one_address(kind: str, tmp_path: Path) -> None:
    async def scenario(w: World) -> None:
        one = w.backend()
        spec = listening(
            w.balancer(w.group("g", one)),
            FixedResponse(404),
            Rule(1, (SourceIp(("127.0.0.2/32",)),), to(("g", 1))),
        )
        await w.healthy(spec)

        assert (await w.get(spec, client="127.0.0.2")).by == one.port
        assert (await w.get(spec, client="127.0.0.3")).status == 404

    run(kind, tmp_path, scenario)


@both
def test_an_unhealthy_target_gets_no_requests(kind: str, tmp_path: Path) -> None:
    async def scenario(w: World) -> None:
        good, bad = w.backend(), w.backend()
        spec = w.balancer(w.group("g", good, bad))
        await w.healthy(spec)
        bad.health = 500

        seen = await w.until(
            spec,
            lambda o: o.group("g").target("127.0.0.1", bad.port).state is State.UNHEALTHY,
        )

        target = seen.group("g").target("127.0.0.1", bad.port)
        assert target.reason is Reason.RESPONSE_CODE_MISMATCH
        assert target.description == "Health checks failed with these codes: [500]"
        assert await w.served(spec) == {good.port}

    run(kind, tmp_path, scenario)


@both
def test_a_group_without_healthy_targets_fails_open(kind: str, tmp_path: Path) -> None:
    async def scenario(w: World) -> None:
        one, two = w.backend(), w.backend()
        spec = w.balancer(w.group("g", one, two))
        await w.healthy(spec)
        one.health = two.health = 503
        await w.until(
            spec,
            lambda o: all(each.state is State.UNHEALTHY for each in o.group("g").targets),
        )

        assert await w.served(spec) == {one.port, two.port}

        one.health = 200
        await w.until(
            spec,
            lambda o: o.group("g").target("127.0.0.1", one.port).state is State.HEALTHY,
        )
        assert await w.served(spec) == {one.port}

    run(kind, tmp_path, scenario)


@both
def test_a_draining_target_gets_no_new_requests(kind: str, tmp_path: Path) -> None:
    async def scenario(w: World) -> None:
        stays, goes = w.backend(), w.backend()
        spec = w.balancer(w.group("g", stays, goes))
        await w.healthy(spec)

        leaving = replace(goes.target, draining=True)
        spec = replace(spec, target_groups=(TargetGroup("g", (stays.target, leaving), CHECK),))
        await w.engine.apply(spec)
        seen = await w.until(spec, lambda o: len(o.group("g").targets) == 2)

        target = seen.group("g").target("127.0.0.1", goes.port)
        assert target.state is State.DRAINING
        assert target.reason is Reason.DEREGISTRATION_IN_PROGRESS
        assert target.description == "Target deregistration is in progress"
        assert await w.served(spec) == {stays.port}

        spec = replace(spec, target_groups=(w.group("g", stays),))
        await w.engine.apply(spec)
        seen = await w.engine.observe(spec.id)
        assert [each.port for each in seen.group("g").targets] == [stays.port]

    run(kind, tmp_path, scenario)


@both
def test_no_target_is_a_503(kind: str, tmp_path: Path) -> None:
    async def scenario(w: World) -> None:
        drained = replace(w.backend().target, draining=True)
        spec = w.balancer(w.group("none"), TargetGroup("drained", (drained,)), w.group("g"))
        spec = listening(
            spec,
            to(("none", 1)),
            Rule(1, (PathPattern(("/drained",)),), to(("drained", 1))),
            Rule(2, (PathPattern(("/weightless",)),), to(("g", 0))),
        )
        await w.engine.apply(spec)

        assert (await w.get(spec, "/")).status == 503
        assert (await w.get(spec, "/drained")).status == 503
        assert (await w.get(spec, "/weightless")).status == 503

    run(kind, tmp_path, scenario)


@both
def test_traffic_moves_by_weight(kind: str, tmp_path: Path) -> None:
    async def scenario(w: World) -> None:
        blue, green = w.backend(), w.backend()
        spec = w.balancer(w.group("blue", blue), w.group("green", green))
        await w.healthy(listening(spec, to(("blue", 1), ("green", 0))))
        assert await w.served(spec) == {blue.port}

        await w.engine.apply(listening(spec, to(("blue", 1), ("green", 1))))
        assert await w.served(spec, times=40) == {blue.port, green.port}

        await w.engine.apply(listening(spec, to(("green", 1))))
        assert await w.served(spec) == {green.port}

    run(kind, tmp_path, scenario)


@both
def test_listeners_come_and_go(kind: str, tmp_path: Path) -> None:
    async def scenario(w: World) -> None:
        spec = replace(w.balancer(), listeners=())
        await w.engine.apply(spec)
        assert (await w.engine.observe(spec.id)).listeners == ()

        spec = replace(
            spec, listeners=(Listener(80, FixedResponse(200)), Listener(8080, FixedResponse(201)))
        )
        await w.engine.apply(spec)
        assert [each.port for each in (await w.engine.observe(spec.id)).listeners] == [80, 8080]
        assert (await w.get(spec)).status == 200
        assert (await w.get(spec, port=8080)).status == 201

    run(kind, tmp_path, scenario)


@both
def test_a_removed_load_balancer_is_gone(kind: str, tmp_path: Path) -> None:
    async def scenario(w: World) -> None:
        one, other = w.balancer(w.group("g", w.backend())), w.balancer(w.group("g", w.backend()))
        await asyncio.gather(w.engine.apply(one), w.engine.apply(other))
        assert await w.engine.running() >= {one.id, other.id}

        await w.engine.remove(one.id)
        await w.engine.remove(one.id)

        assert one.id not in await w.engine.running()
        with pytest.raises(NotFoundInEngine):
            await w.engine.observe(one.id)
        assert (await w.get(other)).status == 200

    run(kind, tmp_path, scenario)


@both
def test_an_occupied_port_is_named_and_nothing_else_changes(kind: str, tmp_path: Path) -> None:
    async def scenario(w: World) -> None:
        one = w.backend()
        spec = w.balancer(w.group("g", one))
        await w.healthy(spec)
        more = replace(spec, listeners=(*spec.listeners, Listener(47123, FixedResponse(200))))

        assert isinstance(w, FakeWorld | RealWorld)
        with w.occupied(spec.address, 47123):
            with pytest.raises(EngineError, match=rf"port 47123 of {spec.address} .*EADDRINUSE"):
                await w.engine.apply(more)
            assert (await w.get(spec)).by == one.port
            await w.engine.apply(spec)

        await w.engine.apply(more)
        assert (await w.get(spec, port=47123)).status == 200

    run(kind, tmp_path, scenario)


@both
def test_many_calls_at_once_end_in_order(kind: str, tmp_path: Path) -> None:
    async def scenario(w: World) -> None:
        one, two = w.backend(), w.backend()
        spec = w.balancer(w.group("g", one))
        both_targets = replace(spec, target_groups=(w.group("g", one, two),))

        await asyncio.gather(
            *(w.engine.apply(each) for each in (spec, both_targets, spec, both_targets, spec))
        )

        seen = await w.engine.observe(spec.id)
        assert [each.port for each in seen.group("g").targets] == [one.port]

    run(kind, tmp_path, scenario)
