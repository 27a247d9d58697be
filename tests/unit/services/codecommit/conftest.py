from __future__ import annotations

import pytest

from demitasse.services.codecommit import records

from .stand import CodeCommit


@pytest.fixture
def codecommit(monkeypatch: pytest.MonkeyPatch) -> CodeCommit:
    made = CodeCommit()
    monkeypatch.setattr(records, "emit", made.emit)
    return made
