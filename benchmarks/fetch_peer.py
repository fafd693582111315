"""What users do who have ib_async and nothing else: receive bars, and keep none.

.venv/bin/python -m benchmarks.fetch_peer PORT SYMBOL DATE...
"""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
import sys
from collections.abc import Sequence

import ib_async

_SESSIONS_PER_REQUEST, _IN_FLIGHT = 20, 5
_PATIENCE = 60.0


async def received(port: int, symbol: str, dates: Sequence[dt.date]) -> int:
    """Connect, and ask for the minutes of these sessions until every BarData is there.

    Returns:
        How many bars they are.
    """
    ib = ib_async.IB()
    ib.RaiseRequestErrors = True
    await ib.connectAsync("127.0.0.1", port, clientId=1, fetchFields=ib_async.StartupFetchNONE)
    try:
        (contract,) = await ib.qualifyContractsAsync(ib_async.Stock(symbol, "SMART", "USD"))
        in_flight = asyncio.Semaphore(_IN_FLIGHT)

        async def answer(part: Sequence[dt.date]) -> int:
            # Midnight in UTC is after the close in New York.
            end = dt.datetime.combine(part[-1] + dt.timedelta(days=1), dt.time(), dt.UTC)
            async with in_flight:
                bars = await ib.reqHistoricalDataAsync(
                    contract,
                    end,
                    f"{len(part)} D",
                    "1 min",
                    "TRADES",
                    useRTH=True,
                    formatDate=2,
                    timeout=_PATIENCE,
                )
            return len(bars)

        parts = itertools.batched(dates, _SESSIONS_PER_REQUEST)
        return sum(await asyncio.gather(*(answer(part) for part in parts)))
    finally:
        ib.disconnect()


def main() -> None:
    """Receive what the command line names, and print how many bars they are."""
    port, symbol, *dates = sys.argv[1:]
    bars = asyncio.run(received(int(port), symbol, list(map(dt.date.fromisoformat, dates))))
    sys.stdout.write(f"{bars}\n")


if __name__ == "__main__":
    main()
