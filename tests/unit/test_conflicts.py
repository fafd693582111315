"""New bars meet held ones, compared with a dictionary that does the same by hand."""

from __future__ import annotations

import attrs
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from application.conflicts import OnConflict, Placed, compare, settle
from domain.bars import Bars
from tests.builders import minute_bars

_BARS = st.dictionaries(st.integers(0, 30), st.integers(1, 3), max_size=20)
_DAY = 10  # ten minutes make a day in this small world


def _bars(values: dict[int, int]) -> Bars:
    base = minute_bars(count=31)
    minutes = np.array(sorted(values), np.int64)
    prices = np.array([values[int(m)] for m in minutes], np.int64)
    taken = base.take(minutes)
    return attrs.evolve(taken, open=prices, high=prices, low=prices, close=prices, volume=prices)


def _values(bars: Bars) -> dict[int, int]:
    base = minute_bars(count=31)
    minutes = np.searchsorted(base.ts_open, bars.ts_open).tolist()
    assert len(set(minutes)) == len(minutes)
    assert minutes == sorted(minutes)
    return dict(zip(minutes, bars.rescaled(2, 0).open.tolist(), strict=True))


def _days(values: dict[int, int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array([minute // _DAY for minute in sorted(values)], np.int64)


def _placed(values: dict[int, int]) -> Placed:
    bars = _bars(values)
    return Placed(bars, bars.ts_open, _days(values))


@given(_BARS, _BARS)
def test_each_policy_leaves_what_it_says(held: dict[int, int], new: dict[int, int]) -> None:
    days = _days(new)
    kept = {m: v for m, v in held.items() if m // _DAY not in set(days.tolist())}
    expected = {
        OnConflict.SKIP: {**new, **held},
        OnConflict.MERGE: {**held, **new},
        OnConflict.OVERWRITE: {**kept, **new},
    }
    for policy, values in expected.items():
        after = settle(_placed(held), _placed(new), policy, days)
        assert _values(after) == values


@given(_BARS, _BARS)
def test_counts_are_those_of_counting_by_hand(held: dict[int, int], new: dict[int, int]) -> None:
    overlap = compare(_placed(held), _placed(new), _days(new))
    both = held.keys() & new.keys()
    days = set(_days(new).tolist())
    assert overlap.new == len(new.keys() - held.keys())
    assert overlap.identical == sum(held[m] == new[m] for m in both)
    assert overlap.different == sum(held[m] != new[m] for m in both)
    assert overlap.vanishing == sum(m // _DAY in days for m in held.keys() - new.keys())
