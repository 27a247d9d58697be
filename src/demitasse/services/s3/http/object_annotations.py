"""Annotations of objects: putting one is refused by name, so no object has any."""

from __future__ import annotations

from demitasse.services.s3 import errors
from demitasse.services.s3.http import xml
from demitasse.services.s3.http.answers import Answer
from demitasse.services.s3.http.numbers import number
from demitasse.services.s3.http.visit import Visit

_MOST = 1000


async def list_none(visit: Visit) -> Answer:
    """The annotations of an object that is there: none."""
    query = visit.request.query
    most = number(query.get("max-annotation-results", str(_MOST)), "max-annotation-results")
    if not 1 <= most <= _MOST:
        raise errors.invalid_argument(
            f"Argument max-annotation-results must be an integer between 1 and {_MOST}",
            "max-annotation-results",
            str(most),
        )
    with visit.store.transaction() as tx:
        version = visit.version(tx).desired
        version_id = visit.version_id(tx, version)
    content: list[xml.Element] = [
        ("Bucket", version.bucket),
        ("Key", version.key),
        ("AnnotationPrefix", query.get("annotation-prefix")),
        ("MaxAnnotationResults", most),
        ("AnnotationCount", 0),
    ]
    answer = Answer.xml("ListObjectAnnotationsResult", content)
    if version_id:
        answer.headers["x-amz-object-version-id"] = version_id
    return answer
