"""Calls of the API from inside: a service that is another's client, as a pipeline is of ECS."""

from __future__ import annotations

import msgspec

from demitasse.api import Caller, Input, Output, Scope
from demitasse.clock import Clock
from demitasse.ids import Ids
from demitasse.services.base import Api, Context, Site
from demitasse.store import Transaction
from demitasse.wire.models import Models
from demitasse.wire.request import Request
from demitasse.wire.service import Service


class Calls:
    """Calls that a service makes for a caller: read and validated as if they came by the wire, and
    carried out in the transaction of who makes them.
    """

    def __init__(
        self, apis: tuple[Api, ...], models: Models, clock: Clock, ids: Ids, site: Site
    ) -> None:
        self._operations = {api.service: api.operations for api in apis}
        self._services = {
            api.service: Service(api.service, models[api.service], api.operations, ids)
            for api in apis
        }
        self._clock, self._ids, self._site = clock, ids, site

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
        """The output. ``ServiceError`` in the service's own words."""
        on_wire = self._services[service]
        body = msgspec.json.encode(given)
        read = on_wire.read(operation, on_wire.protocol, Request("POST", "/", "", {}, body))
        role = role_arn.rpartition("/")[2]
        arn = f"arn:aws:sts::{scope.account}:assumed-role/{role}/demitasse"
        caller = Caller(scope.account, arn, "", "")
        request_id = self._ids.uuid()
        context = Context(tx, scope, caller, self._clock.now(), self._ids, request_id, self._site)
        output: Output = self._operations[service][operation](context, read)
        return output
