"""Interval sets against a model that marks every unit of time."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.intervals import Interval, IntervalSet

_PAIRS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda pair: (min(pair), max(pair))),
    max_size=8,
)


def _units(pairs: IntervalSet | list[tuple[int, int]]) -> set[int]:
    spans = [(i.start, i.end) for i in pairs] if isinstance(pairs, IntervalSet) else pairs
    return {unit for start, end in spans for unit in range(start, end)}


@given(_PAIRS, _PAIRS)
def test_set_operations_agree_with_marking_every_unit(
    one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    a, b = IntervalSet.of(*one), IntervalSet.of(*other)
    assert _units(a) == _units(one)
    assert _units(a.union(b)) == _units(one) | _units(other)
    assert _units(a.intersection(b)) == _units(one) & _units(other)
    assert _units(a.difference(b)) == _units(one) - _units(other)
    assert a.duration == len(_units(one))


@given(_PAIRS)
def test_intervals_are_in_order_and_never_touch(pairs: list[tuple[int, int]]) -> None:
    found = list(IntervalSet.of(*pairs))
    assert all(before.end < after.start for before, after in itertools.pairwise(found))
    assert all(interval.start < interval.end for interval in found)


def test_an_interval_does_not_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="before"):
        Interval(2, 1)
