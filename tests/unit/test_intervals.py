"""Interval sets against a model that marks every minute."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.intervals import Interval, IntervalSet
from tests.builders import MINUTE, utc

# So few minutes that intervals often touch, contain each other, coincide or are empty.
HOUR = 60
MIDNIGHT = utc("2024-03-10T00:00:00")

Spans = list[tuple[int, int]]
spans = st.lists(
    st.tuples(st.integers(0, HOUR), st.integers(0, HOUR)).map(lambda two: (min(two), max(two))),
    max_size=8,
)


def set_of(given_spans: Spans) -> IntervalSet:
    """Return the set of these minutes of an hour."""
    return IntervalSet.of(
        *((MIDNIGHT + start * MINUTE, MIDNIGHT + end * MINUTE) for start, end in given_spans)
    )


def minutes(marked: IntervalSet | Spans) -> set[int]:
    """Return the minutes that are marked, one by one."""
    if isinstance(marked, IntervalSet):
        marked = [((i.start - MIDNIGHT) // MINUTE, (i.end - MIDNIGHT) // MINUTE) for i in marked]
    return {minute for start, end in marked for minute in range(start, end)}


@given(spans)
def test_a_set_covers_the_minutes_that_it_was_made_of(one: Spans) -> None:
    found = set_of(one)
    assert minutes(found) == minutes(one)
    assert found.duration == len(minutes(one)) * MINUTE
    assert bool(found) is bool(minutes(one))


@given(spans, spans)
def test_set_operations_agree_with_marking_every_minute(one: Spans, other: Spans) -> None:
    a, b = set_of(one), set_of(other)
    assert minutes(a.union(b)) == minutes(one) | minutes(other)
    assert minutes(a.intersection(b)) == minutes(one) & minutes(other)
    assert minutes(a.difference(b)) == minutes(one) - minutes(other)


@given(spans, spans)
def test_intervals_are_in_order_never_empty_and_never_touch(one: Spans, other: Spans) -> None:
    a, b = set_of(one), set_of(other)
    for found in (a, a.union(b), a.intersection(b), a.difference(b)):
        assert all(before.end < after.start for before, after in itertools.pairwise(found))
        assert all(interval.start < interval.end for interval in found)


@given(spans, st.randoms())
def test_sets_of_the_same_minutes_are_equal_however_they_were_put_together(
    one: Spans, order: random.Random
) -> None:
    single = [(minute, minute + 1) for minute in minutes(one)]
    order.shuffle(single)
    pieces = IntervalSet()
    for minute in single:
        pieces = pieces.union(set_of([minute]))
    assert pieces == set_of(single) == set_of(one)
    assert hash(pieces) == hash(set_of(one))


@given(spans, spans)
def test_a_set_is_what_it_shares_with_another_and_what_it_does_not(
    one: Spans, other: Spans
) -> None:
    a, b = set_of(one), set_of(other)
    shared, own = a.intersection(b), a.difference(b)
    assert shared.union(own) == a
    assert not shared.intersection(own)
    assert shared.duration + own.duration == a.duration
    assert a.union(b).duration == a.duration + b.difference(a).duration


def test_intervals_that_touch_become_one_and_empty_ones_vanish() -> None:
    assert IntervalSet.of((5, 9), (3, 3), (1, 5)).intervals == (Interval(1, 9),)
    assert IntervalSet.of((4, 4)) == IntervalSet()
    assert not IntervalSet.of((4, 4))


def test_an_interval_does_not_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="before"):
        Interval(2, 1)
