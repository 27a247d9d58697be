"""What Docker Engine's API answers (v1.41 and later), as values. Pure."""

from __future__ import annotations

import functools
import ipaddress
import itertools
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from demitasse.engines.containers.observation import (
    Container,
    Event,
    Health,
    ImageInfo,
    NamedVolume,
    Network,
    PullProgress,
    State,
)

_NANOSECONDS = 1_000_000_000
_EXITED = re.compile(r"Exited \((-?\d+)\)")
_NO_LABELS = ("name", "image", "exitCode", "execDuration", "execID", "signal")
"""What Docker puts among the labels of an event's actor."""
_HEALTHS: Mapping[str, Health] = {
    "(healthy)": "healthy",
    "(unhealthy)": "unhealthy",
    "(health: starting)": "starting",
}


def moment(text: str | None) -> datetime | None:
    """RFC 3339 as Go writes it; its zero time and nothing at all are ``None``."""
    if not text or text.startswith("0001-"):
        return None
    return datetime.fromisoformat(text)


def nanoseconds(text: str) -> int:
    """RFC 3339 with up to nine digits of a second, in UTC or not, kept exactly."""
    head, _, rest = text.partition(".")
    fraction = rest.rstrip("Z")
    if not fraction.isdecimal():  # another zone than UTC, or no fraction
        fraction = "".join(itertools.takewhile(str.isdecimal, rest))
    zone = rest[len(fraction) :]
    return _whole_second(head + zone) * _NANOSECONDS + int(fraction.ljust(9, "0")[:9])


@functools.lru_cache(maxsize=8)
def _whole_second(text: str) -> int:
    """Lines of a log that come together share their second."""
    return int(datetime.fromisoformat(text).timestamp())


def container(answer: Mapping[str, Any]) -> Container:
    """From ``GET /containers/{id}/json``."""
    state, config = answer["State"], answer["Config"]
    ended = state["Status"] in ("exited", "dead") or bool(state.get("Error"))
    health = state.get("Health") or {}
    return Container(
        id=answer["Id"],
        name=answer["Name"].removeprefix("/"),
        image=config["Image"],
        image_id=answer["Image"],
        state=cast("State", state["Status"]),
        labels=config.get("Labels") or {},
        exit_code=state["ExitCode"] if ended else None,
        oom_killed=bool(state.get("OOMKilled")),
        error=state.get("Error") or "",
        created_at=moment(answer.get("Created")),
        started_at=moment(state.get("StartedAt")),
        finished_at=None if state.get("Running") else moment(state.get("FinishedAt")),
        health=cast("Health", health.get("Status") or "none"),
        health_log=_last_output(health),
        addresses=_addresses(answer),
        pid=state.get("Pid") or 0,
        restarts=answer.get("RestartCount") or 0,
    )


def listed(answer: Mapping[str, Any]) -> Container:
    """From one entry of ``GET /containers/json``, which tells less."""
    status = answer.get("Status") or ""
    code = _EXITED.match(status)
    names = answer.get("Names") or [""]
    return Container(
        id=answer["Id"],
        name=names[0].removeprefix("/"),
        image=answer["Image"],
        image_id=answer["ImageID"],
        state=cast("State", answer["State"]),
        labels=answer.get("Labels") or {},
        exit_code=int(code.group(1)) if code else None,
        created_at=datetime.fromtimestamp(answer["Created"], UTC),
        health=next((health for word, health in _HEALTHS.items() if word in status), "none"),
        addresses=_addresses(answer),
    )


def _addresses(answer: Mapping[str, Any]) -> dict[str, str]:
    networks = (answer.get("NetworkSettings") or {}).get("Networks") or {}
    return {name: each["IPAddress"] for name, each in networks.items() if each.get("IPAddress")}


def _last_output(health: Mapping[str, Any]) -> str:
    log = health.get("Log") or []
    return str(log[-1].get("Output") or "") if log else ""


def image(answer: Mapping[str, Any]) -> ImageInfo:
    """From ``GET /images/{name}/json``."""
    config = answer.get("Config") or {}
    return ImageInfo(
        id=answer["Id"],
        tags=tuple(answer.get("RepoTags") or ()),
        repo_digests=tuple(answer.get("RepoDigests") or ()),
        labels=config.get("Labels") or {},
        exposed_ports=tuple(config.get("ExposedPorts") or ()),
        size_bytes=answer.get("Size") or 0,
        user=config.get("User") or "",
        command=tuple(config.get("Cmd") or ()),
        entrypoint=tuple(config.get("Entrypoint") or ()),
        architecture=answer.get("Architecture") or "",
    )


def network(answer: Mapping[str, Any]) -> Network:
    """From ``GET /networks/{id}`` or one entry of ``GET /networks``."""
    ranges = (answer.get("IPAM") or {}).get("Config") or [{}]
    cidr = ranges[0].get("Subnet") or ""
    options = answer.get("Options") or {}
    return Network(
        id=answer["Id"],
        name=answer["Name"],
        cidr=cidr,
        gateway=ranges[0].get("Gateway") or _first_host(cidr),
        labels=answer.get("Labels") or {},
        bridge=options.get("com.docker.network.bridge.name") or f"br-{answer['Id'][:12]}",
    )


def _first_host(cidr: str) -> str | None:
    """Docker's choice of a gateway, which it does not always tell."""
    return str(next(ipaddress.ip_network(cidr).hosts())) if cidr else None


def volume(answer: Mapping[str, Any]) -> NamedVolume:
    """From ``GET /volumes/{name}``, or one entry of ``GET /volumes``."""
    return NamedVolume(
        name=answer["Name"],
        labels=answer.get("Labels") or {},
        path=answer.get("Mountpoint") or "",
    )


def event(answer: Mapping[str, Any]) -> Event:
    """From one message of ``GET /events`` about a container."""
    actor = answer["Actor"]
    attributes = actor.get("Attributes") or {}
    # Docker puts the result of a health check, or the command of an exec, behind a colon.
    action, _, detail = answer["Action"].partition(":")
    code = attributes.get("exitCode")
    return Event(
        action=action,
        id=actor["ID"],
        name=attributes.get("name") or "",
        labels={key: value for key, value in attributes.items() if key not in _NO_LABELS},
        exit_code=int(code) if code is not None else None,
        health=cast("Health", detail.strip()) if action == "health_status" else None,
        time=answer.get("timeNano") or answer["time"] * _NANOSECONDS,
    )


def progress(answer: Mapping[str, Any]) -> PullProgress:
    """From one message of ``POST /images/create``."""
    detail = answer.get("progressDetail") or {}
    return PullProgress(
        status=answer.get("status") or "",
        layer=answer.get("id") or "",
        current=detail.get("current") or 0,
        total=detail.get("total") or 0,
    )
