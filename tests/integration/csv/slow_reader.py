"""A slow reader of whole files: character by character, row by row, value by value.

It says which bars a file holds, or that it must be refused. What it has in common with the
adapter is the table of the columns' spellings alone; `tests.integration.csv.reference` reads the
values.
"""

from __future__ import annotations

import collections
import datetime as dt
import itertools
import re
import zlib
import zoneinfo
from collections.abc import Iterator, Sequence
from decimal import Decimal

import attrs

from adapters.csv.spellings import role_of, symbol_rank
from tests.integration.csv.reference import NeededError, Told, instant, number, settle

PRICES = ("open", "high", "low", "close")
COLUMNS = ("timestamp", *PRICES, "volume")
NULLS = ["n/a", "na", "#n/a", "nan", "null", "none", "nil", "-", "--"]
BLANKS = " \t\n\r\v\f"
VENUE = zoneinfo.ZoneInfo("America/New_York")
SECOND, MINUTE, DAY = 10**9, 60 * 10**9, 86_400 * 10**9
# Lengths of the bar types, those of a day and longer by how many days lie between two bars.
LENGTHS = {
    **{f"{n}_SEC": n * SECOND for n in (1, 5, 10, 15, 30)},
    **{f"{n}_MIN": n * MINUTE for n in (1, 2, 3, 5, 10, 15, 20, 30)},
    **{f"{n}_HOUR": n * 60 * MINUTE for n in (1, 2, 3, 4, 8)},
}
DAYS_BETWEEN = {"1_DAY": range(1, 5), "1_WEEK": range(6, 9), "1_MONTH": range(28, 32)}
# When sessions begin and end, by the clock on the wall; some end early.
EDGES = {(9, 30), (13, 0), (16, 0)}
# With so many at least the prices of a share are kept.
DECIMALS_OF_SHARES = 2
# On Saturdays there was trade until 1952.
FIRST_YEAR_OF_FIVE_DAYS = 1953


class RefusedError(Exception):
    """The file must be refused."""


@attrs.frozen
class Said:
    """What the user says of a file."""

    told: Told = attrs.field(factory=Told)
    delimiter: str | None = None
    columns: tuple[str, ...] | None = None
    decimal: str = "."
    thousands: str | None = None
    stamp: str | None = None
    bar_type: str | None = None


@attrs.frozen
class SlowBar:
    """A bar: its stamp is that of its open or close, and midnight UTC of its date if longer."""

    stamp: int
    prices: tuple[Decimal, ...]
    volume: Decimal


@attrs.frozen
class SlowFile:
    """The bars of a file in order of time."""

    bar_type: str
    bars: tuple[SlowBar, ...]


def slow_file(content: bytes, said: Said, now: int) -> SlowFile:
    """Return the bars of a file, or raise `RefusedError`; `now` is UTC nanoseconds."""
    rows = _rows(_text(unpacked(content)), said)
    if not rows:
        raise RefusedError("no rows")
    stamps, dates_only = _stamps([row["timestamp"] for row in rows], said.told)
    if len({row.get("symbol", "").encode().lower() for row in rows}) > 1:
        raise RefusedError("symbols")
    signs = [rows[0][column][:1] for column in PRICES if rows[0][column][:1] in [*"$€£¥"]]
    currency = signs[0] if signs else None
    bars = [_bar(stamp, row, said, currency) for stamp, row in zip(stamps, rows, strict=True)]
    _check_digits([price for bar in bars for price in bar.prices], DECIMALS_OF_SHARES)
    _check_digits([bar.volume for bar in bars])
    if len(bars) > 1 and bars[0].stamp > bars[-1].stamp:
        bars.reverse()
    return _timed(bars, dates_only, said, now)


# ---- bytes and lines -----------------------------------------------------------------------


def unpacked(content: bytes) -> bytes:
    """Return the content of a compressed file, which must be whole."""
    if content.startswith(
        (b"\x28\xb5\x2f\xfd", *(bytes([n]) + b"\x2a\x4d\x18" for n in range(80, 96)))
    ):
        return _unpacked_zstd(content)
    if not content.startswith(b"\x1f\x8b"):
        return content
    whole = b""
    # Tapes are filled up with null bytes.
    while content.strip(b"\0") or not whole:
        member = zlib.decompressobj(wbits=31)
        try:
            whole += member.decompress(content)
        except zlib.error:
            raise RefusedError("damaged") from None
        if not member.eof:
            raise RefusedError("cut short")
        content = member.unused_data
    return whole


def _unpacked_zstd(content: bytes) -> bytes:
    import pyarrow as pa

    # There is no other reader of it at hand; the test looks at files that were cut off itself.
    try:
        with pa.CompressedInputStream(pa.BufferReader(content), "zstd") as stream:
            whole: bytes = stream.read()
    except OSError:
        raise RefusedError("damaged") from None
    return whole


def _text(content: bytes) -> str:
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff")) and content[2:4] != b"\0\0"
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise RefusedError("encoding") from None
    if "\0" in text:
        raise RefusedError("null")
    return text


def _lines(text: str) -> list[str]:
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text)


def _records(lines: Sequence[str], delimiter: str) -> Iterator[list[str]]:
    """Yield the fields of each record; comments and blank lines are none."""
    record = ""
    for line in lines:
        if not record and line.lstrip(" \t\v\f").startswith("#"):
            continue
        record += line
        fields = _fields(record, delimiter)
        if fields is None:
            continue
        if delimiter.join(fields).strip():
            yield fields
        record = ""
    if record:
        raise RefusedError("a quote is not closed")


def _fields(record: str, delimiter: str) -> list[str] | None:
    """Return the fields of a record, or None where a quote is still open at its end."""
    fields, at = [], 0
    while True:
        if record[at : at + 1] == '"':
            end = _closing(record, at + 1)
            if end is None:
                return None
            field, at = record[at + 1 : end].replace('""', '"'), end + 1
        else:
            found = re.compile(f"[{re.escape(delimiter)}\r\n]|$").search(record, at)
            assert found is not None
            field, at = record[at : found.start()], found.start()
        fields.append(field)
        if record[at : at + 1] != delimiter:
            break
        at += 1
    if record[at:].strip("\r\n"):
        raise RefusedError("something follows a closing quote")
    return fields


def _closing(record: str, at: int) -> int | None:
    """Return where the quote stands that closes a field; two of them are one in the field."""
    while True:
        at = record.find('"', at)
        if at < 0:
            return None
        if record[at + 1 : at + 2] != '"':
            return at
        at += 2


# ---- columns -------------------------------------------------------------------------------


def _rows(text: str, said: Said) -> list[dict[str, str]]:
    """Return the cells of each row by `COLUMNS`."""
    lines = _lines(text)
    delimiter = said.delimiter
    excel = re.fullmatch(r'"?sep=(.)"?', lines[0].rstrip("\r\n"), re.I) if lines else None
    if excel and not (excel[1].isalnum() or excel[1] in '"#'):
        lines, delimiter = lines[1:], delimiter or excel[1]
    cuts = [cut for each in delimiter or ",;\t|" if (cut := _cut(lines, each, said)) is not None]
    if not cuts:
        raise RefusedError("columns")
    delimiter, places, width, headers = cuts[0]
    records = list(_records(lines, delimiter))[headers:]
    if any(len(record) != width for record in records):
        raise RefusedError("fields")
    return [
        {
            column: " ".join(record[place].strip(BLANKS) for place in where).strip(BLANKS)
            for column, where in places.items()
        }
        for record in records
    ]


_Cut = tuple[str, dict[str, list[int]], int, int]


def _cut(lines: Sequence[str], delimiter: str, said: Said) -> _Cut | None:
    """Return how `delimiter` cuts the file into columns, if it does."""
    try:
        first = next(_records(lines, delimiter), None)
        if first is None:
            return None
        if said.columns is None:
            return delimiter, _places(first), len(first), 1
        places = _places(said.columns)
    except RefusedError:
        return None
    if len(first) != len(said.columns):
        return None
    is_header = _is_header(first, places)
    if is_header and any(
        _calls_it_else(first, at, column) for column in places for at in places[column]
    ):
        raise RefusedError("contradiction")
    return delimiter, places, len(said.columns), int(is_header)


def _is_header(first: Sequence[str], places: dict[str, list[int]]) -> bool:
    """Whether a first line of a file whose columns are named is one of names."""
    texts = [first[at].strip() for column in COLUMNS for at in places[column]]
    if not all(text and not any(map(str.isdigit, text)) for text in texts):
        return False
    different = {text.lower() for text in texts if text.lower() not in NULLS}
    return len(different) > 1 or any(_column_called(name) for name in first)


def _column_called(name: str) -> str | None:
    role = role_of(name) or ("symbol" if symbol_rank(name) is not None else None)
    return {"date": "timestamp", "time": "timestamp", "ticks": "volume"}.get(role or "", role)


def _calls_it_else(header: Sequence[str], at: int, column: str) -> bool:
    names = [name.strip().strip('"').strip().lower() for name in header]
    if len(names[at]) == 1 and not all(letter in names for letter in "ohlc"):
        return False
    return _column_called(header[at]) not in (None, column)


def _places(names: Sequence[str]) -> dict[str, list[int]]:
    """Return where each of `COLUMNS` and the symbol stand; the stamp may stand in two places."""
    places = {column: _place(column, names) for column in COLUMNS}
    ranks = [(rank, at) for at, name in enumerate(names) if (rank := symbol_rank(name)) is not None]
    return {**places, "symbol": [min(ranks)[1]]} if ranks else places


def _place(column: str, names: Sequence[str]) -> list[int]:
    roles = [role_of(name) for name in names]
    exact = [
        at for at, name in enumerate(names) if name.strip().strip('"').strip().lower() == column
    ]
    found = [[at] for at in exact or _at(column, roles)]
    if column == "volume" and not found:
        found = [[at] for at in _at("ticks", roles)]
    if column == "timestamp" and not exact:
        dates, times = _at("date", roles), _at("time", roles)
        both = [[date, time] for date in dates for time in times]
        found += both or [[at] for at in (*dates, *times)]
    if len(found) != 1:
        raise RefusedError(column)
    return found[0]


def _at(role: str, roles: Sequence[str | None]) -> list[int]:
    return [at for at, each in enumerate(roles) if each == role]


# ---- values --------------------------------------------------------------------------------


def _stamps(texts: Sequence[str], told: Told) -> tuple[list[int], bool]:
    try:
        settled = settle(texts, told)
    except NeededError:
        raise RefusedError("more must be said") from None
    found = [instant(text, settled) if settled.kind else None for text in texts]
    stamps = [each for each in found if each is not None]
    if len(stamps) < len(texts):
        raise RefusedError("stamp")
    return stamps, settled.kind == "date"


def _bar(stamp: int, row: dict[str, str], said: Said, currency: str | None) -> SlowBar:
    values = [number(row[name], said.decimal, said.thousands, currency) for name in PRICES]
    values.append(number(row["volume"], said.decimal, said.thousands))
    numbers = [value for value in values if value is not None]
    if len(numbers) < len(values):
        raise RefusedError("number")
    *prices, volume = numbers
    _, high, low, _ = prices
    if min(prices) <= 0 or high < max(prices) or low > min(prices) or volume < 0:
        raise RefusedError("rule")
    return SlowBar(stamp, tuple(prices), volume)


def _check_digits(values: Sequence[Decimal], least: int = 0) -> None:
    """Refuse what has more than 18 digits with the decimals that the others need."""
    decimals = max(least, *(len(f"{each:f}".partition(".")[2].rstrip("0")) for each in values))
    if any(abs(each) * 10**decimals >= 10**18 for each in values):
        raise RefusedError("digits")


# ---- times ---------------------------------------------------------------------------------


def _timed(bars: Sequence[SlowBar], dates_only: bool, said: Said, now: int) -> SlowFile:
    stamps = [bar.stamp for bar in bars]
    labels = stamps if dates_only else _labels(stamps, said.told.zone)
    name = said.bar_type or _shown_type(stamps, by_date=labels is not None)
    if name is None:
        raise RefusedError("spacing")
    if name in LENGTHS:
        if dates_only:
            raise RefusedError("a date is no time")
        slots = [_slot(stamp, LENGTHS[name], said.stamp or "open") for stamp in stamps]
    else:
        back = DAY if labels and not dates_only and said.stamp == "close" else 0
        if name != "1_DAY":
            back = 0
        labels = [_moved(label - back, name, said.stamp) for label in labels or _dates(stamps)]
        bars = [attrs.evolve(bar, stamp=label) for bar, label in zip(bars, labels, strict=True)]
        slots = [_period(label, name) for label in labels]
        if name == "1_DAY" and any(map(_at_weekend, labels)):
            raise RefusedError("no session")
    if any(one >= other for one, other in itertools.pairwise(slots)) or bars[-1].stamp > now:
        raise RefusedError("order")
    return SlowFile(name, tuple(bars))


def _wall(stamp: int, zone: dt.tzinfo = VENUE) -> dt.datetime:
    at = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=stamp // SECOND)
    return at.astimezone(zone)


def _ahead(stamp: int, zone: dt.tzinfo = VENUE) -> int:
    return round((_wall(stamp, zone).utcoffset() or dt.timedelta()).total_seconds()) * SECOND


def _labels(stamps: Sequence[int], zone: dt.tzinfo | None) -> list[int] | None:
    """Return midnights UTC of the dates, if all are midnights by one clock.

    It is the venue's, UTC, or that of the file.
    """
    clocks = [[stamp + _ahead(stamp) for stamp in stamps], list(stamps)]
    if zone:
        clocks.append([stamp + _ahead(stamp, zone) for stamp in stamps])
    return next((each for each in clocks if not any(at % DAY for at in each)), None)


def _dates(stamps: Sequence[int]) -> list[int]:
    """Return midnights UTC of the dates in whose sessions the stamps lie, if days are between."""
    if _shown_type(stamps, by_date=False) in LENGTHS:
        raise RefusedError("a time is no date")
    labels = [(stamp + _ahead(stamp)) // DAY * DAY for stamp in stamps]
    if any(map(_at_weekend, labels)):
        raise RefusedError("no session")
    return labels


def _moved(label: int, bar_type: str, stamp: str | None) -> int:
    """Return the first day of the week or month that a label is of, or the day itself."""
    date = dt.date(1970, 1, 1) + dt.timedelta(days=label // DAY)
    if bar_type == "1_WEEK" and date.weekday() > 4:
        if stamp is None:
            raise RefusedError("between weeks")
        date += dt.timedelta(days=7 if stamp == "open" else 0)
    elif stamp == "close" and {"1_WEEK": date.weekday() == 0, "1_MONTH": date.day == 1}.get(
        bar_type, False
    ):
        date -= dt.timedelta(days=1)
    first = {"1_WEEK": date.weekday(), "1_MONTH": date.day - 1}.get(bar_type, 0)
    return (date - dt.timedelta(days=first) - dt.date(1970, 1, 1)).days * DAY


def _shown_type(stamps: Sequence[int], *, by_date: bool) -> str | None:
    steps = [abs(other - one) for one, other in itertools.pairwise(stamps) if other != one]
    if not steps:
        return None
    counts = collections.Counter(steps)
    step = max(counts, key=lambda each: (counts[each], each))
    if by_date or step % DAY == 0:
        found = [name for name, days in DAYS_BETWEEN.items() if step // DAY in days]
    else:
        found = [name for name, length in LENGTHS.items() if length == step]
    return found[0] if found else None


def _slot(stamp: int, length: int, which: str) -> int:
    """Return where the bar's place on the grid begins; its stamp must lie on the grid, too."""
    local, wall = stamp + _ahead(stamp), _wall(stamp)
    edge = (wall.hour, wall.minute) in EDGES and wall.second == 0 and stamp % SECOND == 0
    if local % length and not edge:
        raise RefusedError("grid")
    inside = stamp - 1 if which == "close" else stamp
    return inside - (inside + _ahead(inside)) % length


def _period(label: int, bar_type: str) -> int:
    """Return the number of the day, week or month in which a bar lies: there is one of each."""
    days = label // DAY
    date = dt.date(1970, 1, 1) + dt.timedelta(days=days)
    if bar_type == "1_MONTH":
        return date.year * 12 + date.month
    # The week of 1970 began on a Thursday; ours on Mondays.
    return (days + 3) // 7 if bar_type == "1_WEEK" else days


def _at_weekend(label: int) -> bool:
    date = dt.date(1970, 1, 1) + dt.timedelta(days=label // DAY)
    return date.weekday() > 4 and date.year >= FIRST_YEAR_OF_FIVE_DAYS
