"""What the gateway told of its own connections is remembered until it tells otherwise."""

from __future__ import annotations

import pytest

from adapters.ibkr.answers import GatewayMessage
from adapters.ibkr.links import Links

HISTORY_LOST = (2105, "HMDS data farm connection is broken:ushmds")
HISTORY_BACK = (2106, "HMDS data farm connection is OK:ushmds")
EUROPE_LOST = (2105, "HMDS data farm connection is broken:euhmds")
MARKET_LOST = (2103, "Market data farm connection is broken:usfarm")
CUT = (1100, "Connectivity between IBKR and Trader Workstation has been lost.")
CUT_TOO = (2110, "Connectivity between Trader Workstation and server is broken.")
BACK = (1102, "Connectivity has been restored - data maintained.")
BACK_WITHOUT_DATA = (1101, "Connectivity has been restored - data lost.")


def _links(*told: tuple[int, str]) -> Links:
    links = Links()
    for code, text in told:
        links.note(GatewayMessage(-1, code, text))
    return links


@pytest.mark.parametrize(
    ("told", "lost"),
    [
        ([], None),
        ([HISTORY_LOST], "ushmds"),
        ([HISTORY_LOST, HISTORY_BACK], None),
        ([EUROPE_LOST, HISTORY_LOST, HISTORY_BACK], "euhmds"),
        ([HISTORY_BACK, HISTORY_LOST], "ushmds"),
    ],
)
def test_a_server_of_history_is_lost_until_that_one_is_back(
    told: list[tuple[int, str]], lost: str | None
) -> None:
    assert _links(*told).lost_farm == lost


def test_a_lost_server_of_live_data_says_nothing_about_history() -> None:
    links = _links(MARKET_LOST)
    assert (links.lost_farm, links.is_cut) == (None, False)


@pytest.mark.parametrize("cut", [CUT, CUT_TOO])
@pytest.mark.parametrize("back", [BACK, BACK_WITHOUT_DATA])
def test_the_gateway_is_cut_until_its_connection_is_back_and_then_reaches_all(
    cut: tuple[int, str], back: tuple[int, str]
) -> None:
    """Servers that are still not reached then are told of anew."""
    assert _links(cut).is_cut
    restored = _links(HISTORY_LOST, cut, back)
    assert (restored.is_cut, restored.lost_farm) == (False, None)
    assert _links(HISTORY_LOST, cut, back, HISTORY_LOST).lost_farm == "ushmds"
