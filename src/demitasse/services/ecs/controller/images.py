"""Pulling the images of tasks, as ECS does: always from their registry, never what lies around."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from demitasse.api import Scope
from demitasse.clock import Clock
from demitasse.engines.containers import references
from demitasse.engines.containers.errors import PullUnauthorised
from demitasse.engines.containers.protocol import ContainerEngine
from demitasse.engines.containers.spec import RegistryAuth
from demitasse.ids import Ids
from demitasse.services.ecr.records import authorization_token
from demitasse.services.ecs.records import ContainerDefinition
from demitasse.store import Store

_TOKEN_KEPT = timedelta(hours=6)
_SILENCE_SECONDS = 120.0


class Pulled(NamedTuple):
    """An image that is here now; ``digest`` is "" for one that its registry gave none."""

    reference: str
    digest: str


def reference_of(container: ContainerDefinition, digest: str) -> str:
    """What to pull: the image as named, or the very one that the task set began with.

    ECS resolves a tag once per deployment, so that all of its tasks run the same image.
    """
    parsed = references.parse(container.image)
    if not digest or parsed.digest or container.version_consistency == "disabled":
        return container.image
    return f"{parsed.familiar_name}@{digest}"


class Images:
    """Pulls with a login of the task's own account where the platform's registry is asked."""

    def __init__(
        self, *, store: Store, engine: ContainerEngine, clock: Clock, ids: Ids, registry: str
    ) -> None:
        self._store = store
        self._engine = engine
        self._clock = clock
        self._ids = ids
        self._registry = registry
        self._logins: dict[Scope, tuple[datetime, RegistryAuth]] = {}

    async def pull(self, scope: Scope, image: str) -> Pulled:
        """Pull; raises what the engine raises."""
        parsed = references.parse(image)
        if parsed.registry != self._registry:
            info = await self._engine.pull(image, timeout=_SILENCE_SECONDS)
        else:
            try:
                info = await self._engine.pull(image, self._login(scope), timeout=_SILENCE_SECONDS)
            except PullUnauthorised:
                # The login may be from before a reset; a new one is as good as it gets.
                self._logins.pop(scope, None)
                info = await self._engine.pull(image, self._login(scope), timeout=_SILENCE_SECONDS)
        digest = parsed.digest or info.digest_in(parsed.familiar_name) or ""
        return Pulled(image, digest)

    def _login(self, scope: Scope) -> RegistryAuth:
        now = self._clock.now()
        kept = self._logins.get(scope)
        if kept is not None and now - kept[0] < _TOKEN_KEPT:
            return kept[1]
        with self._store.transaction() as tx:
            user, password = authorization_token(tx, scope, now, self._ids)
        login = RegistryAuth(self._registry, user, password)
        self._logins[scope] = (now, login)
        return login
