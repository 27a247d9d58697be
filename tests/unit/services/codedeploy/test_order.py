"""Keys in the order of times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from demitasse.services.codedeploy.records import order

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
moments = (st.integers(0, 3) | st.integers(0, 10**16)).map(
    lambda microseconds: EPOCH + timedelta(microseconds=microseconds)
)
places = st.tuples(moments, st.integers(0, 3) | st.integers(0, 10**9))


@given(places, places)
def test_keys_come_in_the_order_of_times_or_in_the_opposite_one(
    one: tuple[datetime, int], two: tuple[datetime, int]
) -> None:
    assert (order.oldest_first(*one) < order.oldest_first(*two)) == (one < two)
    assert (order.newest_first(*one) < order.newest_first(*two)) == (one > two)


@given(places, moments)
def test_bounds_hold_what_they_say(place: tuple[datetime, int], bound: datetime) -> None:
    key = order.newest_first(*place)
    assert (key > order.newest_first_until(bound)) == (place[0] <= bound)
    assert (key < order.newest_first_since(bound)) == (place[0] >= bound)
