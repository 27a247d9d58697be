"""What differs between two files, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import WaitingContext
from demitasse.services.codecommit.operations.api import api, check_name
from demitasse.services.codecommit.operations.pages import asked_limit, page_of
from demitasse.services.codecommit.repository_view import Hunk, is_binary, lines_of, look

_CONTEXT, _MOST_CONTEXT = 3, 20
_PAGE, _MOST_HUNKS = 100, 1000
_TYPES = {" ": "CONTEXT", "+": "ADD", "-": "DELETE"}


@api.waiting_operation("GetBlobDifferences")
async def get_blob_differences(context: WaitingContext, given: Input) -> Output:
    """The lines that differ between two files by their ids; without a first one, all there are."""
    view = look(context, check_name(given["repositoryName"]))
    around = given.get("contextLines", _CONTEXT)
    if not 0 <= around <= _MOST_CONTEXT:
        raise ServiceError(
            "ValidationException", f"contextLines must be from 0 to {_MOST_CONTEXT}, not {around}."
        )
    limit = asked_limit(given.get("MaxResults"), _MOST_HUNKS, _PAGE)
    before_id, after_id = given.get("beforeBlobId"), given["afterBlobId"]
    before = b"" if before_id is None else await view.blob(before_id)
    after = await view.blob(after_id)
    binary = is_binary(before) or is_binary(after)
    if binary:
        hunks = []
    elif before_id is None:
        hunks = _all_of(after)
    else:
        blanks = not given.get("ignoreWhitespace", False)
        hunks = await view.git.hunks(view.id, before_id, after_id, context=around, blanks=blanks)
    page, token = page_of(hunks, given.get("NextToken"), limit)
    return {
        "hunks": [_shown(hunk) for hunk in page],
        "isBinary": binary,
        "beforeBlobSize": len(before),
        "afterBlobSize": len(after),
        "NextToken": token,
    }


def _all_of(content: bytes) -> list[Hunk]:
    """The difference from a file that was not there."""
    lines = lines_of(content)
    return [Hunk(0, 0, 1, len(lines), tuple(("+", line) for line in lines))] if lines else []


def _shown(hunk: Hunk) -> dict[str, Any]:
    return {
        "beforeStartLine": hunk.before_start,
        "beforeLineCount": hunk.before_count,
        "afterStartLine": hunk.after_start,
        "afterLineCount": hunk.after_count,
        "changes": list(_changes(hunk)),
    }


def _changes(hunk: Hunk) -> Iterator[dict[str, Any]]:
    before, after = hunk.before_start, hunk.after_start
    for kind, line in hunk.lines:
        in_before, in_after = kind != "+", kind != "-"
        yield {
            "type": _TYPES[kind],
            "beforeLineNumber": before if in_before else None,
            "afterLineNumber": after if in_after else None,
            "content": line.decode(errors="replace"),
        }
        before += in_before
        after += in_after
