"""Reading what projects and builds are given: AWS's shapes into ours, checked.

Refuses by name what is not carried out; what AWS refuses, in AWS's words where they are known.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

import msgspec

from demitasse.api import Input
from demitasse.errors import NotSupported, ServiceError
from demitasse.services.base import Context
from demitasse.services.codebuild import buildspec, specs
from demitasse.services.codebuild.nodes import BadBuildspec
from demitasse.services.codebuild.records import (
    INVALID,
    VARIABLE_NAME,
    Artifacts,
    Environment,
    Logs,
    Settings,
    Source,
    Variable,
    bucket_and_key,
    service_role,
)
from demitasse.services.codecommit.records import PATH

SOURCES = ("CODEPIPELINE", "CODECOMMIT", "S3", "NO_SOURCE")
_IDENTIFIER = re.compile(r"[A-Za-z0-9_]{1,127}")
_S3_OBJECT = re.compile(r"arn:aws:s3:::[^/]+/.+")
_ROLE = re.compile(r"arn:aws:iam::([0-9]{12}):role/.+")


def source(given: Input, *, secondary: bool = False) -> Source:
    """A ProjectSource. ``InvalidInputException``, ``NotSupported``."""
    kind = given["type"]
    if kind not in SOURCES:
        raise NotSupported(f"The source type {kind}")
    for name in ("auth", "buildStatusConfig", "reportBuildStatus", "insecureSsl"):
        if given.get(name):
            raise NotSupported(f"source.{name}")
    if given.get("gitSubmodulesConfig", {}).get("fetchSubmodules"):
        raise NotSupported("source.gitSubmodulesConfig.fetchSubmodules")
    identifier = given.get("sourceIdentifier", "")
    if secondary:
        _identifier(identifier, "sourceIdentifier")
        if kind == "CODEPIPELINE":
            invalid("Secondary sources must not be of the type CODEPIPELINE")
    return Source(
        type=kind,
        location=_location(kind, given.get("location", "")),
        buildspec=_buildspec(given.get("buildspec", "")),
        identifier=identifier if secondary else "",
        clone_depth=given.get("gitCloneDepth"),
    )


def _location(kind: str, location: str) -> str:
    if kind in {"CODEPIPELINE", "NO_SOURCE"}:
        if location:
            invalid(f"Invalid project source: location must not be given for the type {kind}")
        return ""
    if not location:
        invalid("Project source location is required")
    if kind == "CODECOMMIT":
        if PATH not in location or not location.rpartition(PATH)[2]:
            invalid(
                "Invalid project source: location must be the HTTP clone URL of a CodeCommit"
                f" repository, not {location[:200]}"
            )
        return location
    bucket, key = bucket_and_key(location)
    if not bucket or not key:
        invalid(
            "Invalid project source: location must be <bucket>/<path to a zip file> or"
            " <bucket>/<path to a folder>/"
        )
    return location


def _buildspec(text: str) -> str:
    if text.startswith("arn:") and not _S3_OBJECT.fullmatch(text):
        invalid(f"Invalid buildspec location: {text[:200]} is not the ARN of an object in S3")
    if text and buildspec.is_inline(text):
        try:
            buildspec.read(text)
        except BadBuildspec as error:
            raise ServiceError(INVALID, str(error)) from error
    return text


def artifacts(given: Input, *, secondary: bool = False) -> Artifacts:
    """A ProjectArtifacts. ``InvalidInputException``, ``NotSupported``."""
    kind = given["type"]
    if given.get("bucketOwnerAccess", "NONE") != "NONE":
        raise NotSupported("artifacts.bucketOwnerAccess")
    identifier = given.get("artifactIdentifier", "")
    if secondary:
        _identifier(identifier, "artifactIdentifier")
        if kind != "S3":
            invalid("Secondary artifacts must be of the type S3")
    location = given.get("location", "").removeprefix("arn:aws:s3:::")
    if kind == "NO_ARTIFACTS":
        for member in ("name", "location", "path"):
            if given.get(member):
                label = "output name" if member == "name" else member
                invalid(f"Invalid artifacts: artifact type NO_ARTIFACTS should have null {label}")
    if kind == "S3":
        if not location:
            invalid("Invalid artifacts: location is required for the artifact type S3")
        if "/" in location:
            invalid("Invalid artifacts: location must be a valid S3 bucket name")
    return Artifacts(
        type=kind,
        location=location if kind == "S3" else "",
        path=given.get("path", ""),
        namespace=given.get("namespaceType", ""),
        name=given.get("name", ""),
        packaging=given.get("packaging", ""),
        override_name=given.get("overrideArtifactName"),
        encryption_disabled=given.get("encryptionDisabled"),
        identifier=identifier,
    )


def environment(given: Input) -> Environment:
    """A ProjectEnvironment. ``InvalidInputException``, ``NotSupported``."""
    for name in (
        "certificate", "registryCredential", "fleet", "dockerServer", "computeConfiguration",
        "hostKernel",
    ):  # fmt: skip
        if given.get(name):
            raise NotSupported(f"environment.{name}")
    environment_type(given["type"])
    compute_type(given["computeType"])
    return Environment(
        image=image(given["image"]),
        compute_type=given["computeType"],
        type=given["type"],
        variables=variables(given.get("environmentVariables", [])),
        privileged=given.get("privilegedMode", False),
        pull_credentials=given.get("imagePullCredentialsType", "CODEBUILD"),
    )


def environment_type(value: str) -> str:
    """LINUX_CONTAINER; the others are refused by name."""
    if value != "LINUX_CONTAINER":
        raise NotSupported(f"The environment type {value}")
    return value


def compute_type(value: str) -> str:
    """One of the sizes of containers; the others are refused by name."""
    if value not in specs.COMPUTE_TYPES:
        raise NotSupported(f"The compute type {value}")
    return value


def image(name: str) -> str:
    """The name of an image."""
    if any(each.isspace() for each in name):
        invalid(f"Invalid environment: image {name!r} is not the name of an image")
    return name


def variables(given: list[dict[str, Any]]) -> tuple[Variable, ...]:
    """Environment variables. ``InvalidInputException``, ``NotSupported``."""
    found: dict[str, Variable] = {}
    for each in given:
        kind = each.get("type", "PLAINTEXT")
        if kind != "PLAINTEXT":
            raise NotSupported(f"The environment variable type {kind}")
        name = each["name"]
        if not VARIABLE_NAME.fullmatch(name):
            invalid(f"Invalid environment variable name: {name[:100]}")
        if name in found:
            invalid(f"Duplicate environment variable name: {name}")
        found[name] = Variable(name, each["value"])
    return tuple(found.values())


def cache(given: Input) -> tuple[str, ...] | None:
    """A ProjectCache: the LOCAL cache's modes, ``None`` for none."""
    if given["type"] == "NO_CACHE":
        return None
    if given["type"] == "S3":
        raise NotSupported("The cache type S3")
    modes = tuple(given.get("modes", ()))
    if not modes:
        invalid("Invalid cache: at least one mode is required for the cache type LOCAL")
    return modes


def logs(given: Input) -> Logs:
    """A LogsConfig."""
    if given.get("s3Logs", {}).get("status") == "ENABLED":
        raise NotSupported("logsConfig.s3Logs")
    watch = given.get("cloudWatchLogs", {})
    return Logs(
        watch.get("status", "ENABLED") == "ENABLED",
        watch.get("groupName", ""),
        watch.get("streamName", ""),
    )


def role(ctx: Context, arn: str) -> str:
    """A role of the account that CodeBuild may assume. ``InvalidInputException``."""
    match = _ROLE.fullmatch(arn)
    if match is None:
        invalid("Invalid service role")
    if match[1] != ctx.scope.account:
        invalid("Invalid service role: Service role account ID does not match caller's account")
    service_role(ctx.tx, ctx.scope, arn)
    return arn


def check_whole(settings: Settings) -> None:
    """What must hold between the parts of a project. ``InvalidInputException``."""
    pipeline = "CODEPIPELINE"
    if (settings.source.type == pipeline) != (settings.artifacts.type == pipeline):
        invalid(
            "Invalid input: when using CodePipeline both sourceType, and artifactType must be set"
            " to: CODEPIPELINE"
        )
    if settings.source.type == "NO_SOURCE" and not (
        settings.source.buildspec and buildspec.is_inline(settings.source.buildspec)
    ):
        invalid("A buildspec is required for a project with the source type NO_SOURCE")
    for what, names in (
        ("sourceIdentifier", [each.identifier for each in settings.secondary_sources]),
        ("artifactIdentifier", [each.identifier for each in settings.secondary_artifacts]),
    ):
        if len(set(names)) != len(names):
            invalid(f"Duplicate {what}")


def secondary_versions(
    sources: tuple[Source, ...], given: list[dict[str, Any]]
) -> tuple[Source, ...]:
    """Secondary sources with the versions given for them; the others keep theirs."""
    versions = {each["sourceIdentifier"]: each["sourceVersion"] for each in given}
    unknown = set(versions) - {each.identifier for each in sources}
    if unknown:
        invalid(f"There is no secondary source {min(unknown)}")
    return tuple(
        msgspec.structs.replace(each, version=versions.get(each.identifier, each.version))
        for each in sources
    )


def _identifier(value: str, what: str) -> None:
    if not _IDENTIFIER.fullmatch(value):
        invalid(
            f"Invalid input: {what} must contain only alphanumeric characters and underscores and"
            " be less than 128 characters in length"
        )


def invalid(message: str) -> NoReturn:
    """``InvalidInputException``."""
    raise ServiceError(INVALID, message)
