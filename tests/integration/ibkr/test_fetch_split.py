"""IBKR adjusts all of its history at a split: what was fetched before does not fit any more."""

from __future__ import annotations

import pytest

from application.fetch_request import Keep
from domain.bars import Bars
from tests.fetching import scaled
from tests.integration.ibkr.desk import Opening, sessions_of
from tests.integration.ibkr.serving import bars_of, market_of, series_of, within
from tests.integration.simulated_gateway.instruments import EQUITY

AAPL = series_of(EQUITY, "1_MIN")
DAYS = sessions_of(EQUITY, "2024-07-08", "2024-07-19")
SERVED = bars_of(AAPL, DAYS)
BEFORE = scaled(SERVED, 4)


@pytest.mark.parametrize("held", [("2024-07-08", "2024-07-10"), ("2024-07-17", "2024-07-19")])
def test_a_split_since_the_last_fetch_is_refused_until_all_is_fetched_anew(
    opening: Opening, held: tuple[str, str]
) -> None:
    desk = opening({AAPL: BEFORE}, EQUITY)
    desk.fetch(AAPL, *held)
    desk.gateway.set_market(market_of({AAPL: SERVED}, EQUITY))
    error = desk.refused(AAPL, "2024-07-08", "2024-07-19")
    assert error.code == "level-difference"
    assert "0.25 (1:4) times those held" in error.message
    assert "--start 2024-07-08 --end 2024-07-19 --refetch" in error.recovery
    desk.fetch(AAPL, "2024-07-08", "2024-07-19", refetch=True)
    assert desk.held(AAPL).same_values(SERVED)


def test_both_levels_are_held_where_the_user_says_so(opening: Opening) -> None:
    desk = opening({AAPL: BEFORE}, EQUITY)
    desk.fetch(AAPL, "2024-07-08", "2024-07-10")
    desk.gateway.set_market(market_of({AAPL: SERVED}, EQUITY))
    desk.fetch(AAPL, "2024-07-08", "2024-07-12", keep=Keep.HELD)
    old, new = within(BEFORE, 0, DAYS[2].close), within(SERVED, DAYS[3].open, DAYS[4].close)
    assert desk.held(AAPL).same_values(Bars.concat([old, new]))


def test_a_market_that_halves_overnight_costs_one_more_question(opening: Opening) -> None:
    halved = Bars.concat(
        [within(scaled(SERVED, 2), 0, DAYS[2].close), within(SERVED, DAYS[3].open, DAYS[-1].close)]
    )
    desk = opening({AAPL: halved}, EQUITY)
    desk.fetch(AAPL, "2024-07-08", "2024-07-10")
    desk.asked()
    desk.fetch(AAPL, "2024-07-08", "2024-07-19")
    assert len(desk.questions()) == 2
    assert desk.held(AAPL).same_values(halved)
    assert desk.progress.warnings == []
