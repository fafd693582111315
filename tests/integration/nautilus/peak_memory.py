"""Prints the peak memory, in kB, of a process that runs so many months of minutes.

python -m tests.integration.nautilus.peak_memory MONTHS MONTHS_IN_A_CHUNK
"""

from __future__ import annotations

import resource
import sys
import warnings
from collections.abc import Iterator

import numpy as np

from domain.backtesting import BarChunk
from domain.bars import Bars
from tests.integration.nautilus.building import DAY, MINUTE, OPEN, bars, chunk, equity, plan

AAPL = equity("AAPL.NASDAQ")
DAYS_IN_MONTH, MINUTES_IN_DAY = 21, 390


def days(first: int, count: int) -> Bars:
    """Return sessions of a market that trades every day."""
    closes = np.random.default_rng(first).integers(9_000, 11_000, count * MINUTES_IN_DAY)
    stamps = OPEN + first * DAY + np.arange(count, dtype=np.int64)[:, None] * DAY
    opens = (stamps + np.arange(MINUTES_IN_DAY, dtype=np.int64) * MINUTE).ravel()
    made = bars(closes.tolist())
    columns = (opens, opens + MINUTE, *made.columns()[2:])
    return Bars.of_columns(columns, made.price_precision, made.size_precision)


def months(count: int, in_a_chunk: int) -> Iterator[BarChunk]:
    """Yield the chunks; each is made when it is asked for and kept by nobody."""
    for month in range(0, count, in_a_chunk):
        yield chunk((AAPL, days(month * DAYS_IN_MONTH, in_a_chunk * DAYS_IN_MONTH)))


def main() -> None:
    """Run and print."""
    warnings.filterwarnings("ignore", message="The 'generic' unit")
    from adapters.nautilus.engine import NautilusBacktestEngine

    count, in_a_chunk = map(int, sys.argv[1:])
    result = NautilusBacktestEngine().run(plan(AAPL), months(count, in_a_chunk))
    if result.bars != count * DAYS_IN_MONTH * MINUTES_IN_DAY:
        raise SystemExit("bars are missing")
    sys.stdout.write(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}\n")


if __name__ == "__main__":
    main()
