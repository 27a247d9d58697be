"""Tags as callers give and see them."""

from __future__ import annotations

from collections.abc import Iterable

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.iam.records import Tags

_MOST = 50


def read(given: Iterable[Input] | None) -> Tags:
    """Tags from a list of ``Key`` and ``Value``; ``InvalidInput`` for what AWS does not take."""
    listed = [(tag["Key"], tag["Value"]) for tag in given or ()]
    if len({key.lower() for key, _ in listed}) < len(listed):
        raise _invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    for key, _ in listed:
        if key.lower().startswith("aws:"):
            raise _invalid(f"Invalid tag key '{key}': keys beginning with aws: are AWS's own.")
    return dict(listed)


def added(before: Tags, given: Iterable[Input]) -> Tags:
    """Tags with further ones; keys that differ by case only are one and the same."""
    new = read(given)
    lower = {key.lower() for key in new}
    after = {key: value for key, value in before.items() if key.lower() not in lower} | new
    if len(after) > _MOST:
        raise ServiceError(
            "LimitExceeded",
            f"The number of tags has reached the maximum limit of {_MOST} for this resource.",
        )
    return after


def removed(before: Tags, keys: Iterable[str]) -> Tags:
    """Tags without some."""
    gone = {key.lower() for key in keys}
    return {key: value for key, value in before.items() if key.lower() not in gone}


def written(tags: Tags) -> list[Output]:
    """Tags in AWS's shape, in the order of their keys."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidInput", message)
