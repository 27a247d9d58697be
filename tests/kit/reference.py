"""Writes ``docs/reference.md``: ``python -m tests.kit.reference > docs/reference.md``."""

from __future__ import annotations

import inspect
import sys

from demitasse.platform import APIS
from demitasse.services.s3.http.routes import OPERATIONS as S3_OPERATIONS
from demitasse.wire.models import Models

_HEAD = """\
# Reference: the operations that are carried out

Every other operation of these services, and every option that is not carried out, is refused with an
error that names it. Shapes, bounds and errors are those of AWS's own service models; what is said
here is what the operation does in Demitasse. This page is made from the code
(`python -m tests.kit.reference > docs/reference.md`), and a test fails when it is not up to date.
"""


def text() -> str:
    """The page."""
    parts = [_HEAD]
    services: dict[str, dict[str, object]] = {api.service: dict(api.operations) for api in APIS}
    services["s3"] = {name: handler for name, (_place, handler) in S3_OPERATIONS.items()}
    models = Models.load(services)
    for service, operations in sorted(services.items()):
        assert set(operations) <= set(models[service].operations)
        parts.append(f"\n## {service}\n\n{len(operations)} operations.\n\n| | |\n|---|---|\n")
        for name, operation in sorted(operations.items()):
            said = inspect.getdoc(operation) or ""
            first = " ".join(said.split("\n\n")[0].split()).replace("|", "\\|")
            parts.append(f"| `{name}` | {first} |\n")
    return "".join(parts)


if __name__ == "__main__":
    sys.stdout.write(text())
