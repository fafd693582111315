"""What every `BarWriter` does: each bar that went in can be read back, to the last digit."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import json
import random
from collections.abc import Callable, Iterator
from decimal import Decimal

import attrs
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.csv.writer import CsvBarWriter
from adapters.memory.bar_writer import MemoryBarWriter
from domain.bar_type import BarType
from domain.bars import PRICE_COLUMNS, Bars
from domain.errors import UnknownTimeZoneError
from domain.exporting import BarsToWrite, BarWriter
from domain.instrument import Series
from domain.sessions import NANOSECONDS_IN_DAY, Stamp
from domain.window import nanoseconds
from tests.builders import AAPL, MINUTE, SECOND, minute_bars

DAILY = Series(AAPL.instrument_id, BarType.parse("1_DAY"))
VALUES = (*PRICE_COLUMNS, "volume")
Row = tuple[str | int, ...]
"""A bar as it was read: its instant in UTC nanoseconds or its date, then its values as text."""


def csv_rows(content: bytes, ending: str) -> list[Row]:
    """Read with the standard library alone, in a way of its own."""
    if ending == ".csv.gz":
        content = gzip.decompress(content)
    elif ending == ".csv.zst":
        content = pa.input_stream(io.BytesIO(content), compression="zstd").read()
    reader = csv.DictReader(io.StringIO(content.decode("ascii"), newline=""), strict=True)
    rows = list(reader)
    assert reader.fieldnames == ["timestamp", *VALUES]
    return [(csv_stamp(row["timestamp"]), *(row[name] for name in VALUES)) for row in rows]


def csv_stamp(text: str) -> str | int:
    if len(text) == len("2024-01-31"):
        return str(dt.date.fromisoformat(text))
    whole, dot, rest = text.partition(".")
    digits = rest.rstrip("Z") if "Z" in rest else rest.replace("-", "+").split("+")[0]
    instant = dt.datetime.fromisoformat(whole + rest[len(digits) :])
    assert instant.tzinfo is not None, text
    assert not dot or digits.rstrip("0") == digits != "", text
    return nanoseconds(instant) + int(digits.ljust(9, "0"))


def memory_rows(content: bytes, ending: str) -> list[Row]:
    documents = map(json.loads, content.splitlines())
    return [(one["at"], *(one[name] for name in VALUES)) for one in documents]


Reader = Callable[[bytes, str], list[Row]]
ADAPTERS: dict[str, tuple[Callable[[], BarWriter], Reader]] = {
    "csv": (CsvBarWriter, csv_rows),
    "csv in New York": (lambda: CsvBarWriter(time_zone="America/New_York"), csv_rows),
    "csv in Kathmandu": (lambda: CsvBarWriter(time_zone="Asia/Kathmandu"), csv_rows),
    "memory": (MemoryBarWriter, memory_rows),
}
ENDINGS = [(name, ending) for name, (make, _) in ADAPTERS.items() for ending in make().endings]


@attrs.frozen
class Written:
    """A writer, and a reader of what it writes."""

    writer: BarWriter
    reader: Reader
    ending: str

    def content(self, bars: BarsToWrite) -> bytes:
        out = io.BytesIO()
        self.writer.write(out, self.ending, bars)
        # It stays open.
        return out.getvalue()

    def rows(self, bars: BarsToWrite) -> list[Row]:
        return self.reader(self.content(bars), self.ending)


def written_by(name: str, ending: str) -> Written:
    make, reader = ADAPTERS[name]
    return Written(make(), reader, ending)


@pytest.fixture(params=ENDINGS, ids=" ".join)
def written(request: pytest.FixtureRequest) -> Written:
    return written_by(*request.param)


def to_write(*chunks: Bars, series: Series = AAPL) -> BarsToWrite:
    price = max((one.price_precision for one in chunks), default=0)
    size = max((one.size_precision for one in chunks), default=0)
    return BarsToWrite(series, price, size, iter(chunks))


def expected(bars: Bars, at: list[str | int], price: int, size: int) -> list[Row]:
    return [
        (
            at[row],
            *(plain(getattr(bars, name)[row], bars.price_precision, price) for name in VALUES[:4]),
            plain(bars.volume[row], bars.size_precision, size),
        )
        for row in range(len(bars))
    ]


def plain(value: int, precision: int, shown: int) -> str:
    """Put the point into the digits by hand."""
    digits = str(abs(int(value))).rjust(precision + 1, "0") + "0" * (shown - precision)
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[:-shown]}.{digits[-shown:]}" if shown else sign + digits


def opens(bars: Bars) -> list[str | int]:
    return [int(stamp) for stamp in bars.ts_open]


def test_every_bar_is_there_in_order(written: Written) -> None:
    bars = minute_bars(count=300)
    parts = [bars.take(slice(0, 1)), bars.take(slice(1, 200)), bars.take(slice(200, 300))]
    assert written.rows(to_write(*parts)) == expected(bars, opens(bars), 2, 0)


def test_more_bars_than_are_written_at_once_are_all_there(written: Written) -> None:
    bars = minute_bars(count=30_000, step=0)
    rows = written.rows(to_write(*(bars.take(slice(i, i + 700)) for i in range(0, 30_000, 700))))
    assert [row[0] for row in rows] == opens(bars)


def test_a_bar_of_a_day_is_named_by_its_date(written: Written) -> None:
    labels = np.array([-1, 0, 19_724], np.int64) * NANOSECONDS_IN_DAY
    bars = attrs.evolve(minute_bars(count=3), ts_open=labels, ts_event=labels + 21 * 60 * MINUTE)
    dates: list[str | int] = ["1969-12-31", "1970-01-01", "2024-01-02"]
    assert written.rows(to_write(bars, series=DAILY)) == expected(bars, dates, 2, 0)


def test_values_have_the_decimals_of_their_series(written: Written) -> None:
    fine = minute_bars("2024-01-02T15:00:00", price_precision=4, size_precision=3)
    coarse = minute_bars("2024-01-02T14:30:00", price_precision=2)
    rows = written.rows(to_write(coarse, fine))
    assert rows[0][1:] == ("187.0000", "187.0300", "186.9700", "187.0100", "100.000")
    assert rows[5][1:] == ("1.8700", "1.8703", "1.8697", "1.8701", "0.100")


def test_values_that_are_too_long_for_finer_decimals_are_written_all_the_same(
    written: Written,
) -> None:
    high = attrs.evolve(minute_bars(), volume=np.full(5, 10**18 - 1, np.int64))
    fine = minute_bars("2024-01-02T15:00:00", size_precision=9)
    rows = written.rows(to_write(high, fine))
    assert rows[0][-1] == f"{'9' * 18}.{'0' * 9}"
    assert rows[5][-1] == "0.000000100"


def test_the_smallest_and_the_largest_values_are_exact(written: Written) -> None:
    most = 10**18 - 1
    odd = np.array([0, 1, -1, most, -most], np.int64)
    for precision in (0, 1, 9):
        bars = attrs.evolve(
            minute_bars(), open=odd, low=odd[::-1], price_precision=precision, volume=abs(odd)
        )
        found = written.rows(to_write(bars))
        assert found == expected(bars, opens(bars), precision, 0)


def test_no_bars_are_no_rows(written: Written) -> None:
    assert written.rows(to_write()) == []


def test_the_same_bars_give_the_same_bytes_however_they_are_divided(written: Written) -> None:
    bars = minute_bars(count=20_000, step=0)
    whole = written.content(to_write(bars))
    for seed in range(3):
        cuts = sorted(random.Random(seed).sample(range(1, 20_000), 40))
        parts = bars.split([0, *cuts])
        assert written.content(to_write(*parts)) == whole


def test_what_goes_wrong_with_the_bars_is_passed_on(written: Written) -> None:
    def chunks() -> Iterator[Bars]:
        yield minute_bars()
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        written.content(BarsToWrite(AAPL, 2, 0, chunks()))


def test_what_goes_wrong_with_the_file_is_passed_on(written: Written) -> None:
    class Full(io.BytesIO):
        def write(self, content: object) -> int:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left") as caught:
        written.writer.write(Full(), written.ending, to_write(minute_bars(count=20_000)))
    assert caught.value.errno == 28


@st.composite
def some_bars(draw: st.DrawFn) -> Bars:
    count = draw(st.integers(1, 20))
    # From 1850, when clocks differed by seconds, to 2090, on odd nanoseconds too.
    seconds = st.integers(-3_786_825_600, 3_786_825_600)
    rest = st.sampled_from([0, 0, 0, 1, 500_000_000, 123_456_789, 999_999_999])
    stamps = draw(st.lists(st.tuples(seconds, rest), min_size=count, max_size=count, unique=True))
    at = np.array(sorted(second * SECOND + more for second, more in stamps), np.int64)
    values = st.integers(-(10**18) + 1, 10**18 - 1) | st.integers(-2_000, 2_000)
    columns = [
        np.array(draw(st.lists(values, min_size=count, max_size=count)), np.int64) for _ in VALUES
    ]
    precisions = st.integers(0, 9)
    return Bars.of_columns((at, at, *columns), draw(precisions), draw(precisions))


@pytest.mark.parametrize("name", ADAPTERS)
@given(bars=some_bars(), more=st.integers(0, 9))
def test_whatever_the_bars_are_they_can_be_read_back(name: str, bars: Bars, more: int) -> None:
    written = written_by(name, ADAPTERS[name][0]().endings[0])
    price = max(bars.price_precision, more)
    rows = written.rows(BarsToWrite(AAPL, price, bars.size_precision, [bars]))
    assert rows == expected(bars, opens(bars), price, bars.size_precision)
    numbers = [Decimal(row[1]) for row in rows]
    assert numbers == [Decimal(int(one)).scaleb(-bars.price_precision) for one in bars.open]


# CSV alone


def csv_text(writer: CsvBarWriter, bars: Bars) -> list[str]:
    out = io.BytesIO()
    writer.write(out, ".csv", to_write(bars))
    return out.getvalue().decode().splitlines()


def test_a_csv_file_is_what_a_user_would_write() -> None:
    assert csv_text(CsvBarWriter(), minute_bars(count=2)) == [
        "timestamp,open,high,low,close,volume",
        "2024-01-02T14:30:00Z,187.00,187.03,186.97,187.01,100",
        "2024-01-02T14:31:00Z,187.01,187.04,186.98,187.02,101",
    ]


def test_a_zone_gives_stamps_by_its_clock_with_its_offset() -> None:
    writer = CsvBarWriter(time_zone="America/New_York")
    # The clocks were put back at 06:00 UTC: the hour from 01:00 is there twice.
    bars = minute_bars("2024-11-03T05:59:00", 2)
    stamps = [line.split(",")[0] for line in csv_text(writer, bars)[1:]]
    assert stamps == ["2024-11-03T01:59:00-04:00", "2024-11-03T01:00:00-05:00"]
    utc = csv_text(CsvBarWriter(time_zone="UTC"), bars)
    assert utc[1].startswith("2024-11-03T05:59:00+00:00,")


def test_a_stamp_can_be_the_close() -> None:
    (_, line) = csv_text(CsvBarWriter(Stamp.CLOSE), minute_bars(count=1))
    assert line.startswith("2024-01-02T14:31:00Z,")


def test_fractions_are_written_only_where_there_are_any() -> None:
    half = attrs.evolve(minute_bars(count=2), ts_open=np.array([0, SECOND // 2], np.int64))
    stamps = [line.split(",")[0] for line in csv_text(CsvBarWriter(), half)[1:]]
    assert stamps == ["1970-01-01T00:00:00Z", "1970-01-01T00:00:00.5Z"]


def test_an_offset_of_seconds_is_rounded_and_the_instant_stays() -> None:
    """New York was 4 h 56 min 2 s behind until 1883, which ISO 8601 cannot say."""
    bars = minute_bars("1870-01-03T15:00:00", 1)
    (_, line) = csv_text(CsvBarWriter(time_zone="America/New_York"), bars)
    assert line.startswith("1870-01-03T10:04:00-04:56,")
    assert csv_stamp(line.split(",")[0]) == int(bars.ts_open[0])


def test_a_zone_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UnknownTimeZoneError, match="New_Yrk"):
        CsvBarWriter(time_zone="America/New_Yrk")


def test_a_gzip_file_holds_neither_a_time_nor_a_name() -> None:
    out = io.BytesIO()
    CsvBarWriter().write(out, ".csv.gz", to_write(minute_bars()))
    header = out.getvalue()[:10]
    assert header[:4] == b"\x1f\x8b\x08\x00"
    assert header[4:8] == bytes(4)
