"""A strategy never sees a bar before it has closed, all the way from a CSV of open stamps."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from tests.builders import MINUTE, utc
from tests.cli import ROOT, Cli

SPY = ROOT / "samples" / "SPY_1min_2013-10-04_2013-10-11_utc.csv"

WATCHER = """
import json
import pandas as pd
from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.data import BarType
from nautilus_trader.trading.strategy import Strategy

class WatcherConfig(StrategyConfig, frozen=True):
    bar_type: BarType
    at: str
    output: str

class Watcher(Strategy):
    def __init__(self, config: WatcherConfig) -> None:
        super().__init__(config)
        self.seen = {"at": [], "late": 0, "bars": 0}

    def on_start(self):
        self.subscribe_bars(self.config.bar_type)
        self.clock.set_time_alert("look", pd.Timestamp(self.config.at), self.look)

    def on_bar(self, bar):
        self.seen["bars"] += 1
        self.seen["late"] += bar.ts_event > self.clock.timestamp_ns()

    def look(self, event):
        bar = self.cache.bar(self.config.bar_type)
        self.seen["at"] = [bar.ts_event, str(bar.close)]

    def on_stop(self):
        with open(self.config.output, "w") as file:
            json.dump(self.seen, file)
"""


def test_at_15_59_new_york_the_last_bar_known_is_the_one_that_has_closed(
    cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "watching.py").write_text(WATCHER)
    cli("import-csv", str(SPY), "-i", "SPY.ARCA").succeeded()
    output = tmp_path / "seen.json"
    cli(
        "backtest",
        "-i",
        "SPY.ARCA",
        "--strategy",
        "watching:Watcher",
        "--param",
        "at=2013-10-04T15:59:00-04:00",
        "--param",
        f"output={output}",
    ).succeeded()
    seen = json.loads(output.read_text())
    with SPY.open() as file:
        closes = {row["timestamp"]: row["close"] for row in csv.DictReader(file)}
    stamp, close = seen["at"]
    assert stamp <= utc("2013-10-04T19:59:00")
    # The bar that closed a minute before or just now: stamped, by its open, 15:57 or 15:58.
    opened = {utc(f"2013-10-04T19:{m}:00") + MINUTE: f"2013-10-04T19:{m}:00Z" for m in (57, 58)}
    assert close == closes[opened[stamp]]
    assert close != closes["2013-10-04T19:59:00Z"]
    assert (seen["bars"], seen["late"]) == (4839, 0)
