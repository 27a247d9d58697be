"""Records in AWS's shapes, as the answers show them."""

from __future__ import annotations

from demitasse.api import Output
from demitasse.services.codedeploy.records import (
    FINAL,
    Application,
    AutoRollback,
    BlueGreen,
    Config,
    Deployment,
    DeploymentObserved,
    Group,
    GroupObserved,
    LifecycleEvent,
    Pair,
    Revision,
)
from demitasse.store import Item
from demitasse.store.kinds import Nothing

STYLE = {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}
_COUNTED = ("Pending", "InProgress", "Succeeded", "Failed", "Skipped", "Ready")
_ALARMS: Output = {"enabled": False, "ignorePollAlarmFailure": False, "alarms": []}


def application(item: Item[Application, Nothing]) -> Output:
    """An ``ApplicationInfo``."""
    return {
        "applicationId": item.desired.id,
        "applicationName": item.key,
        "createTime": item.desired.created_at,
        "linkedToGitHub": False,
        "computePlatform": "ECS",
    }


def config(name: str, own: Config) -> Output:
    """A ``DeploymentConfigInfo``."""
    routing: Output = {"type": own.type}
    if own.type == "TimeBasedCanary":
        routing["timeBasedCanary"] = {
            "canaryPercentage": own.percentage,
            "canaryInterval": own.interval,
        }
    elif own.type == "TimeBasedLinear":
        routing["timeBasedLinear"] = {
            "linearPercentage": own.percentage,
            "linearInterval": own.interval,
        }
    return {
        "deploymentConfigId": own.id,
        "deploymentConfigName": name,
        "createTime": own.created_at,
        "computePlatform": "ECS",
        "trafficRoutingConfig": routing,
    }


def group(
    item: Item[Group, GroupObserved],
    application_name: str,
    *,
    attempted: Item[Deployment, DeploymentObserved] | None,
    successful: Item[Deployment, DeploymentObserved] | None,
) -> Output:
    """A ``DeploymentGroupInfo``."""
    own = item.desired
    return {
        "applicationName": application_name,
        "deploymentGroupId": own.id,
        "deploymentGroupName": own.name,
        "deploymentConfigName": own.config,
        "ec2TagFilters": [],
        "onPremisesInstanceTagFilters": [],
        "autoScalingGroups": [],
        "serviceRoleArn": own.role_arn,
        "targetRevision": revision(successful.desired.revision) if successful else None,
        "triggerConfigurations": [],
        "alarmConfiguration": _ALARMS,
        "autoRollbackConfiguration": auto_rollback(own.auto_rollback),
        "deploymentStyle": STYLE,
        "outdatedInstancesStrategy": own.outdated,
        "blueGreenDeploymentConfiguration": blue_green(own.blue_green),
        "loadBalancerInfo": load_balancer(own.pair),
        "lastSuccessfulDeployment": _last(successful),
        "lastAttemptedDeployment": _last(attempted),
        "computePlatform": "ECS",
        "ecsServices": [{"serviceName": own.service, "clusterName": own.cluster}],
        "terminationHookEnabled": False,
    }


def auto_rollback(own: AutoRollback | None) -> Output:
    """An ``AutoRollbackConfiguration``."""
    if own is None:
        return {"enabled": False, "events": []}
    return {"enabled": own.enabled, "events": list(own.events)}


def blue_green(own: BlueGreen) -> Output:
    """A ``BlueGreenDeploymentConfiguration``."""
    return {
        "terminateBlueInstancesOnDeploymentSuccess": {
            "action": "TERMINATE",
            "terminationWaitTimeInMinutes": own.termination_wait,
        },
        "deploymentReadyOption": {
            "actionOnTimeout": own.on_ready,
            "waitTimeInMinutes": own.ready_wait,
        },
    }


def load_balancer(own: Pair) -> Output:
    """A ``LoadBalancerInfo``."""
    pair: Output = {
        "targetGroups": [{"name": name} for name in own.target_groups],
        "prodTrafficRoute": {"listenerArns": [own.production]},
    }
    if own.test:
        pair["testTrafficRoute"] = {"listenerArns": [own.test]}
    return {"targetGroupPairInfoList": [pair]}


def revision(own: Revision) -> Output:
    """A ``RevisionLocation``."""
    if own.type == "S3":
        location = {
            "bucket": own.bucket,
            "key": own.key,
            "bundleType": own.bundle_type or None,
            "version": own.version or None,
            "eTag": own.etag or None,
        }
        return {"revisionType": "S3", "s3Location": location}
    member = "string" if own.type == "String" else "appSpecContent"
    return {"revisionType": own.type, member: {"content": own.content, "sha256": own.sha256}}


def deployment(item: Item[Deployment, DeploymentObserved], trouble: str = "") -> Output:
    """A ``DeploymentInfo``; ``trouble`` is what keeps the replacement from coming up now."""
    own, seen = item.desired, item.observed
    rollback = {
        "rollbackDeploymentId": seen.rollback or None,
        "rollbackTriggeringDeploymentId": own.rolls_back or None,
        "rollbackMessage": seen.rollback_message or None,
    }
    problem = seen.error
    return {
        "applicationName": own.application,
        "deploymentGroupName": own.group,
        "deploymentConfigName": own.config,
        "deploymentId": item.key,
        "previousRevision": revision(own.previous) if own.previous else None,
        "revision": revision(own.revision),
        "status": seen.status,
        "errorInformation": {"code": problem.code, "message": problem.message} if problem else None,
        "createTime": own.created_at,
        "startTime": seen.started_at,
        "completeTime": seen.completed_at,
        "deploymentOverview": {each: int(each == seen.target_status) for each in _COUNTED},
        "description": own.description or None,
        "creator": own.creator,
        "ignoreApplicationStopFailures": False,
        "autoRollbackConfiguration": auto_rollback(own.auto_rollback)
        if own.auto_rollback
        else None,
        "updateOutdatedInstancesOnly": False,
        "rollbackInfo": rollback if any(rollback.values()) else None,
        "deploymentStyle": STYLE,
        "instanceTerminationWaitTimeStarted": seen.phase in {"wait", "terminate"}
        or (seen.status == "Succeeded" and not own.rolls_back),
        "blueGreenDeploymentConfiguration": blue_green(own.blue_green),
        "loadBalancerInfo": load_balancer(own.pair),
        "fileExistsBehavior": "DISALLOW",
        "deploymentStatusMessages": [problem.message] if problem else [trouble] if trouble else [],
        "computePlatform": "ECS",
    }


def events(seen: DeploymentObserved, trouble: str = "") -> list[Output]:
    """``LifecycleEvents``; ``trouble`` is a diagnosis of the one that is in progress."""
    return [
        _event(each, each.message or trouble * (each.status == "InProgress"))
        for each in seen.events
    ]


def _event(event: LifecycleEvent, message: str) -> Output:
    output: Output = {
        "lifecycleEventName": event.name,
        "startTime": event.started_at,
        "endTime": event.ended_at,
        "status": event.status,
    }
    if message:
        output["diagnostics"] = {"errorCode": "UnknownError", "message": message}
    return output


def _last(item: Item[Deployment, DeploymentObserved] | None) -> Output | None:
    if item is None:
        return None
    done = item.observed.status in FINAL
    return {
        "deploymentId": item.key,
        "status": item.observed.status,
        "endTime": item.observed.completed_at if done else None,
        "createTime": item.desired.created_at,
    }
