"""What the load balancer itself answers, worded as AWS words it."""

from __future__ import annotations

SERVER = "awselb/2.0"

TITLES: dict[int, str] = {
    301: "301 Moved Permanently",
    302: "302 Found",
    400: "400 Bad Request",
    403: "403 Forbidden",
    404: "404 Not Found",
    405: "405 Not Allowed",
    408: "408 Request Time-out",
    413: "413 Request Entity Too Large",
    500: "500 Internal Server Error",
    501: "501 Not Implemented",
    502: "502 Bad Gateway",
    503: "503 Service Temporarily Unavailable",
    504: "504 Gateway Time-out",
}

OWN_ERRORS = (400, 403, 404, 405, 408, 413, 500, 501, 502, 504)
"""Errors that have a page of their own; the page of 503 depends on why (see ``render``)."""


def page(title: str) -> str:
    """The small HTML page under a status line such as ``502 Bad Gateway``."""
    return (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    )


def answer(status: int) -> str:
    """An answer with such a page, as HAProxy's configuration says it."""
    return _answer(status, "string", TITLES[status])


def made_answer(status: int, title: str) -> str:
    """An answer whose title is made when it is given: a log-format of HAProxy's."""
    return _answer(status, "lf-string", title)


def _answer(status: int, kind: str, title: str) -> str:
    text = page(title).replace("\r", "\\r").replace("\n", "\\n")
    return f'status {status} content-type text/html {kind} "{text}" hdr Server {SERVER}'
