"""Steps of features/import_csv.feature: bars that are held with other values."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator

import pytest
from pytest_bdd import given, parsers, then, when

from domain.bars import Bars
from tests.acceptance.errand import Errand, Outcome
from tests.acceptance.steps_import import CatalogFiles, files_of, held
from tests.acceptance.terminal import Terminal
from tests.builders import csv_text, minute_bars
from tests.cli import Cli
from tests.faults.state import Rows, rows_of

WHICH = "Which (skip, overwrite, merge): "
GO_ON = "Go on? [y/N]: "
DAY = "2024-01-04"
OVERLAP = "4 bars with other values, 2 the same, 12 new."
BY_DAY = f"  {DAY}       4 different      2 the same      2 new      4 held only"
CHOICES = (
    "  skip       keeps the held bars and adds 12 new bars",
    "  overwrite  replaces the file's days: 4 bars replaced, 12 added; 4 held bars that it lacks "
    "vanish",
    "  merge      takes the file's bars one by one: 4 replaced, 12 added, all others stay",
)
HELD = Bars.concat([minute_bars("2024-01-03T14:30:00", 10), minute_bars(f"{DAY}T14:30:00", 10)])
# Of the day that is held, from its fifth minute on: two the same, four with others, two new.
FILE = Bars.concat(
    [
        minute_bars(f"{DAY}T14:30:00", 12).take(slice(4, 6)),
        minute_bars(f"{DAY}T14:30:00", 12, first_price=19_000).take(slice(6, 12)),
        minute_bars("2024-01-05T14:30:00", 10),
    ]
)


def _left(choice: str) -> Rows:
    """Return what is to be held after a choice, worked out bar by bar."""
    mine, theirs = rows_of(HELD), rows_of(FILE)
    if choice == "overwrite":
        days = set(map(_day, theirs))
        mine = {ts: row for ts, row in mine.items() if _day(ts) not in days}
    return theirs | mine if choice == "skip" else mine | theirs


def _day(ts: int) -> dt.date:
    return dt.datetime.fromtimestamp(ts // 10**9, dt.UTC).date()


@pytest.fixture
def start(trader: Cli) -> Iterator[Callable[..., Terminal]]:
    """Return what starts a command at a terminal; those that still run end with the test."""
    started: list[Terminal] = []

    def begin(*arguments: str) -> Terminal:
        started.append(Terminal(trader, *arguments))
        return started[-1]

    yield begin
    for terminal in started:
        terminal.close()


# Given


@given("CSV data overlaps with existing Parquet data", target_fixture="errand")
def overlapping(trader: Cli, before: CatalogFiles) -> Errand:
    trader.import_csv("AAPL.NASDAQ", csv_text(HELD))
    before |= files_of(trader)

    (trader.folder / "more.csv").write_text(csv_text(FILE))
    return Errand(("more.csv", "-i", "AAPL.NASDAQ"), FILE)


# When


@when("import is attempted", target_fixture="terminal")
def attempted(errand: Errand, start: Callable[..., Terminal]) -> Terminal:
    terminal = start("import-csv", *errand.words)
    terminal.read_until_asked_or_ended(WHICH)
    return terminal


@when(parsers.parse("user answers {answers}"), target_fixture="outcome")
def answered(answers: str, terminal: Terminal) -> Outcome:
    for prompt, answer in zip((WHICH, GO_ON), answers.split(", "), strict=False):
        terminal.read_until(prompt)
        terminal.answer(answer)
    return Outcome(terminal.ended(), terminal.shown)


@when("user presses Ctrl-C", target_fixture="outcome")
def interrupted(terminal: Terminal) -> Outcome:
    terminal.read_until(WHICH)
    return Outcome(terminal.cancel(), terminal.shown)


# Then


@then("system prompts user to either skip, overwrite, or merge the data")
def prompted(terminal: Terminal, trader: Cli) -> None:
    shown = terminal.read_until(WHICH)
    assert f"more.csv overlaps AAPL.NASDAQ 1-minute bars in the Parquet catalog: {OVERLAP}" in shown
    assert {BY_DAY, *CHOICES} <= set(shown.splitlines())
    assert held(trader) == rows_of(HELD)
    terminal.answer("merge")
    assert terminal.ended() == 0
    assert held(trader) == _left("merge")


@then("the counts of each choice are shown, on the whole and by day")
def choices_are_shown(outcome: Outcome) -> None:
    assert outcome.code == 0, outcome.text
    assert {BY_DAY, *CHOICES} <= set(outcome.text.splitlines())


@then(parsers.parse("the Parquet catalog holds what {choice} leaves"))
def settled(choice: str, trader: Cli) -> None:
    assert held(trader) == _left(choice)


@then("the ledger tells of the import and of what it replaced")
def traced(trader: Cli) -> None:
    events = trader("ledger", "log", "--json").succeeded().document["events"]
    told = events[-1]
    assert told["type"] == "CsvImported"
    digest = hashlib.sha256((trader.folder / "more.csv").read_bytes()).hexdigest()
    assert (told["fields"]["file"], told["fields"]["sha256"]) == ("more.csv", digest)
    replaced = [
        event
        for event in events
        if event["type"] == "PartitionWritten" and event["fields"]["partition"] == DAY
    ]
    first, second = replaced
    assert first["before"] is None
    assert second["before"]["seq"] == first["seq"]
    assert second["correlation_id"] == told["correlation_id"]
    # What stood there can be had again, bar by bar.
    trader("restore", "-i", "AAPL", "--as-of", str(first["seq"] + 1), "--yes").succeeded()
    assert held(trader) == rows_of(HELD)


@then("import is refused, and the error names --on-conflict skip, overwrite and merge")
def choice_needed(outcome: Outcome) -> None:
    assert outcome.code == 2
    assert "4 bars of more.csv differ" in outcome.text
    for word in ("--on-conflict", "skip", "overwrite", "merge", "4 held bars would vanish"):
        assert word in outcome.text


@then("import is refused, and the error says that 4 held bars would be removed")
def yes_needed(outcome: Outcome) -> None:
    assert outcome.code == 2, outcome.text
    assert "Overwriting would remove 4 held bars of AAPL.NASDAQ" in outcome.text


@then("import is cancelled")
def cancelled(outcome: Outcome) -> None:
    assert outcome.code == 130
    assert "Cancelled. Nothing is half-written." in outcome.text
