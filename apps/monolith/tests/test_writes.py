from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from monolith.database import Supplier, Suppliers, TextRefused
from werkzeug.test import TestResponse

TYPED = {
    "name": "Finca Aurora",
    "address": "Carretera 14",
    "city": "Antigua",
    "state": "Sacatepéquez",
    "email": "hola@aurora.example",
    "phone": "+502 5514 2378",
}


def assert_goes_to_list(answer: TestResponse) -> None:
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/suppliers"


def test_supplier_added_is_listed_with_a_notice_shown_once(
    client: FlaskClient, suppliers: Suppliers
) -> None:
    assert client.get("/supplier-add").status_code == 200
    assert_goes_to_list(client.post("/supplier-add", data=TYPED | {"name": "  Finca Aurora "}))
    assert suppliers.all() == [Supplier(id=1, **TYPED)]
    assert "has been added" in client.get("/suppliers").text
    assert "has been added" not in client.get("/suppliers").text


def test_email_may_be_left_out(client: FlaskClient, suppliers: Suppliers) -> None:
    assert_goes_to_list(
        client.post("/supplier-add", data={k: v for k, v in TYPED.items() if k != "email"})
    )
    assert suppliers.all()[0].email == ""


def test_supplier_is_changed(client: FlaskClient, suppliers: Suppliers) -> None:
    suppliers.add(TYPED)
    page = client.get("/supplier-update/1")
    assert 'value="Sacatepéquez"' in page.text
    changed = TYPED | {"city": "Guatemala"}
    assert_goes_to_list(client.post("/supplier-update", data=changed | {"id": "1"}))
    assert suppliers.all() == [Supplier(id=1, **changed)]
    # The same once more: a database that counts changed rows must not say "not found".
    assert_goes_to_list(client.post("/supplier-update", data=changed | {"id": "1"}))


def test_supplier_is_removed(client: FlaskClient, suppliers: Suppliers) -> None:
    suppliers.add(TYPED)
    for _ in range(2):
        assert_goes_to_list(client.post("/supplier-remove/1"))
        assert suppliers.all() == []


@pytest.mark.parametrize("path", ["supplier-add", "supplier-update"])
def test_invalid_form_is_shown_again_with_what_was_typed(
    client: FlaskClient, suppliers: Suppliers, path: str
) -> None:
    typed = {"id": "1", "name": '"><b>x', "address": " ", "city": "", "phone": "123"}
    answer = client.post(f"/{path}", data=typed)
    assert answer.status_code == 422
    assert 'value="&#34;&gt;&lt;b&gt;x"' in answer.text
    assert 'value="123"' in answer.text
    for field in ("address", "city", "state", "phone"):
        assert f'id="{field}-error"' in answer.text
        assert f'href="#{field}"' in answer.text
    assert 'id="name-error"' not in answer.text
    assert suppliers.all() == []


@pytest.mark.parametrize("supplier_id", ["99", "0", "2147483648", "9" * 400, "x", "-1", "1.5", "٣"])
def test_unknown_supplier_is_a_page_not_found(client: FlaskClient, supplier_id: str) -> None:
    page = client.get(f"/supplier-update/{supplier_id}")
    assert page.status_code == 404
    answer = client.post("/supplier-update", data=TYPED | {"id": supplier_id})
    assert answer.status_code == 404
    assert "Sorry, we don't seem to have that page in stock" in answer.text


def test_update_without_id_is_a_page_not_found(client: FlaskClient) -> None:
    assert client.post("/supplier-update", data=TYPED).status_code == 404


def test_database_down_nothing_typed_is_lost(client: FlaskClient, tmp_path: Path) -> None:
    (tmp_path / "data").rename(tmp_path / "away")
    for path in ("supplier-add", "supplier-update"):
        answer = client.post(f"/{path}", data=TYPED | {"id": "1"})
        assert answer.status_code == 503
        assert "Not saved: we cannot reach the database" in answer.text
        assert 'value="Finca Aurora"' in answer.text
    assert client.get("/supplier-update/1").status_code == 503
    assert client.post("/supplier-remove/1").status_code == 503


def test_text_that_the_database_refuses(
    client: FlaskClient, suppliers: Suppliers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_values: object) -> None:
        raise TextRefused

    monkeypatch.setattr(suppliers, "add", refuse)
    answer = client.post("/supplier-add", data=TYPED | {"name": "Café ☕"})
    assert answer.status_code == 422
    assert "the database cannot store this text" in answer.text
    assert "Café ☕" in answer.text


@pytest.mark.parametrize("path", ["supplier-add", "supplier-update", "supplier-remove/1"])
@pytest.mark.parametrize(
    "origin", ["https://elsewhere.example", "null", "http://localhost:81", "http://[::", "x"]
)
def test_form_of_another_site_is_refused(
    client: FlaskClient, suppliers: Suppliers, path: str, origin: str
) -> None:
    suppliers.add(TYPED)
    answer = client.post(
        f"/{path}", data=TYPED | {"id": "1", "name": "Evil"}, headers={"Origin": origin}
    )
    assert answer.status_code == 403
    assert "sent from another site" in answer.text
    assert [supplier.name for supplier in suppliers.all()] == ["Finca Aurora"]


def test_form_of_our_own_page_is_taken(client: FlaskClient) -> None:
    assert_goes_to_list(
        client.post("/supplier-add", data=TYPED, headers={"Origin": "http://localhost"})
    )


def test_nothing_is_changed_by_following_a_link(client: FlaskClient, suppliers: Suppliers) -> None:
    suppliers.add(TYPED)
    assert client.get("/supplier-remove/1").status_code == 405
    assert len(suppliers.all()) == 1


def test_too_large_a_form_is_refused(client: FlaskClient) -> None:
    answer = client.post("/supplier-add", data=TYPED | {"name": "x" * 100_000})
    assert answer.status_code == 413
    assert "larger than we can take" in answer.text
