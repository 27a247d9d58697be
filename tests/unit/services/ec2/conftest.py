from __future__ import annotations

import pytest
from tests.unit.services.ec2.stand import Ec2


@pytest.fixture
def ec2() -> Ec2:
    return Ec2()
