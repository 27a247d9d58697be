"""Filter patterns: what of a group's events a caller wants to see.

AWS: "Filter pattern syntax for metric filters, subscription filters, filter log events". Patterns
of terms and of JSON are carried out; regular expressions (``%…%``) and space-delimited patterns
(``[…]``) are refused by name.
"""

from __future__ import annotations

from collections.abc import Callable

from demitasse.errors import NotSupported
from demitasse.services.logs.patterns import json, terms

Match = Callable[[str], bool]


def compiled(pattern: str) -> Match:
    """What tells whether a message matches. ``InvalidParameterException``, ``NotSupported``."""
    text = pattern.strip()
    if not text or text == '""':
        return lambda _message: True
    if text.startswith("["):
        raise NotSupported("FilterLogEvents with a space-delimited filterPattern ([...])")
    if text.startswith("{"):
        return json.compiled(text)
    return terms.compiled(text)
