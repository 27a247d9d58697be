from __future__ import annotations

import pytest
from flask.testing import FlaskClient


def test_home_and_navigation(client: FlaskClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert "<title>Coffee suppliers</title>" in page.text
    for link in (
        '<a href="/" aria-current="page">Customer home</a>',
        '<a href="/suppliers">Suppliers list</a>',
        '<a href="/admin/suppliers">Administrator link</a>',
    ):
        assert link in page.text


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "path",
    [
        "/supplier-add",
        "/supplier-update",
        "/supplier-update/1",
        "/supplier-remove/1",
        "/admin",
        "/admin/suppliers",
        "/admin/supplier-add",
    ],
)
def test_customers_only_read(client: FlaskClient, method: str, path: str) -> None:
    page = client.open(path, method=method)
    assert page.status_code == 404
    assert "Sorry, we don't seem to have that page in stock" in page.text


def test_list_offers_no_change(client: FlaskClient) -> None:
    assert "<form" not in client.get("/suppliers").text
