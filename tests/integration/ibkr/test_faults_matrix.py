"""Every fault at every stage: the right end, no false coverage, and the same command finishes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.simulated_gateway.faults import ALWAYS, Fault, FaultKind, Stage
from tests.integration.cli.conftest import Barledger, Ended
from tests.integration.ibkr.command import CHUNK, SESSIONS, Trading, gateway_with

Outcome = tuple[int, str]
FINE = (0, "")
UNREACHABLE = (6, "gateway-unreachable")
LOST = (6, "gateway-lost")
LIMITED = (1, "rate-limited")
REFUSED = (1, "source-refused")
UNUSABLE = (1, "unusable-answer")
NOT_FOUND = (3, "contract-not-found")
TAKEN = (6, "client-id-taken")
WORDS = {
    "": "",
    "gateway-unreachable": "No IBKR Gateway can be reached at 127.0.0.1:",
    "gateway-lost": "IBKR connection lost. Retry backtest after reconnecting, or use: "
    "docker compose up ibgateway",
    "rate-limited": "IBKR rate limit reached. Retrying in 0.1 seconds... (attempt 5/5)",
    "source-refused": "(IBKR error ",
    "unusable-answer": " that cannot be read.",
    "contract-not-found": "BTC/USD.PAXOS",
    "client-id-taken": "is in use",
}
LIMITS = (
    FaultKind.PACING_162,
    FaultKind.PACING_420,
    FaultKind.PACING_100,
    FaultKind.TOO_MANY_322,
)
REFUSALS = (
    FaultKind.NO_PERMISSIONS_162,
    FaultKind.INVALID_321,
    FaultKind.NOT_SUBSCRIBED_354,
)
OUTAGES = (
    FaultKind.LOST_1100,
    FaultKind.LOST_1100_THEN_1101,
    FaultKind.FARM_2103,
    FaultKind.FARM_2105,
    FaultKind.FARM_2110,
)
PLACES = {
    "connecting": (Stage.CONNECT, 0),
    "resolving": (Stage.RESOLVE, 0),
    "time": (Stage.CURRENT_TIME, 0),
    "head": (Stage.HEAD, 0),
    "first": (Stage.HISTORY, 0),
    "middle": (Stage.HISTORY, 1),
    "last": (Stage.HISTORY, 2),
}


def _at_once(kind: FaultKind, stage: Stage) -> Outcome:
    """Return how a command ends that meets a fault once."""
    if kind in REFUSALS and stage in (Stage.RESOLVE, Stage.HISTORY):
        return REFUSED
    if kind is FaultKind.NO_DATA_162 and stage is Stage.RESOLVE:
        return REFUSED
    # Whoever says nothing that makes sense is waited for only once.
    mute = (FaultKind.SILENCE, FaultKind.GARBAGE)
    return UNREACHABLE if stage is Stage.CONNECT and kind in mute else FINE


_STAYING = {
    **dict.fromkeys(LIMITS, LIMITED),
    **dict.fromkeys(OUTAGES, LOST),
    FaultKind.GARBAGE: UNUSABLE,
    FaultKind.NO_SECURITY_200: NOT_FOUND,
    FaultKind.SLOW: FINE,
    FaultKind.NO_DATA_162: FINE,
}
_STAYING_AT_CONNECTING = {
    **dict.fromkeys(LIMITS, LIMITED),
    **dict.fromkeys(OUTAGES, FINE),
    FaultKind.SLOW: FINE,
    FaultKind.CLIENT_ID_326: TAKEN,
}
# Errors that name no request are news to whoever asks for the time.
_UNHEARD = (*REFUSALS, FaultKind.NO_DATA_162, FaultKind.NO_SECURITY_200)


def _always(kind: FaultKind, stage: Stage) -> Outcome:
    """Return how a command ends that meets a fault whenever it comes to that stage."""
    first = _at_once(kind, stage)
    if first != FINE:
        return first
    if stage is Stage.CONNECT:
        return _STAYING_AT_CONNECTING.get(kind, UNREACHABLE)
    if stage is Stage.HEAD:
        return FINE  # nobody has to know when history starts
    if stage is Stage.CURRENT_TIME and kind in _UNHEARD:
        return LOST
    return _STAYING.get(kind, LOST)


@pytest.fixture
def bounded(short_waits: pytest.MonkeyPatch) -> None:
    short_waits.setenv("BARLEDGER_IBKR_CONNECT_SECONDS", "3")
    short_waits.setenv("BARLEDGER_IBKR_ANSWER_SECONDS", "1")


@pytest.fixture
def trading(
    request: pytest.FixtureRequest, barledger: Barledger, catalog: Path, bounded: None
) -> Iterator[Trading]:
    with gateway_with(request.param) as gateway:
        yield Trading(barledger, catalog, gateway)


def _cases(*kinds: FaultKind, times: int, places: tuple[str, ...]) -> list[object]:
    found = []
    for kind in kinds:
        for place in places:
            stage, after = PLACES[place]
            fault = Fault(kind, stage, after, times, seconds=0.1)
            found.append(pytest.param(fault, id=f"{kind.value}-{place}"))
    return found


ONCE = _cases(*FaultKind, times=1, places=tuple(PLACES))
# What becomes of a gateway that has no bars at all is seen further down.
STAYING = [kind for kind in FaultKind if kind is not FaultKind.NO_DATA_162]
SOME = _cases(*STAYING, times=ALWAYS, places=("connecting", "resolving", "middle"))
OTHERS = _cases(*STAYING, times=ALWAYS, places=("time", "head", "first", "last"))


@pytest.mark.parametrize("trading", ONCE, indirect=True)
def test_a_fault_that_passes(trading: Trading, request: pytest.FixtureRequest) -> None:
    fault: Fault = request.node.callspec.params["trading"]
    _assert_ends(trading, fault, _at_once(fault.kind, fault.stage))


@pytest.mark.parametrize("trading", SOME, indirect=True)
def test_a_fault_that_stays(trading: Trading, request: pytest.FixtureRequest) -> None:
    fault: Fault = request.node.callspec.params["trading"]
    _assert_ends(trading, fault, _always(fault.kind, fault.stage))


@pytest.mark.soak
@pytest.mark.parametrize("trading", OTHERS, indirect=True)
def test_a_fault_that_stays_elsewhere(trading: Trading, request: pytest.FixtureRequest) -> None:
    fault: Fault = request.node.callspec.params["trading"]
    _assert_ends(trading, fault, _always(fault.kind, fault.stage))


def _assert_ends(trading: Trading, fault: Fault, outcome: Outcome) -> None:
    ended = trading.fetch()
    assert (ended.code, _code(ended)) == outcome, ended.err
    assert _words(fault, outcome) in ended.err
    _wait_until_nothing_is_open(trading)
    before = len(SESSIONS) if outcome == FINE else _finished(fault)
    assert trading.complete() == SESSIONS[:before]
    trading.gateway.set_faults()
    again = trading.fetch()
    assert again.code == 0, again.err
    (series,) = again.document["series"]
    new = series["days_written"] + series["confirmed_empty"]
    assert (series["days_held"], new) == (before, len(SESSIONS) - before)
    trading.assert_all_is_there()
    trading.assert_asks_nothing()


def _wait_until_nothing_is_open(trading: Trading) -> None:
    """Wait until the gateway has noticed that its client is gone, or cancelled its requests."""
    until = time.monotonic() + 60
    while trading.gateway.open_requests or trading.gateway.connected_clients:
        assert time.monotonic() < until, trading.gateway.open_requests
        time.sleep(0.002)


def _finished(fault: Fault) -> int:
    """Return how many sessions were fetched before a fault that ends a command."""
    return CHUNK * fault.after if fault.stage is Stage.HISTORY else 0


def _words(fault: Fault, outcome: Outcome) -> str:
    """Return what the user is told of how a command ended."""
    was_asked_of_one = fault.stage in (Stage.RESOLVE, Stage.HISTORY)
    if outcome == LOST and fault.kind is FaultKind.CANCELLED_162 and was_asked_of_one:
        return "IBKR cancelled a request for "
    return WORDS[outcome[1]]


def _code(ended: Ended) -> str:
    return str(ended.document.get("error", {}).get("code", ""))


@pytest.mark.parametrize(
    "trading", _cases(FaultKind.NO_DATA_162, times=ALWAYS, places=("middle",)), indirect=True
)
def test_who_has_no_bars_to_show_is_not_believed_that_there_are_none(trading: Trading) -> None:
    ended = trading.fetch()
    (series,) = ended.document["series"]
    assert (ended.code, series["days_written"], series["confirmed_empty"]) == (0, CHUNK, 0)
    assert series["left"] == [one.date.isoformat() for one in SESSIONS[CHUNK:]]
    assert trading.complete() == SESSIONS[:CHUNK]
    trading.gateway.set_faults()
    assert trading.fetch().code == 0
    trading.assert_all_is_there()
    trading.assert_asks_nothing()
