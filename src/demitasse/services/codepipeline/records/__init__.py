"""What is kept of CodePipeline, and what other services may ask and do with it.

- ``declarations``  the structure of a pipeline, in AWS's own shape
- ``pipelines``     pipelines, their versions, their disabled transitions, their sources
- ``executions``    pipeline executions: what was asked for, and how far they are
- ``actions``       action executions
- ``revisions``     which revisions an execution's sources are told to take
- ``starting``      ``start_execution``: where callers, rules, changes of sources and rollbacks meet
- ``notices``       the events that CodePipeline sends to EventBridge
"""

from demitasse.services.codepipeline.records.actions import (
    ACTIONS,
    ActionExecution,
    ActionItem,
    ActionObserved,
    Approval,
    Problem,
    Revision,
    StoredArtifact,
)
from demitasse.services.codepipeline.records.executions import (
    EXECUTIONS,
    Execution,
    ExecutionItem,
    ExecutionObserved,
    Retry,
    StageRun,
    StopRequest,
    Trigger,
    find_execution,
)
from demitasse.services.codepipeline.records.pipelines import (
    PIPELINES,
    VERSIONS,
    DisabledTransition,
    Pipeline,
    PipelineItem,
    PipelineObserved,
    PipelineVersion,
    StageLatest,
    declaration_of,
    find_pipeline,
    pipeline_arn,
)
from demitasse.services.codepipeline.records.revisions import SourceRevision, revision_of
from demitasse.services.codepipeline.records.starting import start_execution

__all__ = [
    "ACTIONS",
    "EXECUTIONS",
    "PIPELINES",
    "VERSIONS",
    "ActionExecution",
    "ActionItem",
    "ActionObserved",
    "Approval",
    "DisabledTransition",
    "Execution",
    "ExecutionItem",
    "ExecutionObserved",
    "Pipeline",
    "PipelineItem",
    "PipelineObserved",
    "PipelineVersion",
    "Problem",
    "Retry",
    "Revision",
    "SourceRevision",
    "StageLatest",
    "StageRun",
    "StopRequest",
    "StoredArtifact",
    "Trigger",
    "declaration_of",
    "find_execution",
    "find_pipeline",
    "pipeline_arn",
    "revision_of",
    "start_execution",
]
