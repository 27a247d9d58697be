"""Text to scalar values, as the query protocols and HTTP headers carry them."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from demitasse.wire import timestamps
from demitasse.wire.problems import Malformed

INTEGERS = {"integer": 2**31, "short": 2**15, "byte": 2**7, "long": 2**63}
"""Integer types and the first number beyond them."""

_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
_FLOAT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?|NaN|-?Infinity")
_BOOLEANS = {"true": True, "false": False}


def integer(kind: str) -> Callable[[str], int]:
    """A reader of integers of one of ``INTEGERS``."""
    beyond = INTEGERS[kind]

    def read(text: str) -> int:
        if not _INTEGER.fullmatch(text):
            raise Malformed(f"must be of type {kind}", value=text)
        number = int(text)
        if not -beyond <= number < beyond:
            raise Malformed(f"must be within the range of type {kind}", value=text)
        return number

    return read


def floating(text: str) -> float:
    """A float or double."""
    if not _FLOAT.fullmatch(text):
        raise Malformed("must be of type double", value=text)
    return float(text)


def boolean(text: str) -> bool:
    """``true`` or ``false``."""
    try:
        return _BOOLEANS[text.lower()]
    except KeyError:
        raise Malformed("must be true or false", value=text) from None


def timestamp(text: str) -> datetime:
    """Any of AWS's forms."""
    try:
        return timestamps.parse(text)
    except ValueError:
        raise Malformed("must be a timestamp in ISO 8601", value=text) from None


def blob(text: str) -> bytes:
    """Base64."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("must be base64", value=text) from None


def string(text: str) -> str:
    """A string as it is."""
    return text


def reader(kind: str) -> Callable[[str], Any]:
    """The reader of a scalar type of the models."""
    if kind in INTEGERS:
        return integer(kind)
    return {
        "float": floating,
        "double": floating,
        "boolean": boolean,
        "timestamp": timestamp,
        "blob": blob,
    }.get(kind, string)
