"""What the caller of a merge says that files in conflict shall become."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from demitasse.errors import ServiceError
from demitasse.services.codecommit.merging import (
    DESTINATION,
    Merge,
    Met,
    Result,
    Rules,
    kept,
)
from demitasse.services.codecommit.repository_view import FILE, MODES, checked_path

_MOST = 100


class Resolutions:
    """AWS's ConflictResolution, by path. ``ServiceError`` when it makes no sense."""

    def __init__(self, given: dict[str, Any]) -> None:
        replaced, deleted = given.get("replaceContents", ()), given.get("deleteFiles", ())
        modes = given.get("setFileModes", ())
        if len(replaced) + len(deleted) + len(modes) > _MOST:
            raise _refused(
                "MaximumConflictResolutionEntriesExceeded", f"Up to {_MOST} entries can be given."
            )
        self._replaced: dict[str, dict[str, Any]] = {}
        self._modes: dict[str, int] = {}
        for entry in (*replaced, *deleted):
            path = checked_path(entry["filePath"])
            if path in self._replaced:
                raise _twice(path)
            self._replaced[path] = entry
        for entry in modes:
            path = checked_path(entry["filePath"])
            if path in self._modes:
                raise _twice(path)
            self._modes[path] = MODES[entry["fileMode"]]

    def results(self, merge: Merge, rules: Rules) -> dict[str, Result]:
        """What all files become that both sides have changed.

        ``ManualMergeRequiredException`` for a conflict of which nothing is said,
        ``InvalidConflictResolutionException`` for what is no conflict.
        """
        conflicts = {each.path for each in merge.conflicts(rules)}
        strange = {*self._replaced, *self._modes} - conflicts
        if strange:
            raise _refused("InvalidConflictResolution", f"{min(strange)} is not in conflict")
        found = {}
        for each in merge.met:
            result = each.result(rules) or self._said(each, rules)
            if result is None:
                raise _refused(
                    "ManualMergeRequired",
                    "The branches cannot be merged automatically. You must manually merge the"
                    " branches and resolve any conflicts.",
                )
            found[each.path] = result
        return found

    def _said(self, met: Met, rules: Rules) -> Result | None:
        if met.folder:
            return None
        entry, mode = self._replaced.get(met.path), self._modes.get(met.path)
        result = None
        if entry is not None:
            result = _replacement(met, entry)
        elif mode is not None and not met.content_conflicts(rules):
            result = met.result(replace(rules, prefer=DESTINATION))
        if result is not None and mode is not None and result.mode:
            result = replace(result, mode=mode)
        return result


def _replacement(met: Met, entry: dict[str, Any]) -> Result:
    match entry.get("replacementType"):
        case None:
            return Result()
        case "KEEP_BASE":
            result = kept(met.base)
        case "KEEP_SOURCE":
            result = kept(met.source)
        case "KEEP_DESTINATION":
            result = kept(met.destination)
        case _:
            if entry.get("content") is None:
                raise _refused(
                    "ReplacementContentRequired", f"No new content is given for {met.path}."
                )
            there = met.destination or met.source
            result = Result(there.entry.mode if there else FILE, entry["content"])
    if result.mode and entry.get("fileMode"):
        result = replace(result, mode=MODES[entry["fileMode"]])
    return result


def _twice(path: str) -> ServiceError:
    return _refused("MultipleConflictResolutionEntries", f"{path} is resolved more than once.")


def _refused(name: str, message: str) -> ServiceError:
    return ServiceError(f"{name}Exception", message)
