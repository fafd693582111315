"""A writer is killed with SIGKILL at every step of publishing, and nothing is lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Set
from pathlib import Path

import attrs
import pytest

from domain.bars import Bars
from domain.publishing import Step
from tests.builders import AAPL, csv_text, minute_bars, utc
from tests.faults.state import Rows, assert_tidy, assert_unbroken, rows_of, state_of
from tests.faults.warm import Death, KillAt, Warm

ONCE_A_FILE = {Step.STAGED, Step.RENAMED, Step.SUPERSEDED}


def _days(numbers: tuple[int, ...], first_price: int, start: str = "14:30") -> Bars:
    """Return twenty minutes of each of these days of January 2024."""
    return Bars.concat(
        minute_bars(f"2024-01-{day:02}T{start}:00", 20, first_price=first_price + 1000 * day)
        for day in numbers
    )


FIRST = _days((2, 3, 4, 5), 18_000)
SECOND = _days((4, 5), 25_000)
HELD = rows_of(FIRST) | rows_of(SECOND)
EVENTS_OF_FIRST = 5
"""Four partitions were written, and the import was recorded."""

NEW = _days((8, 9, 10), 30_000)
OTHER = _days((3, 4, 5), 40_000)
MIXED = _days((2, 3, 4), 50_000, start="14:40")
FINER = minute_bars("2024-01-08T14:30:00", 20, first_price=1_870_001, price_precision=4)


@attrs.frozen
class Change:
    """A command that is run on what is `HELD`, or on nothing, and what is held after it.

    `files` is how many partitions it writes, `superseded` how many files it puts into the
    history; `skipped` are the steps that it does not take.
    """

    words: tuple[str, ...]
    after: Callable[[Rows], Rows]
    files: int
    superseded: int
    bars: Bars | None = None
    skipped: Set[Step] = frozenset()
    on_nothing: bool = False

    @property
    def before(self) -> Rows:
        return {} if self.on_nothing else HELD

    def run(self, warm: Warm, folder: Path, kill: KillAt | None = None) -> Death:
        if self.bars is not None:
            (folder / "bars.csv").write_text(csv_text(self.bars))
        words = (str(folder / word) if word == "bars.csv" else word for word in self.words)
        return warm.barledger(folder / "catalog", *words, "--json", kill=kill)


def _import(bars: Bars, files: int, superseded: int, *options: str, **more: bool) -> Change:
    words = ("import-csv", "bars.csv", "-i", "AAPL.NASDAQ", *options)
    return Change(
        words,
        lambda before: before | rows_of(bars),
        files,
        superseded,
        bars,
        frozenset() if superseded else {Step.SUPERSEDED},
        **more,
    )


def _without_removed(before: Rows) -> Rows:
    first, end = utc("2024-01-03T14:40:00"), utc("2024-01-05T00:00:00")
    return {ts: row for ts, row in before.items() if not first <= ts < end}


REMOVED = ("remove", "--start", "2024-01-03T14:40:00Z", "--end", "2024-01-04")
RESTORED = ("restore", "--as-of", str(EVENTS_OF_FIRST))
EMPTIED = ("gc", "--older-than", "0d")
WRITES_NOTHING = set(Step) - {
    Step.LOCKED,
    Step.TIDIED,
    Step.BEGUN,
    Step.APPENDED,
    Step.COMMITTED,
    Step.RELEASED,
}
FOR_SURE = ("-i", "AAPL.NASDAQ", "--yes")

CHANGES = {
    "a first import": _import(NEW, 3, 0, on_nothing=True),
    "new days": _import(NEW, 3, 0),
    "overwrite": _import(OTHER, 3, 3, "--on-conflict", "overwrite"),
    "merge": _import(MIXED, 3, 3, "--on-conflict", "merge"),
    "more decimals": _import(FINER, 5, 4),
    "remove": Change((*REMOVED, *FOR_SURE), _without_removed, 1, 2),
    "restore": Change((*RESTORED, *FOR_SURE), lambda _: rows_of(FIRST), 2, 2),
    "gc": Change((*EMPTIED, *FOR_SURE), lambda held: held, 0, 0, skipped=WRITES_NOTHING),
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, warm: Warm) -> Path:
    """Hold four days in a catalog, two of them in their second revision."""
    folder = tmp_path_factory.mktemp("base")
    _import(FIRST, 4, 0).run(warm, folder).succeeded()
    _import(SECOND, 2, 2, "--on-conflict", "overwrite").run(warm, folder).succeeded()
    return folder


def _copy(base: Path, folder: Path, change: Change) -> Path:
    if change.on_nothing:
        folder.mkdir()
    else:
        shutil.copytree(base, folder)
    return folder


def _held(folder: Path) -> Rows:
    return state_of(folder / "catalog").get(AAPL, {})


def _occurrences(change: Change, step: Step) -> list[int]:
    """Return which times of a step to die at: the first, one in the middle, the last."""
    count = change.superseded if step is Step.SUPERSEDED else change.files
    times = {Step.TIDIED: 2}.get(step, count if step in ONCE_A_FILE else 1)
    return sorted({1, (times + 1) // 2, times})


CASES = [
    pytest.param(name, step, id=f"{name}, {step.value}")
    for name, change in CHANGES.items()
    for step in Step
    if step not in change.skipped
]


def test_every_step_is_died_at() -> None:
    assert {case.values[1] for case in CASES} == set(Step)


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_takes_the_steps_that_it_is_killed_at(
    name: str, base: Path, warm: Warm, tmp_path: Path
) -> None:
    change = CHANGES[name]
    folder = _copy(base, tmp_path / "copy", change)
    steps = change.run(warm, folder).succeeded().steps
    assert _held(folder) == change.after(change.before)
    assert set(steps) == set(Step) - change.skipped
    assert max(_occurrences(change, Step.TIDIED)) == steps.count(Step.TIDIED)
    assert steps.count(Step.STAGED) == steps.count(Step.RENAMED) == change.files
    assert steps.count(Step.SUPERSEDED) == change.superseded


@pytest.mark.parametrize(("name", "step"), CASES)
def test_killed_at_a_step_a_batch_is_there_whole_or_not_at_all(
    name: str, step: Step, base: Path, warm: Warm, tmp_path: Path
) -> None:
    change = CHANGES[name]
    after = change.after(change.before)
    for nth in _occurrences(change, step):
        folder = _copy(base, tmp_path / str(nth), change)
        died = change.run(warm, folder, KillAt(step, nth))
        assert died.killed, died
        assert (died.steps[-1], died.steps.count(step)) == (step, nth)
        assert _held(folder) == (after if died.committed else change.before)
        if nth == 1:
            _assert_verified(warm, folder)
            assert _held(folder) == (after if died.committed else change.before)
            if name != "gc":  # the history is for gc alone to delete from
                assert_tidy(folder / "catalog")
        again = change.run(warm, folder)
        # What is removed already is not found again.
        assert again.code in (0, 3) if died.committed else again.code == 0, again
        assert _held(folder) == after
        assert_tidy(folder / "catalog")
        assert_unbroken(folder / "catalog")


def _assert_verified(warm: Warm, folder: Path) -> None:
    """Hold that `verify` finds no damage, whatever a killed writer has left."""
    found = warm.barledger(folder / "catalog", "verify", "--json").succeeded().document
    assert found["damaged"] == []
