"""Filter patterns: what of a group's events a caller wants to see.

AWS: "Filter pattern syntax for metric filters, subscription filters, filter log events": patterns
of terms, of JSON, of words between spaces, and regular expressions.
"""

from __future__ import annotations

from collections.abc import Callable

from demitasse.services.logs.patterns import json, regex, terms, words

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
    if len(text) > 1 and text[0] == text[-1] == "%" and text.count("%") == 2:
        return regex.compiled(text[1:-1])
    return terms.compiled(text)
