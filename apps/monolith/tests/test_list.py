from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from monolith.database import Suppliers
from monolith.database import suppliers as table
from sqlalchemy import insert

ROW = {
    "name": "Finca <Aurora> & Sons",
    "address": "Carretera 14",
    "city": "Antigua",
    "state": "Sacatepéquez",
    "email": "hola@aurora.example",
    "phone": "+502 5514 2378",
}


def add(suppliers: Suppliers, **row: str) -> None:
    suppliers.all()
    with suppliers.engine.begin() as connection:
        connection.execute(insert(table).values(**ROW | row))


@pytest.mark.parametrize("path", ["/suppliers", "/suppliers/"])
def test_list_shows_suppliers_by_name_and_escapes_them(
    client: FlaskClient, suppliers: Suppliers, path: str
) -> None:
    add(suppliers)
    add(suppliers, name="atelier")
    page = client.get(path)
    assert page.status_code == 200
    assert "Coffee suppliers</title>" in page.text
    assert "Finca &lt;Aurora&gt; &amp; Sons" in page.text
    assert "<Aurora>" not in page.text
    assert page.text.index("atelier") < page.text.index("Finca")
    assert "2 suppliers" in page.text


def test_empty_list_says_so(client: FlaskClient) -> None:
    assert "No suppliers yet" in client.get("/suppliers").text


def test_database_down_the_list_answers_200_and_says_so(
    client: FlaskClient, suppliers: Suppliers, tmp_path: Path, clock: list[float]
) -> None:
    (tmp_path / "data").rename(tmp_path / "away")
    for _ in range(2):
        page = client.get("/suppliers")
        assert page.status_code == 200
        assert "cannot reach the database" in page.text
    (tmp_path / "away").rename(tmp_path / "data")
    clock[0] += 1.1
    assert "No suppliers yet" in client.get("/suppliers").text


def test_while_down_only_one_request_at_a_time_asks_the_database(
    client: FlaskClient, suppliers: Suppliers, tmp_path: Path, clock: list[float]
) -> None:
    (tmp_path / "data").rename(tmp_path / "away")
    client.get("/suppliers")
    (tmp_path / "away").rename(tmp_path / "data")
    assert "cannot reach the database" in client.get("/suppliers").text
    clock[0] += 1.1
    suppliers._claim_turn()  # one request is asking just now
    assert "cannot reach the database" in client.get("/suppliers").text


def test_table_that_was_dropped_is_made_again(
    client: FlaskClient, suppliers: Suppliers, clock: list[float]
) -> None:
    add(suppliers)
    table.drop(suppliers.engine)
    assert "cannot reach the database" in client.get("/suppliers").text
    clock[0] += 1.1
    assert "No suppliers yet" in client.get("/suppliers").text


def test_page_says_who_served_it(client: FlaskClient) -> None:
    page = client.get("/suppliers")
    assert page.headers["X-Served-By"] == "monolith/7.0/task-1"
    assert "Served by <strong>monolith</strong>" in page.text
    assert "<strong>7.0</strong>" in page.text
    assert "<strong>task-1</strong>" in page.text


def test_unknown_page(client: FlaskClient) -> None:
    page = client.get("/espresso")
    assert page.status_code == 404
    assert "Sorry, we don't seem to have that page in stock" in page.text


def test_unexpected_error_is_a_page_and_not_a_trace(
    client: FlaskClient, suppliers: Suppliers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suppliers, "all", lambda: 1 / 0)
    page = client.get("/suppliers")
    assert page.status_code == 500
    assert "Something went wrong on our side" in page.text
    assert "ZeroDivisionError" not in page.text


def test_no_page_needs_another_site_or_a_script(client: FlaskClient) -> None:
    page = client.get("/suppliers")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "<script" not in page.text
    assert "http://" not in page.text
    assert "https://" not in page.text


def test_styles_are_served_under_the_own_path(client: FlaskClient) -> None:
    for name in ("style.css", "icon.svg", "coffee.svg"):
        assert f'"/static/{name}"' in client.get("/").text
        answer = client.get(f"/static/{name}")
        assert answer.status_code == 200
        answer.close()
