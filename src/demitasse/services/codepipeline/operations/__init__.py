"""CodePipeline's API. What is not registered here is refused by name.

Webhooks, custom and third-party actions and rules are among that.
"""

from demitasse.services.codepipeline.operations import (
    action_types,
    approvals,
    executions,
    history,
    pipelines,
    stages,
    state,
    tags,
)
from demitasse.services.codepipeline.operations.api import api

__all__ = [
    "action_types",
    "api",
    "approvals",
    "executions",
    "history",
    "pipelines",
    "stages",
    "state",
    "tags",
]
