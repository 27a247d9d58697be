"""Writes ``docs/reference.md``: ``python -m tests.kit.reference > docs/reference.md``."""

from __future__ import annotations

import inspect
import sys

from demitasse.platform import APIS
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
    models = Models.load({api.service: api.operations for api in APIS})
    for api in sorted(APIS, key=lambda api: api.service):
        names = sorted(api.operations)
        assert set(names) <= set(models[api.service].operations)
        parts.append(f"\n## {api.service}\n\n{len(names)} operations.\n\n| | |\n|---|---|\n")
        for name in names:
            said = inspect.getdoc(api.operations[name]) or ""
            first = " ".join(said.split("\n\n")[0].split()).replace("|", "\\|")
            parts.append(f"| `{name}` | {first} |\n")
    return "".join(parts)


if __name__ == "__main__":
    sys.stdout.write(text())
