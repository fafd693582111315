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
ROUNDS = 12
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
    (OVERWRITE, "staging", CTRL_C),
    (OVERWRITE, "renaming", KILL),
    (MERGE, "the transaction", KILL),
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
    _assert_finished(desk, change)


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_ctrl_c_while_ctrl_c_is_answered_is_no_other_answer(
    options: tuple[str, ...], warm: Warm, desk: Desk, base: Path
) -> None:
    desk.prepare(FIRST, base)
    ended = warm.call(
        "tests.faults.interrupted:impatient",
        words=[*desk.words(FIRST), *options],
        notes=str(desk.folder / "notes"),
    )
    assert ended.code == CANCELLED, ended
    assert ended.err.splitlines()[-2].startswith("Cancelled.")
    assert "Traceback" not in ended.err
    assert not options or ended.document["error"]["code"] == "cancelled"


def _assert_ended(desk: Desk, ended: Death, by: Signal) -> None:
    """Hold that the process has ended as it should, and has left what it may leave."""
    if by is KILL:
        assert ended.killed, ended
        return
    assert ended.code == CANCELLED, ended
    assert "Cancelled" in ended.err
    assert "Traceback" not in ended.out + ended.err
    _assert_nothing_left(desk, ended)


def _assert_nothing_left(desk: Desk, ended: Death) -> None:
    """Hold that Ctrl-C leaves no file that is not in use.

    Once all files have their names they are set aside, not deleted: it takes the ledger to know
    what became of them.
    """
    assert list(desk.folder.rglob("*.tmp")) == []
    if Step.FOLDER_SYNCED not in ended.steps:
        assert list(desk.folder.rglob(".orphans")) == []


def _assert_in_the_middle(desk: Desk, ended: Death, moment: Moment) -> None:
    if moment.step:
        assert ended.steps.count(moment.step) == moment.nth
    else:
        assert ended.steps == ()
        assert desk.notes[-1] == moment.operation


def _assert_finished(desk: Desk, change: YearImport) -> None:
    """Hold that the same command makes it true, and clears up."""
    again = desk.run(change)
    assert again.code == 0, again
    assert desk.held() == change.after
    assert_tidy(desk.catalog)
    assert_unbroken(desk.catalog)


@pytest.mark.soak
@pytest.mark.parametrize("by", [KILL, CTRL_C], ids=lambda by: by.name)
def test_an_import_that_is_ended_at_any_moment_is_in_as_a_whole_or_not_at_all(
    by: Signal, warm: Warm, base: Path, tmp_path: Path
) -> None:
    """Ctrl-C may come twice, as from somebody who has no patience."""
    print(f"BARLEDGER_TEST_SEED={SEED}")
    chance = random.Random(SEED)
    whole = {one: _undisturbed(Desk(warm, tmp_path / one.name), one, base) for one in IMPORTS}
    phases: Counter[str] = Counter()
    for number in range(ROUNDS):
        change, twice = chance.choice(IMPORTS), by is CTRL_C and chance.random() < 0.5
        desk = Desk(warm, tmp_path / str(number))
        desk.prepare(change, base)
        ended = desk.run(change, _after(chance, whole[change], by, twice=twice))
        phase = _phase(desk, ended)
        phases[f"{change.name}: {phase}"] += 1
        _assert_random_end(desk, change, ended, by, twice=twice)
        _assert_finished(desk, change)
        shutil.rmtree(desk.folder)
    print(*(f"{count:3} {phase}" for phase, count in sorted(phases.items())), sep="\n")


def _undisturbed(desk: Desk, change: YearImport, base: Path) -> Death:
    desk.prepare(change, base)
    return desk.run(change).succeeded()


def _after(chance: random.Random, whole: Death, by: Signal, *, twice: bool) -> KillAfter:
    """Choose when: at any time, or at any of the shorter one that publishing takes."""
    from_lock = chance.random() < 0.5
    seconds = chance.uniform(0, whole.publishing if from_lock else whole.seconds)
    return KillAfter(seconds, from_lock, by, chance.uniform(0, 0.1) if twice else None)


def _assert_random_end(
    desk: Desk, change: YearImport, ended: Death, by: Signal, *, twice: bool
) -> None:
    assert ended.code in (-KILL if by is KILL else CANCELLED, 0), ended
    assert "Traceback" not in ended.err, ended
    now = desk.assert_all_or_nothing(change)
    if ended.committed or ended.code == 0:
        assert now == change.after
    elif by is CTRL_C or Step.APPENDED not in ended.steps:
        assert now == change.before
    if by is CTRL_C and not twice:
        _assert_nothing_left(desk, ended)


def _phase(desk: Desk, ended: Death) -> str:
    """Return how far a process had come, in words."""
    if ended.code == 0:
        return "too late"
    # Who is cancelled clears up and lets go of the lock.
    taken = [step for step in ended.steps if step not in (Step.TIDIED, Step.RELEASED)]
    if taken:
        return f"after {taken[-1].value} ({taken.count(taken[-1])})"
    return f"in {desk.notes[-1]}" if desk.notes else "before anything"
