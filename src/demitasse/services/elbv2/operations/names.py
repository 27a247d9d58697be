"""Names of load balancers and target groups, in AWS's words."""

from __future__ import annotations

import re

from demitasse.errors import ServiceError

_LONGEST = 32


def check(name: str, what: str) -> None:
    """``ValidationError`` for a name that AWS does not allow; ``what`` begins the sentence."""
    problem = ""
    if not name:
        problem = "cannot be empty"
    elif len(name) > _LONGEST:
        problem = f"cannot be longer than '{_LONGEST}' characters"
    elif not re.fullmatch(r"[A-Za-z0-9-]+", name):
        problem = "can only contain characters that are alphanumeric characters or hyphens(-)"
    elif name.startswith("-") or name.endswith("-"):
        problem = "cannot begin or end with '-'"
    elif name.startswith("internal-") and what.startswith("Load"):
        problem = "cannot begin with 'internal-'"
    if problem:
        raise ServiceError("ValidationError", f"{what} name '{name}' {problem}")
