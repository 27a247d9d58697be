"""Tags of objects."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

import msgspec

from demitasse.errors import ServiceError
from demitasse.services.s3 import errors
from demitasse.services.s3.http import xml
from demitasse.services.s3.http.answers import Answer
from demitasse.services.s3.http.receiving import document
from demitasse.services.s3.http.visit import Visit
from demitasse.services.s3.records import VERSIONS

_MOST = 10


async def get(visit: Visit) -> Answer:
    """An object's tags."""
    with visit.store.transaction() as tx:
        version = visit.version(tx).desired
        version_id = visit.version_id(tx, version)
    answer = Answer.xml("Tagging", tag_set(version.tags))
    answer.headers |= _of_version(version_id)
    return answer


async def put(visit: Visit) -> Answer:
    """Replace an object's tags, ten at most."""
    return _set(visit, tags_in(await document(visit, "Tagging"), _MOST), 200)


async def delete(visit: Visit) -> Answer:
    """Take all tags away."""
    return _set(visit, {}, 204)


def tags_of(headers: Mapping[str, str]) -> dict[str, str]:
    """The tags of the header x-amz-tagging. ``ServiceError``."""
    text = headers.get("x-amz-tagging", "")
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        raise errors.invalid_argument(
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query"
            " parameters without tag name duplicates.",
            "x-amz-tagging",
            text,
        ) from None
    return _checked(pairs, _MOST)


def tag_set(tags: Mapping[str, str]) -> list[xml.Element]:
    """Tags as they are answered."""
    return [("TagSet", [("Tag", [("Key", name), ("Value", tags[name])]) for name in tags])]


def tags_in(tagging: xml.Node, most: int) -> dict[str, str]:
    """The tags of a document, ``most`` at most. ``ServiceError``."""
    sets = tagging.all("TagSet")
    if len(sets) != 1:
        raise errors.malformed_xml()
    return _checked([(tag.need("Key"), tag.need("Value")) for tag in sets[0].all("Tag")], most)


def _set(visit: Visit, tags: dict[str, str], status: int) -> Answer:
    with visit.store.transaction() as tx:
        kept = visit.version(tx)
        tx.desire(VERSIONS, kept.ref, msgspec.structs.replace(kept.desired, tags=tags))
        version_id = visit.version_id(tx, kept.desired)
    return Answer(status, _of_version(version_id))


def _of_version(version_id: str) -> dict[str, str]:
    return {"x-amz-version-id": version_id} if version_id else {}


def _checked(pairs: list[tuple[str, str]], most: int) -> dict[str, str]:
    tags = dict(pairs)
    if len(tags) < len(pairs):
        raise _invalid("Cannot provide multiple Tags with the same key")
    if len(tags) > most:
        kind = "Object" if most == _MOST else "Bucket"
        raise ServiceError("BadRequest", f"{kind} tags cannot be greater than {most}", status=400)
    for name, value in tags.items():
        if not 1 <= len(name) <= 128:
            raise _invalid("The TagKey you have provided is invalid")
        if len(value) > 256:
            raise _invalid("The TagValue you have provided is invalid")
        if name.lower().startswith("aws:"):
            raise _invalid("System tags cannot be added/updated by requester")
    return tags


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidTag", message, status=400)
