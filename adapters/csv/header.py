"""Which column of a file is what: by its header, or by the names that the layout gives."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import attrs

from adapters.csv.spellings import (
    COLUMNS,
    DATE,
    STAMP_COLUMN,
    SYMBOL_COLUMN,
    TICKS,
    TIME,
    VOLUME_COLUMN,
    plain_name,
    role_of,
    symbol_rank,
)
from domain.errors import InvalidLayoutError

_IGNORED = ("", "_")

# Where a column stands, from 0; a stamp may stand in two fields, date and time.
_Places = tuple[int, ...]


@attrs.frozen
class Columns:
    """How many fields a row has, and where, from 0, each of `COLUMNS` stands.

    `symbol` is where it says whose bars the rows are, None where it does not. `missing` and
    `ambiguous` say what is wrong with `names`; where nothing is, `positions` are whole.
    """

    names: tuple[str, ...]
    positions: Mapping[str, _Places]
    missing: tuple[str, ...] = ()
    ambiguous: tuple[str, tuple[str, ...]] | None = None
    symbol: int | None = None

    @property
    def width(self) -> int:
        """How many fields a row has."""
        return len(self.names)

    @property
    def found(self) -> int:
        """How many of `COLUMNS` are named, be it more than once."""
        return len(COLUMNS) - len(self.missing)

    @property
    def complete(self) -> bool:
        """Whether each of `COLUMNS` is named once."""
        return not self.missing and self.ambiguous is None

    @property
    def used(self) -> tuple[int, ...]:
        """All places that are to be read."""
        return tuple(at for places in self.cells.values() for at in places)

    @property
    def cells(self) -> Mapping[str, _Places]:
        """The places of `COLUMNS`, and of the symbol where there is one."""
        if self.symbol is None:
            return self.positions
        return {**self.positions, SYMBOL_COLUMN: (self.symbol,)}

    def note(self) -> str | None:
        """Return a sentence that tells which columns were taken by another name, if any were."""
        taken = [
            f"{' + '.join(self.names[at] for at in places)} as {column}"
            for column, places in self.positions.items()
            if [plain_name(self.names[at]) for at in places] != [column]
        ]
        return f"Columns: {', '.join(taken)}." if taken else None


def columns_of(cells: Sequence[str]) -> Columns:
    """Return the columns that the cells of a header name.

    A canonical name wins over other spellings, `timestamp` over date and time, and a volume over
    a number of ticks.
    """
    names = tuple(shown(cell) for cell in cells)
    by_role = defaultdict(list)
    for at, cell in enumerate(cells):
        if role := role_of(cell):
            by_role[role].append(at)
    positions, missing = {}, []
    ambiguous: tuple[str, tuple[str, ...]] | None = None
    for column in COLUMNS:
        choices = _choices(column, by_role, cells)
        if not choices:
            missing.append(column)
        elif len(choices) == 1:
            positions[column] = choices[0]
        elif ambiguous is None:
            ambiguous = column, tuple(_joined(names, places) for places in choices)
    return Columns(names, positions, tuple(missing), ambiguous, _symbol(cells))


def _symbol(cells: Sequence[str]) -> int | None:
    ranks = [(rank, at) for at, cell in enumerate(cells) if (rank := symbol_rank(cell)) is not None]
    return min(ranks)[1] if ranks else None


def _choices(column: str, by_role: Mapping[str, list[int]], cells: Sequence[str]) -> list[_Places]:
    """Return all places of which each could be that of `column`."""
    own: list[_Places] = [(at,) for at in by_role.get(column, [])]
    exact = [places for places in own if plain_name(cells[places[0]]) == column]
    if exact:
        return exact
    if column == VOLUME_COLUMN:
        ticks: list[_Places] = [(at,) for at in by_role.get(TICKS, [])]
        return own or ticks
    if column == STAMP_COLUMN:
        return own + _dates_and_times(by_role.get(DATE, []), by_role.get(TIME, []))
    return own


def _dates_and_times(dates: Sequence[int], times: Sequence[int]) -> list[_Places]:
    if dates and times:
        return [(date, time) for date in dates for time in times]
    return [(at,) for at in (*dates, *times)]


def named_columns(names: Sequence[str]) -> Columns:
    """Return the columns that a user names in the file's order; `_` is one to be ignored.

    Raises:
        InvalidLayoutError: a name is unknown, or a column is missing or named twice.
    """
    unknown = [
        name for name in names if name.strip() not in _IGNORED and not _means_something(name)
    ]
    if unknown:
        raise InvalidLayoutError(
            f"No column of bars is called {', '.join(map(repr, unknown))}.",
            f"Name {', '.join(COLUMNS)}, or date and time, symbol if there is one, and _ for a "
            "column to be ignored.",
        )
    columns = columns_of(names)
    spare = [
        at for at, name in enumerate(names) if _means_something(name) and at not in columns.used
    ]
    if columns.missing:
        raise InvalidLayoutError(
            f"The columns {','.join(names)} lack {', '.join(columns.missing)}.",
            f"Name one for each of {', '.join(COLUMNS)}.",
        )
    if spare:
        raise InvalidLayoutError(
            f"The columns {','.join(names)} name something twice: {columns.names[spare[0]]}.",
            "Name each column once, and write _ for those that are to be ignored.",
        )
    return columns


def _means_something(name: str) -> bool:
    return role_of(name) is not None or symbol_rank(name) is not None


def shown(cell: str) -> str:
    """Return a header's cell as it is shown: on one line and not too long."""
    return clipped(" ".join(cell.split()))


def _joined(names: Sequence[str], places: Sequence[int]) -> str:
    return " + ".join(names[at] for at in places)


def clipped(text: str, longest: int = 60) -> str:
    """Return `text` short enough to be shown."""
    return text if len(text) <= longest else text[: longest - 1] + "…"
