"""The table of EC2's operations, and what they share."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
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
_CHUNK = 200
_WILD = re.compile(r"\\.|[*?\[\\]", re.DOTALL)
_MOST_TAGS, _LONGEST_KEY, _LONGEST_VALUE = 50, 128, 256


@dataclass(frozen=True)
class Resource:
    """A kind of resource as callers see it.

    ``show`` makes AWS's shape of a record; ``filters`` says which values of that shape a filter
    compares (tags are filtered everywhere alike), ``indexes`` which of them the store finds
    directly: filter → index.
    """

    kind: Kind[Any, Any]
    prefix: str
    noun: str  # "vpc ID", as in "The vpc ID 'vpc-1' does not exist"
    not_found: str
    malformed: str
    show: Callable[[Context, Item[Any, Any]], Output]
    filters: Mapping[str, Values]
    tags_member: str = "Tags"
    indexes: Mapping[str, str] = field(default_factory=dict)

    def get(self, ctx: Context, key: str) -> Item[Any, Any]:
        """The record with that id; AWS's not-found error otherwise."""
        item = ctx.tx.get(self.kind, ctx.scope, key)
        if item is not None:
            return item
        if not re.fullmatch(self.prefix + "-[0-9a-f]{8,17}", key):
            raise ServiceError(
                self.malformed, f'Invalid id: "{key}" (expecting "{self.prefix}-...")'
            )
        raise ServiceError(self.not_found, f"The {self.noun} '{key}' does not exist")

    def describe(self, ctx: Context, given: Input, ids_member: str) -> tuple[list[Output], Output]:
        """The shapes that a Describe call asks for, and the members of its answer's paging."""
        refuse_dry_run(given)
        wanted = given.get(ids_member) or []
        if wanted and given.get("MaxResults"):
            raise ServiceError(
                "InvalidParameterCombination",
                f"The parameter {_lower(ids_member)} cannot be used with the parameter maxResults",
            )
        filters = given.get("Filters") or []
        matches = self._matcher(filters)
        items: Iterable[Item[Any, Any]]
        if wanted:
            items = [self.get(ctx, key) for key in dict.fromkeys(wanted)]
        else:
            after = paging.start(
                given.get("NextToken"),
                code="InvalidNextToken",
                message="The token is invalid or has expired.",
            )
            items = self._items(ctx, filters, after)
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

    def _items(self, ctx: Context, filters: list[Input], after: str) -> Iterator[Item[Any, Any]]:
        """The records to look at, a page at a time: all, or those that an index gives."""
        where = None
        for one in filters:
            index, values = self.indexes.get(one.get("Name", "")), one.get("Values") or []
            if index is not None and len(values) == 1 and not _WILD.search(values[0]):
                where = (index, values[0])
                break
        while page := ctx.tx.page(self.kind, ctx.scope, after=after, limit=_CHUNK, where=where):
            yield from page
            after = page[-1].key

    def _matcher(self, filters: list[Input]) -> Callable[[Output], bool]:
        tests: list[tuple[Values, re.Pattern[str]]] = []
        for one in filters:
            name, values = one.get("Name", ""), one.get("Values") or []
            tests.append((self._values(name), pattern(values)))
        return lambda shown: all(
            any(wanted.fullmatch(_text(value)) for value in values(shown))
            for values, wanted in tests
        )

    def _values(self, name: str) -> Values:
        if (values := tag_values(name, self.tags_member)) is not None:
            return values
        if name not in self.filters:
            raise unknown_filter(name)
        return self.filters[name]


def tag_values(name: str, member_name: str) -> Values | None:
    """The values of a filter on tags, or ``None`` when it is none."""
    if name == "tag-key":
        return lambda shown: (tag["Key"] for tag in shown.get(member_name, ()))
    if name.startswith("tag:"):
        key = name.removeprefix("tag:")
        return lambda shown: (t["Value"] for t in shown.get(member_name, ()) if t["Key"] == key)
    return None


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


def pattern(values: Iterable[str]) -> re.Pattern[str]:
    """AWS's filter values: ``*`` and ``?`` are wildcards unless after a backslash; one matches."""
    translated = (fnmatch.translate(_WILD.sub(_literal, value)) for value in values)
    return re.compile("|".join(translated) or "(?!)")


def _literal(found: re.Match[str]) -> str:
    """What a wildcard, or what a backslash escapes, is to ``fnmatch`` (which knows ``[`` too)."""
    if found[0] in {"*", "?"}:
        return found[0]
    character = found[0][-1]
    return f"[{character}]" if character in "*?[" else character


def filtered(
    rows: Iterable[Output], filters: Iterable[Input] | None, members: Mapping[str, str]
) -> list[Output]:
    """The rows that all filters let through; ``members`` says which member a filter compares."""
    kept = list(rows)
    for one in filters or ():
        name = one.get("Name", "")
        if name not in members:
            raise unknown_filter(name)
        wanted = pattern(one.get("Values") or [])
        kept = [row for row in kept if wanted.fullmatch(_text(row[members[name]]))]
    return kept


def unknown_filter(name: str) -> ServiceError:
    """AWS's error for a filter that is none."""
    return ServiceError("InvalidParameterValue", f"The filter '{name}' is invalid")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _lower(member: str) -> str:
    return member[:1].lower() + member[1:]


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


def refuse_none_of(given: Input, *options: str) -> None:
    """Refuse a call that gives none of the options of which it needs one."""
    if not any(option in given for option in options):
        named = ", ".join(_lower(option) for option in options)
        raise ServiceError(
            "InvalidParameterCombination", f"No attributes specified: give one of {named}."
        )


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
            key = tag.get("Key", "")
            if key in tags:
                raise ServiceError("InvalidParameterValue", f"Duplicate tag key '{key}' specified.")
            tags[key] = tag.get("Value", "")
    return checked(tags)


def checked(tags: dict[str, str]) -> dict[str, str]:
    """The tags, if a resource may have them."""
    for key, value in tags.items():
        if key.startswith("aws:"):
            raise ServiceError(
                "InvalidParameterValue",
                "Tag keys starting with 'aws:' are reserved for internal use",
            )
        if not key:
            raise ServiceError("InvalidParameterValue", "Tag key cannot be null or empty.")
        if len(key) > _LONGEST_KEY or len(value) > _LONGEST_VALUE:
            raise ServiceError(
                "InvalidParameterValue",
                f"The tag '{key[:20]}' is too long: a key has at most {_LONGEST_KEY} characters,"
                f" a value {_LONGEST_VALUE}.",
            )
    if len(tags) > _MOST_TAGS:
        raise ServiceError("TagLimitExceeded", "The maximum number of tags has been reached.")
    return tags


def show_tags(tags: Mapping[str, str]) -> list[Output]:
    """Tags in AWS's shape."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
