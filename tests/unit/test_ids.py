from __future__ import annotations

import re
from uuid import UUID

import pytest

from demitasse.ids import CountingIds, Ids, RandomIds


@pytest.mark.parametrize("ids", [RandomIds(), CountingIds()])
def test_identifiers_have_the_forms_that_aws_gives_them(ids: Ids) -> None:
    assert str(UUID(text := ids.uuid())) == text
    for digits in (8, 17, 32):
        assert re.fullmatch(f"[0-9a-f]{{{digits}}}", ids.hex(digits))
    assert re.fullmatch("ASIA[A-Z2-7]{16}", ids.unique_id("ASIA"))
    for length in (1, 40, 256):
        assert re.fullmatch(f"[A-Za-z0-9]{{{length}}}", ids.secret(length))


@pytest.mark.parametrize("ids", [RandomIds(), CountingIds()])
def test_none_is_made_twice(ids: Ids) -> None:
    made = [make() for _ in range(1000) for make in (ids.uuid, lambda: ids.hex(17))]
    made += [make() for _ in range(1000) for make in (lambda: ids.unique_id("AROA"),)]
    made += [ids.secret(40) for _ in range(1000)]
    assert len(set(made)) == len(made)


def test_counting_ids_are_the_same_every_time() -> None:
    one, other = CountingIds(), CountingIds()
    assert [one.hex(17), one.uuid()] == [other.hex(17), other.uuid()]
