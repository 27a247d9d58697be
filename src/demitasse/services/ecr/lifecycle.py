"""Lifecycle policies as text: AWS's JSON, checked and read. Pure.

Follows "Lifecycle policy properties" of the Amazon ECR user guide. What AWS can do since 2025 with
archived images (transitions, counting from the last pull) is refused by name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from demitasse.errors import NotSupported

_MOST_RULES = 50
_MOST_WILDCARDS = 4
_MOST = 100_000  # days or images; AWS names no limit, but a calendar has one


class InvalidPolicy(ValueError):
    """The text is no lifecycle policy; the message names the rule and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: which images it selects by their tags, and how many of them stay, or how long.

    ``count`` is a number of images (``imageCountMoreThan``) or of days (``sinceImagePushed``).
    """

    priority: int
    tag_status: Literal["tagged", "untagged", "any"]
    count_type: Literal["imageCountMoreThan", "sinceImagePushed"]
    count: int
    prefixes: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()

    def selects(self, tags: tuple[str, ...]) -> bool:
        """Whether an image with these tags is the rule's: each prefix or pattern needs a tag."""
        if self.tag_status == "any":
            return True
        if self.tag_status == "untagged":
            return not tags
        return all(any(tag.startswith(prefix) for tag in tags) for prefix in self.prefixes) and all(
            any(_matches(pattern, tag) for tag in tags) for pattern in self.patterns
        )


def read_policy(text: str) -> tuple[Rule, ...]:
    """The rules of a policy by priority. Raises ``InvalidPolicy``, ``NotSupported``."""
    try:
        policy = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidPolicy("Could not map policyString into LifecyclePolicy.") from error
    _members(policy, "the policy", required=("rules",))
    given = policy["rules"]
    if not isinstance(given, list) or not 1 <= len(given) <= _MOST_RULES:
        raise InvalidPolicy(f"rules must be a list of 1 to {_MOST_RULES} rules")
    rules = tuple(
        sorted(
            (_rule(each, f"rule {number}") for number, each in enumerate(given, 1)),
            key=lambda rule: rule.priority,
        )
    )
    _check_together(rules)
    return rules


# within


def _matches(pattern: str, tag: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), tag) is not None


def _rule(given: Any, place: str) -> Rule:
    _members(given, place, required=("rulePriority", "selection", "action"), also=("description",))
    if not isinstance(given.get("description", ""), str):
        raise InvalidPolicy(f"{place}: description must be a string")
    priority = _number(given["rulePriority"], f"{place}: rulePriority")
    _action(given["action"], f"{place}: action")
    place = f"{place}: selection"
    selection = given["selection"]
    _members(
        selection,
        place,
        required=("tagStatus", "countType", "countNumber"),
        also=("tagPrefixList", "tagPatternList", "countUnit", "storageClass"),
    )
    if "storageClass" in selection:
        raise NotSupported("The lifecycle policy's storageClass")
    status, count_type = selection["tagStatus"], selection["countType"]
    if status not in ("tagged", "untagged", "any"):
        raise InvalidPolicy(f"{place}: tagStatus must be tagged, untagged or any")
    if count_type in ("sinceImagePulled", "sinceImageTransitioned"):
        raise NotSupported(f"The lifecycle policy's countType {count_type}")
    if count_type not in ("imageCountMoreThan", "sinceImagePushed"):
        raise InvalidPolicy(f"{place}: countType must be imageCountMoreThan or sinceImagePushed")
    _unit(selection, count_type, place)
    prefixes = _texts(selection, "tagPrefixList", place)
    patterns = _texts(selection, "tagPatternList", place)
    _lists(status, prefixes, patterns, place)
    count = _number(selection["countNumber"], f"{place}: countNumber")
    return Rule(priority, status, count_type, count, prefixes, patterns)


def _action(given: Any, place: str) -> None:
    _members(given, place, required=("type",), also=("targetStorageClass",))
    if given["type"] == "transition":
        raise NotSupported("The lifecycle policy's action transition")
    if given["type"] != "expire" or "targetStorageClass" in given:
        raise InvalidPolicy(f'{place} must be {{"type": "expire"}}')


def _unit(selection: Mapping[str, Any], count_type: str, place: str) -> None:
    if count_type == "sinceImagePushed" and selection.get("countUnit") != "days":
        raise InvalidPolicy(f"{place}: countUnit must be days when countType is sinceImagePushed")
    if count_type == "imageCountMoreThan" and "countUnit" in selection:
        raise InvalidPolicy(f"{place}: countUnit is only for countType sinceImagePushed")


def _lists(status: str, prefixes: tuple[str, ...], patterns: tuple[str, ...], place: str) -> None:
    if status != "tagged" and (prefixes or patterns):
        raise InvalidPolicy(
            f"{place}: tagPrefixList and tagPatternList are only for tagStatus tagged"
        )
    if status == "tagged" and not prefixes and not patterns:
        raise InvalidPolicy("Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED.")
    if prefixes and patterns:
        raise InvalidPolicy(f"{place}: tagPrefixList and tagPatternList exclude each other")
    for pattern in patterns:
        if pattern.count("*") > _MOST_WILDCARDS:
            raise InvalidPolicy(
                f"{place}: '{pattern}' has more than {_MOST_WILDCARDS} wildcards (*)"
            )


def _check_together(rules: tuple[Rule, ...]) -> None:
    """What must hold among all rules of a policy."""
    if len({rule.priority for rule in rules}) < len(rules):
        raise InvalidPolicy("Rule priorities must be unique")
    if sum(rule.tag_status == "untagged" for rule in rules) > 1:
        raise InvalidPolicy("Only one rule can select Untagged images per storage class")
    if any(rule.tag_status == "any" for rule in rules[:-1]):
        raise InvalidPolicy(
            "Rule for tagStatus=ANY must have the lowest priority per storage class"
        )
    texts = [
        frozenset(rule.prefixes or rule.patterns) for rule in rules if rule.tag_status == "tagged"
    ]
    if len(set(texts)) < len(texts):
        raise InvalidPolicy("Tag prefixes and patterns must be unique among all rules")


def _members(
    given: Any, place: str, *, required: tuple[str, ...], also: tuple[str, ...] = ()
) -> None:
    if not isinstance(given, dict):
        raise InvalidPolicy(f"{place} must be an object")
    for name in required:
        if name not in given:
            raise InvalidPolicy(f"{place}: {name} is missing")
    for name in given:
        if name not in (*required, *also):
            raise InvalidPolicy(f"{place}: {name} is not known")


def _number(given: Any, place: str) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or not 1 <= given <= _MOST:
        raise InvalidPolicy(f"{place} must be a whole number from 1 to {_MOST}")
    return given


def _texts(selection: Mapping[str, Any], name: str, place: str) -> tuple[str, ...]:
    given = selection.get(name, [])
    if not isinstance(given, list) or not all(isinstance(each, str) and each for each in given):
        raise InvalidPolicy(f"{place}: {name} must be a list of strings that are not empty")
    return tuple(given)
