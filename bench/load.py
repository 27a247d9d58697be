"""Load by ``wrk``: one thread, kept connections, every answer checked for its status."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_REPORT = """
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\\nBENCH {"requests": %d, "micros": %d, "p50": %f, "p99": %f, "refused": %d, "broken": %d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.status, e.connect + e.read + e.write + e.timeout))
end
"""


@dataclass(frozen=True)
class Prepared:
    """A request that is sent again and again, to the byte the same."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


@dataclass(frozen=True)
class Load:
    """What came of it; latencies in milliseconds. ``refused`` answers were neither 2xx nor 3xx."""

    requests: int
    seconds: float
    p50: float
    p99: float
    refused: int
    broken: int

    @property
    def rate(self) -> float:
        """Good answers per second."""
        return (self.requests - self.refused) / self.seconds

    @property
    def spoilt(self) -> bool:
        """Whether so much went wrong that the figures say nothing."""
        return self.refused + self.broken > self.requests / 100 or not self.requests


def run(request: Prepared, *, connections: int, seconds: float) -> Load:
    """Send ``request`` on ``connections`` connections for ``seconds``."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "request.lua")
        script.write_text(_lua(request), encoding="utf-8")
        argv = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--latency"]
        argv += ["--timeout", "10s", "-s", str(script), request.url]
        done = subprocess.run(argv, capture_output=True, text=True, check=True)
    line = next(line for line in done.stdout.splitlines() if line.startswith("BENCH "))
    said = json.loads(line.removeprefix("BENCH "))
    return Load(
        requests=said["requests"],
        seconds=said["micros"] / 1e6,
        p50=said["p50"] / 1000,
        p99=said["p99"] / 1000,
        refused=said["refused"],
        broken=said["broken"],
    )


def _lua(request: Prepared) -> str:
    lines = [f"wrk.method = {_quoted(request.method)}"]
    if request.body:
        lines.append(f"wrk.body = {_quoted(request.body)}")
    lines += [
        f"wrk.headers[{_quoted(name)}] = {_quoted(value)}"
        for name, value in request.headers.items()
    ]
    return "\n".join(lines) + _REPORT


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
