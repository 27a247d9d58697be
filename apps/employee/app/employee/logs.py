"""Logs: one JSON object per line on standard output."""

from __future__ import annotations

import json
import logging
import time
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, g, request

access_log = logging.getLogger("employee.access")

MAX_HEADER = 200


class JsonFormatter(logging.Formatter):
    """Writes a record, and what was given as `extra={"fields": {…}}`, as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        entry |= getattr(record, "fields", {})
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


def configuration(level: str) -> dict[str, Any]:
    """The `logging.config.dictConfig` for a process whose logs somebody else collects."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonFormatter}},
        "handlers": {
            "stdout": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stdout",
                "formatter": "json",
            }
        },
        "root": {"level": level, "handlers": ["stdout"]},
        "loggers": {"gunicorn.error": {"level": level, "handlers": [], "propagate": True}},
    }


def log_requests(app: Flask) -> None:
    """Log each request once it is answered.

    A load balancer's health check that went well is logged at level DEBUG, so that it
    does not drown the requests of people.
    """

    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def finish(response: Response) -> Response:
        status = response.status_code
        health_check = request.user_agent.string.startswith("ELB-HealthChecker/")
        fields: dict[str, Any] = {
            "method": request.method,
            "path": request.path,
            "status": status,
            "duration_ms": round((time.perf_counter() - g.started) * 1000, 1),
            "client": client_address(),
            "trace_id": request.headers.get("X-Amzn-Trace-Id", "")[:MAX_HEADER] or None,
        }
        if health_check:
            fields["health_check"] = True
        level = logging.ERROR if status >= 500 else logging.INFO
        if health_check and status < 400:
            level = logging.DEBUG
        access_log.log(
            level, "%s %s %d", request.method, request.path, status, extra={"fields": fields}
        )
        return response


def client_address() -> str | None:
    """Who asks: the last address of X-Forwarded-For, the one that the load balancer added.

    The ones before it were sent by the client, who may write there what he likes.
    """
    forwarded = request.headers.get("X-Forwarded-For", "").rsplit(",", 1)[-1].strip()
    return forwarded[:MAX_HEADER] or request.remote_addr
