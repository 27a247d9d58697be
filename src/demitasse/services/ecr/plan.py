"""Which images a lifecycle policy expires now. Pure.

AWS's rules of evaluation: every rule looks at all images that have the tags it asks for, from the
youngest to the oldest, as if no other rule had expired any; an image is expired by the rule with
the highest priority (the lowest number) whose tags it has, or not at all. An image that an index
needs stays as long as the index does, and what was pushed about another image goes with that one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from demitasse.services.ecr.lifecycle import Rule
from demitasse.services.ecr.records import Expiring, Image


def plan(
    rules: Sequence[Rule], images: Sequence[Image], now: datetime, day: timedelta
) -> list[Expiring]:
    """The images of a repository to expire, oldest first.

    ``rules`` stand by priority; ``day`` is how long a day of AWS lasts here.
    """
    decided: dict[str, int] = {}  # digest → the rule that expires it, 0 for one that spares it
    for rule, chosen in _by_rule(rules, images):
        if rule.count_type == "imageCountMoreThan":
            surplus = chosen[rule.count :]
        else:
            surplus = [image for image in chosen if now - image.pushed_at >= rule.count * day]
        going_by_it = {image.digest for image in surplus}
        for image in chosen:
            decided.setdefault(image.digest, rule.priority if image.digest in going_by_it else 0)
    going = {digest: priority for digest, priority in decided.items() if priority}
    _spare_needed(going, images)
    return [
        Expiring(image.digest, image.tags, image.pushed_at, going[image.digest])
        for image in sorted(images, key=_age)
        if image.digest in going
    ]


def next_change(
    rules: Sequence[Rule], images: Sequence[Image], now: datetime, day: timedelta
) -> datetime | None:
    """When an image becomes too old at the earliest, if nothing is pushed; ``None``: never."""
    moments = [
        image.pushed_at + rule.count * day
        for rule, chosen in _by_rule(rules, images)
        if rule.count_type == "sinceImagePushed"
        for image in chosen
    ]
    return min((moment for moment in moments if moment > now), default=None)


def _by_rule(rules: Sequence[Rule], images: Sequence[Image]) -> Iterator[tuple[Rule, list[Image]]]:
    """Each rule with the images it identifies, youngest first."""
    present = {image.digest for image in images}
    judged = [image for image in images if image.subject not in present]
    for rule in rules:
        chosen = [image for image in judged if rule.selects(image.tags)]
        yield rule, sorted(chosen, key=_age, reverse=True)


def _spare_needed(going: dict[str, int], images: Sequence[Image]) -> None:
    """Keep what an index that stays needs, and what that needs in turn."""
    by_digest = {image.digest: image for image in images}
    staying = [image for image in images if image.digest not in going]
    while staying:
        needed = [digest for digest in staying.pop().manifests if going.pop(digest, 0)]
        staying.extend(by_digest[digest] for digest in needed)


def _age(image: Image) -> tuple[datetime, str]:
    return image.pushed_at, image.digest
