from __future__ import annotations

import pytest
from flask.testing import FlaskClient


@pytest.mark.parametrize("path", ["/admin", "/admin/"])
def test_home_and_navigation(client: FlaskClient, path: str) -> None:
    page = client.get(path)
    assert page.status_code == 200
    assert "<title>Manage coffee suppliers</title>" in page.text
    for link in (
        '<a href="/admin/suppliers">Administrator home</a>',
        '<a href="/admin/suppliers">Suppliers list</a>',
        '<a href="/">Customer home</a>',
    ):
        assert link in page.text


def test_navigation_bar_is_dark_or_light(client: FlaskClient) -> None:
    page = client.get("/admin").text
    bars = ("navbar navbar-dark bg-dark", "navbar navbar-light bg-light")
    assert sum(f'class="{bar}"' in page for bar in bars) == 1
    styles = client.get("/admin/static/style.css")
    for name in (".navbar-dark", ".bg-dark", ".navbar-light", ".bg-light"):
        assert f"{name} {{" in styles.text
    styles.close()


@pytest.mark.parametrize("path", ["/", "/suppliers", "/supplier-add", "/static/style.css"])
def test_everything_is_under_admin(client: FlaskClient, path: str) -> None:
    page = client.get(path)
    assert page.status_code == 404
    assert "Sorry, we don't seem to have that page in stock" in page.text
