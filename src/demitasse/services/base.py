"""What every service is made of: operations, and the context in which they run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network
from typing import Any, TypeVar

from demitasse.api import Caller, Input, Output, Scope
from demitasse.ids import Ids
from demitasse.store import Transaction


@dataclass(frozen=True, slots=True)
class Site:
    """What operations may know of the installation they run in."""

    endpoint: str  # the API's URL, "http://127.0.0.1:4566"
    registry: str  # the registry's host and port, "127.0.0.1:4566"
    vpc_cidr: str = ""  # the first default VPC's block; "" for AWS's where the machine has it free
    networks: Callable[[], Collection[IPv4Network]] = tuple  # those that the machine reaches now


@dataclass(frozen=True, slots=True)
class Context:
    """What an operation is handed. All it does happens in ``tx``: whole or not at all."""

    tx: Transaction
    scope: Scope
    caller: Caller
    now: datetime
    ids: Ids
    request_id: str
    site: Site


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class WaitingContext:
    """What an operation is handed that has to wait for an engine.

    No transaction is open: it opens as many as it needs, each of which ends before the next
    ``await``. ``parts`` are what the platform has built for such operations, by their class.
    """

    transaction: Callable[[], AbstractContextManager[Transaction]]
    scope: Scope
    caller: Caller
    now: datetime
    ids: Ids
    request_id: str
    site: Site
    parts: Mapping[type, Any]

    def part(self, kind: type[T]) -> T:
        """The part of that class."""
        part: T = self.parts[kind]
        return part


Operation = Callable[[Context, Input], Output]
WaitingOperation = Callable[[WaitingContext, Input], Awaitable[Output]]
Seed = Callable[[Context], None]


class Api:
    """The operations of one AWS service, by their AWS names.

    ``service`` is the name of botocore's model. What is not registered here is refused by name.
    """

    def __init__(self, service: str) -> None:
        self.service = service
        self.operations: dict[str, Callable[..., Any]] = {}
        self.waiting: set[str] = set()  # those of them that are ``WaitingOperation``s
        self.seeds: list[Seed] = []

    def operation(self, name: str) -> Callable[[Operation], Operation]:
        """Register the function below as the operation ``name``."""

        def register(function: Operation) -> Operation:
            assert name not in self.operations, name  # noqa: S101 - a mistake in our own code
            self.operations[name] = function
            return function

        return register

    def waiting_operation(self, name: str) -> Callable[[WaitingOperation], WaitingOperation]:
        """Register the coroutine function below as the operation ``name``.

        For what cannot be answered from the state alone, such as a file's content in git.
        """

        def register(function: WaitingOperation) -> WaitingOperation:
            assert name not in self.operations, name  # noqa: S101 - a mistake in our own code
            self.operations[name] = function
            self.waiting.add(name)
            return function

        return register

    def seed(self, function: Seed) -> Seed:
        """Run the function below once per account and region, before its first call.

        For what AWS has there from the start: the default VPC, the service-linked roles.
        """
        self.seeds.append(function)
        return function
