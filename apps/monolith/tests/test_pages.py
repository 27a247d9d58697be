from __future__ import annotations

from flask.testing import FlaskClient


def test_home_and_navigation(client: FlaskClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert "<title>Coffee suppliers</title>" in page.text
    for link in (
        '<a href="/" aria-current="page">Home</a>',
        '<a href="/suppliers">Suppliers list</a>',
    ):
        assert link in page.text
    assert page.text.count("<li>") == 2
