"""An import of 250 days is ended by Ctrl-C or SIGKILL: it is in as a whole, or not at all."""

from __future__ import annotations

import os
import random
import shutil
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import attrs
import pytest

from domain.publishing import Step
from entrypoints.start import CANCELLED
from tests.faults.state import assert_tidy, assert_unbroken
from tests.faults.warm import Death, KillAfter, KillAt, Warm
from tests.faults.year import (
    FIRST,
    HELD_PRICE,
    IMPORTS,
    MERGE,
    OVERWRITE,
    WORDS,
    Desk,
    YearImport,
    text_of,
)

SEED = int(os.environ.get("BARLEDGER_TEST_SEED") or random.SystemRandom().randrange(2**32))
HALF = 125
Signal = signal.Signals
KILL, CTRL_C = Signal.SIGKILL, Signal.SIGINT


@attrs.frozen
class Moment:
    """When an import is ended: in an operation that it tells of, or at a step of publishing."""

    name: str
    nth: int
    operation: str = ""
    step: Step | None = None

    def run(self, desk: Desk, change: YearImport, by: Signal) -> Death:
        """Run the import and end it."""
        if self.step:
            return desk.run(change, KillAt(self.step, self.nth, by))
        return desk.run(change, at={"operation": self.operation, "nth": self.nth, "signal": by})


MOMENTS = (
    Moment("reading", 1, operation="Reading"),
    Moment("checking", 2, operation="Checking"),
    Moment("staging", HALF, step=Step.STAGED),
    Moment("renaming", HALF, step=Step.RENAMED),
    Moment("the transaction", 1, step=Step.APPENDED),
    Moment("after the commit", 1, step=Step.COMMITTED),
    Moment("superseding", HALF, step=Step.SUPERSEDED),
)
BY_NAME = {moment.name: moment for moment in MOMENTS}
SHORT = [
    (FIRST, "checking", CTRL_C),
    (FIRST, "renaming", CTRL_C),
    (FIRST, "the transaction", KILL),
    (OVERWRITE, "staging", CTRL_C),
    (OVERWRITE, "renaming", KILL),
    (MERGE, "the transaction", CTRL_C),
]
ALL = [
    (change, moment.name, by)
    for change in IMPORTS
    for moment in MOMENTS
    for by in (KILL, CTRL_C)
    if change.onto_held or moment.step is not Step.SUPERSEDED
]


def _case(change: YearImport, moment: str, by: Signal) -> Any:
    short = (change, moment, by) in SHORT
    return pytest.param(
        change,
        BY_NAME[moment],
        by,
        id=f"{change.name}, {moment}, {by.name}",
        marks=() if short else pytest.mark.soak,
    )


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, warm: Warm) -> Path:
    """Hold a year in a catalog."""
    folder = tmp_path_factory.mktemp("base")
    (folder / "held.csv").write_text(text_of(HELD_PRICE))
    warm.barledger(folder / "catalog", "import-csv", folder / "held.csv", *WORDS).succeeded()
    return folder / "catalog"


@pytest.fixture
def desk(warm: Warm, tmp_path: Path) -> Desk:
    return Desk(warm, tmp_path / "desk")


@pytest.mark.parametrize(("change", "moment", "by"), [_case(*one) for one in ALL])
def test_an_import_that_is_ended_is_in_as_a_whole_or_not_at_all_and_can_be_finished(
    change: YearImport, moment: Moment, by: Signal, desk: Desk, base: Path
) -> None:
    desk.prepare(change, base)
    ended = moment.run(desk, change, by)
    _assert_ended(desk, ended, by)
    _assert_in_the_middle(desk, ended, moment)
    now = desk.assert_all_or_nothing(change)
    assert now == (change.after if ended.committed else change.before)
    _assert_finished(desk, change, by)


def _assert_ended(desk: Desk, ended: Death, by: Signal) -> None:
    """Hold that the process has ended as it should, and has left what it may leave."""
    if by is KILL:
        assert ended.killed, ended
        return
    assert ended.code == CANCELLED, ended
    assert "Cancelled" in ended.err
    assert "Traceback" not in ended.out + ended.err
    _assert_nothing_left(desk)


def _assert_nothing_left(desk: Desk) -> None:
    assert list(desk.folder.rglob("*.tmp")) == []
    assert list(desk.folder.rglob(".orphans")) == []


def _assert_in_the_middle(desk: Desk, ended: Death, moment: Moment) -> None:
    if moment.step:
        assert ended.steps.count(moment.step) == moment.nth
    else:
        assert ended.steps == ()
        assert desk.notes[-1] == moment.operation


def _assert_finished(desk: Desk, change: YearImport, by: Signal) -> None:
    """Hold that the same command makes it true, and clears up."""
    again = desk.run(change)
    assert again.code == 0, again
    assert desk.held() == change.after
    assert_tidy(desk.catalog)
    assert_unbroken(desk.catalog)
    if by is CTRL_C:
        _assert_nothing_left(desk)


@pytest.mark.soak
@pytest.mark.parametrize("by", [KILL, CTRL_C], ids=lambda by: by.name)
def test_an_import_that_is_ended_at_any_moment_is_in_as_a_whole_or_not_at_all(
    by: Signal, warm: Warm, base: Path, tmp_path: Path
) -> None:
    """Ctrl-C may come twice, as from somebody who has no patience."""
    print(f"BARLEDGER_TEST_SEED={SEED}")
    chance = random.Random(SEED)
    seconds = {
        change: _seconds(Desk(warm, tmp_path / change.name), change, base) for change in IMPORTS
    }
    phases: Counter[str] = Counter()
    for number in range(40):
        change = chance.choice(IMPORTS)
        again = chance.choice([None, chance.uniform(0, 0.1)]) if by is CTRL_C else None
        desk = Desk(warm, tmp_path / str(number))
        desk.prepare(change, base)
        after = KillAfter(chance.uniform(0, seconds[change]), False, by, again)
        ended = desk.run(change, after)
        phase = _phase(desk, ended)
        phases[f"{change.name}: {phase}"] += 1
        assert ended.code in (-by, CANCELLED, 0), (phase, ended)
        assert "Traceback" not in ended.err, (phase, ended)
        now = desk.assert_all_or_nothing(change)
        assert ended.code != 0 or now == change.after, phase
        assert not ended.committed or now == change.after, phase
        if by is CTRL_C:
            assert not ended.killed
        _assert_finished(desk, change, KILL if again else by)
        shutil.rmtree(desk.folder)
    print(*(f"{count:3} {phase}" for phase, count in sorted(phases.items())), sep="\n")


def _seconds(desk: Desk, change: YearImport, base: Path) -> float:
    """Return how long the import takes when nothing disturbs it."""
    desk.prepare(change, base)
    return desk.run(change).succeeded().seconds


def _phase(desk: Desk, ended: Death) -> str:
    """Return how far a process had come, in words."""
    if ended.code == 0:
        return "too late"
    if ended.steps:
        last = ended.steps[-1]
        return f"after {last.value} ({ended.steps.count(last)})"
    return f"in {desk.notes[-1]}" if desk.notes else "before anything"
