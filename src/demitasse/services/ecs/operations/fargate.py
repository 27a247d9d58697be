"""What Fargate demands of a task's size."""

from __future__ import annotations

import re

from demitasse.services.ecs.operations.names import refused

_GB = 1024
SIZES: dict[int, range | tuple[int, ...]] = {
    256: (512, _GB, 2 * _GB),
    512: range(_GB, 4 * _GB + 1, _GB),
    1024: range(2 * _GB, 8 * _GB + 1, _GB),
    2048: range(4 * _GB, 16 * _GB + 1, _GB),
    4096: range(8 * _GB, 30 * _GB + 1, _GB),
    8192: range(16 * _GB, 60 * _GB + 1, 4 * _GB),
    16384: range(32 * _GB, 120 * _GB + 1, 8 * _GB),
}
"""CPU units → the MiB of memory that go with them, as ``RegisterTaskDefinition`` documents."""

_CPU = re.compile(r"(\d{1,6})|(\d{0,3}(?:\.\d{1,3})?)\s*vcpus?", re.IGNORECASE)
_MEMORY = re.compile(r"(\d{1,7})|(\d{1,4}(?:\.\d{1,3})?)\s*gb", re.IGNORECASE)


def cpu_units(given: str) -> int:
    """``512``, ``0.5 vCPU`` or ``.5 vcpu`` in units. ``ClientException``."""
    match = _CPU.fullmatch(given.strip())
    if match is None or match[2] == "":
        raise refused(
            "Invalid 'cpu' setting for task. For more information, see the Troubleshooting section"
            " of the Amazon ECS Developer Guide."
        )
    return int(match[1]) if match[1] else round(float(match[2]) * 1024)


def memory_mib(given: str) -> int:
    """``1024``, ``1GB`` or ``0.5 GB`` in MiB. ``ClientException``."""
    match = _MEMORY.fullmatch(given.strip())
    if match is None:
        raise refused(
            "Invalid 'memory' setting for task. For more information, see the Troubleshooting"
            " section of the Amazon ECS Developer Guide."
        )
    return int(match[1]) if match[1] else round(float(match[2]) * _GB)


def allowed(cpu: int, memory: int) -> bool:
    """Whether Fargate has tasks of this size."""
    return memory in SIZES.get(cpu, ())


def check_size(cpu: str, memory: str) -> None:
    """``ClientException`` unless Fargate has tasks of this size (units and MiB, as digits)."""
    for name, value in (("cpu", cpu), ("memory", memory)):
        if not value:
            raise refused(f"Fargate requires that '{name}' be defined at the task level.")
    if not allowed(int(cpu), int(memory)):
        raise refused(
            f"No Fargate configuration exists for given values: {cpu} CPU, {memory} memory."
            " See the Amazon ECS documentation for the valid values."
        )
