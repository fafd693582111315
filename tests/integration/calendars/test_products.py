"""CME Group's products keep calendars of their own, found by the root of a symbol."""

from __future__ import annotations

import pytest

from adapters.calendars.market_calendars import MarketCalendars
from domain.instrument import InstrumentId


@pytest.mark.parametrize(
    ("instrument", "calendar"),
    [
        ("ES.CME", "CME Globex Equity"),
        ("ESH4.CME", "CME Globex Equity"),
        ("ESH24.CME", "CME Globex Equity"),
        ("ESH2024.CME", "CME Globex Equity"),
        ("esh4.CME", "CME Globex Equity"),
        ("ES H4.CME", "CME Globex Equity"),
        ("ES.c.0.GLBX", "CME Globex Equity"),
        ("NQZ3.XCME", "CME Globex Equity"),
        ("RTYH4.CME", "CME Globex Equity"),
        ("M2KH4.CME", "CME Globex Equity"),
        ("MES.GLOBEX", "CME Globex Equity"),
        ("MNQM4.CME", "CME Globex Equity"),
        ("YM.CBOT", "CME Globex Equity"),
        ("MYMU4.ECBOT", "CME Globex Equity"),
        ("6EZ4.CME", "CMEGlobex_FX"),
        ("6J.CME", "CMEGlobex_FX"),
        ("M6AH4.CME", "CMEGlobex_FX"),
        ("E7.CME", "CMEGlobex_FX"),
        ("EUR.CME", "CMEGlobex_FX"),
        ("MXP.CME", "CMEGlobex_FX"),
        ("ZN.CBOT", "CME Globex Fixed Income"),
        ("ZBM4.CBOT", "CME Globex Fixed Income"),
        ("10YZ4.CBOT", "CME Globex Fixed Income"),
        ("SR3H5.CME", "CME Globex Fixed Income"),
        ("GEH2.CME", "CME Globex Fixed Income"),
        ("BTC.CME", "CME Globex Crypto"),
        ("BRR.CME", "CME Globex Crypto"),
        ("MBTF4.CME", "CME Globex Crypto"),
        ("METX4.CME", "CME Globex Crypto"),
        ("ZC=F.CBOT", "CMEGlobex_Grains"),
        ("ZSX4.XCBT", "CMEGlobex_Grains"),
        ("KEH5.CBOT", "CMEGlobex_Grains"),
        ("LEG5.CME", "CMEGlobex_Livestock"),
        ("GF.CME", "CMEGlobex_Livestock"),
        ("CLG4.NYMEX", "CMEGlobex_EnergyAndMetals"),
        ("NG.XNYM", "CMEGlobex_EnergyAndMetals"),
        ("GC.COMEX", "CMEGlobex_EnergyAndMetals"),
        ("1OZJ5.COMEX", "CMEGlobex_EnergyAndMetals"),
        ("SIZ25.XCEC", "CMEGlobex_EnergyAndMetals"),
        ("CLG4.GLBX", "CMEGlobex_EnergyAndMetals"),
        ("ZRH5.CBOT", "CBOT_Rice"),
        ("LBRH5.CME", "CME_Lumber"),
        ("LBSH2.CME", "CME_Lumber"),
        # TradingView's continuous contracts.
        ("ES1!.CME", "CME Globex Equity"),
        ("ZC1!.CBOT", "CMEGlobex_Grains"),
        ("6E2!.CME", "CMEGlobex_FX"),
        ("M2K1!.CME", "CME Globex Equity"),
    ],
)
def test_a_product_keeps_the_calendar_of_its_group(instrument: str, calendar: str) -> None:
    assert MarketCalendars().describe(InstrumentId.parse(instrument), None) == calendar


@pytest.mark.parametrize(
    ("instrument", "calendar"),
    [
        ("DCH5.CME", "CME Globex Equity"),
        ("DC1!.CME", "CME Globex Equity"),
        ("ZZZZ.CBOT", "CME Globex Equity"),
        ("ZZZZ.NYMEX", "CMEGlobex_EnergyAndMetals"),
        ("^X.CME", "CME Globex Equity"),
        ("SBH5.NYBOT", "ICE"),
        ("COIL.IPE", "ICE"),
        ("SB.ICEUS", "ICE"),
        ("BRN.ICEEU", "ICE"),
        ("FDAX.EUREX", "XEUR"),
        ("SAP.FWB", "XDUS"),
    ],
)
def test_a_product_that_nobody_knows_falls_back_and_says_so(instrument: str, calendar: str) -> None:
    told = MarketCalendars().describe(InstrumentId.parse(instrument), None)
    venue = instrument.rsplit(".")[-1]
    assert told == f"{calendar} (a fallback: what is traded at {venue} keeps hours of its own)"


def test_a_venue_that_nobody_knows_falls_back_and_says_so() -> None:
    told = MarketCalendars().describe(InstrumentId("ABC", "NOWHERE"), None)
    assert told == "24/7 (a fallback: the hours of NOWHERE are not known)"


@pytest.mark.parametrize("instrument", ["ES.NYSE", "CLG4.NASDAQ", "GC.ARCA"])
def test_roots_mean_nothing_at_other_venues(instrument: str) -> None:
    assert MarketCalendars().describe(InstrumentId.parse(instrument), None) == "NYSE"
