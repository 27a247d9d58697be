"""How long and how often to measure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Plan:
    """``rounds`` of ``seconds`` each; ``folder`` holds everything that is made on disk."""

    folder: Path
    rounds: int = 5
    seconds: float = 3
