"""Reading what projects and builds are given: AWS's shapes into ours, member by member.

Refuses by name what is not carried out. What must hold of the whole is in ``records.checks``.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from demitasse.api import Input
from demitasse.errors import NotSupported, ServiceError
from demitasse.services.base import Context
from demitasse.services.codebuild import buildspec
from demitasse.services.codebuild.buildspec import BadBuildspec
from demitasse.services.codebuild.records import (
    INVALID,
    Artifacts,
    Environment,
    Logs,
    Source,
    Variable,
    service_role,
)
from demitasse.services.codebuild.records.checks import PIPELINE, invalid

_IDENTIFIER = re.compile(r"[A-Za-z0-9_]{1,127}")
_S3_OBJECT = re.compile(r"arn:aws:s3:::[^/]+/.+")
_ROLE = re.compile(r"arn:aws:iam::([0-9]{12}):role/.+")


def source(given: Input, *, secondary: bool = False) -> Source:
    """A ProjectSource. ``InvalidInputException``, ``NotSupported``."""
    kind = given["type"]
    for name in ("auth", "buildStatusConfig", "reportBuildStatus", "insecureSsl"):
        if given.get(name):
            raise NotSupported(f"source.{name}")
    if given.get("gitSubmodulesConfig", {}).get("fetchSubmodules"):
        raise NotSupported("source.gitSubmodulesConfig.fetchSubmodules")
    identifier = given.get("sourceIdentifier", "")
    if secondary:
        _identifier(identifier, "sourceIdentifier")
        if kind == PIPELINE:
            invalid("Secondary sources must not be of the type CODEPIPELINE")
    return Source(
        type=kind,
        location=given.get("location", ""),
        buildspec=buildspec_text(given.get("buildspec", "")),
        identifier=identifier if secondary else "",
        clone_depth=given.get("gitCloneDepth"),
    )


def buildspec_text(text: str) -> str:
    """A path, an S3 object's ARN, or a buildspec, which must be valid. ``InvalidInputException``."""
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
    return Environment(
        image=given["image"],
        compute_type=given["computeType"],
        type=given["type"],
        variables=variables(given.get("environmentVariables", [])),
        privileged=given.get("privilegedMode", False),
        pull_credentials=given.get("imagePullCredentialsType", "CODEBUILD"),
    )


def variables(given: list[dict[str, Any]]) -> tuple[Variable, ...]:
    """Environment variables. ``InvalidInputException``, ``NotSupported``."""
    for each in given:
        kind = each.get("type", "PLAINTEXT")
        if kind != "PLAINTEXT":
            raise NotSupported(f"The environment variable type {kind}")
    return tuple(Variable(each["name"], each["value"]) for each in given)


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
