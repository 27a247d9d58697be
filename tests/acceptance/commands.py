"""Commands of the machine, as tests run them."""

from __future__ import annotations

import os
import subprocess


def run(*argv: str, given: str | None = None, **environment: str) -> str:
    """What a command writes; it must succeed."""
    done = subprocess.run(
        argv,
        env={**os.environ, **environment},
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
