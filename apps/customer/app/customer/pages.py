"""The pages: customers read."""

from __future__ import annotations

from flask import Blueprint, current_app, render_template

from customer.database import DatabaseDown, Supplier, Suppliers

pages = Blueprint("pages", __name__)


@pages.get("/")
def home() -> str:
    """What this place is; needs no database."""
    return render_template("home.html")


@pages.get("/suppliers")
def supplier_list() -> str:
    """All suppliers. With the database down it still answers 200, and says so."""
    database: Suppliers = current_app.extensions["suppliers"]
    suppliers: list[Supplier] | None
    try:
        suppliers = database.all()
    except DatabaseDown:
        suppliers = None
    return render_template("suppliers.html", suppliers=suppliers)
