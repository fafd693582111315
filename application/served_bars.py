"""Bars that are to be served to others: those of a CSV file, or all that a catalog holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from application.catalog import Catalog
from application.instruments import required_definition
from application.rows import Reading, RowCheck
from application.series_check import held_series
from domain.availability import Availability
from domain.bar_files import BarFile, BarFileReader, FileLayout
from domain.bar_type import BarType
from domain.bars import Bars
from domain.errors import DataNotFoundError, UsageError
from domain.instrument import Instrument, InstrumentId, Series
from domain.ports import Progress, TradingCalendar
from domain.sessions import Stamp, instant_text
from domain.window import Window


@attrs.frozen
class ServedFile:
    """A CSV file of bars, and how to read it. What is None is found as by an import.

    No bar may close after `now`, UTC nanoseconds.
    """

    file: BarFile
    instrument_id: InstrumentId
    now: int
    bar_type: BarType | None = None
    layout: FileLayout = attrs.field(factory=FileLayout)
    stamp: Stamp | None = None


@attrs.frozen(eq=False)
class ServedSeries:
    """The bars of one series, in order of time, with its instrument.

    Where a calendar was named for the instrument's venue, the instrument names it.
    """

    instrument: Instrument
    series: Series
    bars: Bars


class ReadServedBars:
    """Reads bars into memory, and writes nothing."""

    def __init__(
        self,
        catalog: Catalog,
        reader: BarFileReader,
        calendar: TradingCalendar,
        progress: Progress,
    ) -> None:
        self._catalog = catalog
        self._reader = reader
        self._calendar = calendar
        self._progress = progress

    def of_file(self, wanted: ServedFile) -> ServedSeries:
        """Return the bars of a file whose rows all meet the rules of an import.

        The catalog says what the instrument is; nothing else of it matters.

        Raises:
            InstrumentNotDefinedError: it does not, and nothing may be assumed of the venue.
            and what `ImportCsv.run` raises because of the file and its rows.
        """
        availability = self._catalog.availability()
        instrument = _instrument(wanted.instrument_id, availability)
        reading = Reading(
            wanted.file,
            wanted.instrument_id,
            wanted.bar_type,
            wanted.stamp,
            instrument.calendar,
            wanted.now,
            lambda _: (0, 0),
            time_zone=wanted.layout.time_zone,
        )
        with self._reader.reading(wanted.file, wanted.layout, self._progress) as rows:
            with self._progress.track(f"Checking {wanted.file}", RowCheck.steps(rows)) as task:
                checked = RowCheck(rows, reading, self._calendar, task).run()
            for suspicion in checked.suspicions:
                self._progress.warn(f"{wanted.file}: {suspicion.sentence}")
            new = checked.bars
            bars = Bars.concat(new.part(name) for name in new.counts)
        return ServedSeries(instrument, new.series, bars)

    def of_catalog(self) -> Iterator[ServedSeries]:
        """Yield all series that the catalog holds, in order.

        Raises:
            DataNotFoundError: it holds none.
            InstrumentNotDefinedError: nobody has defined an instrument, and nothing is assumed.
            CorruptPartitionError: a file is not what was recorded.
        """
        availability = self._catalog.availability()
        held = held_series(None, None, availability)
        if not held:
            raise DataNotFoundError(
                "The Parquet catalog holds no bars to serve.",
                "Import some with `barledger import-csv`, or name another folder.",
            )
        with self._progress.track("Loading bars to serve", len(held)) as task:
            for series in held:
                bars = Bars.concat(self._catalog.load(availability.holdings(series), Window()))
                yield ServedSeries(_instrument(series.instrument_id, availability), series, bars)
                task.advance(1)


def _instrument(instrument_id: InstrumentId, availability: Availability) -> Instrument:
    known = required_definition(instrument_id, availability)
    return attrs.evolve(known, calendar=availability.calendar_of(instrument_id))


def joined(served: Iterable[ServedSeries]) -> list[ServedSeries]:
    """Return each series once, with the bars of all files that have some of it.

    Raises:
        UsageError: two of them have the same bar.
    """
    parts: dict[Series, list[ServedSeries]] = {}
    for one in served:
        parts.setdefault(one.series, []).append(one)
    return [_joined(some) if len(some) > 1 else some[0] for some in parts.values()]


def _joined(parts: list[ServedSeries]) -> ServedSeries:
    ordered = sorted(parts, key=lambda one: int(one.bars.ts_open[0]))
    bars = Bars.concat(one.bars for one in ordered)
    if not bars.is_sorted():
        first = next(
            int(after)
            for before, after in zip(bars.ts_open[:-1], bars.ts_open[1:], strict=True)
            if after <= before
        )
        raise UsageError(
            f"The {parts[0].series} of several files overlap at {instant_text(first)}.",
            "Name one of them, or import them into a Parquet catalog and serve that.",
        )
    return attrs.evolve(ordered[-1], bars=bars)
