"""Each rule for the rows of a file, as a way to break it in one column of one row."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Sequence
from typing import Literal

import attrs

from tests.integration.cli.rule_files import (
    BASES,
    COLUMNS,
    DAYS,
    EPOCHS,
    LOCAL,
    NEWEST_FIRST,
    ZONED,
    Base,
    Cells,
)

PRICES = COLUMNS[1:5]
NUMBERS = COLUMNS[1:]
WHOLE_ROW = "row"

Place = Literal["first", "middle", "last"]
PLACES: tuple[Place, ...] = ("first", "middle", "last")


@attrs.frozen
class Expected:
    """A problem that must be named: at which row, in which column, with which value."""

    row: int
    column: str
    value: str
    problem: str


@attrs.frozen
class Rule:
    """A rule, and how to break it at a row: that changes the rows and tells what is expected."""

    name: str
    column: str
    base: Base
    break_at: Callable[[list[Cells], int], Sequence[Expected]]
    places: tuple[Place, ...] = PLACES
    shift: int = 0
    """How far from the first row the first one lies that can break it."""

    def __str__(self) -> str:
        return f"{self.name}-{self.column}"

    def row(self, rows: Sequence[Cells], place: Place) -> int:
        """Return the row at `place` that is to be broken."""
        if place == "last":
            return len(rows) - 1
        return self.shift if place == "first" else self._middle(rows)

    def _middle(self, rows: Sequence[Cells]) -> int:
        """Return a row in the middle; among days a Friday, which has no session after it."""
        middle = len(rows) // 2
        while self.base is DAYS and not _is_friday(rows[middle][0]):
            middle += 1
        return middle


def _is_friday(text: str) -> bool:
    return dt.date.fromisoformat(text).weekday() == 4


def _set(
    column: str, text: str, problem: str, shown: str | None = None
) -> Callable[[list[Cells], int], Sequence[Expected]]:
    """Return what puts `text` into `column`, which is all that is wrong then."""

    def break_at(rows: list[Cells], row: int) -> Sequence[Expected]:
        rows[row][COLUMNS.index(column)] = text
        return [Expected(row, column, text.strip() if shown is None else shown, problem)]

    return break_at


def _texts(name: str, columns: Sequence[str], texts: Sequence[str], problem: str) -> list[Rule]:
    """Return the rule, broken in each of `columns` by each of `texts`, on one base or another."""
    cells = list(itertools.product(columns, texts))
    return [
        Rule(name, column, base, _set(column, text, problem))
        for (column, text), base in zip(cells, itertools.cycle(BASES), strict=False)
    ]


# ---- what can be read, and breaks a rule of prices and volumes -----------------------------


def _prices(name: str, column: str, problem: str, **prices: str) -> Rule:
    """Return the rule that is broken by a row of these prices, and by `column` alone."""

    def break_at(rows: list[Cells], row: int) -> Sequence[Expected]:
        rows[row][1:5] = [prices[price] for price in PRICES]
        return [Expected(row, column, prices[column], problem)]

    return Rule(name, column, ZONED, break_at)


def _not_positive(column: str, price: str) -> Rule:
    """A price that is not above 0 is also below the least, but where it is the least itself."""

    def break_at(rows: list[Cells], row: int) -> Sequence[Expected]:
        rows[row][COLUMNS.index(column)] = price
        expected = [Expected(row, column, price, "is not greater than 0")]
        low, high = rows[row][3], rows[row][2]
        if column != "low":
            expected.append(Expected(row, "low", low, "is not the least"))
        if column == "high":
            expected.append(Expected(row, "high", high, "is not the greatest"))
        return expected

    return Rule("not-positive", column, ZONED, break_at)


def _too_long(column: str) -> Rule:
    """A whole number of 18 digits, where the prices of other rows need two decimals."""

    def break_at(rows: list[Cells], row: int) -> Sequence[Expected]:
        # The other prices go with it, so that high stays the greatest and low the least.
        columns = {"high": ["high"], "low": [*PRICES]}.get(column, [column, "high"])
        for each in columns:
            rows[row][COLUMNS.index(each)] = "123456789012345678"
        return [
            Expected(row, each, "123456789012345678", "more than 18 digits") for each in columns
        ]

    return Rule("too-long-with-the-decimals-of-others", column, ZONED, break_at)


def _volume_too_long(rows: list[Cells], row: int) -> Sequence[Expected]:
    other = 1 if row == 0 else 0
    rows[other][5] = "100.5"
    rows[row][5] = "123456789012345678"
    return [Expected(row, "volume", "123456789012345678", "more than 18 digits")]


# ---- stamps --------------------------------------------------------------------------------


def _off_grid(rows: list[Cells], row: int) -> Sequence[Expected]:
    rows[row][0] = rows[row][0].replace(":00Z", ":17Z")
    return [Expected(row, "timestamp", rows[row][0], "does not lie on the grid of 1_MIN bars")]


def _repeated(rows: list[Cells], row: int) -> Sequence[Expected]:
    rows[row][0] = rows[row - 1][0]
    return [Expected(row, "timestamp", rows[row][0], "repeats the row before it")]


def _moved(hour: str, problem: str) -> Callable[[list[Cells], int], Sequence[Expected]]:
    def break_at(rows: list[Cells], row: int) -> Sequence[Expected]:
        rows[row][0] = rows[row][0].replace(rows[row][0][11:13], hour, 1)
        return [Expected(row, "timestamp", rows[row][0], problem)]

    return break_at


def _not_closed(rows: list[Cells], row: int) -> Sequence[Expected]:
    """The rows from this one on lie in the future, or to it where they run newest first."""
    next_year = dt.datetime.now(dt.UTC).year + 1
    newest_first = rows[0][0] > rows[-1][0]
    future = range(row + 1) if newest_first else range(row, len(rows))
    for each in future:
        rows[each][0] = rows[each][0].replace("2024", str(next_year))
    return [
        Expected(each, "timestamp", rows[each][0], "the bar has not closed yet") for each in future
    ]


def _no_session(rows: list[Cells], row: int) -> Sequence[Expected]:
    friday = dt.date.fromisoformat(rows[row][0])
    rows[row][0] = str(friday + dt.timedelta(days=1))
    return [
        Expected(row, "timestamp", rows[row][0], "names a date on which the venue had no session")
    ]


def _stamp(name: str, base: Base, text: str, problem: str) -> Rule:
    return Rule(name, "timestamp", base, _set("timestamp", text, problem))


_OTHER_KINDS = [
    *((ZONED, text) for text in ("2024-01-02 14:30:00", "2024-01-02", "1704205800")),
    *((LOCAL, text) for text in ("2024-01-02T14:30:00Z", "2024-01-02", "1704205800000")),
    *((EPOCHS, text) for text in ("2024-01-02T14:30:00Z", "1704205800000", "2024-01-02")),
    *((DAYS, text) for text in ("2022-01-07 16:00:00", "2022-01-07T21:00:00Z", "1641589200")),
]

# ---- whole rows ----------------------------------------------------------------------------


def _more_fields(rows: list[Cells], row: int) -> Sequence[Expected]:
    rows[row].append("more")
    return [Expected(row, WHOLE_ROW, "more", "fields where the header has")]


def _fewer_fields(rows: list[Cells], row: int) -> Sequence[Expected]:
    del rows[row][4:]
    return [Expected(row, WHOLE_ROW, rows[row][1], "fields where the header has")]


RULES = [
    *_texts("missing", COLUMNS, ["", " ", "\t "], "is missing"),
    *_texts(
        "not-a-number", NUMBERS, ["abc", "1O5", "1.2.3", "0x1F", "1_000", "٣"], "is not a number"
    ),
    *_texts("not-finite", NUMBERS, ["NaN", "inf", "-Infinity", "nan", "1e"], "is not a number"),
    *_texts("too-fine", NUMBERS, ["0.1234567891", "1e-10"], "needs more than 9 decimals"),
    *_texts("too-long", NUMBERS, ["1234567890123456789", "1e18", "1e400"], "more than 18 digits"),
    *(_too_long(column) for column in PRICES),
    Rule("too-long-with-the-decimals-of-others", "volume", ZONED, _volume_too_long),
    *(_not_positive(column, price) for column in PRICES for price in ("0", "-1.5", "-0.00")),
    _prices(
        "not-greatest", "high", "is not the greatest", open="3", high="2", low="1", close="1.5"
    ),
    _prices(
        "not-greatest", "high", "is not the greatest", open="1", high="2", low="1", close="2.5"
    ),
    _prices("not-least", "low", "is not the least", open="1", high="3", low="2", close="2.5"),
    _prices("not-least", "low", "is not the least", open="3", high="3", low="2", close="1.5"),
    Rule("negative", "volume", ZONED, _set("volume", "-1", "is negative")),
    Rule("negative", "volume", DAYS, _set("volume", "-0.5", "is negative")),
    *(
        _stamp("unreadable", base, text, "is not written like 2024-01-31 09:30:00")
        for base in BASES
        for text in ("yesterday", "14:30:00", "2024-W01-1", "2024-01-02T14:30:00+0", "NaN", "-")
    ),
    *(
        _stamp("no-such-time", base, text, "is no date or time that exists")
        for base, text in (
            *((ZONED, f"2024-{day}T14:30:00Z") for day in ("02-30", "13-01", "00-10", "01-00")),
            *((LOCAL, f"2024-01-02 {time}") for time in ("25:00:00", "14:60:00", "14:30:60")),
            *((DAYS, day) for day in ("2023-02-29", "2022-06-31")),
        )
    ),
    *(_stamp("another-kind", base, text, "where the file's are") for base, text in _OTHER_KINDS),
    *(
        _stamp("daylight-saving", LOCAL, text, "--dst earlier or --dst later")
        for text in ("2024-03-10 02:30:00", "2024-11-03 01:30:00")
    ),
    *(
        _stamp("year", base, text, "lies outside the years")
        for base, text in ((ZONED, "1799-01-01T00:00:00Z"), (DAYS, "2091-01-02"))
    ),
    Rule("off-the-grid", "timestamp", ZONED, _off_grid),
    Rule("off-the-grid", "timestamp", NEWEST_FIRST, _off_grid),
    Rule("repeated", "timestamp", ZONED, _repeated, shift=1),
    Rule("repeated", "timestamp", NEWEST_FIRST, _repeated, shift=1),
    Rule("repeated", "timestamp", EPOCHS, _repeated, shift=1),
    Rule("earlier", "timestamp", ZONED, _moved("05", "is earlier than the row before"), shift=1),
    Rule("later", "timestamp", NEWEST_FIRST, _moved("23", "is later than the row before"), shift=1),
    Rule("not-closed", "timestamp", ZONED, _not_closed, places=("middle", "last")),
    Rule("not-closed", "timestamp", NEWEST_FIRST, _not_closed, places=("first", "middle")),
    Rule("no-session", "timestamp", DAYS, _no_session),
    *(Rule("more-fields", WHOLE_ROW, base, _more_fields) for base in (ZONED, DAYS)),
    *(Rule("fewer-fields", WHOLE_ROW, base, _fewer_fields) for base in (ZONED, LOCAL)),
]
