"""What the contract tests of several engines share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.contract import busybox


@pytest.fixture(scope="session")
def busybox_image() -> Iterator[str]:
    """The name of a tiny image (see ``busybox``), gone after the session."""
    with busybox.image() as name:
        yield name
