"""The pages: read and write."""

from __future__ import annotations

from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as BaseResponse

from employee.database import DatabaseDown, Suppliers, TextRefused
from employee.forms import FIELDS, SupplierForm, check

pages = Blueprint("pages", __name__, url_prefix="/admin")

# Ids are the table's INT: anything larger is a page that we do not have.
LARGEST_ID = 2**31 - 1
ONE_SUPPLIER = f"<int(max={LARGEST_ID}):supplier_id>"

NOTICE = "coffee_notice"
NOTICES = {
    "added": "The supplier has been added.",
    "saved": "Your changes have been saved.",
    "removed": "The supplier has been removed.",
}


@pages.get("/")
def home() -> str:
    """What this place is; needs no database."""
    return render_template("home.html")


@pages.get("/suppliers")
def supplier_list() -> Response:
    """All suppliers. With the database down it still answers 200, and says so."""
    try:
        suppliers = _suppliers().all()
    except DatabaseDown:
        return make_response(render_template("suppliers.html", suppliers=None))
    notice = NOTICES.get(request.cookies.get(NOTICE, ""))
    response = make_response(render_template("suppliers.html", suppliers=suppliers, notice=notice))
    if NOTICE in request.cookies:
        response.delete_cookie(NOTICE)
    return response


@pages.get("/supplier-add")
def add_form() -> str:
    """An empty form."""
    return _form(SupplierForm())


@pages.post("/supplier-add")
def add() -> BaseResponse | tuple[str, int]:
    """Add a supplier."""
    form = check(request.form)
    if not form.valid:
        return _form(form), 422
    try:
        _suppliers().add(form.values)
    except (DatabaseDown, TextRefused) as error:
        return _not_stored(form, error)
    return _to_list("added")


@pages.get(f"/supplier-update/{ONE_SUPPLIER}")
def update_form(supplier_id: int) -> str:
    """The form, filled in."""
    supplier = _suppliers().get(supplier_id)
    if supplier is None:
        abort(404)
    return _form(SupplierForm(vars(supplier)), supplier_id=supplier_id)


@pages.post("/supplier-update")
def update() -> BaseResponse | tuple[str, int]:
    """Change the supplier whose id is in the form."""
    supplier_id = _id_of_form()
    form = check(request.form)
    if not form.valid:
        return _form(form, supplier_id=supplier_id), 422
    try:
        found = _suppliers().update(supplier_id, form.values)
    except (DatabaseDown, TextRefused) as error:
        return _not_stored(form, error, supplier_id=supplier_id)
    if not found:
        abort(404)
    return _to_list("saved")


@pages.post(f"/supplier-remove/{ONE_SUPPLIER}")
def remove(supplier_id: int) -> BaseResponse:
    """Remove a supplier; one that is gone already is no mistake."""
    _suppliers().remove(supplier_id)
    return _to_list("removed")


def _suppliers() -> Suppliers:
    suppliers: Suppliers = current_app.extensions["suppliers"]
    return suppliers


def _id_of_form() -> int:
    text = request.form.get("id", "")
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= LARGEST_ID):
        abort(404)
    return int(text)


def _form(form: SupplierForm, **more: Any) -> str:
    page = "supplier-update.html" if "supplier_id" in more else "supplier-add.html"
    return render_template(page, form=form, fields=FIELDS, **more)


def _not_stored(
    form: SupplierForm, error: DatabaseDown | TextRefused, **more: Any
) -> tuple[str, int]:
    """The form again, with what was typed."""
    if isinstance(error, DatabaseDown):
        return _form(form, not_stored="down", **more), 503
    return _form(form, not_stored="refused", **more), 422


def _to_list(notice: str) -> BaseResponse:
    """To the list, which shows the notice once. The cookie holds nothing secret."""
    response = redirect(url_for("pages.supplier_list"))
    response.set_cookie(NOTICE, notice, max_age=30, httponly=True, samesite="Lax")
    return response
