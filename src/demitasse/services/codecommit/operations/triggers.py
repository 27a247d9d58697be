"""Repository triggers: they lead to SNS or Lambda, which are not here."""

from __future__ import annotations

from demitasse.api import Input, Output
from demitasse.errors import NotSupported
from demitasse.services.base import Context
from demitasse.services.codecommit.operations.api import api, check_name
from demitasse.services.codecommit.records import repository


@api.operation("GetRepositoryTriggers")
def get_repository_triggers(context: Context, given: Input) -> Output:
    """There are none."""
    item = repository(context.tx, context.scope, check_name(given["repositoryName"]))
    return {"configurationId": item.desired.repository_id, "triggers": []}


@api.operation("PutRepositoryTriggers")
def put_repository_triggers(context: Context, given: Input) -> Output:
    """None at all is accepted; each other is refused by its destination's name."""
    item = repository(context.tx, context.scope, check_name(given["repositoryName"]))
    for trigger in given["triggers"]:
        raise NotSupported(
            f"The repository trigger {trigger['name']} to {trigger['destinationArn']} (a rule of"
            " EventBridge does the same)",
            code="InvalidRepositoryTriggerDestinationArnException",
        )
    return {"configurationId": item.desired.repository_id}
