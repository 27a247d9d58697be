"""What processes cost, as the kernel counts it, and ending those that were started here."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def family(root: int) -> list[int]:
    """A process and all its descendants."""
    found = [root]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += [int(child) for child in children.read_text().split()]
            except OSError:
                continue
    return found


def cpu_seconds(root: int) -> float:
    """User and system time of a process and its descendants, ended ones included."""
    ticks = 0
    for process in family(root):
        try:
            stat = Path(f"/proc/{process}/stat").read_text()
        except OSError:
            continue
        fields = stat.rpartition(")")[2].split()
        ticks += sum(int(value) for value in fields[11:15])  # utime, stime, cutime, cstime
    return ticks / _TICK


def resident_bytes(root: int) -> int:
    """Resident memory of a process (not of its descendants)."""
    return int(Path(f"/proc/{root}/statm").read_text().split()[1]) * _PAGE


def stop(process: subprocess.Popen[bytes], grace: float = 20.0) -> None:
    """End a process that was started here."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def idle_share(root: int, seconds: float) -> float:
    """The share of one core that a process takes while ``seconds`` pass."""
    before, begun = cpu_seconds(root), time.monotonic()
    time.sleep(seconds)
    return (cpu_seconds(root) - before) / (time.monotonic() - begun)
