"""Conditional requests: If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from demitasse.services.s3 import errors
from demitasse.services.s3.records import Version
from demitasse.store import Item


class NotModified(Exception):
    """The client has it already."""


def check_read(headers: Mapping[str, str], version: Version, prefix: str = "if-") -> None:
    """Whether a version may be read, in the order of RFC 9110.

    Raises ``ServiceError`` (PreconditionFailed) and ``NotModified``.
    """
    modified = version.modified_at.replace(microsecond=0)
    match, none_match = headers.get(f"{prefix}match"), headers.get(f"{prefix}none-match")
    since = _date(headers.get(f"{prefix}modified-since"))
    unmodified_since = _date(headers.get(f"{prefix}unmodified-since"))
    if match is not None:
        if not _matches(match, version.etag):
            raise errors.precondition_failed("If-Match")
    elif unmodified_since is not None and modified > unmodified_since:
        raise errors.precondition_failed("If-Unmodified-Since")
    if none_match is not None:
        if _matches(none_match, version.etag):
            raise NotModified
    elif since is not None and modified <= since:
        raise NotModified


def check_write(headers: Mapping[str, str], kept: Item[Version, Any] | None, key: str) -> None:
    """Whether an object may be written over what is there now. ``ServiceError``."""
    match, none_match = headers.get("if-match"), headers.get("if-none-match")
    if match is None and none_match is None:
        return
    version = None if kept is None or kept.desired.delete_marker else kept.desired
    if none_match is not None:
        if none_match.strip() != "*" or match is not None:
            raise errors.not_implemented("If-None-Match with another value than * when writing")
        if version is not None:
            raise errors.precondition_failed("If-None-Match")
    if match is not None:
        if version is None:
            raise errors.no_such_key(key)
        if not _matches(match, version.etag):
            raise errors.precondition_failed("If-Match")


def _matches(header: str, etag: str) -> bool:
    candidates = [each.strip().removeprefix("W/").strip('"') for each in header.split(",")]
    return "*" in candidates or etag in candidates


def _date(header: str | None) -> datetime | None:
    """A date of a header; one that cannot be read counts as not given, as in RFC 9110."""
    if header is None:
        return None
    try:
        moment = parsedate_to_datetime(header)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
