"""How conflicts are settled, and what is said where nobody can be asked."""

from __future__ import annotations

import datetime as dt

import attrs
import pytest

from application.conflicts import OnConflict, Overlap
from application.import_policy import Conflict, Policy, documents
from domain.bar_files import BarFile
from domain.errors import ConflictError
from tests.builders import AAPL

DAY = dt.date(2024, 1, 2)
NOTHING = Overlap(new=5, identical=3)
DIFFERENT = Overlap(new=5, identical=3, different=2, vanishing=7)


def conflict(overlap: Overlap, days: int = 1) -> Conflict:
    by_day = {DAY + dt.timedelta(days=n): overlap for n in range(days)}
    return Conflict(BarFile(None), AAPL, sum(by_day.values(), Overlap()), by_day)


@attrs.define
class Somebody:
    choice: OnConflict = OnConflict.MERGE
    agrees: bool = True
    asked: list[str] = attrs.field(factory=list)

    def choose(self, conflict: Conflict) -> OnConflict:
        self.asked.append("choose")
        return self.choice

    def let_vanish(self, conflict: Conflict) -> bool:
        self.asked.append("let_vanish")
        return self.agrees


def test_identical_bars_are_no_conflict() -> None:
    somebody = Somebody()
    policy = Policy(OnConflict.ASK, False, somebody)
    assert policy.settle(conflict(NOTHING)) is OnConflict.SKIP
    assert policy.look(conflict(NOTHING)) is OnConflict.SKIP
    assert somebody.asked == []


def test_a_person_is_asked_once() -> None:
    somebody = Somebody()
    policy = Policy(OnConflict.ASK, False, somebody)
    for _ in range(2):
        assert policy.settle(conflict(DIFFERENT)) is OnConflict.MERGE
    assert somebody.asked == ["choose"]


def test_overwriting_asks_before_bars_vanish() -> None:
    somebody = Somebody(OnConflict.OVERWRITE)
    policy = Policy(OnConflict.ASK, False, somebody)
    assert policy.settle(conflict(DIFFERENT)) is OnConflict.OVERWRITE
    assert somebody.asked == ["choose", "let_vanish"]
    named = Somebody(agrees=False)
    with pytest.raises(ConflictError) as caught:
        Policy(OnConflict.OVERWRITE, False, named).settle(conflict(DIFFERENT))
    assert named.asked == ["let_vanish"]
    assert "7 held bars" in caught.value.message
    assert "--yes" in caught.value.recovery


def test_overwriting_asks_nobody_where_nothing_vanishes_or_yes_was_said() -> None:
    nothing_lost = conflict(attrs.evolve(DIFFERENT, vanishing=0))
    for agreed, met in ((False, nothing_lost), (True, conflict(DIFFERENT))):
        policy = Policy(OnConflict.OVERWRITE, agreed, None)
        assert policy.settle(met) is OnConflict.OVERWRITE


def test_where_nobody_is_there_the_error_tells_counts_and_days() -> None:
    with pytest.raises(ConflictError) as caught:
        Policy(OnConflict.ASK, False, None).settle(conflict(DIFFERENT, days=7))
    error = caught.value
    assert "14 bars" in error.message
    assert "21 are the same" in error.message
    assert "35 are new" in error.message
    assert "2024-01-06: 2 different, 3 the same, 5 new, 7 held" in error.message
    assert "2024-01-07" not in error.message
    assert "and 2 more such days" in error.message
    assert "skip" in error.recovery
    assert "49 held bars would vanish" in error.recovery
    assert len(error.conflicts) == 7


def test_days_on_which_nothing_differs_are_summed_up() -> None:
    same = Overlap(new=4, identical=9)
    by_day = {DAY: DIFFERENT, DAY + dt.timedelta(days=1): same}
    met = Conflict(BarFile(None), AAPL, DIFFERENT + same + Overlap(new=100), by_day)
    assert list(met.days) == [DAY]
    assert met.elsewhere == Overlap(new=104, identical=9)
    with pytest.raises(ConflictError) as caught:
        Policy(OnConflict.ASK, False, None).settle(met)
    assert "on other days: 9 the same, 104 new" in caught.value.message


def test_a_look_decides_nothing() -> None:
    assert Policy(OnConflict.ASK, False, Somebody()).look(conflict(DIFFERENT)) is None
    assert Policy(OnConflict.MERGE, False, None).look(conflict(DIFFERENT)) is OnConflict.MERGE


def test_days_are_documents() -> None:
    assert documents({DAY: DIFFERENT}) == [
        {"day": "2024-01-02", "new": 5, "identical": 3, "different": 2, "vanishing": 7}
    ]


@pytest.mark.parametrize(
    ("policy", "written", "skipped", "replaced", "vanished"),
    [
        (OnConflict.SKIP, 5, 5, 0, 0),
        (OnConflict.MERGE, 7, 3, 2, 0),
        (OnConflict.OVERWRITE, 7, 3, 2, 7),
    ],
)
def test_counts_follow_the_policy(
    policy: OnConflict, written: int, skipped: int, replaced: int, vanished: int
) -> None:
    counts = (
        DIFFERENT.written(policy),
        DIFFERENT.skipped(policy),
        DIFFERENT.replaced(policy),
        DIFFERENT.vanished(policy),
    )
    assert counts == (written, skipped, replaced, vanished)
