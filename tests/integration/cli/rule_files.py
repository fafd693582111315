"""Files of bars with one broken row, written so that the line of every row is known beforehand."""

from __future__ import annotations

import datetime as dt
import gzip
from collections.abc import Callable, Sequence

import attrs

COLUMNS = ("timestamp", "open", "high", "low", "close", "volume")
# Days on which New York's exchanges were closed, as they published it.
HOLIDAYS = {
    dt.date.fromisoformat(text)
    for text in (
        *("2022-01-17", "2022-02-21", "2022-04-15", "2022-05-30", "2022-06-20", "2022-07-04"),
        *("2022-09-05", "2022-11-24", "2022-12-26", "2023-01-02", "2023-01-16", "2023-02-20"),
        *("2023-04-07", "2023-05-29", "2023-06-19", "2023-07-04"),
    )
}

Cells = list[str]
"""The texts of one row; the first of them are those of `COLUMNS`."""


@attrs.frozen
class Shape:
    """How rows are written down."""

    name: str
    newline: str = "\n"
    delimiter: str = ","
    quoted: bool = False
    order: Sequence[str] = COLUMNS
    note: str | None = None
    before_header: str = ""
    before_row: Callable[[int], str] = lambda row: ""
    begins: bytes = b""
    encoding: str = "utf-8"
    packed: Callable[[bytes], bytes] = lambda content: content
    rows: int = 11

    def write(self, rows: Sequence[Cells], *, ended: bool = True) -> tuple[bytes, list[int]]:
        """Return the file, and the line at which an editor shows each of `rows` to begin."""
        header = [*self.order, *([] if self.note is None else ["note"])]
        parts, lines = [self.before_header, self._row(header)], []
        line = 1 + sum(part.count("\n") for part in parts)
        for at, cells in enumerate(rows):
            before, row = self.before_row(at), self._row(self.arranged(cells))
            lines.append(line + before.count("\n"))
            line = lines[-1] + row.count("\n")
            parts += [before, row]
        text = "".join(parts)
        text = text if ended else text[:-1]
        content = text.replace("\n", self.newline).encode(self.encoding)
        return self.packed(self.begins + content), lines

    def arranged(self, cells: Cells) -> Cells:
        """Return the fields of a row in the order of the file; more or fewer of them stay so."""
        known = dict(zip(COLUMNS, cells, strict=False))
        fields = [known[column] for column in self.order if column in known]
        return [*fields, *([] if self.note is None else [self.note]), *cells[len(COLUMNS) :]]

    def _row(self, fields: Cells) -> str:
        quotes = [self.quoted or "\n" in field or self.delimiter in field for field in fields]
        written = [
            f'"{field}"' if quote else field for field, quote in zip(fields, quotes, strict=True)
        ]
        return self.delimiter.join(written) + "\n"


def _packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def _noise(row: int) -> str:
    """Return comments and blank lines, of which some rows have one, two or none before them."""
    return ("# a comment\n", "\n", "", '  # with "a quote\n\n')[row % 4]


BLOCK_SIZE = 2048
SHAPES = [
    Shape("lf"),
    Shape("crlf", newline="\r\n"),
    Shape("cr", newline="\r"),
    Shape("quoted", quoted=True),
    Shape("quoted-crlf", quoted=True, newline="\r\n"),
    Shape("newlines-in-a-note", note="one\n# two, and\n\nthree"),
    Shape("newlines-in-a-note-crlf", note="one\n# two, and\n\nthree", newline="\r\n"),
    Shape("comments", before_header="# made by hand\n\n#\n", before_row=_noise),
    Shape("comments-crlf", before_header="\n# made\n", before_row=lambda at: "\n", newline="\r\n"),
    Shape("byte-order-mark", begins=b"\xef\xbb\xbf"),
    Shape("utf-16", encoding="utf-16"),
    Shape("gzip", packed=_packed),
    Shape("semicolons", delimiter=";"),
    Shape("tabs", delimiter="\t", note="tabs, not commas"),
    Shape("another-order", order=("volume", "close", "timestamp", "low", "high", "open")),
    Shape("blocks", rows=301),
    Shape("blocks-crlf", rows=301, newline="\r\n"),
    Shape("blocks-of-notes", rows=301, note="one\ntwo", before_row=_noise),
    Shape("blocks-gzip", rows=301, packed=_packed, quoted=True),
]


# ---- rows that are right -------------------------------------------------------------------


@attrs.frozen
class Base:
    """Right rows: the stamps of so many, and what must be said to import them."""

    name: str
    stamps: Callable[[int], list[str]]
    options: tuple[str, ...] = ()

    def rows(self, count: int) -> list[Cells]:
        """Return about `count` rows, prices with two decimals and whole volumes."""
        return [
            [stamp, *(f"{price / 100:.2f}" for price in _prices(at)), str(100 + at)]
            for at, stamp in enumerate(self.stamps(count))
        ]


def _prices(at: int) -> tuple[int, int, int, int]:
    first = 18_700 + at % 50
    return first, first + 25, first - 25, first + 1


def _minutes(pattern: str) -> Callable[[int], list[str]]:
    first = dt.datetime(2024, 1, 2, 14, 30)
    return lambda count: [
        f"{first + dt.timedelta(minutes=minute):{pattern}}" for minute in range(count)
    ]


def _epochs(count: int) -> list[str]:
    first = int(dt.datetime(2024, 1, 2, 14, 30, tzinfo=dt.UTC).timestamp())
    return [str(first + 60 * minute) for minute in range(count)]


def _sessions(count: int) -> list[str]:
    """Return about `count` dates of sessions, the first, the middle and the last one Fridays."""
    date, dates = dt.date(2022, 1, 7), []
    while len(dates) < count or dates[-1].weekday() != 4:
        if date.weekday() < 5 and date not in HOLIDAYS:
            dates.append(date)
        date += dt.timedelta(days=1)
    return list(map(str, dates))


ZONED = Base("zoned", _minutes("%Y-%m-%dT%H:%M:%SZ"))
LOCAL = Base("local", _minutes("%Y-%m-%d %H:%M:%S"), ("--timezone", "America/New_York"))
NEWEST_FIRST = Base("newest-first", lambda count: ZONED.stamps(count)[::-1])
EPOCHS = Base("epochs", _epochs)
DAYS = Base("days", _sessions)
BASES = [ZONED, LOCAL, NEWEST_FIRST, EPOCHS, DAYS]
