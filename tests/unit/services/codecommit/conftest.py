from __future__ import annotations

import pytest
from tests.unit.services.codecommit.stand import CodeCommit

from demitasse.services.codecommit import comments, pull_requests, records


@pytest.fixture
def codecommit(monkeypatch: pytest.MonkeyPatch) -> CodeCommit:
    made = CodeCommit()
    for module in (comments, pull_requests, records):
        monkeypatch.setattr(module, "emit", made.emit)
    return made
