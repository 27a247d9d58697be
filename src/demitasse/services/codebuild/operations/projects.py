"""Making, changing and describing projects."""

from __future__ import annotations

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import NotSupported, ServiceError
from demitasse.services.base import Context
from demitasse.services.codebuild import describe
from demitasse.services.codebuild.operations import reading
from demitasse.services.codebuild.operations.api import api
from demitasse.services.codebuild.records import (
    INVALID,
    PROJECTS,
    Project,
    Settings,
    Source,
    find_project,
    project_arn,
)
from demitasse.services.codebuild.records.checks import check
from demitasse.store import Ref

_REFUSED = (
    "vpcConfig",
    "badgeEnabled",
    "fileSystemLocations",
    "buildBatchConfig",
    "autoRetryLimit",
    "resourceAccessRole",
)


@api.operation("CreateProject")
def create_project(ctx: Context, given: Input) -> Output:
    """Make a project."""
    name = given["name"]
    if ctx.tx.get(PROJECTS, ctx.scope, name) is not None:
        raise ServiceError(
            "ResourceAlreadyExistsException",
            f"Project already exists: {project_arn(ctx.scope, name)}",
        )
    _refuse(given)
    settings = Settings(
        source=reading.source(given["source"]),
        artifacts=reading.artifacts(given["artifacts"]),
        environment=reading.environment(given["environment"]),
        service_role=reading.role(ctx, given["serviceRole"]),
    )
    project = Project(settings, ctx.now, ctx.now, tags=_tags(given.get("tags", [])))
    item = ctx.tx.create(PROJECTS, ctx.scope, name, _changed(project, given))
    return {"project": describe.project(item)}


@api.operation("UpdateProject")
def update_project(ctx: Context, given: Input) -> Output:
    """Change what is given of a project; the rest stays."""
    item = find_project(ctx.tx, ctx.scope, given["name"])
    _refuse(given)
    project, settings = item.desired, item.desired.settings
    if "source" in given:
        settings = msgspec.structs.replace(settings, source=reading.source(given["source"]))
    if "artifacts" in given:
        settings = msgspec.structs.replace(
            settings, artifacts=reading.artifacts(given["artifacts"])
        )
    if "environment" in given:
        settings = msgspec.structs.replace(
            settings, environment=reading.environment(given["environment"])
        )
    if "serviceRole" in given:
        settings = msgspec.structs.replace(
            settings, service_role=reading.role(ctx, given["serviceRole"])
        )
    if "tags" in given:
        project = msgspec.structs.replace(project, tags=_tags(given["tags"]))
    project = msgspec.structs.replace(project, settings=settings, modified_at=ctx.now)
    after = ctx.tx.desire(PROJECTS, item.ref, _changed(project, given))
    return {"project": describe.project(after)}


@api.operation("DeleteProject")
def delete_project(ctx: Context, given: Input) -> Output:
    """Delete a project; its builds stay. One that is not there is fine, as on AWS."""
    name = given["name"].removeprefix(project_arn(ctx.scope, ""))
    ctx.tx.delete(PROJECTS, Ref(ctx.scope, name))
    return {}


@api.operation("BatchGetProjects")
def batch_get_projects(ctx: Context, given: Input) -> Output:
    """Describe projects by name or ARN."""
    found, missing = [], []
    for name in dict.fromkeys(given["names"]):
        key = name.removeprefix(project_arn(ctx.scope, ""))
        item = ctx.tx.get(PROJECTS, ctx.scope, key)
        if item is None:
            missing.append(name)
        else:
            found.append(describe.project(item))
    return {"projects": found, "projectsNotFound": missing}


@api.operation("InvalidateProjectCache")
def invalidate_project_cache(ctx: Context, given: Input) -> Output:
    """Begin with empty caches from the next build on."""
    item = find_project(ctx.tx, ctx.scope, given["projectName"])
    project = msgspec.structs.replace(item.desired, cache_epoch=item.desired.cache_epoch + 1)
    ctx.tx.desire(PROJECTS, item.ref, project)
    return {}


def _changed(project: Project, given: Input) -> Project:
    """A project with what may be left out when it is made."""
    settings = project.settings
    if "secondarySources" in given or "secondarySourceVersions" in given:
        settings = msgspec.structs.replace(
            settings, secondary_sources=_secondary_sources(settings.secondary_sources, given)
        )
    if "secondaryArtifacts" in given:
        artifacts = tuple(
            reading.artifacts(each, secondary=True) for each in given["secondaryArtifacts"]
        )
        settings = msgspec.structs.replace(settings, secondary_artifacts=artifacts)
    if "cache" in given:
        settings = msgspec.structs.replace(settings, cache=reading.cache(given["cache"]))
    if "logsConfig" in given:
        settings = msgspec.structs.replace(settings, logs=reading.logs(given["logsConfig"]))
    settings = msgspec.structs.replace(
        settings,
        source_version=given.get("sourceVersion", settings.source_version),
        timeout=given.get("timeoutInMinutes", settings.timeout),
        queued_timeout=given.get("queuedTimeoutInMinutes", settings.queued_timeout),
        encryption_key=given.get("encryptionKey", settings.encryption_key),
    )
    check(settings)
    return msgspec.structs.replace(
        project,
        settings=settings,
        description=given.get("description", project.description),
        concurrent_limit=_limit(given.get("concurrentBuildLimit", project.concurrent_limit)),
    )


def _secondary_sources(before: tuple[Source, ...], given: Input) -> tuple[Source, ...]:
    """AWS keeps sources and their versions apart: either may be given anew without the other."""
    sources, versions = before, {each.identifier: each.version for each in before}
    if "secondarySources" in given:
        sources = tuple(reading.source(each, secondary=True) for each in given["secondarySources"])
    if "secondarySourceVersions" in given:
        versions = {}
    sources = tuple(
        msgspec.structs.replace(each, version=versions.get(each.identifier, "")) for each in sources
    )
    return reading.secondary_versions(sources, given.get("secondarySourceVersions", []))


def _limit(limit: int | None) -> int | None:
    """-1 takes a limit away."""
    if limit is None or limit == -1:
        return None
    if limit < 1:
        raise ServiceError(INVALID, "Invalid concurrentBuildLimit: it must be at least 1")
    return limit


def _tags(given: list[dict[str, str]]) -> dict[str, str]:
    tags = {each.get("key", ""): each.get("value", "") for each in given}
    if len(tags) != len(given):
        raise ServiceError(INVALID, "Duplicate tag keys")
    if "" in tags:
        raise ServiceError(INVALID, "Tag keys must not be empty")
    if any(key.lower().startswith("aws:") for key in tags):
        raise ServiceError(INVALID, "Tag keys must not begin with aws:")
    return tags


def _refuse(given: Input) -> None:
    for name in _REFUSED:
        if given.get(name):
            raise NotSupported(name)
