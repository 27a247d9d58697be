"""The application as one object: pages, error pages, headers."""

from __future__ import annotations

import logging
import time
import zlib
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, render_template, request
from markupsafe import Markup
from werkzeug.exceptions import Forbidden, HTTPException

from employee import config, logs, pages
from employee.database import DatabaseDown, Suppliers

log = logging.getLogger(__name__)

WHAT_HemployeeENED = {
    404: ("Page not found", Markup("Sorry, we don't seem to have that page in stock")),
    405: ("Not that way", "This page does not take requests of that kind."),
    413: ("Too much at once", "What you sent is larger than we can take."),
    500: ("Our mistake", "Something went wrong on our side. It has been noted in the log."),
    503: ("Database out of reach", "We cannot reach the database right now. Please try again."),
}

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'self'"
)


def create_app(
    settings: config.Settings | None = None, clock: Callable[[], float] = time.monotonic
) -> Flask:
    """Make the application.

    Raises:
        ConfigError: no settings were handed in, and the environment's are no use.
    """
    settings = settings or config.load()
    app = Flask("employee", static_url_path="/admin/static")
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024
    app.url_map.strict_slashes = False
    app.extensions["suppliers"] = suppliers = Suppliers(settings.database, clock)
    logs.log_requests(app)
    _refuse_other_sites(app)
    _say_who_serves(app, settings, suppliers)
    _answer_errors(app)
    app.register_blueprint(pages.pages)
    log.info("starting", extra={"fields": _identity(settings, suppliers)})
    return app


def _identity(settings: config.Settings, suppliers: Suppliers) -> dict[str, Any]:
    return {
        "service": settings.service,
        "version": settings.version,
        "host": settings.host,
        "database": suppliers.kind,
        "database_host": settings.database.host,
    }


def _say_who_serves(app: Flask, settings: config.Settings, suppliers: Suppliers) -> None:
    """Show on each page, and in a header, which of several copies has answered."""
    served_by = _identity(settings, suppliers) | {
        # A colour per copy, so that a change of copy is seen before it is read.
        "hue": zlib.crc32(settings.host.encode()) % 360,
    }
    header = f"{settings.service}/{settings.version}/{settings.host}"

    @app.context_processor
    def for_templates() -> dict[str, Any]:
        return {"served_by": served_by}

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers["X-Served-By"] = header
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        # During a deployment two versions answer: a copy kept from one must not stay.
        response.headers["Cache-Control"] = "no-cache"
        return response


def _refuse_other_sites(app: Flask) -> None:
    """Refuse a form that another site's page sends in the name of our visitor.

    Browsers say where a form comes from; command-line clients do not, and are let in.
    """

    @app.before_request
    def check_origin() -> None:
        origin = request.headers.get("Origin")
        if request.method == "POST" and origin and origin.partition("://")[2] != request.host:
            raise Forbidden("This form was sent from another site, so nothing was changed.")


def _answer_errors(app: Flask) -> None:
    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        return _error_page(error.code or 500, error.description, dict(error.get_headers()))

    @app.errorhandler(DatabaseDown)
    def database_down(_error: DatabaseDown) -> Response:
        return _error_page(503, None, {"Retry-After": "2"})

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        # The last line of defence: the visitor gets a page, the log the whole story.
        log.error("unexpected error", exc_info=error, extra={"fields": {"path": request.path}})
        return _error_page(500, None, {})


def _error_page(status: int, description: str | None, headers: dict[str, str]) -> Response:
    title, message = WHAT_HemployeeENED.get(status, ("That did not work", description or ""))
    page = render_template("error.html", status=status, title=title, message=message)
    response = Response(page, status, content_type="text/html; charset=utf-8")
    for name in ("Allow", "Retry-After"):
        if name in headers:
            response.headers[name] = headers[name]
    return response
