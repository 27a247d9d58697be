"""The table of EC2's operations, and what they share."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from demitasse.api import Input, Output
from demitasse.errors import NotSupported, ServiceError
from demitasse.services import paging
from demitasse.services.base import Api, Context
from demitasse.services.ec2.defaults import create_default_vpc
from demitasse.store import Item, Kind

api = Api("ec2")


@api.seed
def _seed(ctx: Context) -> None:
    create_default_vpc(ctx)


Values = Callable[[Output], "Iterable[Any]"]
_LARGEST_PAGE = 1000


@dataclass(frozen=True)
class Resource:
    """A kind of resource as callers see it.

    ``show`` makes AWS's shape of a record; ``filters`` says which values of that shape a filter
    compares (tags are filtered everywhere alike).
    """

    kind: Kind[Any, Any]
    prefix: str
    noun: str  # "vpc", as in "The vpc ID 'vpc-1' does not exist"
    not_found: str
    malformed: str
    show: Callable[[Context, Item[Any, Any]], Output]
    filters: Mapping[str, Values]
    tags_member: str = "Tags"

    def get(self, ctx: Context, key: str) -> Item[Any, Any]:
        """The record with that id; AWS's not-found error otherwise."""
        item = ctx.tx.get(self.kind, ctx.scope, key)
        if item is not None:
            return item
        if not re.fullmatch(self.prefix + "-[0-9a-f]{8,17}", key):
            raise ServiceError(
                self.malformed, f'Invalid id: "{key}" (expecting "{self.prefix}-...")'
            )
        raise ServiceError(self.not_found, f"The {self.noun} ID '{key}' does not exist")

    def describe(self, ctx: Context, given: Input, ids_member: str) -> tuple[list[Output], Output]:
        """The shapes that a Describe call asks for, and the members of its answer's paging."""
        refuse_dry_run(given)
        wanted = given.get(ids_member) or []
        if wanted and given.get("MaxResults"):
            raise ServiceError(
                "InvalidParameterCombination",
                f"The parameter {ids_member} cannot be used with the parameter MaxResults",
            )
        if wanted:
            items = [self.get(ctx, key) for key in dict.fromkeys(wanted)]
        else:
            after = paging.start(
                given.get("NextToken"),
                code="InvalidNextToken",
                message="The token is invalid or has expired.",
            )
            items = ctx.tx.page(self.kind, ctx.scope, after=after)
        matches = self._matcher(given.get("Filters") or [])
        limit = min(given.get("MaxResults", _LARGEST_PAGE), _LARGEST_PAGE)
        found: list[tuple[str, Output]] = []
        for item in items:
            shown = self.show(ctx, item)
            if matches(shown):
                found.append((item.key, shown))
                if len(found) > limit and not wanted:
                    break
        if wanted or len(found) <= limit:
            return [shown for _, shown in found], {}
        page = found[:limit]
        return [shown for _, shown in page], {"NextToken": paging.token(page[-1][0])}

    def _matcher(self, filters: list[Input]) -> Callable[[Output], bool]:
        tests: list[tuple[Values, re.Pattern[str]]] = []
        for one in filters:
            name, values = one.get("Name", ""), one.get("Values") or []
            tests.append((self._values(name), _pattern(values)))
        return lambda shown: all(
            any(pattern.fullmatch(_text(value)) for value in values(shown))
            for values, pattern in tests
        )

    def _values(self, name: str) -> Values:
        member = self.tags_member
        if name == "tag-key":
            return lambda shown: (tag["Key"] for tag in shown.get(member, ()))
        if name.startswith("tag:"):
            key = name.removeprefix("tag:")
            return lambda shown: (t["Value"] for t in shown.get(member, ()) if t["Key"] == key)
        if name not in self.filters:
            raise ServiceError("InvalidParameterValue", f"The filter '{name}' is invalid")
        return self.filters[name]


def member(*path: str) -> Values:
    """A filter's values: those found on a path of members, through lists."""

    def values(shown: Output) -> Iterable[Any]:
        found: list[Any] = [shown]
        for name in path:
            found = [
                each[name]
                for one in found
                for each in (one if isinstance(one, list) else [one])
                if name in each
            ]
        return [each for one in found for each in (one if isinstance(one, list) else [one])]

    return values


def _pattern(values: list[str]) -> re.Pattern[str]:
    """AWS's filter values: ``*`` and ``?`` are wildcards, and one of several must match."""
    translated = (fnmatch.translate(value.replace("[", "[[]")) for value in values)
    return re.compile("|".join(translated) or "(?!)")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def refuse_dry_run(given: Input) -> None:
    """DryRun asks whether the call would be allowed; AWS answers with this error."""
    if given.get("DryRun"):
        raise ServiceError(
            "DryRunOperation",
            "Request would have succeeded, but DryRun flag is set.",
            status=412,
        )


def refuse(operation: str, given: Input, *options: str) -> None:
    """Refuse the options of an operation that are not carried out."""
    for option in options:
        if given.get(option) not in (None, False, 0, [], ""):
            raise NotSupported(f"{operation} with {option}")


def tags_of(given: Input, resource_type: str) -> dict[str, str]:
    """The tags that a Create call asks for."""
    tags: dict[str, str] = {}
    for specification in given.get("TagSpecifications") or []:
        if specification.get("ResourceType") != resource_type:
            raise ServiceError(
                "InvalidParameterValue",
                f"'{specification.get('ResourceType')}' is not a valid taggable resource type for"
                " this operation.",
            )
        for tag in specification.get("Tags") or []:
            if tag.get("Key", "").startswith("aws:"):
                raise ServiceError(
                    "InvalidParameterValue", "Tag keys starting with 'aws:' are reserved"
                )
            tags[tag.get("Key", "")] = tag.get("Value", "")
    return tags


def show_tags(tags: Mapping[str, str]) -> list[Output]:
    """Tags in AWS's shape."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
