"""Requests that IBKR counts are counted, over all processes of a machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.ibkr import limits
from adapters.ibkr.gateway_folder import GatewayFolder
from adapters.ibkr.pacing import Pacing
from tests.integration.ibkr.arrivals import SECOND
from tests.integration.ibkr.gateway_user import tell
from tests.integration.ibkr.gateway_users import run_together

LATE = limits.SECONDS_OF_LATENESS


class Clock:
    """A machine that has run for an hour, and whose time goes on when told to."""

    def __init__(self) -> None:
        self.now = 3600 * SECOND

    def __call__(self) -> int:
        return self.now

    def go_on(self, seconds: float) -> None:
        self.now += round(seconds * SECOND)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def _pacing(base: Path, clock: Clock) -> Pacing:
    return Pacing(GatewayFolder(base, "localhost", 4002, tell), clock=clock)


def test_the_same_request_again_waits_for_fifteen_seconds(tmp_path: Path, clock: Clock) -> None:
    pacing = _pacing(tmp_path, clock)
    assert pacing.take("a", "AAPL TRADES") == 0.0
    assert pacing.take("b", "AAPL TRADES") == 0.0
    clock.go_on(5)
    assert pacing.take("a", "AAPL TRADES") == pytest.approx(10 + LATE)
    clock.go_on(10 + LATE)
    assert pacing.take("a", "AAPL TRADES") == 0.0


def test_asking_whether_one_may_does_not_count(tmp_path: Path, clock: Clock) -> None:
    pacing = _pacing(tmp_path, clock)
    assert pacing.take("a", "AAPL TRADES") == 0.0
    for _ in range(100):
        assert pacing.take("a", "AAPL TRADES") == pytest.approx(15 + LATE)
    clock.go_on(15 + LATE)
    assert pacing.take("a", "AAPL TRADES") == 0.0


def test_of_one_contract_fewer_than_six_are_asked_in_two_seconds(
    tmp_path: Path, clock: Clock
) -> None:
    pacing = _pacing(tmp_path, clock)
    assert [pacing.take(f"{number}", "AAPL TRADES") for number in range(5)] == [0.0] * 5
    assert pacing.take("6th", "AAPL TRADES") == pytest.approx(2 + LATE)
    assert pacing.take("6th", "AAPL MIDPOINT") == 0.0


def test_sixty_are_asked_in_ten_minutes_whatever_they_are(tmp_path: Path, clock: Clock) -> None:
    pacing = _pacing(tmp_path, clock)
    for number in range(60):
        assert pacing.take(f"{number}", f"contract {number}") == 0.0
        clock.go_on(1)
    assert pacing.take("another", "another") == pytest.approx(540 + LATE)
    clock.go_on(540 + LATE)
    assert pacing.take("another", "another") == 0.0
    assert pacing.take("yet another", "yet another") == pytest.approx(1)


def test_two_processes_count_together(tmp_path: Path, clock: Clock) -> None:
    first, second = _pacing(tmp_path, clock), _pacing(tmp_path, clock)
    assert first.take("a", "AAPL TRADES") == 0.0
    assert second.take("a", "AAPL TRADES") == pytest.approx(15 + LATE)
    other = Pacing(GatewayFolder(tmp_path, "localhost", 4001, tell), clock=clock)
    assert other.take("a", "AAPL TRADES") == 0.0


def test_many_processes_at_once_never_make_more_than_sixty(tmp_path: Path) -> None:
    taken = run_together(tmp_path, 1, 40, *["pace"] * 4)
    assert sum(map(int, taken)) == limits.REQUESTS_PER_PACING


def test_damage_makes_nobody_wait_for_minutes_and_nobody_forget_what_it_asked(
    tmp_path: Path, clock: Clock
) -> None:
    first, second = _pacing(tmp_path, clock), _pacing(tmp_path, clock)
    assert first.take("a", "AAPL TRADES") == 0.0
    (state,) = tmp_path.rglob("*.state")
    state.write_bytes(b"\xff" * 5000)
    assert second.take("b", "AAPL TRADES") == 0.0
    assert first.take("a", "AAPL TRADES") == pytest.approx(15 + LATE)


def test_without_a_folder_a_process_keeps_to_all_rules_by_itself(
    tmp_path: Path, clock: Clock
) -> None:
    told: list[str] = []
    (tmp_path / "file").touch()
    folder = GatewayFolder(tmp_path / "file", "localhost", 4002, told.append)
    pacing = Pacing(folder, clock=clock)
    assert [pacing.take(f"{number}", f"{number}") for number in range(60)] == [0.0] * 60
    assert pacing.take("61st", "61st") == pytest.approx(600 + LATE)
    assert len(told) == 1
