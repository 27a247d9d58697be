from __future__ import annotations

import pytest
from tests.unit.services.s3.stand import Stand


@pytest.fixture
def stand() -> Stand:
    return Stand()
