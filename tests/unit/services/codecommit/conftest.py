from __future__ import annotations

import pytest

from .stand import CodeCommit


@pytest.fixture
def codecommit() -> CodeCommit:
    return CodeCommit()
