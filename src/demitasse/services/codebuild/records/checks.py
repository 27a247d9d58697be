"""What must hold of a project, and of a build of it, whoever asks for them.

What is not carried out is refused by name; what AWS refuses, in AWS's words where they are known.
"""

from __future__ import annotations

from typing import NoReturn

from demitasse.errors import NotSupported, ServiceError
from demitasse.services.codebuild.buildspec import VARIABLE_NAME, is_inline
from demitasse.services.codebuild.records.projects import (
    COMPUTE_TYPES,
    INVALID,
    Environment,
    Settings,
    Source,
    Variable,
    bucket_and_key,
)
from demitasse.services.codecommit.records import PATH

PIPELINE = "CODEPIPELINE"
_SOURCES = (PIPELINE, "CODECOMMIT", "S3", "NO_SOURCE")
_TIMEOUT, _QUEUED_TIMEOUT = range(5, 2161), range(5, 481)


def check(settings: Settings) -> None:
    """``InvalidInputException``, ``NotSupported``."""
    for each in (settings.source, *settings.secondary_sources):
        _check_source(each)
    _check_environment(settings.environment)
    if (settings.source.type == PIPELINE) != (settings.artifacts.type == PIPELINE):
        invalid(
            "Invalid input: when using CodePipeline both sourceType, and artifactType must be set"
            " to: CODEPIPELINE"
        )
    if settings.source.type == "NO_SOURCE" and not is_inline(settings.source.buildspec):
        invalid("A buildspec is required for a project with the source type NO_SOURCE")
    for what, names in (
        ("sourceIdentifier", [each.identifier for each in settings.secondary_sources]),
        ("artifactIdentifier", [each.identifier for each in settings.secondary_artifacts]),
    ):
        if len(set(names)) != len(names):
            invalid(f"Duplicate {what}")
    if settings.timeout not in _TIMEOUT:
        invalid(f"Invalid timeoutInMinutes: {settings.timeout}")
    if settings.queued_timeout not in _QUEUED_TIMEOUT:
        invalid(f"Invalid queuedTimeoutInMinutes: {settings.queued_timeout}")


def check_by_hand(settings: Settings) -> None:
    """``check``, for a build that CodePipeline did not put together."""
    if settings.source.type == PIPELINE:
        invalid(
            "Builds with the source type CODEPIPELINE are started by CodePipeline alone; override"
            " the types of source and artifacts"
        )
    check(settings)


def check_variables(variables: tuple[Variable, ...]) -> None:
    """Names of environment variables. ``InvalidInputException``."""
    names = set()
    for each in variables:
        if not VARIABLE_NAME.fullmatch(each.name):
            invalid(f"Invalid environment variable name: {each.name[:100]}")
        if each.name in names:
            invalid(f"Duplicate environment variable name: {each.name}")
        names.add(each.name)


def invalid(message: str) -> NoReturn:
    """``InvalidInputException``."""
    raise ServiceError(INVALID, message)


def _check_source(source: Source) -> None:
    if source.type not in _SOURCES:
        raise NotSupported(f"The source type {source.type}")
    if source.type in {PIPELINE, "NO_SOURCE"}:
        if source.location:
            invalid(
                f"Invalid project source: location must not be given for the type {source.type}"
            )
    elif not source.location:
        invalid("Project source location is required")
    elif source.type == "CODECOMMIT":
        if not source.location.partition(PATH)[2]:
            invalid(
                "Invalid project source: location must be the HTTP clone URL of a CodeCommit"
                f" repository, not {source.location[:200]}"
            )
    elif not all(bucket_and_key(source.location)):
        invalid(
            "Invalid project source: location must be <bucket>/<path to a zip file> or"
            " <bucket>/<path to a folder>/"
        )


def _check_environment(environment: Environment) -> None:
    if environment.type != "LINUX_CONTAINER":
        raise NotSupported(f"The environment type {environment.type}")
    if environment.compute_type not in COMPUTE_TYPES:
        raise NotSupported(f"The compute type {environment.compute_type}")
    if any(each.isspace() for each in environment.image):
        invalid(f"Invalid environment: image {environment.image!r} is not the name of an image")
    check_variables(environment.variables)
