"""Asks about one series, and reads what comes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np

from adapters.ibkr.answered_bars import Heard, heard
from adapters.ibkr.chunks import Question, bar_size, halves
from adapters.ibkr.contract_search import Listing
from adapters.ibkr.contracts import what_to_show
from adapters.ibkr.endings import unusable
from adapters.ibkr.failures import NoAnswer, Undecodable
from adapters.ibkr.gateway import Gateway
from adapters.ibkr.history_request import HistoryRequest
from adapters.ibkr.limits import SMALL_BAR_SECONDS
from domain.bar_type import NANOSECONDS_IN_SECOND, BarType, BarUnit
from domain.bars import Bars
from domain.fetching import Wanted
from domain.instrument import InstrumentClass
from domain.sessions import Hours
from domain.venues import venue

_WITH_REGULAR_HOURS = frozenset({InstrumentClass.EQUITY, InstrumentClass.INDEX})


class Hearing:
    """Questions about the bars of one series, and what is heard of them."""

    def __init__(self, gateway: Gateway, wanted: Wanted, listing: Listing) -> None:
        """Take the series, in `wanted`, and by which contract the gateway knows it."""
        self._gateway = gateway
        self._wanted = wanted
        self._contract = listing.contract
        self._price_decimals = listing.price_decimals
        self._name = str(wanted.series.instrument_id)
        self._bar_type = wanted.series.bar_type
        kind = wanted.instrument.instrument_class
        self._what = what_to_show(kind)
        self._zone = venue(wanted.series.instrument_id.venue).tzinfo
        # What IBKR calls the regular hours of a future are those of the floor long ago.
        self._regular = wanted.hours is Hours.REGULAR and kind in _WITH_REGULAR_HOURS

    async def history_start(self) -> int | None:
        """Return when the first bar opens, UTC nanoseconds; see `Gateway.history_start`."""
        return await self._gateway.history_start(self._name, self._contract, self._what)

    async def heard(self, question: Question, used: int = 0) -> Heard:
        """Return the answer to a question, in halves where the whole is not answered in time.

        Raises:
            BarledgerError: it cannot be asked, or the answer cannot be used.
        """
        parts = halves(question, self._bar_type, self._zone)
        try:
            answer = await self._gateway.history(
                self._name,
                self._request(question),
                small_bars=has_small_bars(self._bar_type),
                used=used,
                can_ask_less=len(parts) > 1,
            )
        except NoAnswer:
            return _together([await self.heard(part, used + 1) for part in parts])
        if answer is None:
            return Heard(Bars.empty(), np.empty(0, np.int64))
        try:
            return heard(answer, self._wanted, self._price_decimals)
        except Undecodable as error:
            raise unusable(error, self._name) from error

    def _request(self, question: Question) -> HistoryRequest:
        seconds = -(-question.end // NANOSECONDS_IN_SECOND)
        return HistoryRequest(
            contract=self._contract,
            end=dt.datetime.fromtimestamp(seconds, dt.UTC),
            duration=question.duration,
            bar_size=bar_size(self._bar_type),
            what_to_show=self._what,
            regular_hours=self._regular,
        )


def has_small_bars(bar_type: BarType) -> bool:
    """Whether IBKR's rules for small bars are about these."""
    return bar_type.unit is BarUnit.SEC and bar_type.step <= SMALL_BAR_SECONDS


def joined(one: Bars, other: Bars) -> Bars:
    """Return the bars of both in order of time; where both have one, the later answer's stays."""
    both = Bars.concat([other, one])
    return both.take(np.unique(both.ts_open, return_index=True)[1])


def _together(parts: Sequence[Heard]) -> Heard:
    """Return what the answers to the parts of a question hold."""
    bars = joined(parts[0].bars, parts[1].bars)
    return Heard(bars, np.unique(np.concatenate([one.opens for one in parts])))
