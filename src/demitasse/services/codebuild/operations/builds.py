"""Starting, stopping, repeating and describing builds."""

from __future__ import annotations

from demitasse.api import Input, Output
from demitasse.errors import NotSupported
from demitasse.services.base import Context
from demitasse.services.codebuild import describe
from demitasse.services.codebuild.operations import reading
from demitasse.services.codebuild.operations.api import api
from demitasse.services.codebuild.records import (
    BUILDS,
    FINAL,
    LISTED,
    BuildOverrides,
    Settings,
    Source,
    build_arn,
    build_key,
    find_build,
    find_project,
    retry_build,
    start_build,
    stop_build,
)
from demitasse.services.codebuild.records.checks import PIPELINE, invalid

_REFUSED = (
    "sourceAuthOverride",
    "insecureSslOverride",
    "reportBuildStatusOverride",
    "buildStatusConfigOverride",
    "certificateOverride",
    "registryCredentialOverride",
    "debugSessionEnabled",
    "fleetOverride",
    "autoRetryLimitOverride",
    "hostKernelOverride",
)


@api.operation("StartBuild")
def start(ctx: Context, given: Input) -> Output:
    """Queue a build."""
    for name in _REFUSED:
        if given.get(name):
            raise NotSupported(name)
    if given.get("gitSubmodulesConfigOverride", {}).get("fetchSubmodules"):
        raise NotSupported("gitSubmodulesConfigOverride")
    project = find_project(ctx.tx, ctx.scope, given["projectName"])
    build_id = start_build(
        ctx.tx,
        ctx.scope,
        ctx.ids,
        ctx.now,
        project.key,
        initiator=_initiator(ctx),
        source_version=given.get("sourceVersion", ""),
        overrides=_overrides(ctx, given, project.desired.settings),
        token=given.get("idempotencyToken", ""),
    )
    return {"build": describe.build(find_build(ctx.tx, ctx.scope, build_id))}


@api.operation("StopBuild")
def stop(ctx: Context, given: Input) -> Output:
    """End a build now; one that is over stays as it is."""
    return {"build": describe.build(stop_build(ctx.tx, ctx.scope, ctx.ids, ctx.now, given["id"]))}


@api.operation("RetryBuild")
def retry(ctx: Context, given: Input) -> Output:
    """Build once more as an earlier build did."""
    if "id" not in given:
        invalid("The id of a build is required")
    before = find_build(ctx.tx, ctx.scope, given["id"])
    if before.desired.settings.source.type == PIPELINE:
        invalid("A build of CodePipeline cannot be retried; retry the pipeline's stage")
    build_id = retry_build(
        ctx.tx,
        ctx.scope,
        ctx.ids,
        ctx.now,
        given["id"],
        initiator=_initiator(ctx),
        token=given.get("idempotencyToken", ""),
    )
    return {"build": describe.build(find_build(ctx.tx, ctx.scope, build_id))}


@api.operation("BatchGetBuilds")
def batch_get_builds(ctx: Context, given: Input) -> Output:
    """Describe builds by id or ARN."""
    found, missing = [], []
    for build_id in dict.fromkeys(given["ids"]):
        item = ctx.tx.get(BUILDS, ctx.scope, build_key(ctx.scope, build_id))
        if item is None:
            missing.append(build_id)
        else:
            found.append(describe.build(item))
    return {"builds": found, "buildsNotFound": missing}


@api.operation("BatchDeleteBuilds")
def batch_delete_builds(ctx: Context, given: Input) -> Output:
    """Forget builds that are over."""
    deleted, kept = [], []
    for build_id in dict.fromkeys(given["ids"]):
        key = build_key(ctx.scope, build_id)
        arn = build_arn(ctx.scope, key)
        item = ctx.tx.get(BUILDS, ctx.scope, key)
        if item is None:
            kept.append({"id": arn, "statusCode": "BUILD_NOT_FOUND"})
        elif item.observed.status not in FINAL:
            kept.append({"id": arn, "statusCode": "BUILD_IN_PROGRESS"})
        else:
            ctx.tx.delete(BUILDS, item.ref)
            for place in ctx.tx.page(LISTED, ctx.scope, where=("id", key)):
                ctx.tx.delete(LISTED, place.ref)
            deleted.append(arn)
    return {"buildsDeleted": deleted, "buildsNotDeleted": kept}


def _overrides(ctx: Context, given: Input, settings: Settings) -> BuildOverrides:
    """What a call overrides of its project, each read as the project's own is."""
    role = given.get("serviceRoleOverride", "")
    secondary_artifacts = given.get("secondaryArtifactsOverride")
    cache = reading.cache(given["cacheOverride"]) if "cacheOverride" in given else None
    return BuildOverrides(
        source_type=_source_type(given),
        source_location=given.get("sourceLocationOverride", ""),
        buildspec=reading.buildspec_text(given.get("buildspecOverride", "")),
        clone_depth=given.get("gitCloneDepthOverride"),
        secondary_sources=_secondary_sources(given, settings.secondary_sources),
        artifacts=(
            reading.artifacts(given["artifactsOverride"]) if "artifactsOverride" in given else None
        ),
        secondary_artifacts=(
            None
            if secondary_artifacts is None
            else tuple(reading.artifacts(each, secondary=True) for each in secondary_artifacts)
        ),
        variables=reading.variables(given.get("environmentVariablesOverride", [])),
        image=given.get("imageOverride", ""),
        environment_type=given.get("environmentTypeOverride", ""),
        compute_type=given.get("computeTypeOverride", ""),
        privileged=given.get("privilegedModeOverride"),
        pull_credentials=given.get("imagePullCredentialsTypeOverride", ""),
        service_role=reading.role(ctx, role) if role else "",
        timeout=given.get("timeoutInMinutesOverride"),
        queued_timeout=given.get("queuedTimeoutInMinutesOverride"),
        encryption_key=given.get("encryptionKeyOverride", ""),
        cache=cache,
        no_cache="cacheOverride" in given and cache is None,
        logs=reading.logs(given["logsConfigOverride"]) if "logsConfigOverride" in given else None,
    )


def _source_type(given: Input) -> str:
    kind: str = given.get("sourceTypeOverride", "")
    if kind == PIPELINE:
        invalid("Builds with the source type CODEPIPELINE are started by CodePipeline alone")
    return kind


def _secondary_sources(given: Input, own: tuple[Source, ...]) -> tuple[Source, ...] | None:
    """Those of the call or of the project, with the versions of the call; ``None``: as they are."""
    sources, versions = "secondarySourcesOverride", "secondarySourcesVersionOverride"
    if sources not in given and versions not in given:
        return None
    if sources in given:
        own = tuple(reading.source(each, secondary=True) for each in given[sources])
    return reading.secondary_versions(own, given.get(versions, []))


def _initiator(ctx: Context) -> str:
    """Who started a build, as CodeBuild says it: a user's name, a role's and session's, or root."""
    resource = ctx.caller.arn.partition("::")[2].partition(":")[2] or ctx.caller.arn
    if ":assumed-role/" in ctx.caller.arn:
        return ctx.caller.arn.partition(":assumed-role/")[2]
    return resource.removeprefix("user/")
