"""A writer is killed with SIGKILL at any moment, again and again, in one catalog that lives on."""

from __future__ import annotations

import datetime as dt
import os
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from domain.bars import Bars
from domain.publishing import Step
from tests.builders import AAPL, csv_text, minute_bars
from tests.faults.state import Rows, assert_tidy, assert_unbroken, rows_of, state_of
from tests.faults.warm import Death, KillAfter, Warm

SEED = int(os.environ.get("BARLEDGER_TEST_SEED") or random.SystemRandom().randrange(2**32))
FILES = 3


@attrs.frozen
class Change:
    """An import: its name, its `--on-conflict`, and its bars."""

    name: str
    policy: str
    bars: Bars

    def after(self, held: Rows) -> Rows:
        """Return what is held once it has been made."""
        days = {_day(ts) for ts in rows_of(self.bars)} if self.policy == "overwrite" else set()
        return {ts: row for ts, row in held.items() if _day(ts) not in days} | rows_of(self.bars)


def _day(ts: int) -> dt.date:
    return dt.datetime.fromtimestamp(ts // 10**9, dt.UTC).date()


@attrs.define
class Trader:
    """Imports new days, overwrites days and merges into them, in turn; knows what must be held."""

    chance: random.Random
    folder: Path
    held: Rows = attrs.field(factory=dict)

    @property
    def catalog(self) -> Path:
        return self.folder / "catalog"

    def changes(self) -> Iterator[Change]:
        """Yield what to do next, for ever."""
        while True:
            yield Change("new days", "ask", self._bars(self._next_days()))
            yield Change("overwrite", "overwrite", self._bars(self._some_days()))
            yield Change("merge", "merge", self._bars(self._some_days(), minute=10))

    def _next_days(self) -> list[dt.date]:
        last = max(map(_day, self.held), default=dt.date(2023, 1, 1))
        return [last + dt.timedelta(days=step) for step in range(1, FILES + 1)]

    def _some_days(self) -> list[dt.date]:
        return sorted(self.chance.sample(sorted(set(map(_day, self.held))), FILES))

    def _bars(self, days: list[dt.date], minute: int = 0) -> Bars:
        price = self.chance.randrange(10_000, 90_000)
        return Bars.concat(
            minute_bars(f"{day}T14:{minute + 30}:00", 20, first_price=price + 1000 * place)
            for place, day in enumerate(days)
        )

    def make(self, warm: Warm, change: Change, kill: KillAfter | None = None) -> Death:
        """Make the change, or die on the way; where it was made, it is held from now on."""
        file = self.folder / "bars.csv"
        file.write_text(csv_text(change.bars))
        words = ("import-csv", file, "-i", "AAPL.NASDAQ", "--on-conflict", change.policy, "--yes")
        death = warm.barledger(self.catalog, *words, kill=kill)
        assert death.killed or death.code == 0, death
        self.held = self._now(change, death)
        return death

    def _now(self, change: Change, death: Death) -> Rows:
        """Return what is held: all of the change or none, and as much as can be known of it."""
        before, after = self.held, change.after(self.held)
        now = state_of(self.catalog).get(AAPL, {})
        assert now in (before, after), "old and new are mixed, or bars are lost"
        if death.committed or not death.killed:
            assert now == after
        elif Step.APPENDED not in death.steps:
            assert now == before
        return now


@attrs.define
class Moments:
    """Chooses when to kill: mostly while it publishes, sometimes before, sometimes after."""

    chance: random.Random
    whole: float
    publishing: float

    def next(self) -> KillAfter:
        if self.chance.random() < 0.1:
            return KillAfter(self.chance.uniform(0, self.whole), from_lock=False)
        return KillAfter(self.chance.uniform(0, 1.25 * self.publishing))

    def learn(self, death: Death) -> None:
        """Take in how long an undisturbed run took."""
        self.whole += (death.seconds - self.whole) / 4
        self.publishing += (death.publishing - self.publishing) / 4


def phase(death: Death) -> str:
    """Return how far a process had come, in words."""
    if not death.killed:
        return "too late, it had ended"
    return f"after {death.steps[-1].value}" if death.steps else "before the lock"


@pytest.mark.parametrize("kills", [20, pytest.param(300, marks=pytest.mark.soak)])
def test_killed_at_any_moment_a_batch_is_there_whole_or_not_at_all(
    kills: int, warm: Warm, tmp_path: Path
) -> None:
    print(f"BARLEDGER_TEST_SEED={SEED}")
    trader = Trader(random.Random(SEED), tmp_path)
    changes = trader.changes()
    first = trader.make(warm, next(changes))
    moments = Moments(trader.chance, first.seconds, first.publishing)
    phases: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    while outcomes.total() < kills or len(outcomes) < 2:
        assert phases.total() < 10 * kills, phases
        change, before = next(changes), trader.held
        death = trader.make(warm, change, moments.next())
        phases[phase(death)] += 1
        if not death.killed:
            continue
        outcomes["not made" if trader.held == before else "made"] += 1
        assert_unbroken(trader.catalog)
        if trader.chance.random() < 0.3:
            again = trader.make(warm, change)
            assert_tidy(trader.catalog)
            if again.committed:
                moments.learn(again)
    print(f"{outcomes.total()} kills:", *sorted(phases.items()), *outcomes.items(), sep="\n  ")
    trader.make(warm, next(changes))
    assert_tidy(trader.catalog)
