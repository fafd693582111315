"""Damaged files, read twice: by the reader, and row by row with the standard library alone."""

from __future__ import annotations

import collections
import csv
import datetime as dt
import io
import re
import zoneinfo
from decimal import Decimal
from pathlib import Path

import attrs
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from adapters.csv.reader import CsvBarFileReader
from domain.errors import BarledgerError
from domain.ports import FileLayout

COLUMNS = ("timestamp", "open", "high", "low", "close", "volume")
NEW_YORK = zoneinfo.ZoneInfo("America/New_York")
EPOCH = dt.datetime(1970, 1, 1)
YEAR_1800, YEAR_2091 = ((dt.datetime(y, 1, 1) - EPOCH).days * 86_400 * 10**9 for y in (1800, 2091))


class RefusedError(Exception):
    """The whole file is refused."""


@attrs.frozen
class Expected:
    """The rows that can be read, by line, and the lines that cannot."""

    rows: dict[int, tuple[int, ...]]
    refused: set[int]
    price_precision: int
    size_precision: int


# ---- the reference: one value at a time ----------------------------------------------------


def reference(content: bytes, zone: zoneinfo.ZoneInfo | None) -> Expected:
    records = _records(content)
    if not records:
        raise RefusedError("empty")
    header = [cell.strip().lower() for cell in records[0][1]]
    if any(header.count(column) != 1 for column in COLUMNS) or len(records) == 1:
        raise RefusedError("header")
    whole = {line: cells for line, cells in records[1:] if len(cells) == len(header)}
    table = {
        line: [cells[header.index(column)].strip(" \t\n\r\v\f") for column in COLUMNS]
        for line, cells in whole.items()
    }
    stamps = _stamps({line: cells[0] for line, cells in table.items()}, zone)
    numbers = {line: [_number(cell) for cell in cells[1:]] for line, cells in table.items()}
    prices = [value for values in numbers.values() for value in values[:4] if value is not None]
    sizes = [values[4] for values in numbers.values() if values[4] is not None]
    digits = [_most_decimals(prices)] * 4 + [_most_decimals(sizes)]
    good = {}
    for line, values in numbers.items():
        scaled = [
            None if value is None else value.scaleb(precision)
            for value, precision in zip(values, digits, strict=True)
        ]
        if line in stamps and all(v is not None and abs(v) < 10**18 for v in scaled):
            good[line] = (stamps[line], values)
    price = _most_decimals([value for _, values in good.values() for value in values[:4]])
    size = _most_decimals([values[4] for _, values in good.values()])
    rows = {
        line: (stamp, *(int(v.scaleb(price)) for v in values[:4]), int(values[4].scaleb(size)))
        for line, (stamp, values) in good.items()
    }
    return Expected(rows, {line for line, _ in records[1:]} - rows.keys(), price, size)


def _records(content: bytes) -> list[tuple[int, list[str]]]:
    if b"\0" in content:
        raise RefusedError("null byte")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RefusedError("encoding") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    records, begin = [], 1
    try:
        for cells in reader:
            if len(cells) > 1 or (cells and cells[0].strip()):
                records.append((begin, cells))
            begin = reader.line_num + 1
    except csv.Error:
        raise RefusedError("quotes") from None
    return records


def _number(text: str) -> Decimal | None:
    if not re.fullmatch(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,9})?", text):
        return None
    value = Decimal(text)
    if not value:
        return Decimal(0)
    if value.adjusted() > 20 or value.adjusted() < -20:
        return None
    fixed = f"{value:f}"
    whole, _, fraction = fixed.lstrip("+-").partition(".")
    fraction = fraction.rstrip("0")
    if len(fraction) > 9 or len((whole + fraction).lstrip("0")) > 18:
        return None
    return Decimal(fixed[0] * fixed.startswith("-") + whole + "." + (fraction or "0"))


def _most_decimals(values: list[Decimal]) -> int:
    return max((len(f"{v:f}".partition(".")[2].rstrip("0")) for v in values), default=0)


def _stamps(texts: dict[int, str], zone: zoneinfo.ZoneInfo | None) -> dict[int, int]:
    parsed = {line: found for line, text in texts.items() if (found := _stamp(text))}
    counts = collections.Counter(kind for kind, _ in parsed.values())
    usual = max(["date", "local", "zoned"], key=lambda kind: counts[kind])
    if usual == "local" and counts["local"] and zone is None:
        raise RefusedError("zone")
    stamps = {line: value for line, (kind, value) in parsed.items() if kind == usual}
    if usual != "local" or zone is None:
        return stamps
    utc = {line: _utc(value, zone) for line, value in stamps.items()}
    return {line: value for line, value in utc.items() if value is not None}


def _stamp(text: str) -> tuple[str, int] | None:
    match = re.fullmatch(
        r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
        r"([ T][0-9]{2}(?::[0-9]{2}(?::[0-9]{2}(?:\.([0-9]{1,9}))?)?)?)?(?(2)(Z|[+-][0-9:]{2,5})?)",
        text,
    )
    if not match or (match[2] or "").startswith((" 24", "T24")):
        return None
    clock = (match[2] or "").partition(".")[0]
    try:
        stamp = dt.datetime.fromisoformat(match[1] + clock + (match[4] or ""))
    except ValueError:
        return None
    if match[4] and not re.fullmatch(r"Z|[+-][0-9]{2}(:?[0-5][0-9])?", match[4]):
        return None
    since = stamp.replace(tzinfo=None) - (stamp.utcoffset() or dt.timedelta()) - EPOCH
    value = (since // dt.timedelta(seconds=1)) * 10**9 + int((match[3] or "").ljust(9, "0"))
    if not YEAR_1800 <= value < YEAR_2091:
        return None
    return ("date" if not match[2] else "zoned" if match[4] else "local"), value


def _utc(local: int, zone: zoneinfo.ZoneInfo) -> int | None:
    """The only instant at which the clock of `zone` shows `local`, looked for in UTC."""
    seconds, rest = divmod(local, 10**9)
    instants = set()
    # From half a day ahead of UTC to half a day behind it, by the quarter of an hour.
    for quarters in range(-48, 49):
        instant = EPOCH.replace(tzinfo=dt.UTC) + dt.timedelta(seconds=seconds + quarters * 900)
        if instant.astimezone(zone).replace(tzinfo=None) == EPOCH + dt.timedelta(seconds=seconds):
            instants.add((seconds + quarters * 900) * 10**9 + rest)
    return instants.pop() if len(instants) == 1 else None


# ---- damage --------------------------------------------------------------------------------

FILES = [
    b"timestamp,open,high,low,close,volume\n"
    b"2024-03-08 09:30:00,187.15,187.20,187.10,187.15,1200\n"
    b"2024-03-11 09:30:00,187.1500,188.25,187.00,187.5,0\n"
    b"2024-03-12 09:31:00.5,9,9.5,8.75,9.25,100\n",
    b"Volume, Open ,high,low,close,Timestamp,note\r\n"
    b"12,1.5,2,1,1.25,2024-01-02T09:30:00Z,x\r\n"
    b"7.5,1e1,1e2,.5,5.,2024-01-02T04:31:00-0500,\r\n"
    b"0,+3,3,3,3,2024-01-02T14:32:00.123456789+00:00,z\r\n",
    b'"timestamp","open","high","low","close","volume"\n'
    b'"2024-01-02",1.1,1.1,1.1,1.1,"10"\n'
    b'2024-01-03,"1.2","1.3",1.0,1.25,20\n\n'
    b'"2024-01-04",1.2,1.3,1.0,1.25,20',
]
PIECES = [
    *(b'"', b",", b"\n", b"\r\n", b"\r", b" ", b"\t", b".", b"e", b"-", b"+", b":", b"Z", b"T"),
    *(b"", b"0", b"1", b"9", b"00", b"NaN", b"inf", b"1e3", b"1e-9", b"1e-10", b"1e17", b"1e18"),
    *(b"\0", b"\xff", b"\xc3\xa9", b"\xef\xbb\xbf", b"_", b"\xd9\xa1", b"\x0b", b"\xc2\xa0", b"|"),
    *(b"2024-03-10 02:30:00", b"2024-11-03 01:30:00", b"2024-02-30", b"+05:30", b"24:00", b"60"),
    *(b"9999-12-31", b"0001-01-01", b"1799-12-31 23:59:59", b"2091-01-01", b"123456789012345678"),
    *(b"0.123456789", b"0.1000000000", b"0.1234567891", b'""', b'"\n"', b"\n\n", b"  \n", b"x,y\n"),
]
damage = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from(PIECES)), max_size=6
)


def damaged(content: bytes, changes: list[tuple[float, int, bytes]]) -> bytes:
    """`content` with pieces in place of some of its bytes, at fractions of its length."""
    for where, removed, piece in changes:
        at = round(where * len(content))
        content = content[:at] + piece + content[at + removed :]
    return content


def check(content: bytes, path: Path, zone: zoneinfo.ZoneInfo | None) -> None:
    path.write_bytes(content)
    layout = FileLayout(zone.key if zone else None)
    try:
        expected = reference(content, zone)
    except RefusedError:
        with pytest.raises(BarledgerError) as caught:
            CsvBarFileReader().read(path, layout)
        assert caught.value.recovery
        return
    read = CsvBarFileReader().read(path, layout)
    bars = read.bars
    columns = (bars.ts_open, bars.open, bars.high, bars.low, bars.close, bars.volume)
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    assert dict(zip(read.lines.tolist(), rows, strict=True)) == expected.rows
    assert {problem.line for problem in read.problems} == expected.refused
    assert read.rows == len(expected.rows) + len(expected.refused)
    assert (bars.price_precision, bars.size_precision) == (
        expected.price_precision,
        expected.size_precision,
    )


@given(st.sampled_from(FILES), damage, st.sampled_from([None, NEW_YORK]))
@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example(FILES[0], [], NEW_YORK)
@example(FILES[1], [], None)
@example(FILES[2], [], None)
@example(FILES[0], [(0.5, 10, b"")], NEW_YORK)
@example(FILES[2], [(0.5, 0, b'"')], None)
def test_a_damaged_file_is_read_as_row_by_row_or_refused(
    tmp_path: Path,
    content: bytes,
    changes: list[tuple[float, int, bytes]],
    zone: zoneinfo.ZoneInfo | None,
) -> None:
    check(damaged(content, changes), tmp_path / "bars.csv", zone)


@given(
    st.lists(
        st.one_of(
            st.sampled_from(["", ".", "-", "+.5", "5.", "1e", "1E+2", "0e400", "1e999999", "--1"]),
            st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**19)).map(str),
            st.from_regex(r"[+-]?[0-9]{0,12}\.?[0-9]{0,11}([eE][+-]?[0-9]{1,2})?", fullmatch=True),
        ),
        min_size=1,
        max_size=8,
    )
)
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example(["1e-48"])
@example(["0." + "0" * 47 + "1"])
@example(["100000000000000000", "0.5"])
def test_numbers_of_every_notation_are_exact_or_refused(tmp_path: Path, texts: list[str]) -> None:
    rows = [f"2024-01-02T09:30:{n:02d}Z,{text},1,1,1,{text}" for n, text in enumerate(texts)]
    check("\n".join([",".join(COLUMNS), *rows]).encode(), tmp_path / "bars.csv", None)


@given(
    st.lists(
        st.tuples(
            st.datetimes(dt.datetime(1799, 1, 1), dt.datetime(2091, 12, 31)),
            st.sampled_from(
                ["%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d", "%Y-%m-%d %H"]
            ),
            st.sampled_from(["", "", "Z", "+00:00", "-0500", "+05", "+14:30", "-24:00", "+5"]),
        ),
        min_size=1,
        max_size=6,
    ),
    st.booleans(),
)
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_stamps_of_every_notation_are_exact_or_refused(
    tmp_path: Path, stamps: list[tuple[dt.datetime, str, str]], named: bool
) -> None:
    texts = [f"{stamp.year:04d}{stamp.strftime(form)[4:]}{zone}" for stamp, form, zone in stamps]
    rows = [f"{text},1,1,1,1,1" for text in texts]
    content = "\n".join([",".join(COLUMNS), *rows]).encode()
    zone = zoneinfo.ZoneInfo("UTC") if named else None
    check(content, tmp_path / "bars.csv", zone)


@given(st.lists(st.integers(0, 1_999), max_size=4), st.sampled_from([b"x", b",", b'"', b"\n", b""]))
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_long_file_is_read_in_pieces_to_the_same_end(
    tmp_path: Path, lines: list[int], piece: bytes
) -> None:
    """More rows than are looked at one by one, with damage in a few of them."""
    first = dt.datetime(2024, 3, 9, 12)
    rows = [f"{first + dt.timedelta(minutes=n)}Z,{n}.{n % 7},9999,0,{n},{n}" for n in range(2_000)]
    encoded = [row.encode() for row in rows]
    for line in lines:
        encoded[line] = encoded[line][:9] + piece + encoded[line][10:]
    content = b"\n".join([",".join(COLUMNS).encode(), *encoded])
    check(content, tmp_path / "bars.csv", None)
