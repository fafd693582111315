"""What is exported is one state of the catalog, whole: every bar that is held, or nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.bar_writer import MemoryBarWriter
from adapters.memory.new_files import MemoryNewFiles
from application.export import Export, ExportBars, ExportRequest, Output
from domain.as_of import AsOf
from domain.bar_type import BarType
from domain.bars import Bars
from domain.errors import (
    ConfirmationNeededError,
    CorruptPartitionError,
    DataNotFoundError,
    ExportError,
    NothingHeldError,
    RevisionDiscardedError,
    UsageError,
)
from domain.exporting import file_name, series_named
from domain.instrument import InstrumentId, Series
from tests.builders import AAPL, MINUTE, MSFT, minute_bars, session_bars, utc
from tests.memory_catalog import MemoryCatalog, window

DAILY = Series(AAPL.instrument_id, BarType.parse("1_DAY"))
FILE, FOLDER = Output(Path("a.json")), Output(Path("out"), is_folder=True)


@attrs.define
class Exporter:
    """Exports from a catalog in memory to files in memory."""

    held: MemoryCatalog = attrs.field(factory=MemoryCatalog)
    files: MemoryNewFiles = attrs.field(factory=MemoryNewFiles)

    def __call__(self, *instruments: str, output: Output = FILE, **options: object) -> Export:
        request = ExportRequest(output, instruments, **options)  # type: ignore[arg-type]
        use_case = ExportBars(self.held.catalog, self.files, self.held.progress)
        return use_case.run(request, MemoryBarWriter())

    def opens(self, name: str = "a.json") -> list[object]:
        return [json.loads(line)["at"] for line in self.files.files[Path(name)].splitlines()]


@pytest.fixture
def export() -> Exporter:
    return Exporter()


def opens(bars: Bars) -> list[int]:
    return [int(stamp) for stamp in bars.ts_open]


def test_all_that_is_held_of_a_series_goes_into_one_file(export: Exporter) -> None:
    bars = session_bars("2024-01-02", "2024-01-04")
    export.held.write(AAPL, bars)
    (file,) = export("AAPL").files
    assert (file.path, file.series, file.rows) == (Path("a.json"), AAPL, 1170)
    assert (str(file.start), str(file.end)) == ("2024-01-02", "2024-01-04")
    assert export.opens() == opens(bars)
    assert export.held.progress.tasks[-1].done == export.held.progress.tasks[-1].total == 1170


def test_a_range_cuts_partitions(export: Exporter) -> None:
    bars = session_bars("2024-01-02", "2024-01-04")
    export.held.write(AAPL, bars)
    within = window("2024-01-03T15:00:00+00:00", "2024-01-04")
    (file,) = export("AAPL", window=within).files
    inside = bars.take(bars.ts_open >= utc("2024-01-03T15:00"))
    assert export.opens() == opens(inside)
    assert (str(file.start), str(file.end)) == ("2024-01-03", "2024-01-04")


def test_without_a_name_every_series_gets_a_file_of_its_own(export: Exporter) -> None:
    for series in (AAPL, MSFT):
        export.held.write(series, minute_bars())
    export.held.write(DAILY, daily_bars())
    files = export(output=FOLDER).files
    assert [str(one.path) for one in files] == [
        "out/AAPL.NASDAQ-1_MIN.json",
        "out/AAPL.NASDAQ-1_DAY.json",
        "out/MSFT.NASDAQ-1_MIN.json",
    ]
    assert export.opens("out/AAPL.NASDAQ-1_DAY.json") == ["2024-01-02", "2024-01-03"]


def daily_bars() -> Bars:
    labels = np.array([utc("2024-01-02"), utc("2024-01-03")], np.int64)
    return attrs.evolve(minute_bars(count=2), ts_open=labels, ts_event=labels + 21 * 60 * MINUTE)


def test_several_series_need_a_folder(export: Exporter) -> None:
    for series in (AAPL, MSFT):
        export.held.write(series, minute_bars())
    for output in (FILE, Output(None)):
        with pytest.raises(UsageError, match="can take one series, and 2 were chosen"):
            export(output=output)
    export("MSFT", output=Output(None))
    assert len(export.files.output.splitlines()) == 5
    assert not export.files.files


def test_a_series_without_a_bar_in_the_range_is_left_out(export: Exporter) -> None:
    export.held.write(AAPL, minute_bars("2024-01-02T14:30:00"))
    export.held.write(MSFT, minute_bars("2024-01-02T16:30:00"))
    done = export(output=FOLDER, window=window("2024-01-02T16:00:00Z"))
    assert [one.series for one in done.files] == [MSFT]
    assert done.left_out == (AAPL,)
    assert list(export.files.files) == [Path("out/MSFT.NASDAQ-1_MIN.json")]


@pytest.mark.parametrize(
    ("names", "range_", "error", "words"),
    [
        (("MSFT.NASDAQ",), (), NothingHeldError, "holds no bars of MSFT.NASDAQ"),
        (("MSFT.NASDAQ",), ("2024-01-02",), DataNotFoundError, "Data not found for MSFT.NASDAQ"),
        (("AAPL", "NVDA"), (), DataNotFoundError, "Data not found for NVDA"),
        (("AAPL",), ("2024-01-03",), DataNotFoundError, "Data not found for AAPL"),
        (("AAPL",), ("2024-01-02T16:00:00Z",), DataNotFoundError, "Data not found for AAPL"),
        ((), ("2024-06-03",), DataNotFoundError, "Data not found for any instrument"),
        ((), ("2024-01-02T16:00:00Z",), DataNotFoundError, "Data not found for any instrument"),
        (("AAPL", "SPY.ARCA"), (), NothingHeldError, "holds no bars of SPY.ARCA"),
    ],
)
def test_what_is_not_held_is_told_and_nothing_is_written(
    export: Exporter,
    names: tuple[str, ...],
    range_: tuple[str, ...],
    error: type[Exception],
    words: str,
) -> None:
    export.held.write(AAPL, minute_bars("2024-01-02T14:30:00"))
    with pytest.raises(error, match=words):
        export(*names, window=window(*range_), output=FOLDER)
    assert export.files.files == {}


def test_an_empty_catalog_holds_nothing(export: Exporter) -> None:
    with pytest.raises(NothingHeldError, match="holds no bars"):
        export()
    with pytest.raises(NothingHeldError, match="holds no 1-hour bars"):
        export(bar_type=BarType.parse("1_HOUR"))


def test_an_earlier_point_is_exported_as_it_was(export: Exporter) -> None:
    export.held.write(AAPL, minute_bars())
    head = export.held.head
    export.held.write(AAPL, minute_bars(count=3, first_price=20_000))
    done = export("AAPL", as_of=AsOf(seq=head))
    assert done.past
    assert done.past.seq == head
    assert done.files[0].rows == 5
    with pytest.raises(DataNotFoundError, match=r"Data not found for AAPL\.NASDAQ as of event 0"):
        export("AAPL.NASDAQ", as_of=AsOf(seq=0), replace=True)


def test_what_gc_deleted_is_an_error(export: Exporter) -> None:
    export.held.write(AAPL, minute_bars())
    head = export.held.head
    export.held.write(AAPL, minute_bars(count=3, first_price=20_000))
    assert export.held.discard() == 1
    with pytest.raises(RevisionDiscardedError):
        export("AAPL", as_of=AsOf(seq=head))
    assert export.files.files == {}


@pytest.mark.parametrize("output", [FILE, Output(None), FOLDER])
def test_damage_that_is_met_is_an_error_and_no_file_is_there(
    export: Exporter, output: Output
) -> None:
    export.held.write(AAPL, session_bars("2024-01-02", "2024-01-04"))
    export.held.damage(AAPL, "2024-01-03")
    with pytest.raises(CorruptPartitionError, match="2024-01-03"):
        export("AAPL", output=output)
    assert (export.files.files, export.files.output) == ({}, b"")
    # It is in quarantine now, and what is left can be had, with a warning.
    assert export("AAPL", output=output).files[0].rows == 780
    (warning,) = export.held.progress.warnings
    assert warning.endswith("damaged and left out until imported again: 2024-01-03")


def test_damage_outside_the_range_is_nothing_to_be_warned_of(export: Exporter) -> None:
    export.held.write(AAPL, session_bars("2024-01-02", "2024-01-09"))
    export.held.damage(AAPL, "2024-01-08")
    with pytest.raises(CorruptPartitionError):
        export("AAPL")
    export("AAPL", window=window("2024-01-02", "2024-01-04"))
    assert export.held.progress.warnings == []


def test_damage_in_one_series_leaves_no_file_of_the_others(export: Exporter) -> None:
    export.held.write(AAPL, minute_bars())
    export.held.write(MSFT, minute_bars(first_price=40_000))
    export.held.damage(MSFT, "2024-01-02")
    with pytest.raises(CorruptPartitionError):
        export(output=FOLDER)
    assert export.files.files == {}


def test_places_are_refused_before_any_bar_is_read(export: Exporter) -> None:
    export.held.write(AAPL, minute_bars())
    export("AAPL")
    export.held.damage(AAPL, "2024-01-02")
    for output, error in (
        (FILE, ConfirmationNeededError),
        (Output(Path("no/where/a")), ExportError),
    ):
        with pytest.raises(error):
            export("AAPL", output=output)
    assert export.held.holdings(AAPL).corrupt == frozenset()


def test_what_is_written_meanwhile_does_not_mix_in(export: Exporter) -> None:
    """Another process replaces every day after the first partition has been read."""
    bars = session_bars("2024-01-02", "2024-01-04")
    export.held.write(AAPL, bars)

    class Watched(MemoryBarWriter):
        def write(self, out: object, ending: str, bars: object) -> None:
            def chunks() -> Iterator[Bars]:
                for chunk in bars.chunks:  # type: ignore[attr-defined]
                    export.held.write(AAPL, session_bars("2024-01-02", "2024-01-08", price=50_000))
                    yield chunk

            changed = attrs.evolve(bars, chunks=chunks())  # type: ignore[type-var]
            super().write(out, ending, changed)  # type: ignore[arg-type]

    use_case = ExportBars(export.held.catalog, export.files, export.held.progress)
    use_case.run(ExportRequest(FILE, ("AAPL",)), Watched())
    lines = [json.loads(line) for line in export.files.files[Path("a.json")].splitlines()]
    assert [line["at"] for line in lines] == opens(bars)
    assert {line["open"][:1] for line in lines} == {"1"}


def test_a_name_is_safe_and_can_be_read_back() -> None:
    for text, name in (
        ("AAPL.NASDAQ", "AAPL.NASDAQ-1_MIN.csv"),
        ("EUR/USD.IDEALPRO", "EUR%2FUSD.IDEALPRO-1_MIN.csv"),
        ("BRK B.NYSE", "BRK%20B.NYSE-1_MIN.csv"),
        ("BTCUSDT-PERP.BINANCE", "BTCUSDT-PERP.BINANCE-1_MIN.csv"),
    ):
        series = Series(InstrumentId.parse(text), AAPL.bar_type)
        assert file_name(series, ".csv") == name
        assert series_named(name, ".csv") == series


@given(
    symbol=st.from_regex(r"[A-Za-z0-9^$#][A-Za-z0-9 ._/:=^$&+#!-]{0,20}[A-Z]", fullmatch=True),
    bar_type=st.sampled_from(BarType.all()),
    ending=st.sampled_from([".csv", ".csv.gz"]),
)
def test_every_series_has_a_name_of_its_own_in_one_folder(
    symbol: str, bar_type: BarType, ending: str
) -> None:
    try:
        series = Series(InstrumentId.parse(f"{symbol}.NYSE"), bar_type)
    except UsageError:
        return  # a step up, which is no symbol
    name = file_name(series, ending)
    assert series_named(name, ending) == series
    assert not set(name) & set("/\\:* ?\"'<>|&;$!`#")
    assert Path(name).name == name
