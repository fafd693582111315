"""Others work on the catalog while bars are fetched: nothing is fetched twice or lost."""

from __future__ import annotations

import pytest

from adapters.simulated_gateway.faults import ALWAYS, Fault, FaultKind, Stage
from adapters.simulated_gateway.requests import HISTORY
from adapters.simulated_gateway.server import SimulatedGateway
from domain.events import FetchAborted, FetchCompleted, FetchStarted, PartitionWritten
from tests.builders import csv_text
from tests.cli import Cli
from tests.faults.fetches import (
    Running,
    all_rows,
    answer_again,
    asked,
    events,
    gateway,
    held,
    named,
    series,
    served,
    wanted,
)
from tests.faults.state import Rows, assert_tidy, assert_unbroken, rows_of

(NAME,) = named(1)
# Between two holidays: 57 sessions, which are asked for by three questions of up to 20.
FIRST, LAST = "2023-09-05", "2023-11-22"
BARS = served([NAME], FIRST, LAST)
ROWS = all_rows(BARS)[series(NAME)]
# Nothing is answered until the test lets it be.
SILENT = Fault(FaultKind.SILENCE, Stage.HISTORY, times=ALWAYS)
BUSY = f"Another barledger is fetching {series(NAME)}; waiting for it."


def _words(port: int) -> tuple[str, ...]:
    return (*wanted([NAME], FIRST, LAST), "--port", str(port), "--json")


def _rows(cli: Cli) -> Rows:
    return held(cli.catalog)[series(NAME)]


def _assert_asked_by_one(at: SimulatedGateway) -> None:
    """Hold that one process asked for everything: once, and once more when that was lost."""
    assert set(asked(at.history_requests()).values()) == {2}
    assert len({one.client_id for one in at.requests(HISTORY)}) == 1


def test_the_second_waits_says_so_and_fetches_nothing_again(cli: Cli) -> None:
    with (
        gateway(BARS, [SILENT]) as at,
        Running(cli, "first", *_words(at.port)) as first,
    ):
        first.until(lambda: at.requests(HISTORY))
        with Running(cli, "second", *_words(at.port)) as second:
            second.until(lambda: BUSY in second.err)
            answer_again(at)
            second.succeeded()
        first.succeeded()
        assert first.document["series"][0]["bars_fetched"] == len(ROWS)
        assert second.document["series"][0]["bars_fetched"] == 0
        assert second.document["series"][0]["days_held"] == 57
        assert second.err.count(BUSY) == 1
        _assert_asked_by_one(at)
    assert _rows(cli) == ROWS
    assert len(events(cli.catalog, FetchStarted)) == 1
    assert_tidy(cli.catalog)


def test_the_second_goes_on_where_the_first_was_killed(cli: Cli) -> None:
    silent = Fault(FaultKind.SILENCE, Stage.HISTORY, 1, 2)
    with (
        gateway(BARS, [silent]) as at,
        Running(cli, "first", *_words(at.port)) as first,
        Running(cli, "second", *_words(at.port)) as second,
    ):
        both = (first, second)
        first.until(lambda: any(BUSY in one.err for one in both))
        second.until(lambda: events(cli.catalog, PartitionWritten))
        (fetching,) = (one for one in both if BUSY not in one.err)
        (waiting,) = (one for one in both if one is not fetching)
        fetching.kill()
        waiting.succeeded()
        # What the first had kept is not asked for again; what it was waiting for is.
        assert sorted(asked(at.history_requests()).values()) == [1, 2, 2]
        assert waiting.document["series"][0]["days_held"] == 20
    assert _rows(cli) == ROWS
    assert len(events(cli.catalog, FetchCompleted)) == 1
    assert events(cli.catalog, FetchAborted) == []
    assert_tidy(cli.catalog)
    assert_unbroken(cli.catalog)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        pytest.param("2023-08-29", "2023-09-01", id="days beside it"),
        pytest.param("2023-09-12", "2023-09-14", id="days that it fetches"),
    ],
)
def test_an_import_of_csv_while_bars_are_fetched(first: str, last: str, cli: Cli) -> None:
    more = served([NAME], "2023-08-29", LAST)[series(NAME)]
    inside = served([NAME], first, last)[series(NAME)].ts_open
    imported = more.take((more.ts_open >= inside[0]) & (more.ts_open <= inside[-1]))
    with (
        gateway({series(NAME): more}, [SILENT]) as at,
        Running(cli, "fetch", *_words(at.port)) as fetch,
    ):
        fetch.until(lambda: at.requests(HISTORY))
        file = cli.folder / "bars.csv"
        file.write_text(csv_text(imported))
        cli("import-csv", str(file), "-i", NAME).succeeded()
        assert fetch.process.poll() is None
        assert _rows(cli) == rows_of(imported)
        answer_again(at)
        fetch.succeeded()
        since = int(served([NAME], FIRST, FIRST)[series(NAME)].ts_open[0])
        assert _rows(cli) == rows_of(imported) | rows_of(more.take(more.ts_open >= since))
        assert_tidy(cli.catalog)
        again = len(at.history_requests())
        with Running(cli, "again", *_words(at.port)) as nothing:
            nothing.succeeded()
        assert len(at.history_requests()) == again


def test_a_backtest_that_needs_what_is_being_fetched(cli: Cli) -> None:
    backtest = ("backtest", "-i", NAME, "--strategy", "buy-and-hold", "--param", "trade_size=1")
    ends = ("--start", FIRST, "--end", LAST)
    with (
        gateway(BARS, [SILENT]) as at,
        Running(cli, "fetch", *_words(at.port)) as fetch,
    ):
        fetch.until(lambda: at.requests(HISTORY))
        words = (*backtest, *ends, "--port", str(at.port), "--json")
        with Running(cli, "backtest", *words) as run:
            run.until(lambda: BUSY in run.err)
            answer_again(at)
            run.succeeded()
            fetch.succeeded()
            assert run.document["bars"] == len(ROWS)
        _assert_asked_by_one(at)
    assert _rows(cli) == ROWS
