"""Which calendar a product of CME Group keeps, by the root of its symbol.

Roots are CME Group's own and, where they differ, IBKR's symbols (EUR for 6E, BRR for BTC).
Nautilus and other sources name the four exchanges in several ways, so one list serves them all.
"""

from __future__ import annotations

import re

from adapters.calendars import chicago

EQUITY_INDEX = "CME Globex Equity"
CURRENCIES = "CMEGlobex_FX"
INTEREST_RATES = "CME Globex Fixed Income"
CRYPTO = "CME Globex Crypto"
GRAINS = "CMEGlobex_Grains"
LIVESTOCK = "CMEGlobex_Livestock"
RICE = chicago.RICE
LUMBER = chicago.LUMBER
ENERGY_AND_METALS = "CMEGlobex_EnergyAndMetals"

_GROUPS = {
    EQUITY_INDEX: (
        "ES MES NQ MNQ RTY M2K RS1 RSV EMD ME SP ND YM MYM DJIA DD BQX SXO "
        "XAB XAE XAF XAI XAK XAP XAR XAU XAV XAY XAZ NKD NIY MNK SDA ESG IBV"
    ),
    CURRENCIES: (
        "6A 6B 6C 6E 6J 6L 6M 6N 6R 6S 6Z E7 J7 M6A M6B M6C M6E M6J M6S MCD MIR MJY MNH MSF MCN "
        "AUD GBP CAD EUR JPY BRE BRL MXP NZD RUR CHF ZAR CNH RP RY RF PJY SEK NOK PLN CZK HUF KRW"
    ),
    INTEREST_RATES: (
        "ZT ZF ZN ZB UB TN TWE Z3N ZQ GE GLB SR1 SR3 TBF3 10Y 2YY 5YY 30Y MTN MWN SOFR3 SOFR1"
    ),
    CRYPTO: "BTC MBT BRR ETH MET ETHUSDRR SOL MSL XRP BFF BIT BTR",
    GRAINS: "ZC ZS ZW ZL ZM ZO KE YC YK YW XC XK XW MZC MZS MZW MZL MZM",
    LIVESTOCK: "LE HE GF PRK",
    RICE: "ZR",
    LUMBER: "LBR LBS",
    ENERGY_AND_METALS: (
        "CL MCL QM NG MNG QG HO MHO QH RB MRB QU BZ BZT HH NN HP HTT WTI BB TTF NGO GEO CGO PL PA "
        "PAM PLM GC MGC QO 1OZ SI SIL QI SIC HG MHG QC ALI HRC BUS TIO UX EH AEP EDP LTH COB"
    ),
}
_CALENDARS = {root: name for name, roots in _GROUPS.items() for root in roots.split()}
# What stands first in a symbol, and what a contract's month and year add to a root: `H4`, `H24`.
_WORD = re.compile(r"[A-Z0-9]+")
_CONTRACT = re.compile(r"[FGHJKMNQUVXZ](\d{1,2}|20\d{2})$")
# TradingView's continuous contracts: `ES1!` is the nearest one.
_CONTINUOUS = re.compile(r"([A-Z0-9]+)[1-9]!")


def calendar_of_product(symbol: str) -> str | None:
    """Return the calendar of what `symbol` is a contract of, or None where that is not known.

    `ES`, `ESH4`, `ESH24`, `ESH2024`, `ES=F`, `ES1!` and `ES H4` all mean the same product.
    """
    symbol = symbol.upper()
    word = _CONTINUOUS.fullmatch(symbol)
    if word is not None:
        return _CALENDARS.get(word[1])
    word = _WORD.match(symbol)
    if word is None:
        return None
    whole = word[0]
    return _CALENDARS.get(whole) or _CALENDARS.get(_CONTRACT.sub("", whole))
