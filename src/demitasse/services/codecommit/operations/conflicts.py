"""How two commits could be merged, and what stands in the way."""

from __future__ import annotations

import base64
from typing import Any

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import WaitingContext
from demitasse.services.codecommit.line_merge import Span
from demitasse.services.codecommit.merging import Merge, Met, Rules, Version, compare
from demitasse.services.codecommit.operations.api import api, check_name
from demitasse.services.codecommit.operations.pages import page_of
from demitasse.services.codecommit.repository_view import (
    MODE_NAMES,
    SUBMODULE,
    SYMLINK,
    View,
    checked_path,
    is_binary,
    look,
    shown_path,
)

FAST_FORWARD, SQUASH, THREE_WAY = "FAST_FORWARD_MERGE", "SQUASH_MERGE", "THREE_WAY_MERGE"
_MOST_FILES, _MOST_HUNKS = 1000, 1000


@api.waiting_operation("GetMergeOptions")
async def get_merge_options(context: WaitingContext, given: Input) -> Output:
    """Where two commits parted, and how they could be joined without a person's help."""
    _, merge = await find_merge(context, given)
    options = [FAST_FORWARD] if merge.base == merge.destination else []
    if not merge.conflicts(rules_of(given)):
        options += [SQUASH, THREE_WAY]
    return {"mergeOptions": options, **_ids(merge)}


@api.waiting_operation("GetMergeConflicts")
async def get_merge_conflicts(context: WaitingContext, given: Input) -> Output:
    """Whether two commits can be merged, and the files that stand in the way."""
    _, merge = await find_merge(context, given)
    rules = rules_of(given)
    conflicts = merge.conflicts(rules)
    fast = given["mergeOption"] == FAST_FORWARD
    limit = _limit(given, "maxConflictFiles", _MOST_FILES)
    page, token = page_of(conflicts, given.get("nextToken"), limit)
    return {
        "mergeable": merge.base == merge.destination if fast else not conflicts,
        "conflictMetadataList": [_metadata(each, rules) for each in page],
        "nextToken": token,
        **_ids(merge),
    }


@api.waiting_operation("DescribeMergeConflicts")
async def describe_merge_conflicts(context: WaitingContext, given: Input) -> Output:
    """What stands in the way of merging one file, line by line."""
    _no_fast_forward(given)
    view, merge = await find_merge(context, given)
    rules, limit = rules_of(given), _limit(given, "maxMergeHunks", _MOST_HUNKS)
    met = await _find(view, merge, checked_path(given["filePath"]))
    hunks = _hunks(met, rules)
    page, token = page_of(hunks, given.get("nextToken"), limit)
    return {
        "conflictMetadata": _metadata(met, rules),
        "mergeHunks": list(page),
        "nextToken": token,
        **_ids(merge),
    }


@api.waiting_operation("BatchDescribeMergeConflicts")
async def batch_describe_merge_conflicts(context: WaitingContext, given: Input) -> Output:
    """What stands in the way of merging several files, or all that there are, line by line."""
    _no_fast_forward(given)
    view, merge = await find_merge(context, given)
    rules, most = rules_of(given), _limit(given, "maxMergeHunks", _MOST_HUNKS)
    errors, found = [], merge.conflicts(rules)
    if given.get("filePaths"):
        found = []
        for path in dict.fromkeys(given["filePaths"]):
            try:
                found.append(await _find(view, merge, checked_path(path)))
            except ServiceError as error:
                errors.append(
                    {"filePath": path, "exceptionName": error.code, "message": error.message}
                )
    limit = _limit(given, "maxConflictFiles", _MOST_FILES)
    page, token = page_of(found, given.get("nextToken"), limit)
    return {
        "conflicts": [
            {"conflictMetadata": _metadata(each, rules), "mergeHunks": _hunks(each, rules)[:most]}
            for each in page
        ],
        "errors": errors,
        "nextToken": token,
        **_ids(merge),
    }


async def find_merge(context: WaitingContext, given: Input) -> tuple[View, Merge]:
    """The merge that an input's specifiers name."""
    view = look(context, check_name(given["repositoryName"]))
    source = await view.resolve(given["sourceCommitSpecifier"])
    destination = await view.resolve(given["destinationCommitSpecifier"])
    return view, await compare(view, source, destination)


def rules_of(given: Input) -> Rules:
    """How conflicts are to be seen and resolved."""
    return Rules.of(
        given.get("conflictDetailLevel", "FILE_LEVEL"),
        given.get("conflictResolutionStrategy", "NONE"),
    )


def _ids(merge: Merge) -> Output:
    return {
        "sourceCommitId": merge.source,
        "destinationCommitId": merge.destination,
        "baseCommitId": merge.base,
    }


def _no_fast_forward(given: Input) -> None:
    if given["mergeOption"] == FAST_FORWARD:
        raise ServiceError(
            "InvalidMergeOptionException",
            "A fast-forward merge has no conflicts to describe: use SQUASH_MERGE or"
            " THREE_WAY_MERGE.",
        )


def _limit(given: Input, member: str, most: int) -> int:
    asked: int = given.get(member, most)
    if asked < 1:
        code = f"Invalid{member[:1].upper()}{member[1:]}Exception"
        raise ServiceError(code, "At least one result must be asked for.")
    return min(asked, most)


async def _find(view: View, merge: Merge, path: str) -> Met:
    """A file, in conflict or not. ``FileDoesNotExistException``."""
    met = next((each for each in merge.met if each.path == path), None)
    if met is None:
        await view.file(merge.destination if path not in merge.taken else merge.source, path)
        return Met(path, None, None, None)
    return met


def _metadata(met: Met, rules: Rules) -> Output:
    content, mode = met.content_conflicts(rules), met.mode_conflict
    versions = {"source": met.source, "destination": met.destination, "base": met.base}
    there = {name: each for name, each in versions.items() if each}
    types = {name: _type(each) for name, each in there.items()}
    if met.folder:
        types[met.folder] = "DIRECTORY"
    return {
        "filePath": shown_path(met.path),
        "fileSizes": {name: len(each.content or b"") for name, each in there.items()},
        "fileModes": {
            name: MODE_NAMES[each.entry.mode]
            for name, each in there.items()
            if each.entry.mode in MODE_NAMES
        },
        "objectTypes": types,
        "numberOfConflicts": content + mode + bool(met.folder),
        "isBinaryFile": {name: is_binary(each.content or b"") for name, each in there.items()},
        "contentConflict": bool(content),
        "fileModeConflict": mode,
        "objectTypeConflict": bool(met.folder),
        "mergeOperations": {
            name: _operation(met.base, versions[name]) for name in ("source", "destination")
        }
        if there
        else {},
    }


def _type(version: Version) -> str:
    types = {SYMLINK: "SYMBOLIC_LINK", SUBMODULE: "GIT_LINK"}
    return types.get(version.entry.mode, "FILE")


def _operation(base: Version | None, side: Version | None) -> str:
    if side is None:
        return "D"
    return "M" if base else "A"


def _hunks(met: Met, rules: Rules) -> list[dict[str, Any]]:
    """What both have changed, by lines; a file that cannot be seen so has none."""
    return [
        {
            "isConflict": chunk.conflicts if rules.by_lines else True,
            "source": _span(chunk.source),
            "destination": _span(chunk.destination),
            "base": _span(chunk.base),
        }
        for chunk in met.chunks or ()
    ]


def _span(span: Span) -> Output:
    content = base64.b64encode(b"".join(span.lines)).decode()
    return {"startLine": span.start, "endLine": span.end, "hunkContent": content}
