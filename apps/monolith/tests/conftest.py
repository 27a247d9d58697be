"""The application on a SQLite file of the test's own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import URL

sys.path.insert(0, str(Path(__file__).parents[1] / "app"))

from monolith.config import Settings
from monolith.database import Suppliers
from monolith.web import create_app


@pytest.fixture
def clock() -> list[float]:
    """The time in seconds, which stands still until a test changes it."""
    return [1000.0]


@pytest.fixture
def app(tmp_path: Path, clock: list[float]) -> Iterator[Flask]:
    database = URL.create("sqlite", database=str(tmp_path / "data" / "suppliers.db"))
    (tmp_path / "data").mkdir()
    app = create_app(Settings(database, port=0, version="7.0", host="task-1"), lambda: clock[0])
    yield app
    app.extensions["suppliers"].engine.dispose()


@pytest.fixture
def suppliers(app: Flask) -> Suppliers:
    table: Suppliers = app.extensions["suppliers"]
    return table


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
