"""An installation with its real credentials: several accounts and regions, temporary sessions."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from tests.kit import asgi
from tests.kit.stand import SITE

from demitasse.accounts import Accounts
from demitasse.clock import Clock, ManualClock
from demitasse.credentials import Credentials
from demitasse.dispatch import Dispatcher
from demitasse.ids import CountingIds
from demitasse.services.base import Api
from demitasse.store import Store
from demitasse.wire import Application, Models


@functools.cache
def _models(apis: tuple[Api, ...]) -> Models:
    return Models.load({api.service: api.operations for api in apis})


class Installation:
    """Services on a state in memory, with a clock that stands still."""

    def __init__(self, *apis: Api, clock: Clock | None = None) -> None:
        self.store = Store.open(None)
        self.clock = clock or ManualClock()
        self.accounts = Accounts("the installation's secret", asgi.ACCOUNT)
        operations = {api.service: api.operations for api in apis}
        ids = CountingIds()
        self.app = Application(
            models=_models(apis),
            operations=operations,
            dispatch=Dispatcher(apis, self.store, self.clock, ids, SITE),
            credentials=Credentials(self.accounts, self.store),
            clock=self.clock,
            ids=ids,
        )

    def root(self, account: str = asgi.ACCOUNT, region: str = "us-east-1") -> asgi.Api:
        """A client with an account's root credentials."""
        keys = self.accounts.keys(account)
        return self._client(keys.access_key_id, keys.secret_access_key, None, region)

    def session(self, credentials: Mapping[str, Any], region: str = "us-east-1") -> asgi.Api:
        """A client with the ``Credentials`` that STS gave."""
        return self._client(
            credentials["AccessKeyId"],
            credentials["SecretAccessKey"],
            credentials["SessionToken"],
            region,
        )

    def _client(self, key: str, secret: str, token: str | None, region: str) -> asgi.Api:
        return asgi.Api(self.app, key, secret, token, region, self.clock.now)
