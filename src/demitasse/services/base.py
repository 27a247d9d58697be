"""What every service is made of: operations, and the context in which they run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from demitasse.api import Caller, Input, Output, Scope
from demitasse.ids import Ids
from demitasse.store import Transaction


@dataclass(frozen=True, slots=True)
class Site:
    """What operations may know of the installation they run in."""

    endpoint: str  # the API's URL, "http://127.0.0.1:4566"
    registry: str  # the registry's host and port, "127.0.0.1:4566"
    vpc_cidr: str  # the first default VPC's block


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


Operation = Callable[[Context, Input], Output]
Seed = Callable[[Context], None]


class Api:
    """The operations of one AWS service, by their AWS names.

    ``service`` is the name of botocore's model. What is not registered here is refused by name.
    """

    def __init__(self, service: str) -> None:
        self.service = service
        self.operations: dict[str, Operation] = {}
        self.seeds: list[Seed] = []

    def operation(self, name: str) -> Callable[[Operation], Operation]:
        """Register the function below as the operation ``name``."""

        def register(function: Operation) -> Operation:
            assert name not in self.operations, name  # noqa: S101 - a mistake in our own code
            self.operations[name] = function
            return function

        return register

    def seed(self, function: Seed) -> Seed:
        """Run the function below once per account and region, before its first call.

        For what AWS has there from the start: the default VPC, the service-linked roles.
        """
        self.seeds.append(function)
        return function
