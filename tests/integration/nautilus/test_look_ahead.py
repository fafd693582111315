"""A strategy never sees a bar before it has closed."""

from __future__ import annotations

import json

import pytest

from adapters.nautilus.engine import NautilusBacktestEngine
from tests.integration.nautilus.building import MINUTE, OPEN, bars, chunk, cut, equity, plan
from tests.integration.nautilus.user_strategies import Watcher

AAPL = equity("AAPL.NASDAQ")
SESSION = chunk((AAPL, bars([10_000 + i for i in range(390)])))
CLOSE = OPEN + 390 * MINUTE  # 16:00 in New York
SECOND = MINUTE // 60


def watch(alerts: list[int], cuts: tuple[int, ...]) -> None:
    Watcher.seen_at_alerts.clear()
    Watcher.seen_on_bars.clear()
    name = "tests.integration.nautilus.user_strategies:Watcher"
    wanted = plan(AAPL, strategy=name, params={"alerts": json.dumps(alerts)})
    NautilusBacktestEngine().run(wanted, cut(SESSION, *cuts))


@pytest.mark.parametrize(
    "cuts", [(), (CLOSE - 2 * MINUTE,), (CLOSE - MINUTE,)], ids=["whole", "before", "between"]
)
def test_the_last_bar_is_not_seen_before_the_close(cuts: tuple[int, ...]) -> None:
    """At 15:59 and a second before 16:00 the newest bar is 15:59's; at 16:00 it is 16:00's."""
    at_1559, before_1600 = CLOSE - MINUTE, CLOSE - SECOND
    watch([at_1559, before_1600, CLOSE], cuts)
    assert Watcher.seen_at_alerts == {
        at_1559: at_1559,
        before_1600: at_1559,
        CLOSE: CLOSE,
    }


def test_what_is_seen_on_a_bar_has_closed_by_then() -> None:
    watch([], ())
    assert len(Watcher.seen_on_bars) == 390
    for number, (newest, now) in enumerate(Watcher.seen_on_bars, start=1):
        assert newest == now == OPEN + number * MINUTE
