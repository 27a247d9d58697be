from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from employee.logs import JsonFormatter
from flask.testing import FlaskClient


def entries(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    lines = [JsonFormatter().format(record) for record in caplog.records]
    assert all("\n" not in line for line in lines)
    return [json.loads(line) for line in lines]


def test_request_is_logged_as_one_object(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    client.get(
        "/admin/suppliers",
        headers={
            "X-Forwarded-For": "6.6.6.6, 203.0.113.9",
            "X-Amzn-Trace-Id": "Root=1-67891233-abcdef012345678912345678",
        },
    )
    entry = entries(caplog)[-1]
    assert entry["time"].endswith("+00:00")
    assert entry["duration_ms"] >= 0
    assert entry | {"time": 0, "duration_ms": 0} == {
        "time": 0,
        "level": "info",
        "logger": "employee.access",
        "message": "GET /admin/suppliers 200",
        "method": "GET",
        "path": "/admin/suppliers",
        "status": 200,
        "duration_ms": 0,
        "client": "203.0.113.9",
        "trace_id": "Root=1-67891233-abcdef012345678912345678",
    }


def test_health_check_is_quiet_unless_it_fails(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    checker = {"User-Agent": "ELB-HealthChecker/2.0"}
    client.get("/admin/suppliers", headers=checker)
    assert entries(caplog) == []
    client.get("/nowhere", headers=checker)
    assert [entry["health_check"] for entry in entries(caplog)] == [True]


def test_exception_stays_on_its_line(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("employee").error("bad\nthing", exc_info=ValueError("two\nlines"))
    assert "two\nlines" in entries(caplog)[0]["exception"]
