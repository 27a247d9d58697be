from __future__ import annotations

from pathlib import Path

from tests.kit import reference

from demitasse.platform import APIS

PAGE = Path(__file__).parents[2] / "docs" / "reference.md"


def test_the_reference_says_what_the_code_does() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference.text(), (
        "make it anew: python -m tests.kit.reference > docs/reference.md"
    )


def test_every_operation_says_what_it_does() -> None:
    silent = [
        f"{api.service} {name}"
        for api in APIS
        for name, operation in api.operations.items()
        if not operation.__doc__
    ]
    assert silent == []
