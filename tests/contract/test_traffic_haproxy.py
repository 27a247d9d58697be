"""What only real traffic can show: AWS's answers, headers, cookies, streams and waits."""

from __future__ import annotations

import asyncio
import random
import re
import socket
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.contract.traffic_world import (
    CHECK,
    RealWorld,
    listening,
    run_real,
    to,
)

from demitasse.engines.traffic.conditions import (
    HostHeader,
    HttpHeader,
    PathPattern,
    QueryString,
    RequestMethod,
    SourceIp,
)
from demitasse.engines.traffic.observation import Reason, State
from demitasse.engines.traffic.routing import Request, action_for
from demitasse.engines.traffic.spec import (
    Algorithm,
    AppCookie,
    FixedResponse,
    LbCookie,
    Listener,
    Redirect,
    Rule,
    TargetGroup,
    Xff,
)

pytestmark = pytest.mark.docker


def random_rules(chance: random.Random) -> tuple[Rule, ...]:
    def pattern(letters: str, longest: int = 4) -> str:
        return "".join(chance.choice(letters) for _ in range(chance.randint(1, longest)))

    def condition() -> object:
        return chance.choice(
            [
                lambda: PathPattern(tuple("/" + pattern("aB*?.$") for _ in range(2))),
                lambda: HostHeader((pattern("aB*?") + ".com",)),
                lambda: HttpHeader("X-Test", (pattern("aB*?-' "),)),
                lambda: RequestMethod((chance.choice(["GET", "PUT", "PURGE"]),)),
                lambda: QueryString(
                    ((chance.choice([None, pattern("aB*?", 2)]), pattern("aB*?", 2)),)
                ),
                lambda: SourceIp((chance.choice(["127.0.0.2/32", "127.0.0.0/30"]),)),
            ]
        )()

    return tuple(
        Rule(
            number,
            tuple(condition() for _ in range(chance.choice([1, 1, 2]))),  # type: ignore[misc]
            FixedResponse(200, body=f"rule {number}"),
        )
        for number in range(1, 60)
    )


def test_haproxy_chooses_the_rule_that_aws_chooses(tmp_path: Path) -> None:
    async def scenario(w: RealWorld) -> None:
        chance = random.Random(0)
        spec = listening(w.balancer(), FixedResponse(200, body="default"), *random_rules(chance))
        await w.engine.apply(spec)
        chosen = set()
        for _ in range(400):
            target = "/" + "".join(chance.choice("aAbB.$x") for _ in range(chance.randint(0, 4)))
            if chance.random() < 0.7:
                target += "?" + "".join(
                    chance.choice("aAbB=&") for _ in range(chance.randint(0, 6))
                )
            headers = {
                "Host": chance.choice(["a.com", "AB.com", "b.org", "ba.COM:80"]),
                "X-Test": chance.choice(["a", "B-a", "a'b", "b b", "AB"]),
            }
            method = chance.choice(["GET", "PUT", "PURGE", "DELETE"])
            client = chance.choice(["127.0.0.2", "127.0.0.3", "127.0.0.9"])
            expected = action_for(
                spec.listeners[0], Request(target, method, tuple(headers.items()), client)
            )
            assert isinstance(expected, FixedResponse)
            got = await w.get(spec, target, method=method, headers=headers, client=client)
            assert got.body.decode() == expected.body, (target, method, headers, client)
            chosen.add(got.body)
        assert len(chosen) > 10

    run_real(tmp_path, scenario)


def test_targets_see_aws_headers(tmp_path: Path) -> None:
    async def scenario(w: RealWorld) -> None:
        group = w.group("g", w.backend())
        spec = w.balancer(group, drop_invalid_header_fields=True)
        default = spec.listeners[0].default
        spec = replace(spec, listeners=(Listener(80, default), Listener(8080, default)))
        await w.healthy(spec)
        root = r"^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$"

        plain = (await w.get(spec, client="127.0.0.2")).echoed()
        assert plain["x-forwarded-for"] == ["127.0.0.2"]
        assert plain["x-forwarded-proto"] == ["http"]
        assert plain["x-forwarded-port"] == ["80"]
        assert plain["host"] == [spec.address]
        [trace] = plain["x-amzn-trace-id"]
        assert re.match(root, trace)
        assert (await w.get(spec)).echoed()["x-amzn-trace-id"] != [trace]

        sent = {
            "X-Forwarded-For": "1.2.3.4",
            "X-Forwarded-Port": "99",
            "X-Amzn-Trace-Id": "Root=1-0-0;CalledFrom=app",
            "Bad_Name": "x",
            "Host": "example.com:80",
        }
        asked = (await w.get(spec, client="127.0.0.2", headers=sent)).echoed()
        assert asked["x-forwarded-for"] == ["1.2.3.4, 127.0.0.2"]
        assert asked["x-forwarded-port"] == ["80"]
        assert asked["host"] == ["example.com"]
        assert "bad_name" not in asked
        [trace] = asked["x-amzn-trace-id"]
        assert trace.startswith("Self=1-")
        assert trace.endswith(";Root=1-0-0;CalledFrom=app")

        again = (await w.get(spec, headers={"X-Amzn-Trace-Id": trace})).echoed()
        [renewed] = again["x-amzn-trace-id"]
        assert renewed != trace
        assert renewed.count("Self=") == 1
        assert renewed.endswith(";Root=1-0-0;CalledFrom=app")

        rootless = (await w.get(spec, headers={"X-Amzn-Trace-Id": "CalledFrom=app"})).echoed()
        assert re.match(root[:-1] + ";CalledFrom=app$", rootless["x-amzn-trace-id"][0])

        other = (await w.get(spec, port=8080, headers={"Host": "example.com"})).echoed()
        assert other["host"] == ["example.com:8080"]
        assert other["x-forwarded-port"] == ["8080"]
        named = (await w.get(spec, port=8080, headers={"Host": "example.com:99"})).echoed()
        assert named["host"] == ["example.com:99"]

        await w.engine.apply(replace(spec, xff=Xff.REMOVE, preserve_host_header=True))
        removed = (await w.get(spec, headers=sent)).echoed()
        assert "x-forwarded-for" not in removed
        assert removed["host"] == ["example.com:80"]
        await w.engine.apply(replace(spec, xff=Xff.PRESERVE))
        assert (await w.get(spec, headers=sent)).echoed()["x-forwarded-for"] == ["1.2.3.4"]
        await w.engine.apply(replace(spec, xff_client_port=True))
        [client] = (await w.get(spec, client="127.0.0.2")).echoed()["x-forwarded-for"]
        assert client.startswith("127.0.0.2:")

    run_real(tmp_path, scenario)


def test_own_answers_look_like_aws(tmp_path: Path) -> None:
    async def scenario(w: RealWorld) -> None:
        spec = listening(
            w.balancer(w.group("g")),
            to(("g", 1)),
            Rule(1, (PathPattern(("/fixed",)),), FixedResponse(418 - 14, "text/plain", "tea\n")),
            Rule(2, (PathPattern(("/empty",)),), FixedResponse(200)),
            Rule(3, (PathPattern(("/r/*",)),), Redirect("HTTPS", "n.#{host}", "443", "/#{path}")),
        )
        await w.engine.apply(spec)

        unavailable = await w.get(spec)
        assert unavailable.header("Server") == "awselb/2.0"
        assert b"<h1>503 Service Temporarily Unavailable</h1>" in unavailable.body
        fixed = await w.get(spec, "/fixed")
        assert (fixed.status, fixed.body) == (404, b"tea\n")
        assert fixed.header("Content-Type") == "text/plain; charset=utf-8"
        assert fixed.header("Server") == "awselb/2.0"
        assert (await w.get(spec, "/empty")).body == b""
        moved = await w.get(spec, "/r/a?b=c")
        assert moved.status == 301
        assert moved.header("Location") == f"https://n.{spec.address}:443/r/a?b=c"
        assert (await w.get(spec, "/r/a")).header("Location") == (
            f"https://n.{spec.address}:443/r/a"
        )
        assert (await w.get(spec, method="TRACE")).status == 405

    run_real(tmp_path, scenario)


def test_a_target_that_fails_gives_502_and_504(tmp_path: Path) -> None:
    async def scenario(w: RealWorld) -> None:
        one, gone = w.backend(), w.backend()
        spec = w.balancer(w.group("g", one), w.group("gone", gone), idle_timeout=0.5)
        spec = listening(spec, to(("g", 1)), Rule(1, (PathPattern(("/gone",)),), to(("gone", 1))))
        await w.healthy(spec)
        gone.stop()
        w.backends.remove(gone)

        for path, status, title in (
            ("/reset", 502, b"502 Bad Gateway"),
            ("/garbage", 502, b"502 Bad Gateway"),
            ("/hold", 504, b"504 Gateway Time-out"),
            ("/gone", 502, b"502 Bad Gateway"),
        ):
            got = await w.get(spec, path)
            assert (got.status, got.header("Server")) == (status, "awselb/2.0"), path
            assert title in got.body
        assert (await w.get(spec)).by == one.port

    run_real(tmp_path, scenario)


def test_why_a_health_check_failed(tmp_path: Path) -> None:
    async def scenario(w: RealWorld) -> None:
        wrong, gone = w.backend(), w.backend()
        wrong.health = 404
        mute = socket.create_server(("127.0.0.1", 0))
        check = replace(CHECK, timeout=0.2)
        silent = replace(gone.target, port=mute.getsockname()[1])
        targets = (wrong.target, gone.target, silent)
        spec = w.balancer(TargetGroup("g", targets, check))
        gone.stop()
        w.backends.remove(gone)
        await w.engine.apply(spec)
        with mute:
            await w.until(
                spec,
                lambda o: all(each.state is State.UNHEALTHY for each in o.group("g").targets),
            )
            seen = await w.until(
                spec,  # not at the moment of the next check
                lambda o: "404" in str(o.group("g").target("127.0.0.1", wrong.port).description),
            )

        group = seen.group("g")
        assert group.target("127.0.0.1", wrong.port).description == (
            "Health checks failed with these codes: [404]"
        )
        assert group.target("127.0.0.1", gone.port).reason is Reason.FAILED_HEALTH_CHECKS
        assert group.target("127.0.0.1", silent.port).reason is Reason.TIMEOUT
        assert group.target("127.0.0.1", silent.port).description == "Request timed out"

    run_real(tmp_path, scenario)


def test_a_new_target_gets_nothing_before_its_first_check_passed(tmp_path: Path) -> None:
    async def scenario(w: RealWorld) -> None:
        old, new = w.backend(), w.backend()
        new.health = 500
        check = replace(CHECK, unhealthy_threshold=10)
        spec = w.balancer(w.group("g", old, health_check=check))
        await w.healthy(spec)

        spec = replace(spec, target_groups=(w.group("g", old, new, health_check=check),))
        await w.engine.apply(spec)
        seen = (await w.engine.observe(spec.id)).group("g").target("127.0.0.1", new.port)
        assert (seen.state, seen.reason) == (State.INITIAL, Reason.INITIAL_HEALTH_CHECKING)
        assert await w.served(spec) == {old.port}

        new.health = 200
        await w.until(
            spec,
            lambda o: o.group("g").target("127.0.0.1", new.port).state is State.HEALTHY,
        )
        assert await w.served(spec) == {old.port, new.port}

    run_real(tmp_path, scenario)


def test_health_survives_a_reload(tmp_path: Path) -> None:
    async def scenario(w: RealWorld) -> None:
        good, bad = w.backend(), w.backend()
        slow = replace(CHECK, interval=1.0)
        spec = w.balancer(w.group("g", good, bad, health_check=slow))
        bad.health = 500
        await w.engine.apply(spec)
        await w.until(
            spec,
            lambda o: (
                {each.port: each.state for each in o.group("g").targets}
                == {good.port: State.HEALTHY, bad.port: State.UNHEALTHY}
            ),
        )

        new = w.backend()
        new.health = 500
        spec = replace(
            spec,
            listeners=(*spec.listeners, Listener(81, FixedResponse(200))),
            target_groups=(w.group("g", good, bad, new, health_check=slow),),
        )
        await w.engine.apply(spec)

        assert await w.served(spec) == {good.port}
        states = {
            each.port: each.state for each in (await w.engine.observe(spec.id)).group("g").targets
        }
        assert states[good.port] is State.HEALTHY
        assert states[bad.port] is State.UNHEALTHY

    run_real(tmp_path, scenario)


def test_the_load_balancers_cookie_sticks(tmp_path: Path) -> None:
    async def scenario(w: RealWorld) -> None:
        one, two = w.backend(), w.backend()
        spec = w.balancer(w.group("g", one, two, stickiness=LbCookie(60)))
        await w.healthy(spec)

        first = await w.get(spec)
        header = first.header("Set-Cookie") or ""
        assert "Expires=" in header
        assert "Path=/" in header
        cookie = {"Cookie": f"AWSALB={first.cookies()['AWSALB']}"}
        assert {(await w.get(spec, headers=cookie)).by for _ in range(8)} == {first.by}

        [chosen] = [each for each in (one, two) if each.port == first.by]
        [other] = [each for each in (one, two) if each.port != first.by]
        leaving = replace(chosen.target, draining=True)
        group = w.group("g", stickiness=LbCookie(60))
        await w.engine.apply(
            replace(spec, target_groups=(replace(group, targets=(leaving, other.target)),))
        )
        assert {(await w.get(spec, headers=cookie)).by for _ in range(4)} == {other.port}

    run_real(tmp_path, scenario)


def test_stickiness_follows_the_applications_cookie(tmp_path: Path) -> None:
    async def scenario(w: RealWorld) -> None:
        one, two = w.backend(), w.backend()
        spec = w.balancer(w.group("g", one, two, stickiness=AppCookie("session", 60)))
        await w.healthy(spec)
        assert (await w.get(spec)).cookies() == {"AWSALBAPP-0": "_remove_"}

        one.cookie = two.cookie = "session=abc; Path=/"
        first = await w.get(spec)
        both_cookies = first.cookies()
        assert set(both_cookies) == {"session", "AWSALBAPP-0"}
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in both_cookies.items())}
        assert {(await w.get(spec, headers=sent)).by for _ in range(8)} == {first.by}

    run_real(tmp_path, scenario)


def test_the_group_cookie_sticks_until_the_group_has_no_weight(tmp_path: Path) -> None:
    async def scenario(w: RealWorld) -> None:
        blue, green = w.backend(), w.backend()
        spec = w.balancer(w.group("blue", blue), w.group("green", green))
        await w.healthy(listening(spec, to(("blue", 1), ("green", 1), stickiness=60)))

        first = await w.get(spec)
        cookie = {"Cookie": f"AWSALBTG={first.cookies()['AWSALBTG']}"}
        assert {(await w.get(spec, headers=cookie)).by for _ in range(10)} == {first.by}

        weights = (
            (("blue", 0), ("green", 1)) if first.by == blue.port else (("blue", 1), ("green", 0))
        )
        await w.engine.apply(listening(spec, to(*weights, stickiness=60)))
        assert first.by not in {(await w.get(spec, headers=cookie)).by for _ in range(4)}
        refused = await w.get(spec, method="TRACE")
        assert (refused.status, refused.cookies()) == (405, {})

    run_real(tmp_path, scenario)


def test_least_outstanding_requests_avoids_the_busy_target(tmp_path: Path) -> None:
    async def scenario(w: RealWorld) -> None:
        busy, idle = w.backend(), w.backend()
        algorithm = Algorithm.LEAST_OUTSTANDING_REQUESTS
        spec = w.balancer(w.group("g", busy, idle, algorithm=algorithm))
        await w.healthy(spec)
        held = asyncio.ensure_future(w.get(spec, "/hold"))
        await asyncio.to_thread(lambda: _either(busy.waiting, idle.waiting))
        holding, free = (busy, idle) if busy.waiting.is_set() else (idle, busy)

        for _ in range(12):
            assert (await w.get(spec)).by == free.port
            # HAProxy may still be ending a request whose answer is here already.
            await w.until(spec, lambda seen: sum(t.sessions for t in seen.group("g").targets) == 1)
        holding.release.set()
        assert (await held).by == holding.port

    run_real(tmp_path, scenario)


def _either(*events: object) -> None:
    deadline = time.monotonic() + 5
    while not any(each.is_set() for each in events):  # type: ignore[attr-defined]
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_draining_lets_requests_in_flight_finish_and_removal_cuts_them(tmp_path: Path) -> None:
    async def scenario(w: RealWorld) -> None:
        stays, goes = w.backend(), w.backend()
        spec = w.balancer(w.group("g", goes))
        await w.healthy(spec)
        held = asyncio.ensure_future(w.get(spec, "/hold"))
        await asyncio.to_thread(goes.waiting.wait, 5)

        leaving = replace(goes.target, draining=True)
        spec = replace(spec, target_groups=(TargetGroup("g", (stays.target, leaving), CHECK),))
        await w.engine.apply(spec)
        seen = (await w.engine.observe(spec.id)).group("g").target("127.0.0.1", goes.port)
        assert (seen.state, seen.sessions) == (State.DRAINING, 1)
        assert await w.served(spec) == {stays.port}
        goes.release.set()
        assert (await held).by == goes.port
        await w.until(spec, lambda o: o.group("g").target("127.0.0.1", goes.port).sessions == 0)

        goes.release.clear()
        goes.waiting.clear()
        await w.healthy(replace(spec, target_groups=(w.group("g", goes),)))
        held = asyncio.ensure_future(w.get(spec, "/hold"))
        await asyncio.to_thread(goes.waiting.wait, 5)
        await w.engine.apply(replace(spec, target_groups=(w.group("g", stays),)))
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(held, 3)

    run_real(tmp_path, scenario)


def test_a_reload_keeps_requests_in_flight_and_open_connections(tmp_path: Path) -> None:
    async def scenario(w: RealWorld) -> None:
        one = w.backend()
        spec = w.balancer(w.group("g", one))
        await w.healthy(spec)
        held = asyncio.ensure_future(w.get(spec, "/hold"))
        await asyncio.to_thread(one.waiting.wait, 5)

        await w.engine.apply(
            replace(spec, listeners=(*spec.listeners, Listener(81, FixedResponse(201))))
        )

        assert (await w.get(spec, port=81)).status == 201
        one.release.set()
        assert (await held).by == one.port

    run_real(tmp_path, scenario)


def test_bodies_are_streamed(tmp_path: Path) -> None:
    async def scenario(w: RealWorld) -> None:
        spec = w.balancer(w.group("g", w.backend()))
        await w.healthy(spec)
        large = b"x" * 5_000_000

        assert (await w.get(spec, "/count", method="POST", body=large)).body == b"5000000"
        chunks = (b"y" * 10_000 for _ in range(100))
        assert (await w.get(spec, "/count", method="POST", body=chunks)).body == b"1000000"

    run_real(tmp_path, scenario)


def test_a_websocket_stays_open_until_it_is_idle(tmp_path: Path) -> None:
    async def scenario(w: RealWorld) -> None:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await reader.readuntil(b"\r\n\r\n")
            if b"pgrade: websocket" not in head:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            else:
                writer.write(
                    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                    b"Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
                )
                while said := await reader.read(100):
                    writer.write(said)
            writer.close()

        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        one = w.backend()
        target = replace(one.target, port=port)
        spec = w.balancer(TargetGroup("g", (target,), CHECK), idle_timeout=1.0)
        await w.healthy(spec)
        reader, writer = await asyncio.open_connection(spec.address, 80)
        writer.write(
            b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        for _ in range(4):
            writer.write(b"ping")
            assert await reader.read(100) == b"ping"
            await asyncio.sleep(0.4)
        seen = await w.engine.observe(spec.id)
        assert seen.group("g").targets[0].sessions == 1

        begun = time.monotonic()
        assert await reader.read() == b""
        assert 0.2 < time.monotonic() - begun < 3
        with closing(writer):
            pass
        server.close()
        await server.wait_closed()

    run_real(tmp_path, scenario)


def test_counters_count(tmp_path: Path) -> None:
    async def scenario(w: RealWorld) -> None:
        one = w.backend()
        spec = w.balancer(w.group("g", one))
        await w.healthy(spec)
        for _ in range(3):
            await w.get(spec)

        # HAProxy counts an answer when it has ended the request, after the client has got it.
        seen = await w.until(spec, lambda seen: seen.listeners[0].counters.answers[2] == 3)

        assert seen.listeners[0].counters.requests == 3
        assert seen.listeners[0].new_connections == 3
        assert seen.group("g").counters.answers[2] == 3
        assert seen.group("g").targets[0].counters.answers[2] == 3

    run_real(tmp_path, scenario)
