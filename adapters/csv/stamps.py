"""Text becomes time stamps, of one kind in a file: dates, times, or times with a zone."""

from __future__ import annotations

import datetime as dt
import enum
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import attrs
import numpy as np
from numpy.typing import NDArray

from adapters.csv.pieces import in_pieces, problems_of_pieces
from domain.bars import Int64Array
from domain.sessions import midnight_utc

if TYPE_CHECKING:
    import pyarrow as pa

_SECOND = 1_000_000_000
# All that was ever quoted, and so few years that the time between any two stamps, too, can
# be counted in 64 bits of nanoseconds (292 years).
_FIRST_YEAR, _LAST_YEAR = 1800, 2090
_FIRST = midnight_utc(dt.date(_FIRST_YEAR, 1, 1))
_LAST = midnight_utc(dt.date(_LAST_YEAR + 1, 1, 1)) - 1
_DATE_LENGTH = len("2024-01-31")

_STAMP = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[ T](?P<hour>[0-9]{2})(?::(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})"
    r"(?:\.(?P<fraction>[0-9]{1,9}))?)?)?"
    r"(?P<zone>Z|(?P<sign>[+-])(?P<hours>[0-9]{2})(?::?(?P<minutes>[0-9]{2}))?)?)?"
)


class StampKind(enum.Enum):
    """What a stamp tells, as the end of the sentence "most of the file's are …"."""

    DATE = "dates alone"
    LOCAL = "times without a zone"
    ZONED = "times with a zone"

    @property
    def code(self) -> int:
        """Its place among the kinds, to be kept in an array."""
        return _KINDS.index(self)


_KINDS = list(StampKind)
_SINGULAR = {
    StampKind.DATE: "a date alone",
    StampKind.LOCAL: "a time without a zone",
    StampKind.ZONED: "a time with a zone",
}
_UNREADABLE = -1


@attrs.frozen(eq=False)
class Stamps:
    """A column of stamps of one kind; `problems` tells, by row, which are none.

    `values` are nanoseconds since 1970: of UTC for dates (midnight) and zoned times, and of
    the clock on the wall for local ones. `kind` is None where no row can be read.
    """

    kind: StampKind | None
    values: Int64Array
    problems: Mapping[int, str]


@attrs.frozen(eq=False)
class _Piece:
    """Stamps of any kind: the code of each one's, or what is wrong with it."""

    values: Int64Array
    codes: NDArray[np.int8]
    problems: Mapping[int, str] = attrs.field(factory=dict)


def stamps(texts: pa.StringArray) -> Stamps:
    """Return the stamps that `texts` write; those that are not of the most common kind are none."""
    pieces = list(in_pieces(texts, _at_once, _one_by_one))
    problems = problems_of_pieces((len(piece.values), piece.problems) for piece in pieces)
    codes = np.concatenate([piece.codes for piece in pieces])
    kind = _most_common(codes)
    if kind is not None:
        problems |= _odd_ones(codes, kind)
    return Stamps(kind, np.concatenate([piece.values for piece in pieces]), problems)


def _most_common(codes: NDArray[np.int8]) -> StampKind | None:
    readable = codes[codes != _UNREADABLE]
    return _KINDS[int(np.bincount(readable).argmax())] if len(readable) else None


def _odd_ones(codes: NDArray[np.int8], kind: StampKind) -> Mapping[int, str]:
    """Return a problem for every readable stamp that is not of `kind`."""
    odd = np.flatnonzero((codes != kind.code) & (codes != _UNREADABLE))
    return {
        int(row): f"is {_SINGULAR[_KINDS[codes[row]]]}, where most of the file's are {kind.value}"
        for row in odd
    }


def _at_once(texts: pa.StringArray) -> _Piece | None:
    """Return the stamps if all of them can be read and are of one kind."""
    import pyarrow as pa

    kind = _kind_of_all(texts)
    if kind is None:
        return None
    zone = "UTC" if kind is StampKind.ZONED else None
    try:
        # Arrow refuses stamps with a zone for a type without one, and the other way round.
        values = np.asarray(texts.cast(pa.timestamp("ns", zone)).cast(pa.int64()))
    except pa.ArrowInvalid:
        return None
    if values.min() < _FIRST or values.max() > _LAST:
        return None
    return _Piece(values, np.full(len(values), kind.code, np.int8))


def _kind_of_all(texts: pa.StringArray) -> StampKind | None:
    """Return the kind that all `texts` can be of, by their length and the first one's look."""
    import pyarrow.compute as pc

    if not len(texts):
        return None
    lengths = pc.min_max(pc.binary_length(texts)).as_py()
    if lengths["max"] == lengths["min"] == _DATE_LENGTH:
        return StampKind.DATE
    first = _STAMP.fullmatch(texts[0].as_py())
    if first is None or lengths["min"] <= _DATE_LENGTH:
        return None
    return StampKind.ZONED if first["zone"] else StampKind.LOCAL


def _one_by_one(texts: Sequence[str]) -> _Piece:
    """Return what `_at_once` cannot: it says which stamp is wrong, and how."""
    values, codes = np.zeros(len(texts), np.int64), np.full(len(texts), _UNREADABLE, np.int8)
    problems = {}
    for row, text in enumerate(texts):
        parsed = _parse(text)
        if isinstance(parsed, str):
            problems[row] = parsed
        else:
            codes[row], values[row] = parsed[0].code, parsed[1]
    return _Piece(values, codes, problems)


def _parse(text: str) -> tuple[StampKind, int] | str:
    """Return kind and nanoseconds of one stamp, or what is wrong with it."""
    if not text:
        return "is missing"
    match = _STAMP.fullmatch(text)
    if match is None:
        return "is not written like 2024-01-31 09:30:00, 2024-01-31T09:30:00Z or 2024-01-31"
    try:
        value = _nanoseconds(match)
    except ValueError:
        return "is no date or time that exists"
    if not _FIRST <= value <= _LAST:
        return f"lies outside the years {_FIRST_YEAR} to {_LAST_YEAR}"
    if match["hour"] is None:
        return StampKind.DATE, value
    return (StampKind.ZONED if match["zone"] else StampKind.LOCAL), value


def _nanoseconds(match: re.Match[str]) -> int:
    date = dt.date.fromisoformat(match["date"])
    time = dt.time(int(match["hour"] or 0), int(match["minute"] or 0), int(match["second"] or 0))
    seconds = time.hour * 3600 + time.minute * 60 + time.second - _offset_seconds(match)
    return midnight_utc(date) + seconds * _SECOND + int((match["fraction"] or "").ljust(9, "0"))


def _offset_seconds(match: re.Match[str]) -> int:
    # The constructor refuses hours and minutes that no clock shows.
    ahead = dt.time(int(match["hours"] or 0), int(match["minutes"] or 0))
    seconds = ahead.hour * 3600 + ahead.minute * 60
    return -seconds if match["sign"] == "-" else seconds
