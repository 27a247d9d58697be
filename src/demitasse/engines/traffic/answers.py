"""Redirects and fixed responses: actions that need no target, as HAProxy backends that answer."""

from __future__ import annotations

import re

from demitasse.engines.traffic import names, pages
from demitasse.engines.traffic.acl import quoted
from demitasse.engines.traffic.spec import FixedResponse, Redirect

_KEYWORD = re.compile(r"#\{(protocol|host|port|path|query)\}")
_TEXTUAL = ("text/", "application/javascript", "application/json")


def answer_backend(
    backend: str, action: FixedResponse | Redirect
) -> tuple[list[str], dict[str, str]]:
    """The backend's section, and the files it needs (by name)."""
    if isinstance(action, Redirect):
        return [f"backend {backend}", *_redirect(action)], {}
    body = f"{backend}.body"
    line = (
        f"http-request return status {action.status} content-type {_media_type(action)}"
        f" file {names.HOME}/{body} hdr Server {pages.SERVER}"
    )
    return [f"backend {backend}", line], {body: action.body}


def _media_type(action: FixedResponse) -> str:
    textual = action.content_type.startswith(_TEXTUAL) and ";" not in action.content_type
    return quoted(f"{action.content_type}; charset=utf-8" if textual else action.content_type)


def _redirect(action: Redirect) -> list[str]:
    protocol = action.protocol.replace("#{protocol}", "http").lower()
    where = f"{protocol}://{_filled(action.host)}:{_filled(action.port)}{_filled(action.path)}"
    query = _filled(action.query)
    line = f"http-request return {pages.answer(action.status)} hdr Location "
    if not query:
        return [line + quoted(where)]
    if action.query == "#{query}":
        return [
            f"{line}{quoted(f'{where}?{query}')} if {{ query -m len gt 0 }}",
            line + quoted(where),
        ]
    return [line + quoted(f"{where}?{query}")]


def _filled(template: str) -> str:
    """AWS's template as a HAProxy log-format."""
    if template == "/#{path}":
        return "%[path]"
    values = {
        "protocol": "http",
        "host": "%[req.hdr(host),host_only]",
        "port": "%[dst_port]",
        "path": "%[path,regsub(^/,)]",
        "query": "%[query]",
    }
    parts = _KEYWORD.split(template)
    return "".join(
        values[part] if place % 2 else part.replace("%", "%%") for place, part in enumerate(parts)
    )
