r"""Translates the regular expressions of AWS's models, which are Java's, into Python's.

The differences that occur: Unicode properties (``\p{L}``), characters beyond U+FFFF written as
surrogate pairs, ``\x{10FFFF}``, and a hyphen after a class escape (``[\w-_]``), which is literal.
"""

from __future__ import annotations

import functools
import re
import sys
import unicodedata

_NAMED = {
    "Alnum": "a-zA-Z0-9",
    "Alpha": "a-zA-Z",
    "Digit": "0-9",
    "Lower": "a-z",
    "Upper": "A-Z",
    "ASCII": "\\x00-\\x7F",
    "Graph": "\\x21-\\x7E",
    "Print": "\\x20-\\x7E",
    "Punct": "!-/:-@\\[-`{-~",
    "Space": " \\t\\n\\x0B\\f\\r",
    "Blank": " \\t",
    "Cntrl": "\\x00-\\x1F\\x7F",
    "XDigit": "0-9a-fA-F",
    "IsAlphabetic": "L",
    "IsPrint": "\\x20-\\x7E",
    "IsWhitespace": " \\t-\\r\\x1C-\\x1F\\x85\\xA0\\u1680\\u2000-\\u200A\\u2028\\u2029\\u202F\\u205F\\u3000",
    "all": "\\x00-\\U0010FFFF",
}
_TOKEN = re.compile(
    r"\\u[dD]800\\u[dD][cC]00-\\u[dD][bB][fF]{2}\\u[dD][fF]{3}"
    r"|\\[pP](?:\{\^?\w+\}|\w)|\\x\{[0-9a-fA-F]+\}|\\.|&&|\|\||[\[\]]|-",
    re.DOTALL,
)
_REPEATED_END = re.compile(r"\]\+\)([*+]|\{\d+,\d*\})(\$?)\Z")


@functools.cache
def compiled(pattern: str) -> re.Pattern[str]:
    """``pattern`` for Python; AWS matches the whole value, so use ``fullmatch``.

    Raises ``re.error`` when it cannot be translated.
    """
    return re.compile(_possessive(translate(pattern)), re.ASCII)


def _possessive(pattern: str) -> str:
    """Keeps a repeated group at the end, ``(?:-?[a-z]+)*``, from trying exponentially many splits.

    The inner repetition may keep all it took: nothing follows that could need some of it back, and
    a further round of the group would only take the same characters again.
    """
    return _REPEATED_END.sub(r"]++)\1\2", pattern)


def translate(pattern: str) -> str:
    """The Python spelling of a pattern of the models."""
    out: list[str] = []
    inside = False  # a class
    at = 0
    after_class_escape = False
    for token in _TOKEN.finditer(pattern):
        between = pattern[at : token.start()]
        out.append(between)
        at = token.end()
        text = token[0]
        was_class_escape, after_class_escape = after_class_escape and not between, False
        if text == "[":
            out.append("\\[" if inside else "[")
            inside = True
        elif text == "]":
            out.append("]")
            inside = False
        elif text == "-":
            literal = inside and was_class_escape and pattern[at : at + 1] != "]"
            out.append("\\-" if literal else "-")
        elif text == "&&":
            out.append("\\&\\&" if inside else "&&")
        elif text == "||":
            out.append("|" if inside else "||")
        elif text == "\\z":
            out.append("\\Z")
        elif text[:2] in ("\\p", "\\P"):
            out.append(_property(text, inside=inside))
            after_class_escape = True
        elif text[:3] == "\\x{":
            out.append(f"\\U{int(text[3:-1], 16):08x}")
        elif len(text) > 2:
            out.append("\\U00010000-\\U0010FFFF")
        else:
            out.append(text)
            after_class_escape = text[1] in "wWdDsS"
    out.append(pattern[at:])
    return "".join(out)


def _property(text: str, *, inside: bool) -> str:
    name = text[2:].strip("{}")
    negated = (text[1] == "P") != name.startswith("^")
    name = name.lstrip("^")
    name = _NAMED.get(name, name)
    ranges = name if not name.isalpha() else _category(name.removeprefix("Is"), negated=negated)
    if not name.isalpha() and negated:
        if inside:
            raise re.error(f"cannot negate {text} inside a class")
        return f"[^{ranges}]"
    return ranges if inside else f"[{ranges}]"


@functools.cache
def _category(name: str, *, negated: bool) -> str:
    """The characters of a Unicode general category (``L``, ``Lu``) as the inside of a class."""
    spans: list[str] = []
    start = None
    known = False
    for code, category in enumerate(_categories()):
        member = category.startswith(name)
        known = known or member
        if (member != negated) and start is None:
            start = code
        elif (member == negated) and start is not None:
            spans.append(_span(start, code - 1))
            start = None
    if start is not None:
        spans.append(_span(start, sys.maxunicode))
    if not known:
        raise re.error(f"unknown Unicode category {name}")
    return "".join(spans)


@functools.cache
def _categories() -> tuple[str, ...]:
    # Nothing is assigned between the third plane and the tags, so this reads a fifth of Unicode.
    return tuple(unicodedata.category(chr(code)) for code in range(0x32400))


def _span(first: int, last: int) -> str:
    return f"\\U{first:08x}-\\U{last:08x}" if last > first else f"\\U{first:08x}"
