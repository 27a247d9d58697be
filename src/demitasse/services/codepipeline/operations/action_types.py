"""The action types that are there."""

from __future__ import annotations

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services import paging
from demitasse.services.base import Context
from demitasse.services.codepipeline.action_types import ACTION_TYPES, ActionType, find
from demitasse.services.codepipeline.operations.api import api


@api.operation("ListActionTypes")
def list_action_types(ctx: Context, given: Input) -> Output:
    """Those of AWS that are carried out here; there are no others. They fit on one page."""
    paging.start(given.get("nextToken"), code="InvalidNextTokenException")
    wanted = given.get("actionOwnerFilter", "AWS") == "AWS"
    here = given.get("regionFilter", ctx.scope.region) == ctx.scope.region
    return {"actionTypes": [_listed(each) for each in ACTION_TYPES if wanted and here]}


@api.operation("GetActionType")
def get_action_type(_ctx: Context, given: Input) -> Output:
    """AWS's own action types are not given by this operation, here as on AWS."""
    asked = given["category"], given["owner"], given["provider"], given["version"]
    what = "is one of AWS's own; ListActionTypes shows it" if find(*asked) else "does not exist"
    raise ServiceError(
        "ActionTypeNotFoundException",
        f"The action type {'/'.join(asked)} {what}",
    )


def _listed(own: ActionType) -> Output:
    return {
        "id": _id(own),
        "settings": {},
        "actionConfigurationProperties": [
            {
                "name": name,
                "required": name in own.needs,
                "key": name in own.needs,
                "secret": False,
                "queryable": False,
            }
            for name in own.needs + own.takes
        ],
        "inputArtifactDetails": _bounds(own.inputs),
        "outputArtifactDetails": _bounds(own.outputs),
    }


def _id(own: ActionType) -> Output:
    return {
        "category": own.category,
        "owner": own.owner,
        "provider": own.provider,
        "version": own.version,
    }


def _bounds(bounds: tuple[int, int]) -> Output:
    return {"minimumCount": bounds[0], "maximumCount": bounds[1]}
