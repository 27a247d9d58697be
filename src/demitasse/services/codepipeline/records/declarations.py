"""The structure of a pipeline, in AWS's own shape: kept as asked for, given back as kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec


class Shape(msgspec.Struct, frozen=True, rename="camel"):
    """A structure of CodePipeline's model; a member that was not given is ``None`` or empty."""


class ActionTypeId(Shape, frozen=True):
    """What kind of action: AWS's category, owner, provider and version."""

    category: str
    owner: str
    provider: str
    version: str


class ArtifactName(Shape, frozen=True):
    """An artifact that an action takes or makes."""

    name: str


class Action(Shape, frozen=True):
    """One action of a stage. ``configuration`` may name variables: ``#{namespace.key}``."""

    name: str
    action_type_id: ActionTypeId
    run_order: int = 1
    configuration: dict[str, str] = msgspec.field(default_factory=dict)
    output_artifacts: tuple[ArtifactName, ...] = ()
    input_artifacts: tuple[ArtifactName, ...] = ()
    role_arn: str | None = None
    region: str | None = None
    namespace: str | None = None
    timeout_in_minutes: int | None = None

    @property
    def provider(self) -> str:
        """``CodeCommit``, ``CodeDeployToECS`` …"""
        return self.action_type_id.provider


class RetryConfiguration(Shape, frozen=True):
    """What an automatic retry runs again."""

    retry_mode: str = "ALL_ACTIONS"


class OnFailure(Shape, frozen=True):
    """What happens when a stage fails: ``FAIL``, ``ROLLBACK`` or ``RETRY``."""

    result: str = "FAIL"
    retry_configuration: RetryConfiguration | None = None


class Stage(Shape, frozen=True):
    """One stage."""

    name: str
    actions: tuple[Action, ...]
    on_failure: OnFailure | None = None

    def action(self, name: str) -> Action | None:
        """The action called ``name``."""
        return next((each for each in self.actions if each.name == name), None)

    def in_order(self) -> Iterator[list[Action]]:
        """The actions that begin together, by their run order."""
        for order in sorted({action.run_order for action in self.actions}):
            yield [action for action in self.actions if action.run_order == order]


class ArtifactStore(Shape, frozen=True):
    """The bucket in which a pipeline keeps its artifacts."""

    type: str
    location: str


class Variable(Shape, frozen=True):
    """A variable of the pipeline (V2), given a value when an execution starts."""

    name: str
    default_value: str | None = None
    description: str | None = None


class Declaration(Shape, frozen=True):
    """A pipeline's structure: AWS's PipelineDeclaration."""

    name: str
    role_arn: str
    stages: tuple[Stage, ...]
    artifact_store: ArtifactStore | None = None
    artifact_stores: dict[str, ArtifactStore] | None = None
    version: int = 1
    execution_mode: str = "SUPERSEDED"
    pipeline_type: str = "V1"
    variables: tuple[Variable, ...] | None = None

    def stage(self, name: str) -> Stage | None:
        """The stage called ``name``."""
        return next((each for each in self.stages if each.name == name), None)

    def store(self, region: str) -> ArtifactStore:
        """Where artifacts are kept: for a region, or for all."""
        if self.artifact_store is not None:
            return self.artifact_store
        return (self.artifact_stores or {})[region]

    def actions(self) -> Iterator[tuple[Stage, Action]]:
        """All actions, each with its stage."""
        for stage in self.stages:
            for action in stage.actions:
                yield stage, action

    def position(self, stage: str) -> int:
        """Where a stage stands, from 0; -1 when there is none."""
        return next((at for at, each in enumerate(self.stages) if each.name == stage), -1)


def show(value: msgspec.Struct) -> dict[str, Any]:
    """A kept structure as part of an output."""
    shown = msgspec.to_builtins(value)
    assert isinstance(shown, dict)  # noqa: S101 - a struct becomes a dict
    return shown
