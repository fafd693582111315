"""The arithmetic of "so many within so much time"."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from adapters.ibkr import limits, pacing, rate
from adapters.ibkr.pacing import wait_for_request
from adapters.ibkr.shared_state import Known
from adapters.ibkr.sliding import NANOSECONDS, AtMost, wait_for_all, wait_for_one
from adapters.ibkr.state_file import Sent
from tests.integration.ibkr.arrivals import most_within

AT_MOST = st.builds(AtMost, st.integers(1, 6), st.integers(1, 50).map(lambda n: n / 1000))
PAUSES = st.lists(st.integers(0, 30_000_000), max_size=60)


def _sent(pauses: list[int], allowed: list[AtMost]) -> list[int]:
    """Send one after each pause, as soon as it may be."""
    sent: list[int] = []
    now = 0
    for pause in pauses:
        now += pause
        now += wait_for_all(sent, now, allowed)
        sent.append(now)
    return sent


@given(PAUSES, st.lists(AT_MOST, max_size=3))
def test_no_window_ever_holds_more_than_may_be(pauses: list[int], allowed: list[AtMost]) -> None:
    sent = _sent(pauses, allowed)
    for limit in allowed:
        assert most_within(sent, limit.nanoseconds) <= limit.count


@given(PAUSES, AT_MOST, st.integers(0, 30_000_000))
def test_nobody_waits_longer_than_needed(pauses: list[int], limit: AtMost, later: int) -> None:
    sent = _sent(pauses, [limit])
    now = (sent[-1] if sent else 0) + later
    wait = wait_for_one(sent, now, limit)
    if wait:
        assert most_within([*sent, now + wait - 1], limit.nanoseconds) > limit.count


def test_a_whole_window_later_the_next_one_may_go() -> None:
    limit = AtMost(2, 1)
    assert wait_for_one([0, 10], NANOSECONDS - 1, limit) == 1
    assert wait_for_one([0, 10], NANOSECONDS, limit) == 0


def test_messages_keep_to_what_is_allowed_even_when_they_arrive_half_a_second_late() -> None:
    late = int(limits.SECONDS_OF_LATENESS * NANOSECONDS)
    for allowed in (rate.ORDINARY, rate.CANCELS):
        sent = _sent([0] * 500, list(allowed))
        assert most_within(sent) <= limits.ALLOWED_MESSAGES_PER_SECOND
        assert most_within(sent, NANOSECONDS + late) <= limits.ALLOWED_MESSAGES_PER_SECOND
    assert most_within(_sent([0] * 500, list(rate.ORDINARY))) == limits.MESSAGES_PER_SECOND


def test_four_processes_that_know_nothing_of_each_other_keep_the_limit() -> None:
    sent = sorted(_sent([0] * 100, list(rate.ALONE)) * 4)
    assert most_within(sent) <= limits.ALLOWED_MESSAGES_PER_SECOND


@given(st.lists(st.tuples(st.integers(0, 3 * NANOSECONDS), *[st.integers(1, 3)] * 2), max_size=150))
def test_requests_keep_all_three_rules_of_pacing(asked: list[tuple[int, int, int]]) -> None:
    sent: list[Sent] = []
    now = 0
    for pause, request, contract in asked:
        now += pause
        while wait := wait_for_request(Known(sent, now), request, contract):
            now += wait
        sent.append(Sent(now, request, contract))
    for number in range(1, 4):
        _keeps([one.at for one in sent if one.request == number], pacing.IDENTICAL, 15)
        _keeps([one.at for one in sent if one.contract == number], pacing.OF_ONE_CONTRACT, 2)
    _keeps([one.at for one in sent], pacing.OF_ALL, 600)


def _keeps(sent: list[int], limit: AtMost, seconds: int) -> None:
    assert limit.seconds > seconds
    assert most_within(sent, limit.nanoseconds) <= limit.count
