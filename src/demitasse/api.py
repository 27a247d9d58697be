"""What an AWS API call is, between ``wire`` (which reads it) and a service (which answers it)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

Input = dict[str, Any]
"""A validated input: member names of botocore's model; blobs are bytes, timestamps are
timezone-aware ``datetime``; members that the caller left out are absent."""

Output = dict[str, Any]
"""An output by the model's member names; ``None`` values and absent members are left out."""


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """Where a resource lives: nothing is visible across scopes."""

    account: str
    region: str

    def arn(self, service: str, resource: str) -> str:
        """``arn:aws:<service>:<region>:<account>:<resource>``."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    def global_arn(self, service: str, resource: str) -> str:
        """An ARN of a service without regions, such as IAM."""
        return f"arn:aws:{service}::{self.account}:{resource}"


@dataclass(frozen=True, slots=True)
class Caller:
    """The identity whose signature was verified."""

    account: str
    arn: str
    user_id: str
    access_key_id: str


@dataclass(frozen=True, slots=True)
class Call:
    """One API call, before its input. ``service`` is the name of botocore's model (``elbv2``)."""

    service: str
    operation: str
    scope: Scope
    caller: Caller
    request_id: str


Dispatch = Callable[[Call, Input], Output | Awaitable[Output]]
"""Carries out a call; raises ``ServiceError``. Gives the output itself, but for the operations
that have to wait for git: those give something to await.
"""

Operations = Mapping[str, Mapping[str, Any]]
"""Which operations exist: service name → operation name → whatever the dispatcher needs."""
