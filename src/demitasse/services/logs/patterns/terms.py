"""Patterns of terms: ``ERROR``, ``"not found"``, ``-healthy``, ``?WARN ?ERROR``."""

from __future__ import annotations

import re
from collections.abc import Callable

from demitasse.errors import NotSupported, ServiceError
from demitasse.services.logs.patterns.refusal import invalid

_TERM = re.compile(r'([-?]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))(?:\s+|$)')
_PLAIN = re.compile(r"\w+")


def compiled(text: str) -> Callable[[str], bool]:
    """All plain terms, none of those with ``-``, and of those with ``?`` at least one.

    As on AWS, terms with ``?`` beside plain ones decide nothing. Letters' case counts.
    """
    found: dict[str, list[str]] = {"": [], "-": [], "?": []}
    at = 0
    while at < len(text):
        match = _TERM.match(text, at)
        if match is None:
            raise invalid()
        sign, quoted, plain = match.groups()
        found[sign].append(_plain(plain) if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
        at = match.end()
    needed, unwanted, either = found[""], found["-"], found["?"]

    def matches(message: str) -> bool:
        if any(term in message for term in unwanted) or not all(term in message for term in needed):
            return False
        return bool(needed) or not either or any(term in message for term in either)

    return matches


def _plain(term: str) -> str:
    if len(term) > 1 and term.startswith("%") and term.endswith("%"):
        raise NotSupported("FilterLogEvents with a regular expression (%...%) beside other terms")
    if not _PLAIN.fullmatch(term):
        raise ServiceError("InvalidParameterException", f"Invalid character(s) in term '{term}'")
    return term
