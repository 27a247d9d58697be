"""The platform with its controllers at rest: ``python -m bench.quiet serve``.

For measuring calls in an account with thousands of load balancers, which it must not start.
"""

from __future__ import annotations

import asyncio

from demitasse import settings
from demitasse.platform import Platform
from demitasse.server import serve


async def _rest(self: Platform) -> None:  # noqa: ARG001
    await asyncio.Event().wait()


if __name__ == "__main__":
    Platform.control = _rest  # type: ignore[method-assign]
    serve(settings.load())
