"""Which statuses a health check takes for healthy."""

from __future__ import annotations

import pytest

from demitasse.engines.traffic.matcher import accepts, ranges


def test_a_matcher_is_a_list_of_codes_and_ranges() -> None:
    assert ranges("200,202, 301-399") == ((200, 200), (202, 202), (301, 399))


def test_a_range_holds_its_ends() -> None:
    assert [accepts("200-202", status) for status in (199, 200, 202, 203)] == [
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("matcher", ["", "ok", "200-", "300-200", "99", "200;201"])
def test_anything_else_is_refused(matcher: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - int()'s words or ours
        ranges(matcher)
