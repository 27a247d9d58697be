from __future__ import annotations

import pytest
from tests.unit.services.codecommit.stand import CodeCommit

from demitasse.services.codecommit import records


@pytest.fixture
def codecommit(monkeypatch: pytest.MonkeyPatch) -> CodeCommit:
    made = CodeCommit()
    monkeypatch.setattr(records, "emit", made.emit)
    return made
