"""Rows run in one direction of time, none twice, however they are cut into parts."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.row_order import RowOrder
from domain.rules import RowProblem

MINUTE = 60_000_000_000


def disorder(*stamps: int, newest_first: bool = False, parts: int = 1) -> list[RowProblem]:
    order, lines = RowOrder(newest_first), np.arange(2, len(stamps) + 2)
    cut = zip(
        np.array_split(np.array(stamps, np.int64), parts),
        np.array_split(lines, parts),
        strict=True,
    )
    return [problem for part, own in cut for problem in order.problems(part, own)]


def test_rows_in_order_of_time_have_no_problems() -> None:
    assert disorder() == disorder(1) == disorder(1, 2, 3) == []
    assert disorder(3, 2, 1, newest_first=True) == []


@pytest.mark.parametrize("parts", [1, 2, 3, 6])
def test_a_row_that_repeats_or_goes_back_is_named_by_its_own_line(parts: int) -> None:
    minutes = [MINUTE * minute for minute in (0, 1, 1, 3, 2, 4)]
    assert disorder(*minutes, parts=parts) == [
        RowProblem(4, "timestamp", "1970-01-01T00:01:00Z", "repeats the row before it"),
        RowProblem(6, "timestamp", "1970-01-01T00:02:00Z", "is earlier than the row before it"),
    ]


@pytest.mark.parametrize("parts", [1, 2, 3, 6])
def test_in_a_file_that_runs_newest_first_it_is_the_other_way_round(parts: int) -> None:
    minutes = [MINUTE * minute for minute in (4, 3, 3, 1, 2, 0)]
    (again, later) = disorder(*minutes, newest_first=True, parts=parts)
    assert (again.line, again.problem) == (4, "repeats the row before it")
    assert later.line == 6
    assert later.problem.startswith("is later than the row before it")


def test_the_stamp_that_the_file_has_is_shown() -> None:
    order = RowOrder()
    stamps, written = np.array([MINUTE, MINUTE]), np.array([0, 7 * MINUTE])
    (problem,) = order.problems(stamps, np.array([2, 3]), written)
    assert problem.value == "1970-01-01T00:07:00Z"


def test_stamps_further_apart_than_int64_can_count_are_in_order() -> None:
    first, last = -9_214_560_000_000_000_000, 9_214_646_399_999_999_999
    assert disorder(first, last) == []
    assert [p.problem for p in disorder(last, first)] == ["is earlier than the row before it"]


@given(st.lists(st.integers(0, 5), max_size=12), st.integers(1, 5), st.booleans())
def test_each_pair_of_neighbours_is_judged_once(
    stamps: list[int], parts: int, newest_first: bool
) -> None:
    found = {p.line for p in disorder(*stamps, newest_first=newest_first, parts=parts)}
    pairs = enumerate(itertools.pairwise(stamps), 3)
    assert found == {
        line for line, (one, next_) in pairs if not (one > next_ if newest_first else one < next_)
    }
