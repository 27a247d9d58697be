"""Projects and builds as the API describes them."""

from __future__ import annotations

from typing import Any

from demitasse.api import Output, Scope
from demitasse.services.codebuild.artifacts import place
from demitasse.services.codebuild.records import (
    Artifacts,
    Build,
    BuildItem,
    BuildObserved,
    Environment,
    Logs,
    Phase,
    Project,
    Settings,
    Source,
    Variable,
    build_arn,
    project_arn,
)
from demitasse.services.codebuild.records import Output as Uploaded
from demitasse.services.codebuild.records.telling import log_link, seconds
from demitasse.services.logs.records import stream_arn
from demitasse.store import Item
from demitasse.store.kinds import Nothing


def project(item: Item[Project, Nothing]) -> Output:
    """The shape Project."""
    own, settings = item.desired, item.desired.settings
    return {
        "name": item.key,
        "arn": project_arn(item.scope, item.key),
        "description": own.description or None,
        "source": source(settings.source),
        "secondarySources": [source(each) for each in settings.secondary_sources],
        "sourceVersion": settings.source_version or None,
        "secondarySourceVersions": _versions(settings),
        "artifacts": _project_artifacts(settings.artifacts, item.key),
        "secondaryArtifacts": [
            _project_artifacts(each, item.key) for each in settings.secondary_artifacts
        ],
        "cache": cache(settings.cache),
        "environment": environment(settings.environment),
        "serviceRole": settings.service_role,
        "timeoutInMinutes": settings.timeout,
        "queuedTimeoutInMinutes": settings.queued_timeout,
        "encryptionKey": encryption_key(settings, item.scope),
        "tags": [{"key": key, "value": value} for key, value in own.tags.items()],
        "created": own.created_at,
        "lastModified": own.modified_at,
        "badge": {"badgeEnabled": False},
        "logsConfig": _logs_config(settings.logs) if settings.logs else None,
        "projectVisibility": "PRIVATE",
        "concurrentBuildLimit": own.concurrent_limit,
    }


def build(item: BuildItem) -> Output:
    """The shape Build."""
    own, seen, settings = item.desired, item.observed, item.desired.settings
    return {
        "id": item.key,
        "arn": build_arn(item.scope, item.key),
        "buildNumber": own.number,
        "startTime": seen.started_at or own.created_at,
        "endTime": seen.ended_at,
        "currentPhase": seen.current_phase,
        "buildStatus": seen.status,
        "sourceVersion": settings.told_version or None,
        "resolvedSourceVersion": seen.resolved_version or None,
        "projectName": own.project,
        "phases": [_phase(each) for each in seen.phases],
        "source": source(settings.source),
        "secondarySources": [source(each) for each in settings.secondary_sources],
        "secondarySourceVersions": _versions(settings),
        "artifacts": _build_artifacts(item, settings.artifacts),
        "secondaryArtifacts": [
            _build_artifacts(item, each) for each in settings.secondary_artifacts
        ],
        "cache": cache(settings.cache),
        "environment": environment(settings.environment),
        "serviceRole": settings.service_role,
        "logs": _logs(item.scope, own, seen),
        "timeoutInMinutes": settings.timeout,
        "queuedTimeoutInMinutes": settings.queued_timeout,
        "buildComplete": seen.ended_at is not None,
        "initiator": own.initiator,
        "encryptionKey": encryption_key(settings, item.scope),
        "exportedEnvironmentVariables": [
            {"name": name, "value": value} for name, value in seen.exported.items()
        ],
        "reportArns": [],
    }


def source(given: Source) -> Output:
    """The shape ProjectSource."""
    return {
        "type": given.type,
        "location": given.told or None,
        "gitCloneDepth": given.clone_depth,
        "buildspec": given.buildspec or None,
        "insecureSsl": False,
        "sourceIdentifier": given.identifier or None,
    }


def _project_artifacts(given: Artifacts, project: str) -> Output:
    """The shape ProjectArtifacts, with AWS's defaults in it."""
    if given.type == "NO_ARTIFACTS":
        return {"type": given.type}
    return {
        "type": given.type,
        "location": given.location or None,
        "path": given.path or None,
        "namespaceType": given.namespace or ("NONE" if given.type == "S3" else None),
        "name": given.name or project,
        "packaging": given.packaging or "NONE",
        "overrideArtifactName": given.override_name,
        "encryptionDisabled": given.encryption_disabled or False,
        "artifactIdentifier": given.identifier or None,
    }


def environment(given: Environment) -> Output:
    """The shape ProjectEnvironment."""
    return {
        "type": given.type,
        "image": given.image,
        "computeType": given.compute_type,
        "environmentVariables": [_variable(each) for each in given.variables],
        "privilegedMode": given.privileged,
        "imagePullCredentialsType": given.pull_credentials,
    }


def cache(modes: tuple[str, ...] | None) -> Output:
    """The shape ProjectCache."""
    return {"type": "NO_CACHE"} if modes is None else {"type": "LOCAL", "modes": list(modes)}


def encryption_key(settings: Settings, scope: Scope) -> str:
    """The key's ARN: the one given, else AWS's own for S3."""
    return settings.encryption_key or scope.arn("kms", "alias/aws/s3")


def _variable(given: Variable) -> Output:
    return {"name": given.name, "value": given.value, "type": "PLAINTEXT"}


def _versions(settings: Settings) -> list[Output]:
    return [
        {"sourceIdentifier": each.identifier, "sourceVersion": each.version}
        for each in settings.secondary_sources
        if each.version
    ]


def _phase(phase: Phase) -> Output:
    told: dict[str, Any] = {"phaseType": phase.type, "startTime": phase.started_at}
    if phase.ended_at is not None:
        told |= {
            "phaseStatus": phase.status,
            "endTime": phase.ended_at,
            "durationInSeconds": seconds(phase),
        }
    if phase.has_context:
        told["contexts"] = [{"statusCode": phase.code, "message": phase.message}]
    return told


def _build_artifacts(item: BuildItem, given: Artifacts) -> Output:
    if given.type == "NO_ARTIFACTS":
        return {"location": ""}
    uploaded = next(
        (each for each in item.observed.outputs if each.identifier == given.identifier),
        Uploaded(place(given, item.desired.project, item.key).arn),
    )
    return {
        "location": uploaded.location,
        "sha256sum": uploaded.sha256 or None,
        "md5sum": uploaded.md5 or None,
        "overrideArtifactName": given.override_name,
        "encryptionDisabled": given.encryption_disabled or False,
        "artifactIdentifier": given.identifier or None,
    }


def _logs_config(given: Logs) -> Output:
    watch: Output = {
        "status": "ENABLED" if given.enabled else "DISABLED",
        "groupName": given.group or None,
        "streamName": given.stream or None,
    }
    return {
        "cloudWatchLogs": watch,
        "s3Logs": {"status": "DISABLED", "encryptionDisabled": False},
    }


def _logs(scope: Scope, own: Build, seen: BuildObserved) -> Output:
    """The shape LogsLocation. Until there is a log, AWS says ``null`` for its names."""
    group, stream = seen.log_group or "null", seen.log_stream or "null"
    return {
        **_logs_config(own.settings.logs or Logs()),
        "groupName": seen.log_group or None,
        "streamName": seen.log_stream or None,
        "cloudWatchLogsArn": stream_arn(scope, group, stream),
        "deepLink": log_link(scope, seen),
    }
