"""How long `barledger check` and `--help` take as whole processes, beside `import pandas`.

    .venv/bin/python -m benchmarks.check [--events 1260000] [--runs 7] [--ledger FILE]

The ledger is that of `benchmarks.ledger`: 500 instruments over ten years, of which one is checked.
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.ledger import DAYS, ROOT, build, partitions, series_of

PANDAS = "python -c 'import pandas'"
HELP = "barledger --help"
CHECK = "barledger check -i X"
FIRST = "barledger check -i X, nothing kept yet"
WANTED = {HELP: 0.3, CHECK: 0.5}
_NOT_WHOLE = 3


def make_files(catalog: Path, number: int) -> None:
    """Put a file of the recorded size where each of a series' partitions has to be."""
    for event in partitions(series_of(number)):
        path = catalog / event.path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.truncate(event.size)


def run(arguments: list[str], cache: Path, *allowed: int) -> float:
    """Return how many seconds a Python process took from its start to its end."""
    began = time.perf_counter()
    ended = subprocess.run(  # noqa: S603 - this program itself
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "BARLEDGER_CACHE_DIR": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )
    took = time.perf_counter() - began
    if ended.returncode not in (0, *allowed):
        raise SystemExit(f"{' '.join(arguments)} failed: {ended.stderr}")
    return took


def measure(catalog: Path, number: int, runs: int) -> dict[str, list[float]]:
    """Time each of the processes `runs` times, one after the other in turn."""
    folder, fresh = catalog.parent, itertools.count()
    program = ["-m", "entrypoints"]
    name = str(series_of(number).instrument_id)
    check = [*program, "check", "-i", name, "--catalog", str(catalog)]
    works: dict[str, Callable[[], float]] = {
        PANDAS: lambda: run(["-c", "import pandas"], folder),
        HELP: lambda: run([*program, "--help"], folder),
        CHECK: lambda: run(check, folder / "kept", _NOT_WHOLE),
        FIRST: lambda: run(check, folder / f"kept {next(fresh)}", _NOT_WHOLE),
    }
    for work in works.values():
        work()  # files that nobody has read yet come from the disk; that is not what is measured
    found: dict[str, list[float]] = {each: [] for each in works}
    for _ in range(runs):
        for each, work in works.items():
            found[each].append(work())
    return found


def table_of(found: dict[str, list[float]]) -> Table:
    """Return what was measured, each beside the import of pandas in the same runs."""
    table = Table("seconds of a whole process", "median", "slowest", "wanted", "beside pandas")
    pandas = statistics.median(found[PANDAS])
    for name, values in found.items():
        middle = statistics.median(values)
        wanted = f"<= {WANTED[name]}" if name in WANTED else ""
        table.add_row(
            name, f"{middle:.3f}", f"{max(values):.3f}", wanted, f"x {middle / pandas:.2f}"
        )
    return table


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--events", type=int, default=500 * DAYS, help="how many, in all")
    parser.add_argument("--runs", type=int, default=7, help="of each process")
    parser.add_argument(
        "--ledger", type=Path, help="one that benchmarks.ledger built; it is copied"
    )
    asked = parser.parse_args()
    instruments = max(2, asked.events // DAYS)
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        catalog = Path(folder) / "catalog"
        catalog.mkdir()
        if asked.ledger:
            shutil.copyfile(asked.ledger, catalog / "ledger.db")
        else:
            build(catalog / "ledger.db", instruments)
        number = 7 % instruments
        make_files(catalog, number)
        size = (catalog / "ledger.db").stat().st_size / 1e6
        console.print(f"a ledger of {size:,.0f} MB, load {os.getloadavg()[0]:.1f} at the start")
        console.print(table_of(measure(catalog, number, asked.runs)))
        console.print(f"load {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
