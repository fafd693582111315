"""Faults at random, again and again: the same command gets everything in the end, and no more."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.simulated_gateway.faults import Fault, random_faults
from tests.integration.cli.conftest import Barledger, barledger, catalog  # noqa: F401 - fixtures
from tests.integration.ibkr.command import SESSIONS, Trading, gateway_with
from tests.integration.simulated_gateway.conftest import undecodable  # noqa: F401 - a fixture

NAMED = os.environ.get("BARLEDGER_TEST_SEED")
FIRST_SEED = int(NAMED) if NAMED else random.SystemRandom().randrange(2**31)
QUICK, LONG = 10, 100
# A run gets past some faults, and each that ends it meets at least one of them.
MOST_RUNS = 200
CODES = {0, 1, 3, 6}
WAITS = {"CONNECT": "1.5", "ANSWER": "0.5", "RETRY": "0.01", "PACING": "0.02"}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in WAITS.items():
        monkeypatch.setenv(f"BARLEDGER_IBKR_{name}_SECONDS", seconds)


@pytest.fixture
def trading(barledger: Barledger, catalog: Path) -> Iterator[Trading]:  # noqa: F811
    with gateway_with() as gateway:
        yield Trading(barledger, catalog, gateway)


def schedule(seed: int) -> list[Fault]:
    """Return faults that come one after the other, some of them many times."""
    source = random.Random(seed)
    faults = random_faults(seed, source.randrange(1, 16), seconds=0.1)
    return [
        Fault(one.kind, one.stage, one.after, source.choice((1, 1, 2, 4, 12)), one.seconds)
        for one in faults
    ]


def fetch_in_spite_of(trading: Trading, faults: list[Fault]) -> None:
    """Run the same command until it succeeds; the catalog must be true after each run."""
    trading.gateway.set_faults(faults)
    before = 0
    for _ in range(MOST_RUNS):
        ended = trading.fetch()
        assert ended.code in CODES, ended.err
        complete = trading.complete()
        assert len(complete) >= before
        before = len(complete)
        if ended.code == 0:
            break
    assert before == len(SESSIONS), ended.err
    trading.gateway.set_faults()
    trading.assert_all_is_there()
    trading.assert_asks_nothing()


def fetch_with_seed(trading: Trading, seed: int) -> None:
    faults = schedule(seed)
    try:
        fetch_in_spite_of(trading, faults)
    except BaseException as error:
        # What is printed is taken for the command's own output.
        error.add_note(f"BARLEDGER_TEST_SEED={seed}: {faults}")
        raise


@pytest.mark.parametrize("number", range(QUICK))
def test_whatever_fails_the_same_command_gets_everything(trading: Trading, number: int) -> None:
    fetch_with_seed(trading, FIRST_SEED + number)


@pytest.mark.soak
@pytest.mark.parametrize("number", range(QUICK, QUICK + LONG))
def test_a_hundred_schedules(trading: Trading, number: int) -> None:
    fetch_with_seed(trading, FIRST_SEED + number)
