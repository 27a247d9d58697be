"""Beginning and ending builds: where callers, CodePipeline and EventBridge meet."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import msgspec

from demitasse.api import Scope
from demitasse.errors import ServiceError
from demitasse.ids import Ids
from demitasse.services.codebuild.records.builds import (
    BUILDS,
    EVERYWHERE,
    FINAL,
    LISTED,
    QUEUE,
    Build,
    BuildItem,
    BuildObserved,
    Listed,
    Phase,
    Waiting,
    find_build,
    listing_keys,
)
from demitasse.services.codebuild.records.checks import PIPELINE, check_by_hand, check_variables
from demitasse.services.codebuild.records.progress import Ending, complete, note
from demitasse.services.codebuild.records.projects import (
    INVALID,
    Artifacts,
    Environment,
    Logs,
    Project,
    Settings,
    Source,
    Variable,
    find_project,
)
from demitasse.services.codebuild.records.telling import tell_state
from demitasse.store import Item, Transaction
from demitasse.store.kinds import Nothing

_TOKEN_LASTS = timedelta(minutes=5)


class BuildOverrides(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a build does differently from its project; ``None`` or "" leaves the project's word.

    For CodePipeline: ``source_type="CODEPIPELINE"`` with ``source_location`` the primary input
    artifact's ``bucket/key``; further inputs as ``secondary_sources`` (``Source("CODEPIPELINE",
    location="bucket/key", identifier=<artifact name>)``); one output as ``artifacts``
    (``Artifacts("CODEPIPELINE", location="bucket/key", name=<artifact name>)``), several as
    ``secondary_artifacts`` with ``identifier`` the artifact's name. ``resolved_version`` is the
    revision that the pipeline's source action found.
    """

    source_type: str = ""
    source_location: str = ""
    buildspec: str = ""
    clone_depth: int | None = None
    secondary_sources: tuple[Source, ...] | None = None
    artifacts: Artifacts | None = None
    secondary_artifacts: tuple[Artifacts, ...] | None = None
    variables: tuple[Variable, ...] = ()
    image: str = ""
    environment_type: str = ""
    compute_type: str = ""
    privileged: bool | None = None
    pull_credentials: str = ""
    service_role: str = ""
    timeout: int | None = None
    queued_timeout: int | None = None
    encryption_key: str = ""
    cache: tuple[str, ...] | None = None
    no_cache: bool = False
    logs: Logs | None = None
    resolved_version: str = ""


NO_OVERRIDES = BuildOverrides()


def start_build(
    tx: Transaction,
    scope: Scope,
    ids: Ids,
    now: datetime,
    project: str,
    *,
    initiator: str,
    source_version: str = "",
    overrides: BuildOverrides = NO_OVERRIDES,
    token: str = "",
) -> str:
    """Queue a build of a project; its id.

    ``token`` makes repeating the call within five minutes answer the same build.
    ``ServiceError``: ``ResourceNotFoundException``, ``InvalidInputException``,
    ``AccountLimitExceededException`` (the project's concurrent build limit).
    """
    item = find_project(tx, scope, project)
    check_variables(overrides.variables)
    settings = overridden(item.desired.settings, overrides, source_version)
    if overrides.source_type != PIPELINE:
        check_by_hand(settings)
    digest = hashlib.sha256(msgspec.json.encode((item.key, settings))).hexdigest()
    if token:
        known = _by_token(tx, scope, now, token, digest)
        if known:
            return known
    _check_limit(tx, item)
    build = Build(
        project=item.key,
        number=tx.next(scope, f"codebuild.build.{item.key}"),
        settings=settings,
        initiator=initiator,
        created_at=now,
        cache_epoch=item.desired.cache_epoch,
        token=token,
        token_digest=digest if token else "",
    )
    return keep(tx, scope, ids, now, build, overrides.resolved_version).key


def retry_build(
    tx: Transaction,
    scope: Scope,
    ids: Ids,
    now: datetime,
    build_id: str,
    *,
    initiator: str,
    token: str = "",
) -> str:
    """Queue a build like an earlier one, with its settings of then; the new one's id.

    ``token`` as for ``start_build``. ``ServiceError``: ``ResourceNotFoundException``,
    ``InvalidInputException`` while it runs, ``AccountLimitExceededException``.
    """
    before = find_build(tx, scope, build_id)
    if before.observed.status not in FINAL:
        raise ServiceError(INVALID, f"Build {before.key} is still in progress")
    project = find_project(tx, scope, before.desired.project)
    digest = f"retry of {before.key}"
    if token:
        known = _by_token(tx, scope, now, token, digest)
        if known:
            return known
    _check_limit(tx, project)
    again = msgspec.structs.replace(
        before.desired,
        number=tx.next(scope, f"codebuild.build.{project.key}"),
        initiator=initiator,
        created_at=now,
        cache_epoch=project.desired.cache_epoch,
        token=token,
        token_digest=digest if token else "",
        retry_of=before.key,
    )
    return keep(tx, scope, ids, now, again, "").key


def stop_build(tx: Transaction, scope: Scope, ids: Ids, now: datetime, build_id: str) -> BuildItem:
    """End a build now, as AWS does; what is left of it outside goes afterwards.

    Nothing changes when it is over, or has only its last lines to say (FINALIZING).
    ``ServiceError``: ``ResourceNotFoundException``.
    """
    item = find_build(tx, scope, build_id)
    if item.observed.status in FINAL or item.observed.current_phase == "FINALIZING":
        return item
    return complete(tx, item, ids, now, Ending("STOPPED"), "STOPPED")


def keep(  # noqa: PLR0917 - as start_build
    tx: Transaction, scope: Scope, ids: Ids, now: datetime, build: Build, resolved: str
) -> BuildItem:
    """Keep a new build under a new id, queue it and say so."""
    identity = f"{build.project}:{ids.uuid()}"
    observed = BuildObserved(started_at=now, resolved_version=resolved)
    item = tx.create(BUILDS, scope, identity, build, observed)
    tell_state(tx, item, ids, now)
    for key in listing_keys(tx.next(scope, "codebuild.listed")):
        tx.create(LISTED, scope, key, Listed(identity, build.project))
    place = f"{tx.next(EVERYWHERE, 'codebuild.queue'):012d}"
    tx.create(QUEUE, EVERYWHERE, place, Waiting(scope.account, scope.region, identity))
    submitted = Phase("SUBMITTED", now, "SUCCEEDED", now)
    return note(tx, item, ids, now, (submitted, Phase("QUEUED", now)))


def overridden(settings: Settings, given: BuildOverrides, source_version: str) -> Settings:
    """A project's settings with what a build overrides."""
    artifacts = settings.artifacts if given.artifacts is None else given.artifacts
    secondary_sources, secondary_artifacts = given.secondary_sources, given.secondary_artifacts
    return msgspec.structs.replace(
        settings,
        source=_source(settings.source, given),
        artifacts=artifacts,
        environment=_environment(settings.environment, given),
        service_role=given.service_role or settings.service_role,
        secondary_sources=(
            settings.secondary_sources if secondary_sources is None else secondary_sources
        ),
        secondary_artifacts=(
            settings.secondary_artifacts if secondary_artifacts is None else secondary_artifacts
        ),
        source_version=source_version or settings.source_version,
        cache=None if given.no_cache else given.cache or settings.cache,
        timeout=given.timeout or settings.timeout,
        queued_timeout=given.queued_timeout or settings.queued_timeout,
        encryption_key=given.encryption_key or settings.encryption_key,
        logs=given.logs or settings.logs,
    )


def _source(source: Source, given: BuildOverrides) -> Source:
    changed = msgspec.structs.replace(
        source,
        type=given.source_type or source.type,
        location=given.source_location or source.location,
        buildspec=given.buildspec or source.buildspec,
    )
    if given.clone_depth is not None:
        changed = msgspec.structs.replace(changed, clone_depth=given.clone_depth)
    if changed.type == "NO_SOURCE":
        changed = msgspec.structs.replace(changed, location="")
    return changed


def _environment(environment: Environment, given: BuildOverrides) -> Environment:
    names = {each.name for each in given.variables}
    kept = tuple(each for each in environment.variables if each.name not in names)
    return msgspec.structs.replace(
        environment,
        image=given.image or environment.image,
        type=given.environment_type or environment.type,
        compute_type=given.compute_type or environment.compute_type,
        variables=kept + given.variables,
        privileged=environment.privileged if given.privileged is None else given.privileged,
        pull_credentials=given.pull_credentials or environment.pull_credentials,
    )


def _check_limit(tx: Transaction, project: Item[Project, Nothing]) -> None:
    limit = project.desired.concurrent_limit
    if limit is not None and tx.count(BUILDS, project.scope, ("active", project.key)) >= limit:
        raise ServiceError(
            "AccountLimitExceededException",
            f"Cannot have more than {limit} active builds for the project {project.key}",
        )


def _by_token(tx: Transaction, scope: Scope, now: datetime, token: str, digest: str) -> str:
    for item in tx.page(BUILDS, scope, where=("token", token)):
        if now - item.desired.created_at < _TOKEN_LASTS:
            if item.desired.token_digest != digest:
                raise ServiceError(
                    INVALID, "Parameters do not match the earlier call with this idempotency token"
                )
            return item.key
    return ""
