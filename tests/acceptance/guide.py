"""The commands of docs/by-hand.md, typed as they stand there: a guide that is run cannot be wrong."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.acceptance.application import docker
from tests.acceptance.conftest import Installation

from demitasse.lab import names

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "by-hand.md"
_MINE = "by-hand-"
_OUTPUT_SHOWN = 4000  # characters of what was printed before a command failed


def sections() -> Iterator[tuple[str, str]]:
    """What the guide has typed: the heading up to its colon, and all lines that stand below."""
    for part in GUIDE.read_text().split("\n## ")[1:]:
        heading = part.partition("\n")[0].partition(":")[0]
        lines = re.findall(r"^```bash\n(.*?)^```$", part, re.DOTALL | re.MULTILINE)
        if lines:
            yield heading, "".join(lines)


class Shell:
    """A person's terminals, one after the other, in a home folder of their own."""

    def __init__(self, on: Installation, home: Path) -> None:
        self._on, self._home = on, home

    def __call__(self, script: str) -> str:
        """Type lines in a new terminal that is set up; what they print. None of them may fail."""
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        done = self._on.run(
            "env", f"PATH={path}", f"HOME={self._home}", f"DOCKER_CONFIG={self._home / '.docker'}",
            "bash", "-euo", "pipefail", "-c",
            f'eval "$("{sys.executable}" -m demitasse env)"\n{_renamed(script)}',
            cwd=ROOT,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-_OUTPUT_SHOWN:] + done.stderr
        return done.stdout

    def forget_images(self) -> None:
        """Take away the images that were built."""
        docker("image", "rm", "--force", *(_MINE + service for service in names.SERVICES))


def _renamed(script: str) -> str:
    """With names of their own for images: `customer` and `employee` are of the whole machine."""
    return re.sub(r"(docker (?:build --tag|tag) )", rf"\1{_MINE}", script)
