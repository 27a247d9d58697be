"""HAProxy in containers of the bench's own, beside the one that Demitasse runs."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import IPv4Network
from pathlib import Path

from bench.waiting import until

IMAGE = "haproxy:3.0"


def docker(*argv: str) -> str:
    """What ``docker`` answers; ``RuntimeError`` with its words when it fails."""
    done = subprocess.run(["docker", *argv], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"docker {argv[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


def main_process(container: str) -> int:
    """The process id, on the machine, of a container's first process."""
    return int(docker("inspect", "-f", "{{.State.Pid}}", container))


def gateway() -> str:
    """The machine's own address on Docker's bridge, which containers and targets can use."""
    asked = "{{with index .IPAM.Config 0}}{{.Subnet}} {{.Gateway}}{{end}}"
    subnet, *given = docker("network", "inspect", "bridge", "-f", asked).split()
    # Docker leaves it out when it was not set: then it is the first of the block.
    return given[0] if given else str(next(IPv4Network(subnet).hosts()))


def free_port(address: str = "127.0.0.1") -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def haproxy(config: str, folder: Path, address: str, port: int) -> Iterator[int]:
    """HAProxy with ``config`` on the machine's network; gives its process id."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "haproxy.cfg"
    file.write_text(config, encoding="utf-8")
    folder.chmod(0o755)
    file.chmod(0o644)
    container = docker(
        "run", "-d", "--rm", "--label", "demitasse.bench=1", "--network", "host",
        "-v", f"{file}:/bench.cfg:ro", "--entrypoint", "haproxy", IMAGE,
        "-W", "-db", "-f", "/bench.cfg",
    )  # fmt: skip
    try:
        listening(address, port)
        yield main_process(container)
    finally:
        with suppress(RuntimeError):
            docker("rm", "-f", container)


def listening(address: str, port: int, seconds: float = 15.0) -> None:
    """Wait until something listens there. ``TimeoutError``."""

    def answers() -> bool:
        try:
            socket.create_connection((address, port), timeout=1).close()
        except OSError:
            return False
        return True

    until(answers, f"something listens on {address}:{port}", poll=0.05, seconds=seconds)
