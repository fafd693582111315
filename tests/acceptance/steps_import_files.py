"""Steps of features/import_csv.feature: files as vendors, brokers and spreadsheets make them."""

from __future__ import annotations

import gzip
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
from pytest_bdd import given, parsers, then, when

from domain.bars import Bars
from tests.acceptance.errand import ZONE, Errand, Outcome
from tests.acceptance.steps_import import held
from tests.builders import MINUTE, NEW_YORK, csv_text, minute_bars, utc
from tests.cli import Cli
from tests.faults.state import rows_of

BARS = Bars.concat([minute_bars("2024-01-03T14:30:00", 30), minute_bars("2024-01-04T14:30:00", 30)])
AAPL = ("-i", "AAPL.NASDAQ")
LOCAL = csv_text(BARS, NEW_YORK)


def _cells() -> tuple[list[str], list[list[str]]]:
    header, *rows = (line.split(",") for line in LOCAL.splitlines())
    return header, rows


def _lines(rows: Sequence[Sequence[str]], delimiter: str = ",", end: str = "\n") -> str:
    return "".join(delimiter.join(row) + end for row in rows)


def _newest_first(folder: Path) -> Errand:
    header, rows = _cells()
    return _file(folder, _lines([header, *reversed(rows)]), *ZONE)


def _file(folder: Path, text: str, *options: str, bars: Bars = BARS) -> Errand:
    (folder / "AAPL.csv").write_bytes(text.encode())
    return Errand(("AAPL.csv", *AAPL, *options), bars)


def _naive(folder: Path) -> Errand:
    return _file(folder, LOCAL)


def _local(folder: Path) -> Errand:
    return _file(folder, LOCAL, *ZONE)


def _gzip(folder: Path) -> Errand:
    (folder / "AAPL.csv.gz").write_bytes(gzip.compress(LOCAL.encode()))
    return Errand(("AAPL.csv.gz", *AAPL, *ZONE), BARS)


def _zstd(folder: Path) -> Errand:
    content = pa.Codec("zstd").compress(LOCAL.encode(), asbytes=True)
    (folder / "AAPL.csv.zst").write_bytes(content)
    return Errand(("AAPL.csv.zst", *AAPL, *ZONE), BARS)


def _piped(folder: Path) -> Errand:
    return Errand(("-", *AAPL, *ZONE), BARS, LOCAL.encode())


def _piped_gzip(folder: Path) -> Errand:
    return Errand(("-", *AAPL, *ZONE), BARS, gzip.compress(LOCAL.encode()))


def _spreadsheet(folder: Path) -> Errand:
    """Semicolons, decimal commas, the day first, a byte-order mark and Windows' line ends."""
    header, rows = _cells()
    for row in rows:
        date, time = row[0].split(" ")
        row[0] = ".".join(reversed(date.split("-"))) + f" {time}"
        row[1:] = [f'"{cell.replace(".", ",")}"' for cell in row[1:]]
    text = "\ufeff" + _lines([[name.title() for name in header], *rows], ";", "\r\n")
    return _file(folder, text, *ZONE, "--decimal", ",", "--date-order", "dmy")


def _date_and_time(folder: Path) -> Errand:
    header, rows = _cells()
    parted = [[*row[0].split(" "), *row[1:]] for row in rows]
    return _file(folder, _lines([["date", "time", *header[1:]], *parted]), *ZONE)


def _epoch(folder: Path) -> Errand:
    header, rows = _cells()
    for row, ts in zip(rows, BARS.ts_open, strict=True):
        row[0] = str(int(ts) // 10**6)
    return _file(folder, _lines([header, *rows]))


def _no_header(folder: Path) -> Errand:
    header, rows = _cells()
    return _file(folder, _lines(rows), *ZONE, "--columns", ",".join(header))


def _parts(folder: Path) -> Errand:
    header, rows = _cells()
    for number, part in enumerate((rows[:30], rows[30:]), 1):
        (folder / f"AAPL_{number}.csv").write_text(_lines([header, *part]))
    return Errand(("AAPL_*.csv", *AAPL, *ZONE), BARS)


def _clocks_go_back(folder: Path) -> Errand:
    bars = minute_bars("2023-11-05T05:30:00", 1)
    text = csv_text(bars, NEW_YORK)
    return _file(folder, text, *ZONE, "--bar-type", "1_MIN", bars=bars)


FORMS: dict[str, Callable[[Path], Errand]] = {
    "that runs newest first": _newest_first,
    "whose stamps name no zone": _naive,
    "of one-minute bars": _local,
    "of the night on which clocks go back": _clocks_go_back,
    "compressed with gzip": _gzip,
    "compressed with zstd": _zstd,
    "on standard input": _piped,
    "compressed on standard input": _piped_gzip,
    "from a German spreadsheet": _spreadsheet,
    "with date and time in columns of their own": _date_and_time,
    "with stamps in milliseconds since 1970": _epoch,
    "without a header": _no_header,
    "in two parts, named by a pattern": _parts,
}
FIVE_MINUTES = 5 * MINUTE
COMMANDS = {"exchange time": "America/New_York", "UTC": "UTC"}


# Given


@given(parsers.parse("user has a file {form}"), target_fixture="errand")
def file_of_a_form(form: str, trader: Cli) -> Errand:
    return FORMS[form](trader.folder)


# When


@when(parsers.parse("user runs the command shown for {time}"), target_fixture="outcome")
def shown_command(time: str, trader: Cli, outcome: Outcome) -> Outcome:
    program, *words = shlex.split(_command_for(time, outcome))
    assert program == "barledger"
    return Outcome.of(trader(*words))


def _command_for(time: str, outcome: Outcome) -> str:
    begin = f"If the file holds {time}: "
    (line,) = (line for line in outcome.text.splitlines() if line.startswith(begin))
    return line.removeprefix(begin)


# Then


@then("the Parquet catalog holds the bars of the file, oldest first")
def all_held(trader: Cli, errand: Errand, outcome: Outcome) -> None:
    assert outcome.code == 0, outcome.text
    now = held(trader)
    assert now == rows_of(errand.bars)
    assert list(now) == sorted(now)


@then("import is refused, and the error shows one command for exchange time and one for UTC")
def commands_are_shown(outcome: Outcome) -> None:
    assert outcome.code == 2
    assert "carry no time zone" in outcome.text
    for time, zone in COMMANDS.items():
        command = _command_for(time, outcome)
        assert command == f"barledger import-csv AAPL.csv -i AAPL.NASDAQ --timezone {zone}"


@then(parsers.parse("the first bar opens at {instant}"))
def first_bar(instant: str, trader: Cli, outcome: Outcome) -> None:
    assert outcome.code == 0, outcome.text
    assert min(held(trader)) == utc(instant.removesuffix("Z"))


@then("every stamp off the grid of five minutes is named with its line")
def off_the_grid(trader: Cli, errand: Errand) -> None:
    run = trader("import-csv", *errand.words, "--bar-type", "5_MIN", "--json")
    assert run.code == 4
    off = [i + 2 for i, ts in enumerate(errand.bars.ts_open) if ts % FIVE_MINUTES]
    named = [row for row in run.document["error"]["rows"] if "grid of 5_MIN" in row["problem"]]
    assert [(row["line"], row["column"]) for row in named] == [(line, "timestamp") for line in off]


@then("import is refused, and the row of 01:30 is named, with --dst as the way out")
def ambiguous(outcome: Outcome) -> None:
    assert outcome.code == 4, outcome.text
    (line,) = (line for line in outcome.text.splitlines() if line.startswith("  line 2: "))
    assert "timestamp '2023-11-05 01:30:00'" in line
    assert "--dst earlier or --dst later" in line
