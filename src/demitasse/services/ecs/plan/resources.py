"""How a task's processor and memory are divided among its containers: Fargate's hard bound."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from demitasse.services.ecs.records import ContainerDefinition

LEAST_MEMORY = 6
"""MiB: what Docker gives a container at least."""


class Share(NamedTuple):
    """A container's part: processors, and MiB of memory."""

    cpu: float
    memory: int


def shares(containers: Sequence[ContainerDefinition], cpu: int, memory: int) -> dict[str, Share]:
    """Each container's hard limits; their sums never exceed the task's ``cpu`` and ``memory``.

    A container with a ``memory`` of its own has that much; the others share what is left equally
    (one that reserves more gets more). Processor units follow the containers' ``cpu``: what is
    not asked for goes to those that ask for nothing, or to all in proportion.
    """
    units = _divide([each.cpu for each in containers], cpu)
    hard = [each.memory or 0 for each in containers]
    left = memory - sum(hard)
    open_ = [each for each in containers if each.memory is None]
    reserved = _with_reservations(open_, left)
    return {
        each.name: Share(
            math.floor(unit / 1024 * 10_000) / 10_000,
            each.memory if each.memory is not None else reserved[each.name],
        )
        for each, unit in zip(containers, units, strict=True)
    }


def _divide(asked: Sequence[int], total: int) -> list[float]:
    left = total - sum(asked)
    silent = sum(1 for each in asked if each == 0)
    if silent:
        return [float(each) if each else left / silent for each in asked]
    return [each * total / sum(asked) for each in asked]


def _with_reservations(containers: Sequence[ContainerDefinition], total: int) -> dict[str, int]:
    if not containers:
        return {}
    reserved = {each.name: each.memory_reservation or 0 for each in containers}
    over = max(0, total - sum(reserved.values()))
    return {
        name: max(LEAST_MEMORY, value + over // len(containers)) for name, value in reserved.items()
    }
