"""What is the same of many series is told once."""

from __future__ import annotations

from adapters.memory.progress import MemoryProgress
from application.fetch_notices import Gathered
from domain.bar_type import BarType
from domain.instrument import InstrumentId, Series
from tests.builders import MINUTE
from tests.fetching import SESSIONS, Desk, careful, session_minutes

DAYS = [one for one in SESSIONS if "2024-01-02" <= f"{one.date}" <= "2024-01-05"]
MANY = [Series(InstrumentId(f"T{n}", "NASDAQ"), BarType.parse("1_MIN")) for n in range(7)]
LEFT = (
    "MEMORY has no bars of 2024-01-05. It may still get them, so nothing is recorded: a later "
    "fetch asks again."
)


def test_what_is_left_of_many_series_is_one_warning() -> None:
    served = session_minutes(DAYS[:-1])
    desk = careful(
        Desk(dict.fromkeys(MANY, served), now=DAYS[-1].close + MINUTE), unknown=DAYS[-1:]
    )
    desk.fetch("2024-01-02", "2024-01-05")
    assert desk.memory.progress.warnings == [
        "7 series (T0.NASDAQ, T1.NASDAQ, T2.NASDAQ, T3.NASDAQ, T4.NASDAQ and 2 more): " + LEFT
    ]


def test_what_is_left_of_one_series_is_told_of_it() -> None:
    desk = careful(
        Desk({MANY[0]: session_minutes(DAYS[:-1])}, now=DAYS[-1].close + MINUTE), unknown=DAYS[-1:]
    )
    desk.fetch("2024-01-02", "2024-01-05")
    assert desk.memory.progress.warnings == [f"T0.NASDAQ: {LEFT}"]


def test_sentences_that_differ_are_told_each() -> None:
    progress = MemoryProgress()
    gathered = Gathered(progress)
    for name, sentence in (("A", "A: one"), ("B", "two"), ("B", "one"), ("B", "B: one")):
        gathered.warn(name, sentence)
    gathered.tell("A", "three")
    gathered.flush()
    gathered.flush()
    assert progress.warnings == ["3 series (A, B): one", "B: two"]
    assert progress.told == ["A: three"]
