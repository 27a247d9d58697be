"""How this program is called: what messages say is to be typed."""

from __future__ import annotations

from pathlib import Path

_LAUNCHER = Path(__file__).resolve().parents[3] / "demitasse"


def launcher() -> Path | None:
    """The checkout's own program; ``None`` when the package is installed."""
    return _LAUNCHER if _LAUNCHER.is_file() else None


def called() -> str:
    """``./demitasse`` in a checkout, ``demitasse`` when it is installed."""
    return "demitasse" if launcher() is None else "./demitasse"
