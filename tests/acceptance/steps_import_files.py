"""Steps of features/import_csv.feature: files as vendors, brokers and spreadsheets make them."""

from __future__ import annotations

import csv
import re
import shlex

from pytest_bdd import given, parsers, then, when

from tests.acceptance.errand import Errand, Outcome
from tests.acceptance.file_forms import FORMS
from tests.acceptance.steps_import import held
from tests.builders import MINUTE, utc
from tests.cli import Cli
from tests.faults.state import rows_of

FIVE_MINUTES = 5 * MINUTE
COMMANDS = {"exchange time": "America/New_York", "UTC": "UTC"}


# Given


@given(parsers.parse("user has a file {form}"), target_fixture="errand")
def file_of_a_form(form: str, trader: Cli) -> Errand:
    return FORMS[form](trader.folder)


# When


@when(parsers.parse("user runs the command shown for {time}"), target_fixture="outcome")
def shown_command(time: str, trader: Cli, outcome: Outcome) -> Outcome:
    program, *words = shlex.split(_command_for(time, outcome))
    assert program == "barledger"
    return Outcome.of(trader(*words))


def _command_for(time: str, outcome: Outcome) -> str:
    begin = f"If the file holds {time}: "
    (line,) = (line for line in outcome.text.splitlines() if line.startswith(begin))
    return line.removeprefix(begin)


# Then


@then("the Parquet catalog holds the bars of the file, oldest first")
def all_held(trader: Cli, errand: Errand, outcome: Outcome) -> None:
    assert outcome.code == 0, outcome.text
    now = held(trader)
    assert now == rows_of(errand.bars)
    assert list(now) == sorted(now)


@then("import is refused, and the error shows one command for exchange time and one for UTC")
def commands_are_shown(outcome: Outcome) -> None:
    assert outcome.code == 2
    assert "carry no time zone" in outcome.text
    for time, zone in COMMANDS.items():
        command = _command_for(time, outcome)
        assert command == f"barledger import-csv AAPL.csv -i AAPL.NASDAQ --timezone {zone}"


@then(parsers.parse("the first bar opens at {instant}"))
def first_bar(instant: str, trader: Cli, outcome: Outcome) -> None:
    assert outcome.code == 0, outcome.text
    assert min(held(trader)) == utc(instant.removesuffix("Z"))


@then("the first 20 problems are shown, and problems.csv lists all 30")
def all_listed(trader: Cli, outcome: Outcome) -> None:
    assert outcome.code == 4, outcome.text
    assert "30 of 60 rows are refused" in outcome.text
    shown = re.findall(r"^  line (\d+): volume '-", outcome.text, re.MULTILINE)
    assert shown == [str(line) for line in range(2, 22)]
    assert "and 10 more" in outcome.text
    with (trader.folder / "problems.csv").open(newline="") as file:
        listed = list(csv.DictReader(file))
    assert [(row["line"], row["column"]) for row in listed] == [
        (str(line), "volume") for line in range(2, 32)
    ]


@then("a warning names the line of the jump")
def warned(outcome: Outcome) -> None:
    (warning,) = (line for line in outcome.text.splitlines() if line.startswith("Warning: "))
    assert "split" in warning
    assert "line 32" in warning


@then("every stamp off the grid of five minutes is named with its line")
def off_the_grid(trader: Cli, errand: Errand) -> None:
    run = trader("import-csv", *errand.words, "--bar-type", "5_MIN", "--json")
    assert run.code == 4
    off = [i + 2 for i, ts in enumerate(errand.bars.ts_open) if ts % FIVE_MINUTES]
    named = [row for row in run.document["error"]["rows"] if "grid of 5_MIN" in row["problem"]]
    assert [(row["line"], row["column"]) for row in named] == [(line, "timestamp") for line in off]


@then("import is refused, and the row of 01:30 is named, with --dst as the way out")
def ambiguous(outcome: Outcome) -> None:
    assert outcome.code == 4, outcome.text
    (line,) = (line for line in outcome.text.splitlines() if line.startswith("  line 2: "))
    assert "timestamp '2023-11-05 01:30:00'" in line
    assert "--dst earlier or --dst later" in line
