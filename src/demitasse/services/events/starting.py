"""What a target's input says of the execution or build that it starts. Pure.

An input for CodePipeline may hold StartPipelineExecution's ``sourceRevisions`` and ``variables``;
one for CodeBuild some of StartBuild's overrides. A whole event as input says nothing of either.
"""

from __future__ import annotations

from typing import Any

import msgspec

from demitasse.errors import NotSupported, ServiceError
from demitasse.services.codebuild.records import BuildOverrides, Variable
from demitasse.services.codebuild.records.checks import PIPELINE
from demitasse.services.codepipeline.records import SourceRevision


class _Revision(msgspec.Struct, forbid_unknown_fields=True):
    action: str = msgspec.field(name="actionName")
    type: str = msgspec.field(name="revisionType")
    value: str = msgspec.field(name="revisionValue")


class _Named(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    value: str


class _Variable(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    value: str
    type: str = "PLAINTEXT"


class PipelineInput(msgspec.Struct, frozen=True):
    """How an execution starts: revisions of sources, values by variable."""

    revisions: tuple[SourceRevision, ...] = ()
    variables: dict[str, str] = msgspec.field(default_factory=dict)


class BuildInput(msgspec.Struct, frozen=True):
    """How a build starts."""

    source_version: str = ""
    overrides: BuildOverrides = BuildOverrides()


_OVERRIDES = {
    "buildspecOverride": ("buildspec", str),
    "sourceTypeOverride": ("source_type", str),
    "sourceLocationOverride": ("source_location", str),
    "imageOverride": ("image", str),
    "environmentTypeOverride": ("environment_type", str),
    "computeTypeOverride": ("compute_type", str),
    "privilegedModeOverride": ("privileged", bool),
    "serviceRoleOverride": ("service_role", str),
    "timeoutInMinutesOverride": ("timeout", int),
    "queuedTimeoutInMinutesOverride": ("queued_timeout", int),
}


def pipeline_input(text: str) -> PipelineInput:
    """The input of a pipeline; ``ServiceError`` for what is none."""
    given = _object(text, "CodePipeline", ("sourceRevisions", "variables"))
    revisions = _converted(given.get("sourceRevisions", []), list[_Revision])
    variables = _converted(given.get("variables", []), list[_Named])
    return PipelineInput(
        tuple(SourceRevision(each.action, each.type, each.value) for each in revisions),
        {each.name: each.value for each in variables},
    )


def build_input(text: str) -> BuildInput:
    """The input of a build; ``ServiceError`` for what is none."""
    others = ("sourceVersion", "environmentVariablesOverride")
    given = _object(text, "CodeBuild", (*others, *_OVERRIDES))
    changes: dict[str, Any] = {
        field: _converted(given[name], kind)
        for name, (field, kind) in _OVERRIDES.items()
        if name in given
    }
    if changes.get("source_type") == PIPELINE:
        raise ServiceError(
            "ValidationException",
            f"Builds with the source type {PIPELINE} are started by CodePipeline alone",
        )
    variables = _converted(given.get("environmentVariablesOverride", []), list[_Variable])
    for each in variables:
        if each.type != "PLAINTEXT":
            raise NotSupported(f"An environment variable of the type {each.type}")
    changes["variables"] = tuple(Variable(each.name, each.value) for each in variables)
    version: str = _converted(given.get("sourceVersion", ""), str)
    return BuildInput(version, BuildOverrides(**changes))


def _object(text: str, service: str, known: tuple[str, ...]) -> dict[str, Any]:
    given: dict[str, Any] = _converted(msgspec.json.decode(text), dict)
    for name in given:
        if name not in known:
            raise NotSupported(f"The member {name} in the input of a {service} target")
    return given


def _converted(value: Any, kind: Any) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise ServiceError(
            "ValidationException", f"The input of the target is not valid: {error}"
        ) from None
