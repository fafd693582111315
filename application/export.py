"""Writes bars of the catalog as files for other programs."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import attrs

from application.catalog import Catalog
from application.export_choice import Chosen, chosen_for_export, require_all
from application.past import Past, past_of
from domain.as_of import AsOf
from domain.bar_type import BarType
from domain.bars import Bars
from domain.errors import UsageError
from domain.exporting import BarsToWrite, BarWriter, FilesInTheMaking, NewFiles, file_name
from domain.instrument import Series
from domain.partitions import trading_dates
from domain.ports import Progress, ProgressTask
from domain.window import Window

_SHOWN = 5


@attrs.frozen
class Output:
    """Where bars go: a file, a folder with a file a series, or standard output (no path)."""

    path: Path | None
    is_folder: bool = False


@attrs.frozen
class ExportRequest:
    """What is to be written: `instruments` as the user typed them, all that is held if none.

    A file that is there is lost only where it is to be `replace`d.
    """

    output: Output
    instruments: tuple[str, ...] = ()
    bar_type: BarType | None = None
    window: Window = attrs.field(factory=Window)
    as_of: AsOf | None = None
    replace: bool = False


@attrs.frozen
class ExportedFile:
    """What was written of one series: to which file, or standard output (None), and how much.

    `start` and `end` are the dates, by the venue's clock, of the first bar and the last.
    """

    path: Path | None
    series: Series
    rows: int
    start: dt.date
    end: dt.date


@attrs.frozen
class Export:
    """The files that were written, and which point of the history they show, if not today.

    Of the series `left_out` nothing lies in the range.
    """

    files: tuple[ExportedFile, ...]
    left_out: tuple[Series, ...] = ()
    past: Past | None = None


class ExportBars:
    """The use case: one state of the catalog, all of what was chosen of it or nothing."""

    def __init__(self, catalog: Catalog, files: NewFiles, progress: Progress) -> None:
        self._catalog = catalog
        self._files = files
        self._progress = progress

    def run(self, request: ExportRequest, writer: BarWriter) -> Export:
        """Write what is held of the range, as it is at one moment, by `writer`.

        Only one partition is in memory at a time. A partition that turns out to be damaged is
        an error, and nothing is written: no hole is passed on in silence.

        Raises:
            UsageError: several series were chosen, and no folder for them.
            NothingHeldError, DataNotFoundError: there is nothing to be written.
            AmbiguousSymbolError, InvalidInstrumentIdError, InvalidAsOfError: the request.
            CorruptPartitionError, RevisionDiscardedError: a file is not what was recorded.
            and what `NewFiles` raises.
        """
        availability = self._catalog.availability(request.as_of)
        past = past_of(request.as_of, availability, self._catalog, self._progress)
        if past:
            self._progress.tell(f"{past}")
        chosen = chosen_for_export(
            request.instruments, request.bar_type, request.window, availability, past
        )
        targets = _targets(request.output, chosen, writer)
        self._files.check([one for one in targets if one], replace=request.replace)
        self._warn_of_damage(chosen)
        total = sum(partition.bars for one in chosen for partition in one.partitions)
        with (
            self._progress.track("Exporting", total) as task,
            self._files.making(replace=request.replace) as making,
        ):
            files = [
                self._write(one, target, writer, making, task)
                for one, target in zip(chosen, targets, strict=True)
            ]
            written = [one for one, file in zip(chosen, files, strict=True) if file]
            require_all({one.name for one in chosen}, written, past)
        left_out = tuple(one.series for one in chosen if one not in written)
        return Export(tuple(file for file in files if file), left_out, past)

    def _warn_of_damage(self, chosen: Sequence[Chosen]) -> None:
        for one in chosen:
            if one.damaged:
                named = ", ".join(one.damaged)
                self._progress.warn(
                    f"{one.series}: damaged and left out until imported again: {named}"
                )

    def _write(
        self,
        chosen: Chosen,
        target: Path | None,
        writer: BarWriter,
        making: FilesInTheMaking,
        task: ProgressTask,
    ) -> ExportedFile | None:
        """Write one series, unless no bar of it lies in the range."""
        chunks = self._catalog.load(chosen.holdings, chosen.window)
        first = next(chunks, None)
        if first is None:
            return None
        held, counted = chosen.holdings, _Counted(first, chunks, task)
        bars = BarsToWrite(held.series, held.price_precision, held.size_precision, counted)
        with making.open(target) as out:
            writer.write(out, _ending(target, writer), bars)
        return counted.file(target, held.series)


class _Counted:
    """Bars on their way out, counted."""

    def __init__(self, first: Bars, others: Iterable[Bars], task: ProgressTask) -> None:
        self._first = self._last = first
        self._others = others
        self._task = task
        self._rows = 0

    def __iter__(self) -> Iterator[Bars]:
        for bars in itertools.chain([self._first], self._others):
            yield bars
            self._rows += len(bars)
            self._last = bars
            self._task.advance(len(bars))

    def file(self, target: Path | None, series: Series) -> ExportedFile:
        """Return what went to `target`."""
        start, end = (trading_dates(bars, series) for bars in (self._first, self._last))
        return ExportedFile(target, series, self._rows, start[0], end[-1])


def _targets(output: Output, chosen: Sequence[Chosen], writer: BarWriter) -> list[Path | None]:
    """Return where each series goes.

    Raises:
        UsageError: there are several, and no folder for them.
    """
    if output.is_folder and output.path is not None:
        return [output.path / file_name(one.series, writer.endings[0]) for one in chosen]
    if len(chosen) > 1:
        where = output.path or "Standard output"
        raise UsageError(
            f"{where} can take one series, and {len(chosen)} were chosen: "
            f"{_named([one.series for one in chosen])}.",
            "Name a folder with --output, or one series with -i and --bar-type.",
        )
    return [output.path]


def _named(series: Sequence[Series]) -> str:
    more = f" and {len(series) - _SHOWN} more" if len(series) > _SHOWN else ""
    return ", ".join(map(str, series[:_SHOWN])) + more


def _ending(target: Path | None, writer: BarWriter) -> str:
    name = "" if target is None else target.name.lower()
    fitting = [ending for ending in writer.endings if name.endswith(ending)]
    return max(fitting, key=len, default=writer.endings[0])
