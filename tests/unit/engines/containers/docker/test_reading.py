from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demitasse.engines.containers.docker import reading
from demitasse.engines.containers.observation import Event, PullProgress

NEVER = "0001-01-01T00:00:00Z"


def answer(**state: Any) -> dict[str, Any]:
    return {
        "Id": "c0",
        "Name": "/cup",
        "Created": "2026-11-23T05:31:39.540177858Z",
        "Image": "sha256:1",
        "RestartCount": 2,
        "State": {
            "Status": "running",
            "Running": True,
            "OOMKilled": False,
            "Pid": 42,
            "ExitCode": 0,
            "Error": "",
            "StartedAt": "2026-11-23T05:31:40Z",
            "FinishedAt": NEVER,
            **state,
        },
        "Config": {"Image": "cup:1", "Labels": {"a": "b"}},
        "NetworkSettings": {
            "Networks": {"net": {"IPAddress": "10.0.0.5"}, "other": {"IPAddress": ""}}
        },
    }


def test_a_running_container() -> None:
    seen = reading.container(answer())
    assert (seen.id, seen.name, seen.image, seen.image_id) == ("c0", "cup", "cup:1", "sha256:1")
    assert (seen.state, seen.running, seen.pid, seen.restarts) == ("running", True, 42, 2)
    assert (seen.exit_code, seen.finished_at, seen.health) == (None, None, "none")
    assert seen.started_at == datetime(2026, 11, 23, 5, 31, 40, tzinfo=UTC)
    assert seen.created_at == datetime(2026, 11, 23, 5, 31, 39, 540177, tzinfo=UTC)
    assert seen.addresses == {"net": "10.0.0.5"}
    assert seen.labels == {"a": "b"}


def test_a_container_that_ended_and_runs_again_has_no_end() -> None:
    seen = reading.container(answer(FinishedAt="2026-11-23T05:31:39Z", ExitCode=0))
    assert (seen.exit_code, seen.finished_at) == (None, None)


def test_an_ended_container() -> None:
    seen = reading.container(
        answer(
            Status="exited",
            Running=False,
            Pid=0,
            ExitCode=137,
            OOMKilled=True,
            FinishedAt="2026-11-23T05:32:00Z",
        )
    )
    assert (seen.state, seen.exit_code, seen.oom_killed) == ("exited", 137, True)
    assert seen.finished_at == datetime(2026, 11, 23, 5, 32, tzinfo=UTC)


def test_one_that_could_not_start_says_why() -> None:
    seen = reading.container(
        answer(Status="created", Running=False, ExitCode=127, Error="no program", StartedAt=NEVER)
    )
    assert (seen.state, seen.exit_code, seen.error) == ("created", 127, "no program")
    assert seen.started_at is None


def test_health_with_its_last_words() -> None:
    log = [{"Output": "first"}, {"Output": "second"}]
    seen = reading.container(answer(Health={"Status": "unhealthy", "Log": log}))
    assert (seen.health, seen.health_log) == ("unhealthy", "second")
    seen = reading.container(answer(Health={"Status": "starting", "Log": None}))
    assert (seen.health, seen.health_log) == ("starting", "")


@pytest.mark.parametrize(
    ("state", "status", "code", "health"),
    [
        ("running", "Up 3 seconds", None, "none"),
        ("running", "Up 3 seconds (healthy)", None, "healthy"),
        ("running", "Up 3 minutes (unhealthy)", None, "unhealthy"),
        ("running", "Up 3 seconds (health: starting)", None, "starting"),
        ("exited", "Exited (137) 2 hours ago", 137, "none"),
        ("exited", "Exited (0) Less than a second ago", 0, "none"),
        ("created", "Created", None, "none"),
    ],
)
def test_a_list_says_less(state: str, status: str, code: int | None, health: str) -> None:
    seen = reading.listed(
        {
            "Id": "c0",
            "Names": ["/cup"],
            "Image": "cup:1",
            "ImageID": "sha256:1",
            "State": state,
            "Status": status,
            "Created": 1_700_000_000,
            "Labels": None,
            "NetworkSettings": {"Networks": None},
        }
    )
    assert (seen.state, seen.exit_code, seen.health) == (state, code, health)
    assert (seen.name, seen.labels, seen.addresses) == ("cup", {}, {})
    assert seen.created_at == datetime.fromtimestamp(1_700_000_000, UTC)


def test_an_image_with_nothing_said() -> None:
    info = reading.image({"Id": "sha256:1", "RepoTags": None, "Config": None})
    assert (info.id, info.tags, info.command, info.exposed_ports) == ("sha256:1", (), (), ())


def test_networks_tell_range_gateway_and_bridge() -> None:
    told: dict[str, Any] = {
        "Id": "0123456789abcdef",
        "Name": "net",
        "Labels": None,
        "Options": None,
        "IPAM": {"Config": [{"Subnet": "10.0.0.0/24"}]},
    }
    network = reading.network(told)
    assert (network.cidr, network.gateway) == ("10.0.0.0/24", "10.0.0.1")
    assert network.bridge == "br-0123456789ab"
    told["IPAM"] = {"Config": [{"Subnet": "10.0.0.0/24", "Gateway": "10.0.0.254"}]}
    told["Options"] = {"com.docker.network.bridge.name": "cup0"}
    network = reading.network(told)
    assert (network.gateway, network.bridge) == ("10.0.0.254", "cup0")


def test_events() -> None:
    labels = {"demitasse.installation": "i", "team": "coffee"}
    attributes = {**labels, "name": "cup", "image": "cup:1", "exitCode": "137", "signal": "9"}
    told = {
        "Type": "container",
        "Action": "die",
        "Actor": {"ID": "c0", "Attributes": attributes},
        "time": 1,
        "timeNano": 1_000_000_007,
    }
    assert reading.event(told) == Event(
        action="die", id="c0", name="cup", labels=labels, exit_code=137, time=1_000_000_007
    )
    told["Action"] = "health_status: unhealthy"
    event = reading.event(told)
    assert (event.action, event.health) == ("health_status", "unhealthy")
    told["Action"] = "exec_create: sh -c true"
    event = reading.event(told)
    assert (event.action, event.health) == ("exec_create", None)


def test_progress() -> None:
    told = {"status": "Downloading", "id": "ab", "progressDetail": {"current": 1, "total": 2}}
    assert reading.progress(told) == PullProgress("Downloading", "ab", 1, 2)
    assert reading.progress({"status": "x", "progressDetail": {}}) == PullProgress("x")


def test_moments() -> None:
    assert reading.moment(NEVER) is None
    assert reading.moment("") is None
    assert reading.moment(None) is None
    two = timezone(timedelta(hours=2))
    assert reading.moment("2026-01-01T02:00:00.5+02:00") == datetime(
        2026, 1, 1, 2, 0, 0, 500_000, tzinfo=two
    )


@given(st.integers(0, 4_000_000_000), st.integers(0, 999_999_999), st.sampled_from([0, 2, -3.5]))
def test_nanoseconds_are_kept(second: int, rest: int, hours: float) -> None:
    zone = timezone(timedelta(hours=hours)) if hours else UTC
    head = datetime.fromtimestamp(second, zone).strftime("%Y-%m-%dT%H:%M:%S")
    tail = datetime.fromtimestamp(second, zone).strftime("%z")
    suffix = f"{tail[:3]}:{tail[3:]}" if hours else "Z"
    expected = second * 1_000_000_000 + rest
    assert reading.nanoseconds(f"{head}.{rest:09d}{suffix}") == expected
    trimmed = f".{rest:09d}".rstrip("0").rstrip(".")
    assert reading.nanoseconds(f"{head}{trimmed}{suffix}") == expected
