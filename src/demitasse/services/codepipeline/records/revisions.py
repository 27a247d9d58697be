"""Which revisions an execution's sources take, when it is told: AWS's SourceRevisionOverride."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from demitasse.errors import ServiceError
from demitasse.services.codepipeline.records.declarations import Action, Declaration

_TYPES = {"CodeCommit": "COMMIT_ID", "ECR": "IMAGE_DIGEST", "S3": "S3_OBJECT_VERSION_ID"}
_KEY = "S3_OBJECT_KEY"
_MAY_OVERRIDE = "AllowOverrideForS3ObjectKey"


class SourceRevision(msgspec.Struct, frozen=True):
    """A revision for a source action, as StartPipelineExecution and rules give it."""

    action: str
    type: str
    value: str


class Pin(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a source action has to take: a revision (the newest without), another object's key."""

    value: str = ""
    key: str = ""


def revision_of(action: Action, value: str) -> SourceRevision:
    """A commit, digest or object version of such a source."""
    return SourceRevision(action.name, _TYPES[action.provider], value)


def pins(declaration: Declaration, revisions: Sequence[SourceRevision]) -> dict[str, Pin]:
    """What each source action has to take. ``ServiceError``: ``ValidationException``."""
    actions = {each.name: each for each in declaration.stages[0].actions}
    found: dict[str, Pin] = {}
    for each in revisions:
        action = actions.get(each.action)
        if action is None:
            raise _invalid(
                f"The pipeline '{declaration.name}' does not have a source action with name"
                f" '{each.action}'"
            )
        member = "key" if each.type == _KEY else "value"
        pin = found.get(each.action, Pin())
        if getattr(pin, member):
            raise _invalid(f"The source action '{each.action}' was given {each.type} twice")
        _check(action, each.type)
        found[each.action] = msgspec.structs.replace(pin, **{member: each.value})
    return found


def _check(action: Action, kind: str) -> None:
    if kind == _KEY and action.provider == "S3":
        if action.configuration.get(_MAY_OVERRIDE, "false").lower() != "true":
            raise _invalid(
                f"The source action '{action.name}' takes {_KEY} only with {_MAY_OVERRIDE} set to"
                " true"
            )
    elif kind != _TYPES[action.provider]:
        raise _invalid(
            f"The source action '{action.name}' takes revisions of type"
            f" {_TYPES[action.provider]}, not {kind}"
        )


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)
