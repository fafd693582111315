"""Steps of features/unavailable_data.feature."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest
from pytest_bdd import given, parsers, then, when

from adapters.simulated_gateway.faults import ALWAYS, Fault, FaultKind
from domain.bars import Bars
from tests.acceptance.ibkr import BACKTEST, FIRST_ANSWER, TSLA, TSLA_BARS, Ibkr
from tests.acceptance.steps_fetch import first_days, wait_until_held
from tests.acceptance.steps_import import held
from tests.acceptance.terminal import Terminal
from tests.builders import NEW_YORK, csv_text, session_bars
from tests.cli import Cli, Run
from tests.faults.state import rows_of

TWO_DAYS = ("--start", "2024-02-20", "--end", "2024-02-21")
NVDA = ("-i", "NVDA", *TWO_DAYS)
LOSSES = {
    "IBKR connection fails": FaultKind.DISCONNECT,
    "IBKR hangs up": FaultKind.DISCONNECT,
    "IBKR breaks off in a frame": FaultKind.DISCONNECT_MID_FRAME,
    "IBKR says no more": FaultKind.SILENCE,
    "IBKR loses its own servers": FaultKind.LOST_1100,
}
PACING = FaultKind.PACING_162


@pytest.fixture
def free_port() -> Iterator[int]:
    """Return a port on which nothing listens, and nobody else can."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Return a port that accepts connections, and on which nobody ever says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


# Given


@given("NVDA data is NOT in catalog and IBKR is NOT connected")
def not_connected(trader: Cli, free_port: int) -> None:
    trader.environment["BARLEDGER_IBKR_PORT"] = str(free_port)


@given("NVDA data is NOT in catalog and the port of IBKR accepts but never answers")
def not_logged_in(trader: Cli, silent_port: int) -> None:
    trader.environment |= {
        "BARLEDGER_IBKR_PORT": str(silent_port),
        "BARLEDGER_IBKR_CONNECT_SECONDS": "0.5",
    }


@given("IBKR is connected, and knows no NVDA")
def unknown(ibkr: Ibkr) -> None:
    ibkr.connect({TSLA: TSLA_BARS})


@given("NVDA data is in catalog but for an hour, and IBKR is NOT connected", target_fixture="bars")
def an_hour_is_lacking(trader: Cli, free_port: int) -> Bars:
    trader.environment["BARLEDGER_IBKR_PORT"] = str(free_port)
    bars = session_bars("2024-02-20", "2024-02-21")
    bars = Bars.concat([bars.take(slice(0, 510)), bars.take(slice(570, 780))])
    trader.import_csv("NVDA.NASDAQ", csv_text(bars, NEW_YORK), "--timezone", "America/New_York")
    return bars


@given(parsers.parse("{loss} mid-fetch"), target_fixture="terminal")
def lost(loss: str, trader: Cli, ibkr: Ibkr, start: Callable[..., Terminal]) -> Terminal:
    kind = LOSSES.get(loss, FaultKind.SILENCE)
    ibkr.connect({TSLA: TSLA_BARS}, Fault(kind, after=1, times=ALWAYS))
    if loss == "IBKR says no more":
        trader.environment["BARLEDGER_IBKR_ANSWER_SECONDS"] = "2"
    terminal = start(*BACKTEST)
    if loss == "IBKR Gateway ends":
        wait_until_held(trader, first_days(FIRST_ANSWER), terminal)
        ibkr.end()
    return terminal


@given("IBKR rate limit is exceeded")
def limited(ibkr: Ibkr) -> None:
    ibkr.connect({TSLA: TSLA_BARS}, Fault(PACING, after=1, times=ALWAYS))


@given("IBKR rate limit is exceeded for a moment")
def limited_for_a_moment(trader: Cli, ibkr: Ibkr) -> None:
    ibkr.connect({TSLA: TSLA_BARS}, Fault(PACING, after=1))
    trader.environment["BARLEDGER_IBKR_PACING_SECONDS"] = "1"


# When


@when("user runs backtest for NVDA", target_fixture="run")
def backtest_nvda(trader: Cli) -> Run:
    return trader("backtest", *NVDA, "--strategy", "buy-and-hold", "--json")


@when("user fetches NVDA", target_fixture="run")
def fetch_nvda(trader: Cli) -> Run:
    return trader("fetch", *NVDA)


@when("error occurs", target_fixture="code")
def error_occurs(terminal: Terminal) -> int:
    return terminal.ended()


@when("system is throttled", target_fixture="terminal")
def throttled(start: Callable[..., Terminal]) -> Terminal:
    terminal = start(*BACKTEST)
    terminal.read_until("IBKR rate limit reached")
    return terminal


# Then


@then(parsers.parse('system fails with message "{sentence}"'))
def data_not_found(sentence: str, run: Run, trader: Cli) -> None:
    assert run.code == 3, run.err
    assert f"Error: {sentence}" in run.err.splitlines()
    error = run.document["error"]
    assert error["message"] == sentence
    assert "barledger import-csv" in error["recovery"]
    assert "Traceback" not in run.err
    assert not list(trader.catalog.rglob("*.parquet"))


@then(parsers.re(r'system displays "(?P<sentence>IBKR .*)"'))
def connection_lost(sentence: str, code: int, terminal: Terminal) -> None:
    assert code == 6, terminal.shown
    assert f"Error: {sentence}" in terminal.shown.splitlines()
    assert "Traceback" not in terminal.shown


@then(parsers.parse('user sees "{sentence}" with option to cancel'))
def sees(sentence: str, terminal: Terminal) -> None:
    shown = terminal.read_until("Ctrl-C cancels.")
    assert sentence in shown.splitlines()
    assert terminal.cancel() == 130


@then("backtest runs, and a warning names the hour")
def hour_is_told(run: Run, bars: Bars) -> None:
    run.succeeded()
    assert run.document["bars"] == len(bars)
    warnings = "\n".join(run.document["warnings"])
    assert "2024-02-21 lacks 11:30-12:30 (America/New_York)" in warnings


@then("the fetch has waited, and gone on to its end")
def waited(run: Run, trader: Cli, ibkr: Ibkr) -> None:
    run.succeeded()
    assert "IBKR rate limit reached. Retrying in 1 second... (attempt 2/5)" in run.err
    assert held(trader, TSLA) == rows_of(TSLA_BARS)
    # One of the three was asked again, and none else.
    assert len(ibkr.asked()) == 4
