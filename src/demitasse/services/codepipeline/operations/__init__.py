"""CodePipeline's API. What is not registered here is refused by name.

Making webhooks, custom and third-party actions is among that.
"""

from demitasse.services.codepipeline.operations import (
    absent,
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
    "absent",
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
