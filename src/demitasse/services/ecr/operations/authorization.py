"""Logging in to the registry."""

from __future__ import annotations

import base64

from demitasse.api import Input, Output
from demitasse.errors import NotSupported
from demitasse.services.base import Context
from demitasse.services.ecr.operations.base import api
from demitasse.services.ecr.records import TOKEN_LIFETIME, authorization_token


@api.operation("GetAuthorizationToken")
def get_authorization_token(context: Context, given: Input) -> Output:
    """User and password, Base64 as ``docker login`` takes them apart, for twelve hours."""
    for registry in given.get("registryIds", ()):
        if registry != context.scope.account:
            raise NotSupported(f"A token for another registry ({registry})")
    user, password = authorization_token(context.tx, context.scope, context.now, context.ids)
    return {
        "authorizationData": [
            {
                "authorizationToken": base64.b64encode(f"{user}:{password}".encode()).decode(),
                "expiresAt": context.now + TOKEN_LIFETIME,
                "proxyEndpoint": f"http://{context.site.registry}",
            }
        ]
    }
