"""Files as vendors, brokers and spreadsheets make them, and how a user imports each."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa

from domain.bars import Bars
from tests.acceptance.errand import ZONE, Errand
from tests.builders import NEW_YORK, SECOND, csv_text, minute_bars

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


def _thirty_negative(folder: Path) -> Errand:
    header, rows = _cells()
    column = header.index("volume")
    for row in rows[:30]:
        row[column] = f"-{row[column]}"
    return _file(folder, _lines([header, *rows]), *ZONE)


def _split(folder: Path) -> Errand:
    bars = Bars.concat(
        [
            minute_bars("2024-01-03T14:30:00", 30, first_price=40_000),
            minute_bars("2024-01-04T14:30:00", 30, first_price=10_000),
        ]
    )
    return _file(folder, csv_text(bars, NEW_YORK), *ZONE, bars=bars)


def _closes(folder: Path) -> Errand:
    header, rows = _cells()
    for row, ts in zip(rows, BARS.ts_event, strict=True):
        row[0] = str(int(ts) // SECOND)
    return _file(folder, _lines([header, *rows]))


FORMS: dict[str, Callable[[Path], Errand]] = {
    "that runs newest first": _newest_first,
    "whose stamps name no zone": _naive,
    "of one-minute bars": _local,
    "with 30 negative volumes": _thirty_negative,
    "with a jump like a split": _split,
    "whose stamps are the close of each bar": _closes,
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
