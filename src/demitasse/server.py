"""Serving the platform: the socket, the log, and an orderly end."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import socket
import sys

import uvicorn

from demitasse import daemon
from demitasse.errors import StartupError
from demitasse.http_protocol import HttpProtocol
from demitasse.platform import Platform
from demitasse.settings import Settings

log = logging.getLogger(__name__)

_GRACE_SECONDS = 5


def serve(settings: Settings) -> None:
    """Run the platform in this process until SIGTERM or SIGINT.

    Raises ``StartupError`` when the port is taken, the state folder is held or unusable.
    """
    logging.basicConfig(
        stream=sys.stderr,
        level=settings.log_level,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    logging.getLogger("uvicorn.error").addFilter(_not_a_tls_greeting)
    with daemon.lock(settings):
        listener = listen(settings.port)
        runner = asyncio.Runner(loop_factory=_uvloop())
        with runner:
            runner.run(_serve(settings, listener))


def _not_a_tls_greeting(record: logging.LogRecord) -> bool:
    """Docker tries TLS before it speaks HTTP to a registry; that is no warning."""
    return record.getMessage() != "Invalid HTTP request received."


def listen(port: int) -> socket.socket:
    """The API's socket, on loopback only. ``StartupError`` when the port is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise StartupError(
                f"port {port} of 127.0.0.1 is taken by another program; stop it, or choose"
                " another port with DEMITASSE_PORT"
            ) from error
        raise StartupError(f"127.0.0.1:{port} cannot be bound: {error}") from error
    return listener


def _uvloop() -> type[asyncio.AbstractEventLoop]:
    import uvloop  # noqa: PLC0415 - only the server needs it

    loop: type[asyncio.AbstractEventLoop] = uvloop.Loop
    return loop


async def _serve(settings: Settings, listener: socket.socket) -> None:
    platform = Platform.open(settings)
    server = uvicorn.Server(
        uvicorn.Config(
            platform.application,
            http=HttpProtocol,
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            date_header=True,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            backlog=2048,
        )
    )
    # What has been loaded so far stays: keep the collector from walking it again and again.
    gc.collect()
    gc.freeze()
    control = asyncio.create_task(platform.control())
    try:
        log.info("serving %s, state in %s", settings.endpoint, settings.home)
        await server.serve(sockets=[listener])
    finally:
        control.cancel()
        await asyncio.gather(control, return_exceptions=True)
        await platform.close()
    if not control.cancelled() and (failure := control.exception()) is not None:
        raise failure
