"""Beginning and ending deployments: where callers, CodePipeline and rollbacks meet."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import Any

import msgspec

from demitasse.api import Scope
from demitasse.errors import ServiceError
from demitasse.ids import Ids
from demitasse.services.codedeploy.records import appspec as specs
from demitasse.services.codedeploy.records.applications import (
    APPLICATIONS,
    GROUPS,
    Application,
    AutoRollback,
    Config,
    Group,
    GroupObserved,
    find_config,
    group_arn,
    group_key,
)
from demitasse.services.codedeploy.records.deployments import (
    DEPLOYMENTS,
    FINAL,
    LISTED,
    Deployment,
    DeploymentObserved,
    Listed,
    ListedObserved,
    Revision,
    Shift,
    events_to_come,
)
from demitasse.services.codedeploy.records.order import newest_first
from demitasse.services.codedeploy.records.revisions import use_revision
from demitasse.services.events.records import emit
from demitasse.store import Item, Ref, Transaction
from demitasse.store.kinds import Nothing

_STATES = {
    "InProgress": "START",
    "Ready": "READY",
    "Succeeded": "SUCCESS",
    "Failed": "FAILURE",
    "Stopped": "STOP",
}
_ID = re.compile(r"d-[A-Za-z0-9]+")
_CREATORS = frozenset({"user", "codeDeployRollback", "CodeDeploy", "CloudFormation"})


def find_application(tx: Transaction, scope: Scope, name: str) -> Item[Application, Nothing]:
    """The application. ``ServiceError``: ``ApplicationDoesNotExistException``."""
    item = tx.get(APPLICATIONS, scope, name)
    if item is None:
        raise ServiceError(
            "ApplicationDoesNotExistException", f"No application found for name: {name}"
        )
    return item


def find_group(
    tx: Transaction, scope: Scope, application: str, name: str
) -> Item[Group, GroupObserved]:
    """The group. ``ServiceError``: the ``…DoesNotExistException`` of what is missing."""
    owner = find_application(tx, scope, application)
    item = tx.get(GROUPS, scope, group_key(owner.desired.id, name))
    if item is None:
        raise ServiceError(
            "DeploymentGroupDoesNotExistException",
            f"No Deployment Group found for name: {name}",
        )
    return item


def find_deployment(
    tx: Transaction, scope: Scope, deployment_id: str
) -> Item[Deployment, DeploymentObserved]:
    """The deployment.

    ``ServiceError``: ``DeploymentIdRequiredException``, ``InvalidDeploymentIdException``,
    ``DeploymentDoesNotExistException``.
    """
    if not deployment_id:
        raise ServiceError("DeploymentIdRequiredException", "The deployment id must be specified.")
    if not _ID.fullmatch(deployment_id):
        raise ServiceError(
            "InvalidDeploymentIdException",
            f"Specified DeploymentId is not in the valid format: {deployment_id}",
        )
    item = tx.get(DEPLOYMENTS, scope, deployment_id)
    if item is None:
        raise ServiceError(
            "DeploymentDoesNotExistException",
            f"The deployment {deployment_id} could not be found",
        )
    return item


def text_revision(content: str) -> Revision:
    """An AppSpec's text as a revision."""
    return Revision(
        "AppSpecContent", content=content, sha256=hashlib.sha256(content.encode()).hexdigest()
    )


def create_deployment(
    tx: Transaction,
    scope: Scope,
    ids: Ids,
    now: datetime,
    *,
    application: str,
    group: str,
    appspec: str = "",
    revision: Revision | None = None,
    config: str = "",
    auto_rollback: AutoRollback | None = None,
    creator: str = "user",
    description: str = "",
) -> str:
    """Begin a deployment of an AppSpec's text, or of another ``revision``; its id.

    What is not given is the group's own. A text is checked here.
    ``ServiceError``: ``ApplicationDoesNotExistException``,
    ``DeploymentGroupDoesNotExistException``, ``DeploymentConfigDoesNotExistException``,
    ``InvalidRevisionException`` (with the place), ``DeploymentLimitExceededException`` (with the
    id of the deployment that is active).
    """
    target = find_group(tx, scope, application, group)
    revision = revision or text_revision(appspec)
    if revision.type != "S3":
        specs.read(revision.content)
    own = target.desired
    name = config or own.config
    shift = find_config(tx, scope, name)
    if shift is None:
        raise config_missing(name)
    refuse_second(tx, scope, own)
    previous = tx.get(DEPLOYMENTS, scope, target.observed.successful)
    deployment = Deployment(
        application_id=own.application_id,
        application=application,
        group_id=own.id,
        group=own.name,
        config=name,
        shift=_shift(shift.desired),
        revision=revision,
        cluster=own.cluster,
        service=own.service,
        pair=own.pair,
        created_at=now,
        number=tx.next(scope, "codedeploy.deployment"),
        role_arn=own.role_arn,
        blue_green=own.blue_green,
        auto_rollback=auto_rollback or own.auto_rollback,
        creator=creator if creator in _CREATORS else "user",
        description=description,
        previous=previous.desired.revision if previous else None,
    )
    item = keep(tx, scope, ids, now, deployment)
    use_revision(tx, scope, now, own.application_id, revision, own.id)
    seen = msgspec.structs.replace(target.observed, attempted=item.key)
    tx.observe(GROUPS, target.ref, seen)
    return item.key


def keep(  # noqa: PLR0917 - as create_deployment
    tx: Transaction,
    scope: Scope,
    ids: Ids,
    now: datetime,
    deployment: Deployment,
    observed: DeploymentObserved | None = None,
) -> Item[Deployment, DeploymentObserved]:
    """Keep a new deployment under a new id, and say so."""
    identity = f"d-{ids.unique_id('')[-9:]}"
    begun = observed or DeploymentObserved(
        phase_at=now, events=events_to_come(tests=bool(deployment.pair.test))
    )
    item = tx.create(DEPLOYMENTS, scope, identity, deployment, begun)
    place = Listed(identity, deployment.application_id, deployment.group_id)
    tx.create(LISTED, scope, newest_first(now, deployment.number), place)
    state_changed(tx, item, ids, now)
    return item


def refuse_second(tx: Transaction, scope: Scope, group: Group) -> None:
    """``DeploymentLimitExceededException`` while a deployment of the group or service is active."""
    active = tx.one(DEPLOYMENTS, scope, "active-group", group.id)
    if active is not None:
        raise ServiceError(
            "DeploymentLimitExceededException",
            f"The Deployment Group '{group.name}' already has an active Deployment '{active.key}'",
        )
    active = tx.one(DEPLOYMENTS, scope, "active", f"{group.cluster}/{group.service}")
    if active is not None:
        raise ServiceError(
            "DeploymentLimitExceededException",
            f"The ECS service '{group.service}' already has an active Deployment '{active.key}'"
            f" of the Deployment Group '{active.desired.group}'",
        )


def stop_deployment(
    tx: Transaction, scope: Scope, deployment_id: str, now: datetime, rollback: bool | None = None
) -> None:
    """Ask a deployment to stop; ``rollback`` moves traffic back to the original task set.

    ``None`` for ``rollback`` means what the deployment's own settings say of a stop.
    ``ServiceError``: ``DeploymentDoesNotExistException``, ``DeploymentAlreadyCompletedException``,
    ``UnsupportedActionForDeploymentTypeException`` (a rollback cannot be stopped).
    """
    item = find_deployment(tx, scope, deployment_id)
    if item.observed.status in FINAL:
        raise ServiceError(
            "DeploymentAlreadyCompletedException",
            f"The deployment {deployment_id} has already been completed",
        )
    own = item.desired
    if own.rolls_back:
        raise ServiceError(
            "UnsupportedActionForDeploymentTypeException",
            f"The deployment {deployment_id} rolls back {own.rolls_back} and cannot be stopped",
        )
    if item.observed.phase == "terminate":
        raise ServiceError(
            "DeploymentAlreadyCompletedException",
            f"The deployment {deployment_id} has already shifted all traffic, and the original"
            " task set is being terminated",
        )
    if rollback is None:
        rollback = own.auto_rollback is not None and own.auto_rollback.on(
            "DEPLOYMENT_STOP_ON_REQUEST"
        )
    if own.stop_at is None or (rollback and not own.stop_rollback):
        changed = msgspec.structs.replace(own, stop_at=own.stop_at or now, stop_rollback=rollback)
        tx.desire(DEPLOYMENTS, item.ref, changed)


def state_changed(
    tx: Transaction, item: Item[Deployment, DeploymentObserved], ids: Ids, now: datetime
) -> None:
    """List a deployment under the status that it has now, and emit the notification of it."""
    own, status = item.desired, item.observed.status
    place = Ref(item.scope, newest_first(own.created_at, own.number))
    tx.observe(LISTED, place, ListedObserved(status))
    state = _STATES.get(status)
    if state is None:
        return  # it has not begun
    detail: dict[str, Any] = {
        "instanceGroupId": own.group_id,
        "region": item.scope.region,
        "application": own.application,
        "deploymentId": item.key,
        "state": state,
        "deploymentGroup": own.group,
    }
    emit(
        tx,
        item.scope,
        ids,
        now,
        source="aws.codedeploy",
        detail_type="CodeDeploy Deployment State-change Notification",
        detail=detail,
        resources=(
            item.scope.arn("codedeploy", f"application:{own.application}"),
            group_arn(item.scope, own.application, own.group),
        ),
    )


def config_missing(name: str) -> ServiceError:
    """The error for a deployment configuration that does not exist."""
    return ServiceError(
        "DeploymentConfigDoesNotExistException",
        f"No Deployment Configuration found for name: {name}",
    )


def _shift(config: Config) -> Shift:
    return Shift(config.type, config.percentage, config.interval)
