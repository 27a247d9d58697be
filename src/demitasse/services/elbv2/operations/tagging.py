"""Tags as AWS checks them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from demitasse.errors import ServiceError
from demitasse.services.elbv2.limits import TAGS_PER_RESOURCE
from demitasse.services.elbv2.records import Tags


def read(given: Sequence[Mapping[str, Any]] | None, before: Tags | None = None) -> Tags:
    """``before`` with the tags given; ``ServiceError``: ``DuplicateTagKeys``, ``TooManyTags``."""
    after = dict(before or {})
    seen: set[str] = set()
    for tag in given or ():
        key = tag["Key"]
        if key in seen:
            raise ServiceError("DuplicateTagKeys", f"Tag key '{key}' is specified more than once")
        if key.lower().startswith("aws:"):
            raise ServiceError(
                "ValidationError", f"Tag key '{key}' cannot start with the reserved prefix 'aws:'"
            )
        seen.add(key)
        after[key] = tag.get("Value", "")
    if len(after) > TAGS_PER_RESOURCE:
        raise ServiceError(
            "TooManyTags", f"A resource cannot have more than {TAGS_PER_RESOURCE} tags"
        )
    return after


def written(tags: Tags) -> list[dict[str, str]]:
    """As AWS lists them: ``Key``, ``Value``."""
    return [{"Key": key, "Value": text} for key, text in tags.items()]
