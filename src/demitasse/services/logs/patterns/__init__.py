"""Filter patterns: what of a group's events a caller wants to see.

AWS: "Filter pattern syntax for metric filters, subscription filters, filter log events". Patterns
of terms, of JSON and of words between spaces are carried out; regular expressions (``%…%``) are
refused by name.
"""

from __future__ import annotations

from collections.abc import Callable

from demitasse.services.logs.patterns import json, terms, words

Match = Callable[[str], bool]


def compiled(pattern: str) -> Match:
    """What tells whether a message matches. ``InvalidParameterException``, ``NotSupported``."""
    text = pattern.strip()
    if not text or text == '""':
        return lambda _message: True
    if text.startswith("["):
        return words.compiled(text)
    if text.startswith("{"):
        return json.compiled(text)
    return terms.compiled(text)
