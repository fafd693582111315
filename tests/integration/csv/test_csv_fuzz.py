"""Damaged files through the command line, held against a slow reader of whole files."""

from __future__ import annotations

import contextlib
import io
import json
import sqlite3
import sys
import time
import zoneinfo
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import attrs
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings

from adapters.csv.reader import CsvBarFileReader
from entrypoints.cli.main import main
from tests.integration.csv.fuzzed_files import (
    CHOICES,
    HEADER,
    SAMPLES,
    Change,
    Example,
    Sample,
    examples,
    samples,
)
from tests.integration.csv.reference import Told
from tests.integration.csv.slow_reader import (
    LENGTHS,
    RefusedError,
    Said,
    SlowBar,
    SlowFile,
    slow_file,
)

EXIT_CODES = {"rows-refused": 4, "unreadable-file": 4}
USAGE = 2
# What the slow reader does not look at: whether options go together.
NOT_THE_FILES = {"usage", "invalid-layout", "unknown-time-zone", "invalid-bar-type"}
# Problems of rows that it does not look for: it has no calendar of sessions.
NOT_LOOKED_FOR = (
    "names a date on which the venue had no session",
    "does not lie on the grid of",
    "the bar has not closed yet",
    "is neither the open nor the close of a session",
    "lies amid a ",
)
# So many imports go into one Parquet catalog.
IMPORTS = 100


@attrs.define
class Fuzzed:
    """Parquet catalogs, one after the other, that files are imported into."""

    folder: Path
    imports: int = 0

    @property
    def catalog(self) -> Path:
        return self.folder / f"catalog-{self.imports // IMPORTS}"

    def check(self, case: Example) -> None:
        """Import a file and hold what came of it against the slow reader."""
        self.imports += 1
        instrument = f"F{self.imports}.NASDAQ"
        content, before = case.content, self._state()
        code, out = self._import(content, instrument, case)
        found = json.loads(out)
        expected = _slowly(content, case)
        if code:
            assert self._state() == before
            _check_error(code, found, expected, case)
            return
        assert isinstance(expected, SlowFile), f"accepted, though {expected}"
        self._check_taken(found, expected, instrument)
        if case.packing == "zstd" and any(change.kind == "cut" for change in case.packed_changes):
            assert _slowly(case.plain, case) == expected

    def _import(self, content: bytes, instrument: str, case: Example) -> tuple[int, str]:
        file = self.folder / "bars.csv"
        file.write_bytes(content)
        words = ["import-csv", "-" if case.piped else str(file), "-i", instrument, "--json"]
        words += ["--catalog", str(self.catalog)]
        words += [f"{name}={text}" for name, text in case.said.items()]
        with _streams(content) as (out, err), _in_blocks(case.block):
            code = main(words)
        for text in (out.getvalue(), err.getvalue()):
            assert "Traceback" not in text
            assert "did not foresee" not in text
        return code, out.getvalue()

    def _state(self) -> object:
        """Return the files of the catalog and the last event of its ledger."""
        files = {
            path: path.stat().st_size
            for path in self.catalog.rglob("*")
            if path.suffix not in (".db", ".db-wal", ".db-shm")
        }
        return files, self._head()

    def _head(self) -> int | None:
        ledger = self.catalog / "ledger.db"
        if not ledger.exists():
            return None
        with contextlib.closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as database:
            found: int | None = database.execute("SELECT max(seq) FROM events").fetchone()[0]
            return found

    def _check_taken(self, found: dict[str, Any], expected: SlowFile, instrument: str) -> None:
        (told,) = found["files"]
        assert told["bar_type"] == expected.bar_type
        assert told["rows"] == told["bars_written"] == len(expected.bars)
        series = self.catalog / instrument / expected.bar_type
        at_close = expected.bar_type in LENGTHS and told["stamp"] == "close"
        assert _stored(series, "ts_event" if at_close else "ts_open") == list(expected.bars)


def _stored(series: Path, stamp: str) -> list[SlowBar]:
    names = ("open", "high", "low", "close")
    bars = []
    for path in sorted(series.glob("*.parquet")):
        table = pq.read_table(path)
        stamps = table[stamp].cast("int64").to_pylist()
        prices = zip(*(table[name].to_pylist() for name in names), strict=True)
        volumes = table["volume"].to_pylist()
        bars += [SlowBar(*each) for each in zip(stamps, prices, volumes, strict=True)]
    return bars


@contextlib.contextmanager
def _in_blocks(size: int | None) -> Iterator[None]:
    """Have files read so many bytes at a time, and rows kept on the disk beyond as many."""
    if size is None:
        yield
        return
    with mock.patch.object(CsvBarFileReader.__init__, "__defaults__", (size, size)):
        yield


@contextlib.contextmanager
def _streams(content: bytes) -> Iterator[tuple[io.StringIO, io.StringIO]]:
    out, err, stdin = io.StringIO(), io.StringIO(), sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(content))
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            yield out, err
    finally:
        sys.stdin = stdin


def _slowly(content: bytes, case: Example) -> SlowFile | str:
    """Return what the slow reader finds, or why it refuses the file."""
    try:
        return slow_file(content, _said(case), time.time_ns())
    except RefusedError as error:
        return f"the slow reader refuses it: {error}"


def _said(case: Example) -> Said:
    said = case.said
    try:
        zone = zoneinfo.ZoneInfo(said["--timezone"]) if "--timezone" in said else None
    except zoneinfo.ZoneInfoNotFoundError:
        raise RefusedError("zone") from None
    columns, names = said.get("--columns"), {"tab": "\t", "space": " "}
    return Said(
        told=Told(zone, said.get("--date-order"), said.get("--dst")),
        delimiter=names.get(said.get("--delimiter", ""), said.get("--delimiter")),
        columns=None if columns is None else tuple(columns.split(",")),
        decimal=said.get("--decimal", "."),
        thousands=names.get(said.get("--thousands", ""), said.get("--thousands")),
        stamp=said.get("--stamp"),
        bar_type=said.get("--bar-type"),
    )


def _check_error(code: int, found: dict[str, Any], expected: SlowFile | str, case: Example) -> None:
    """The error is whole, and there is a reason for it that the slow reader has, too."""
    error = found["error"]
    assert code == EXIT_CODES.get(error["code"], USAGE), error
    assert error["message"]
    assert error["recovery"]
    if error["code"] == "rows-refused":
        _check_rows(error["rows"])
    if isinstance(expected, SlowFile):
        reasons = {row["problem"] for row in error.get("rows", ())}
        unseen = reasons and all(reason.startswith(NOT_LOOKED_FOR) for reason in reasons)
        # What is shown beyond the first block comes too late to be of use.
        late = case.block is not None and error["code"] == "date-order-needed"
        # Where a bar type is named, it does not look whether the steps are those of another.
        named = error["code"] == "bar-type-mismatch" and "--bar-type" in case.said
        assert unseen or late or named or error["code"] in NOT_THE_FILES, error


def _check_rows(rows: list[dict[str, Any]]) -> None:
    assert rows
    for row in rows:
        assert set(row) == {"line", "column", "value", "problem"}
        assert row["column"] in (*HEADER.split(","), "symbol", "row")
        assert row["problem"]
        assert row["line"] >= 1


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Fuzzed:
    return Fuzzed(tmp_path_factory.mktemp("fuzzed"))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
@pytest.mark.parametrize("packing", ["plain", "gzip", "zstd"])
def test_a_whole_file_is_taken_as_the_slow_reader_reads_it(
    fuzzed: Fuzzed, sample: Sample, packing: str
) -> None:
    case = Example(sample, packing=packing)
    assert isinstance(_slowly(case.content, case), SlowFile)
    imports = fuzzed.imports
    fuzzed.check(case)
    assert (fuzzed.folder / f"catalog-{imports // IMPORTS}").exists()


@pytest.mark.parametrize(
    ("sample", "name"),
    [
        pytest.param(sample, name, id=f"{sample.name}{name}")
        for sample in SAMPLES
        for name in sample.options
    ],
)
def test_a_whole_file_is_taken_or_not_without_one_of_its_options(
    fuzzed: Fuzzed, sample: Sample, name: str
) -> None:
    fuzzed.check(Example(sample, options=((name, None),)))


@pytest.mark.soak
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_whole_file_is_taken_or_not_with_each_choice_of_each_option(
    fuzzed: Fuzzed, sample: Sample
) -> None:
    for name, choices in CHOICES.items():
        for choice in dict.fromkeys(choices):
            fuzzed.check(Example(sample, options=((name, choice),)))


# A price that fits, but not with the two decimals of a share: it was found out in mid-write.
TOO_LONG_FOR_A_SHARE = Example(
    samples("quoted"), (Change("field", 0.82, 3, b"123456789012345678"),)
)
# Two bars of one week, the second of which is labelled by its Saturday.
ONE_WEEK_TWICE = Example(
    Sample(
        "one-week-twice",
        b"timestamp,open,high,low,close,volume\n2024-01-02,1,1,1,1,1\n2024-01-06,1,1,1,1,1\n",
        {"--bar-type": "1_WEEK"},
    )
)
# Bars that close at 09:30 and at 10:00 are both of the hour that opens at 09:00.
ONE_HOUR_TWICE = Example(samples("hours"), options=(("--stamp", "close"),))


@given(examples)
@example(TOO_LONG_FOR_A_SHARE)
@example(ONE_WEEK_TWICE)
@example(ONE_HOUR_TWICE)
@settings(max_examples=250, suppress_health_check=list(HealthCheck))
def test_a_damaged_file_is_taken_whole_and_exactly_or_not_at_all(
    fuzzed: Fuzzed, case: Example
) -> None:
    fuzzed.check(case)


@pytest.mark.soak
@given(examples)
@settings(max_examples=1_000, suppress_health_check=list(HealthCheck))
def test_many_damaged_files_are_taken_whole_and_exactly_or_not_at_all(
    fuzzed: Fuzzed, case: Example
) -> None:
    fuzzed.check(case)
