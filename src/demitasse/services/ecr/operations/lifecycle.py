"""Lifecycle policies, and what they would do."""

from __future__ import annotations

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services import paging
from demitasse.services.base import Context
from demitasse.services.ecr import images
from demitasse.services.ecr.images import RepositoryItem
from demitasse.services.ecr.lifecycle import InvalidPolicy, read_policy
from demitasse.services.ecr.operations.base import api, invalid, named, place
from demitasse.services.ecr.records import (
    LIFECYCLE_PREVIEWS,
    REPOSITORIES,
    Expiring,
    LifecyclePreview,
)

_PAGE = 100


@api.operation("PutLifecyclePolicy")
def put_lifecycle_policy(context: Context, given: Input) -> Output:
    """Keep a policy; the controller carries it out."""
    where = named(context, given)
    text = given["lifecyclePolicyText"]
    _check(text)
    _keep(context, where, text)
    return {**place(where), "lifecyclePolicyText": text}


@api.operation("GetLifecyclePolicy")
def get_lifecycle_policy(context: Context, given: Input) -> Output:
    """The policy, and when it was carried out last."""
    return _shown(named(context, given))


@api.operation("DeleteLifecyclePolicy")
def delete_lifecycle_policy(context: Context, given: Input) -> Output:
    """Forget the policy; images expire no more."""
    where = named(context, given)
    shown = _shown(where)
    _keep(context, where, "")
    return shown


@api.operation("StartLifecyclePolicyPreview")
def start_lifecycle_policy_preview(context: Context, given: Input) -> Output:
    """Ask what a policy (by default the repository's own) would expire now."""
    where = named(context, given)
    text = given.get("lifecyclePolicyText") or _policy(where)
    _check(text)
    running = context.tx.get(LIFECYCLE_PREVIEWS, where.scope, where.key)
    if running is not None:
        if running.observed.completed_at is None:
            raise ServiceError(
                "LifecyclePolicyPreviewInProgressException",
                "The previous lifecycle policy preview request has not completed for the"
                f" repository with name '{where.key}' in the registry with id"
                f" '{where.scope.account}'. Please try again later.",
            )
        context.tx.delete(LIFECYCLE_PREVIEWS, running.ref)
    context.tx.create(
        LIFECYCLE_PREVIEWS, where.scope, where.key, LifecyclePreview(text, context.now)
    )
    return {**place(where), "lifecyclePolicyText": text, "status": "IN_PROGRESS"}


@api.operation("GetLifecyclePolicyPreview")
def get_lifecycle_policy_preview(context: Context, given: Input) -> Output:
    """The answer to the last preview, in pages."""
    where = named(context, given)
    preview = context.tx.get(LIFECYCLE_PREVIEWS, where.scope, where.key)
    if preview is None:
        raise ServiceError(
            "LifecyclePolicyPreviewNotFoundException",
            f"Lifecycle policy preview does not exist for the repository with name '{where.key}'"
            f" in the registry with id '{where.scope.account}'",
        )
    shown = {**place(where), "lifecyclePolicyText": preview.desired.policy}
    if preview.observed.completed_at is None:
        return {**shown, "status": "IN_PROGRESS"}
    after = paging.start(given.get("nextToken"), code="InvalidParameterException")
    rows = [
        each
        for each in sorted(preview.observed.expiring, key=lambda each: each.digest)
        if each.digest > after and _wanted(context, where, given, each)
    ]
    page, more = paging.cut(rows, given.get("maxResults", _PAGE))
    return {
        **shown,
        "status": "COMPLETE",
        "previewResults": [
            {
                "imageTags": list(each.tags),
                "imageDigest": each.digest,
                "imagePushedAt": each.pushed_at,
                "action": {"type": "EXPIRE"},
                "appliedRulePriority": each.priority,
            }
            for each in page
        ],
        "summary": {"expiringImageTotalCount": len(preview.observed.expiring)},
        "nextToken": paging.token(page[-1].digest) if more else None,
    }


# within


def _wanted(context: Context, where: RepositoryItem, given: Input, each: Expiring) -> bool:
    """Whether a result passes the request's filter and is among its images, if it names some."""
    status = given.get("filter", {}).get("tagStatus", "ANY")
    if status != "ANY" and (status == "TAGGED") != bool(each.tags):
        return False
    if "imageIds" not in given:
        return True
    for image_id in given["imageIds"]:
        reference = image_id.get("imageDigest") or image_id.get("imageTag", "")
        image = images.find(context.tx, where.scope, where.key, reference)
        if image and image.desired.digest == each.digest:
            return True
    return False


def _check(text: str) -> None:
    try:
        read_policy(text)
    except InvalidPolicy as error:
        raise invalid(
            "LifecyclePolicyText", f"Lifecycle policy validation failure: {error}"
        ) from error


def _keep(context: Context, where: RepositoryItem, text: str) -> None:
    desired = msgspec.structs.replace(where.desired, lifecycle_policy=text)
    context.tx.desire(REPOSITORIES, where.ref, desired)


def _policy(where: RepositoryItem) -> str:
    if not where.desired.lifecycle_policy:
        raise ServiceError(
            "LifecyclePolicyNotFoundException",
            f"Lifecycle policy does not exist for the repository with name '{where.key}' in the"
            f" registry with id '{where.scope.account}'",
        )
    return where.desired.lifecycle_policy


def _shown(where: RepositoryItem) -> Output:
    return {
        **place(where),
        "lifecyclePolicyText": _policy(where),
        "lastEvaluatedAt": where.observed.lifecycle_evaluated_at,
    }
