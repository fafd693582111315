"""What a terminal shows of the operations that are open: its lines, and how they fit."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import attrs
from rich.cells import cell_len, set_cell_size

from entrypoints.cli.operations import (
    Operation,
    Together,
    complete_text,
    left_text,
    more_text,
)
from entrypoints.cli.progress import CANCELS
from entrypoints.cli.wording import safe

_LEAST_BAR = 8
_MOST_BAR = 40
_LEAST_NAME = 12
_LEAST_LINES = 4
# A line that ends in the last column may be broken, and so may one into which a terminal has
# written ^C, to show that it was pressed.
_MARGIN = 3
# So that the bars do not move whenever a time has a digit less.
_LEFT_CELLS = 11
_TURNS_PER_SECOND = 8


@attrs.frozen
class Signs:
    """What the lines are drawn with."""

    done: str
    undone: str
    cut: str
    turning: str


RICH = Signs("━", "─", "…", "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
PLAIN = Signs("#", "-", "...", "|/-\\")


@attrs.frozen
class Line:
    """One line: a text, in which a bar may follow, and then what stands after the bar."""

    text: str
    done: str = ""
    undone: str = ""
    after: str = ""

    @property
    def cells(self) -> int:
        """How many columns of the terminal it takes."""
        return cell_len(f"{self.text}{self.done}{self.undone}{self.after}")


def _signs(frame: Frame) -> Signs:
    encoding = frame.encoding
    try:
        "".join(attrs.astuple(RICH)).encode(encoding)
    except UnicodeEncodeError:
        return PLAIN
    return RICH


@attrs.frozen
class Frame:
    """A terminal of `width` columns and `height` lines, drawn on at a time `at`.

    What its `encoding` has no sign for is escaped, so that it takes the columns it seems to take.
    """

    width: int
    height: int
    at: float
    encoding: str = "utf-8"
    signs: Signs = attrs.field(init=False, default=attrs.Factory(_signs, takes_self=True))

    def lines(self, together: Together, sentence: str | None) -> list[Line]:
        """Return all lines, fewer than the terminal has, each of them shorter than it is wide."""
        standing = self._standing(sentence)
        # The rest of the terminal is for notices and warnings, which are above.
        most = max(2 * self.height // 3, min(_LEAST_LINES, self.height - 1))
        operations = self._operations(together, most - len(standing))
        return [*operations, *standing][: max(self.height - 1, 0)]

    @property
    def _room(self) -> int:
        return max(self.width - _MARGIN, 0)

    def _standing(self, sentence: str | None) -> list[Line]:
        if sentence is None:
            return []
        wraps = textwrap.TextWrapper(max(self._room, 1)).wrap
        texts = [*wraps(self._written(sentence)), *wraps(CANCELS)]
        return [self._fitting(text) for text in texts]

    def _operations(self, together: Together, room: int) -> list[Line]:
        # Those at work come before those that wait for their turn.
        ordered = sorted(together.operations, key=lambda one: one.done == 0)
        if len(ordered) <= room:
            return self._rows([self._row(one) for one in ordered])
        shown = [self._row(one) for one in ordered[: max(room - 1, 0)]]
        name = more_text(len(ordered) - len(shown), together)
        left = left_text(together.left(self.at))
        more = _Row(name, complete_text(together.percent), together.fraction, left)
        return self._rows([*shown, more][: max(room, 0)])

    def _row(self, one: Operation) -> _Row:
        name = self._written(one.description)
        if one.total:
            left = left_text(one.left(self.at))
            return _Row(name, complete_text(one.percent), one.fraction, left)
        turn = int(self.at * _TURNS_PER_SECOND) % len(self.signs.turning)
        return _Row(f"{self.signs.turning[turn]} {name}", one.size if one.done else "")

    def _rows(self, rows: Sequence[_Row]) -> list[Line]:
        width = self._room
        known = [row for row in rows if row.fraction is not None]
        longest = max((cell_len(row.head) for row in known), default=0)
        bar = min(width - longest - _LEFT_CELLS - 2, _MOST_BAR)
        if bar < _LEAST_BAR:
            return [self._without_bar(row) for row in rows]
        return [
            self._with_bar(row, longest, bar)
            if row.fraction is not None
            else self._without_bar(row)
            for row in rows
        ]

    def _with_bar(self, row: _Row, longest: int, bar: int) -> Line:
        done = int(bar * (row.fraction or 0.0))
        padding = " " * (longest - cell_len(row.head) + 1)
        return Line(
            f"{row.head}{padding}",
            self.signs.done * done,
            self.signs.undone * (bar - done),
            f" {row.left}" if row.left else "",
        )

    def _without_bar(self, row: _Row) -> Line:
        """Return the numbers whole, and as much of the name as fits beside them."""
        width = self._room
        left = f", {row.left}" if row.left else ""
        room = width - cell_len(row.numbers) - len(left)
        if room < _LEAST_NAME:
            left, room = "", room + len(left)
        return self._fitting(f"{self._cut(row.name, room)}{row.numbers}{left}")

    def _fitting(self, text: str) -> Line:
        width = self._room
        return Line(text if cell_len(text) <= width else set_cell_size(text, width))

    def _written(self, text: str) -> str:
        return safe(text).encode(self.encoding, "backslashreplace").decode(self.encoding)

    def _cut(self, name: str, room: int) -> str:
        if cell_len(name) <= room:
            return name
        kept = room - len(self.signs.cut)
        return set_cell_size(name, kept) + self.signs.cut if kept > 0 else ""


@attrs.frozen
class _Row:
    """An operation's words; `fraction` is None where its total is not known."""

    name: str
    number: str
    fraction: float | None = None
    left: str = ""

    @property
    def numbers(self) -> str:
        return f": {self.number}" if self.number else ""

    @property
    def head(self) -> str:
        return f"{self.name}{self.numbers}"
