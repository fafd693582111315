"""How long an import takes beside pandas and Nautilus, and how much memory a large file takes.

    .venv/bin/python -m benchmarks.import_csv [--runs 7] [--rows 10000000] [--folder DIR]

A year of one-minute bars is validated, partitioned by day and durable; the peer reads it with
pandas, makes Nautilus bars of it and writes them into one Parquet file, unchecked and unsynced.
Then files of a tenth of --rows and of --rows are imported by processes of their own, whose peak
memory is compared. `--rows 0` leaves that out.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

YEAR = 2023
WANTED = 0.45
_CHUNK = 200_000


def year_file(path: Path) -> int:
    """Write the minutes of every NYSE session of a year to `path`; return how many they are."""
    from adapters.calendars.market_calendars import MarketCalendars
    from domain.instrument import InstrumentId

    first, last = dt.date(YEAR, 1, 1), dt.date(YEAR, 12, 31)
    apple = InstrumentId.parse("AAPL.NASDAQ")
    sessions = MarketCalendars().sessions(apple, first, last, None)
    minute = 60 * 10**9
    stamps = np.concatenate([np.arange(s.open, s.close, minute) for s in sessions])
    with path.open("w") as file:
        file.write("timestamp,open,high,low,close,volume\n")
        file.writelines(_lines(stamps))
    return len(stamps)


def minutes_file(path: Path, rows: int) -> None:
    """Write so many minutes of a crypto-currency, which trades at all times, to `path`."""
    minute = 60 * 10**9
    first = int(dt.datetime(2004, 1, 1, tzinfo=dt.UTC).timestamp()) * 10**9
    with path.open("w") as file:
        file.write("timestamp,open,high,low,close,volume\n")
        for begin in range(0, rows, _CHUNK):
            numbers = np.arange(begin, min(begin + _CHUNK, rows), dtype=np.int64)
            file.writelines(_lines(first + numbers * minute))


def _lines(stamps: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Iterator[str]:
    """Yield a line for each stamp, with prices to the cent that wander about."""
    walk = 18_000 + np.cumsum(np.random.default_rng(stamps[0] % 2**32).integers(-5, 6, len(stamps)))
    cents = np.maximum(walk, 1_000).tolist()
    texts = np.datetime_as_string(stamps.astype("datetime64[ns]"), unit="s").tolist()
    volumes = (1 + stamps // 10**9 % 9_973).tolist()
    for stamp, price, volume in zip(texts, cents, volumes, strict=True):
        low, high = price - 7, price + 9
        yield (
            f"{stamp}Z,{price / 100:.2f},{high / 100:.2f},{low / 100:.2f},"
            f"{(price + 2) / 100:.2f},{volume}\n"
        )


def ours(file: Path, catalog: Path) -> None:
    """Import `file` as the command does, but for the start of its process."""
    from application.csv_import import CsvImport
    from domain.bar_files import BarFile
    from domain.instrument import InstrumentId
    from entrypoints.cli.screen import Screen
    from entrypoints.container import wire

    container = wire(catalog, "import-csv", Screen(quiet=True))
    container.import_csv().run(CsvImport(BarFile(file), InstrumentId.parse("AAPL.NASDAQ")))
    container.ledger().close()


def peer(file: Path, catalog: Path) -> None:
    """Do what users do without barledger."""
    import pandas as pd
    from nautilus_trader.model.data import BarType
    from nautilus_trader.persistence.catalog import ParquetDataCatalog
    from nautilus_trader.persistence.wranglers import BarDataWrangler
    from nautilus_trader.test_kit.providers import TestInstrumentProvider

    frame = pd.read_csv(file, index_col="timestamp", parse_dates=True)
    bar_type = BarType.from_str("AAPL.XNAS-1-MINUTE-LAST-EXTERNAL")
    wrangler = BarDataWrangler(bar_type, TestInstrumentProvider.equity("AAPL", "XNAS"))
    ParquetDataCatalog(str(catalog)).write_data(wrangler.process(frame))


def seconds(work: Callable[[Path, Path], None], file: Path) -> float:
    """Return how long `work` takes into a new folder, which goes afterwards."""
    catalog = Path(tempfile.mkdtemp(dir=file.parent))
    began = time.perf_counter()
    work(file, catalog)
    took = time.perf_counter() - began
    shutil.rmtree(catalog)
    return took


def peak_megabytes(file: Path, rows: int) -> tuple[float, float]:
    """Import `file` by a process of its own; return its peak memory and how long it took."""
    catalog = file.with_suffix(".catalog")
    command = ["import-csv", str(file), "-i", "BTC/USD.BINANCE", "--catalog", str(catalog)]
    began = time.perf_counter()
    child = os.posix_spawn(
        sys.executable,
        [sys.executable, "-m", "entrypoints", *command],
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, output, os.devnull, os.O_WRONLY, 0) for output in (1, 2)
        ],
    )
    _, status, usage = os.wait4(child, 0)
    took = time.perf_counter() - began
    if status:
        raise SystemExit(f"the import of {rows:,} rows failed")
    shutil.rmtree(catalog)
    return usage.ru_maxrss / 1024, took


def _year(folder: Path, runs: int, console: Console) -> None:
    file = folder / f"AAPL_{YEAR}.csv"
    rows = year_file(file)
    for work in (peer, ours):
        seconds(work, file)  # what is imported at the first time is not counted
    times: dict[str, list[float]] = {"pandas + Nautilus": [], "barledger": []}
    for _ in range(runs):
        times["pandas + Nautilus"].append(seconds(peer, file))
        times["barledger"].append(seconds(ours, file))
    base = statistics.median(times["pandas + Nautilus"])
    table = Table(title=f"{rows:,} one-minute bars, {runs} runs")
    for heading in ("", "median s", "slowest s", "ratio"):
        table.add_column(heading)
    for name, took in times.items():
        middle = statistics.median(took)
        table.add_row(name, f"{middle:.3f}", f"{max(took):.3f}", f"{middle / base:.2f}")
    console.print(table)
    console.print(f"wanted: a ratio of at most {WANTED}")


def _memory(folder: Path, rows: int, console: Console) -> None:
    table = Table(title="peak memory of a process")
    for heading in ("rows", "file MB", "peak MB", "seconds", "rows a second"):
        table.add_column(heading)
    for count in (rows // 10, rows):
        file = folder / f"{count}.csv"
        minutes_file(file, count)
        peak, took = peak_megabytes(file, count)
        size = file.stat().st_size / 1e6
        speed = count / took
        table.add_row(f"{count:,}", f"{size:.0f}", f"{peak:.0f}", f"{took:.1f}", f"{speed:,.0f}")
        file.unlink()
    console.print(table)


def main() -> None:
    """Measure, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path, help="where to work; a temporary one if not named")
    arguments = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        _year(Path(folder), arguments.runs, console)
        if arguments.rows:
            _memory(Path(folder), arguments.rows, console)


if __name__ == "__main__":
    main()
