"""What carrying out an action needs, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import msgspec

from demitasse.api import Input, Output, Scope
from demitasse.clock import Clock, Waits
from demitasse.engines.git.protocol import Git
from demitasse.engines.objects.protocol import NoSuchObject, Objects
from demitasse.errors import ServiceError
from demitasse.ids import Ids
from demitasse.services.base import Site
from demitasse.services.codepipeline import action_types
from demitasse.services.codepipeline.records import (
    ACTIONS,
    ActionItem,
    Revision,
    StoredArtifact,
)
from demitasse.store import Store, Transaction

CONFIGURATION, JOB, REVISION = "ConfigurationError", "JobFailed", "RevisionUnavailable"
"""Codes of AWS's errorDetails that are used here."""


class ActionFailed(Exception):
    """The action has failed: AWS's code, and a sentence for a person."""

    def __init__(self, code: str, message: str, *, summary: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.summary = code, message, summary


@dataclass(frozen=True, slots=True)
class Done:
    """The action has succeeded. Empty members leave what was known before."""

    summary: str = ""
    external_id: str = ""
    external_url: str = ""
    revision: Revision | None = None
    variables: dict[str, str] = field(default_factory=dict)
    updated_by: str = ""
    log_stream: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The action goes on; ``again`` is when to look at the latest, in seconds (``None``: when
    something changes).
    """

    again: float | None = None


Outcome = Done | Waiting


@dataclass(frozen=True, slots=True)
class Begun:
    """The build or deployment that an action has begun."""

    external_id: str
    external_url: str = ""
    task_definition: str = ""


class Calls(Protocol):
    """Calls of other services' APIs, validated and carried out as if they came by the wire."""

    def __call__(
        self,
        tx: Transaction,
        scope: Scope,
        role_arn: str,
        *,
        service: str,
        operation: str,
        given: Input,
    ) -> Output:
        """The output. ``ServiceError``; all the call does happens in ``tx``."""


@dataclass(frozen=True, slots=True)
class Work:
    """What providers are handed."""

    store: Store
    clock: Clock
    waits: Waits
    ids: Ids
    site: Site
    objects: Objects
    git: Git
    calls: Calls

    def now(self) -> datetime:
        """The time."""
        return self.clock.now()

    async def input(self, item: ActionItem, name: str) -> bytes:
        """An input artifact, by its name. ``ActionFailed``."""
        for stored in item.desired.inputs:
            if stored.name == name:
                return await self.fetch(item.scope, stored)
        raise ActionFailed(CONFIGURATION, f"The action has no input artifact named {name}.")

    async def fetch(self, scope: Scope, stored: StoredArtifact) -> bytes:
        """An artifact. ``ActionFailed`` when its object or bucket is gone."""
        try:
            return await self.objects.get(scope, stored.bucket, stored.key)
        except NoSuchObject as error:
            raise _no_artifact(stored, error) from None

    async def put(self, item: ActionItem, data: bytes) -> None:
        """Keep the action's one output artifact. ``ActionFailed`` when its bucket is gone."""
        (stored,) = item.desired.outputs
        try:
            await self.objects.put(
                item.scope, stored.bucket, stored.key, data, content_type="application/zip"
            )
        except NoSuchObject as error:
            raise _no_artifact(stored, error) from None

    def begin(
        self, item: ActionItem, make: Callable[[Transaction, datetime], Begun]
    ) -> ActionItem | None:
        """Make a build or deployment, and keep which in the same transaction.

        ``None`` when the action has begun or ended meanwhile. An error of what is made
        (``ServiceError``) leaves nothing behind, and is the action's: ``ActionFailed``.
        """
        now = self.now()
        try:
            with self.store.transaction() as tx:
                fresh = tx.get(ACTIONS, item.scope, item.key)
                if fresh is None or fresh.observed.status != "InProgress":
                    return None
                if fresh.observed.external_id:
                    return None
                made = make(tx, now)
                seen = msgspec.structs.replace(
                    fresh.observed,
                    external_id=made.external_id,
                    external_url=made.external_url,
                    task_definition=made.task_definition,
                    updated_at=now,
                )
                return tx.observe(ACTIONS, item.ref, seen)
        except ServiceError as error:
            raise ActionFailed(CONFIGURATION, said(error)) from None

    def remaining(self, item: ActionItem, minutes: int) -> float:
        """The seconds left of AWS's timeout of so many minutes. ``ActionFailed`` when over."""
        left = self.waits.seconds(minutes * 60)
        left -= (self.now() - item.desired.started_at).total_seconds()
        if left <= 0:
            raise ActionFailed(JOB, f"The action timed out after {minutes} minutes.")
        return left


def timeout_of(item: ActionItem) -> int:
    """After how many minutes the action's type gives up."""
    asked = item.desired.declared.action_type_id
    known = action_types.find(asked.category, asked.owner, asked.provider, asked.version)
    return known.minutes if known else 0


def said(error: ServiceError) -> str:
    """An error of another service as part of a sentence: its message and its code."""
    return f"{error.message} (Error Code: {error.code})" if error.code else error.message


def _no_artifact(stored: StoredArtifact, error: Exception) -> ActionFailed:
    return ActionFailed(
        CONFIGURATION,
        "The action failed because either the artifact or the Amazon S3 bucket could not be found."
        f" Name of artifact bucket: {stored.bucket}. Verify that this bucket exists. If it exists,"
        f" check the life cycle policy, then try releasing a change. ({error})",
    )


def as_object(value: Any) -> dict[str, Any] | None:
    """A decoded JSON value if it is an object."""
    return value if isinstance(value, dict) else None
