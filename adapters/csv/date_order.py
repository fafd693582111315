"""Whether the day or the month comes first in a file's dates, as far as the file shows it."""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from adapters.csv.stamp_columns import UNREADABLE, Column, try_column
from adapters.csv.stamp_formats import Form
from adapters.csv.stamp_values import Meaning
from domain.bar_files import BarFile, ClockChange, DateOrder
from domain.bars import Int64Array
from domain.errors import DateOrderNeededError

if TYPE_CHECKING:
    import pyarrow as pa

_LEADING = re.compile(r"[0-9]+")
_LOOKED_AT = 1000
_MONTHS = list(calendar.month_name)[1:]
_WORDS = {DateOrder.MONTH_FIRST: "month", DateOrder.DAY_FIRST: "day"}


def order_of(
    texts: pa.StringArray, lines: Int64Array, file: BarFile
) -> tuple[DateOrder, str] | None:
    """Return the order of the dates in `texts`, which stand in `lines`, and what shows it.

    That is a sentence. None where most stamps need no order: those that do are problems then.

    Raises:
        DateOrderNeededError: most stamps need it, and none shows it.
    """
    # The hours that daylight saving repeats or skips are of no matter here.
    trials = {order: try_column(texts, Meaning(order, ClockChange.EARLIER)) for order in DateOrder}
    rows = _rows_in_need(trials)
    if not len(rows):
        return None
    readable = {order: trial.kinds[rows] != UNREADABLE for order, trial in trials.items()}
    proofs = {
        order: rows[readable[order] & ~readable[other]]
        for order, other in zip(DateOrder, reversed(DateOrder), strict=True)
    }
    # Where a file shows both, one of them is a problem, and nothing of the file is accepted.
    order = max(proofs, key=lambda each: len(proofs[each]))
    if not len(proofs[order]):
        raise _order_needed(texts, lines, rows, file)
    row = int(proofs[order][0])
    return order, (
        f"The dates are read with the {_WORDS[order]} first, as {texts[row].as_py()!r} in line "
        f"{lines[row]} shows."
    )


def _rows_in_need(trials: Mapping[DateOrder, Column]) -> NDArray[np.intp]:
    """Return the rows of the most common kind whose year comes last, if they are most of it."""
    kinds = np.maximum(*(trial.kinds for trial in trials.values()))
    forms = np.bitwise_or(*(trial.forms for trial in trials.values()))
    year_last = (forms & Form.YEAR_LAST) > 0
    if not year_last.any():
        return np.empty(0, np.intp)
    usual = kinds == np.bincount(kinds[kinds != UNREADABLE]).argmax()
    rows = np.flatnonzero(usual & year_last)
    return rows if 2 * len(rows) >= np.count_nonzero(usual) else rows[:0]


def _order_needed(
    texts: pa.StringArray, lines: Int64Array, rows: NDArray[np.intp], file: BarFile
) -> DateOrderNeededError:
    row, first, second = _telling_example(texts, rows)
    return DateOrderNeededError(
        f"The dates of {file} could have the month or the day first, such as "
        f"{texts[row].as_py()!r} in line {lines[row]}.",
        f"If that is {_MONTHS[first - 1]} {second}, add --date-order mdy; "
        f"if it is {first} {_MONTHS[second - 1]}, add --date-order dmy.",
    )


def _telling_example(texts: pa.StringArray, rows: NDArray[np.intp]) -> tuple[int, int, int]:
    """Return the first row whose day and month differ, or the first at all, and its numbers."""
    found = [(int(row), *_numbers(texts[int(row)].as_py())) for row in rows[:_LOOKED_AT]]
    return next((each for each in found if each[1] != each[2]), found[0])


def _numbers(text: str) -> tuple[int, int]:
    first, second = _LEADING.findall(text)[:2]
    return int(first), int(second)
