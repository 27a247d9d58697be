from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.lab.stand import Hub, Lab, Machine, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def lab(world: World) -> Lab:
    return world.lab


@pytest.fixture
def hub(world: World) -> Hub:
    return world.hub


@pytest.fixture
def machine(world: World) -> Machine:
    return world.machine
