"""The gateway's answers to what is asked about the market, as messages.

No socket, no waiting and no limits are met here: each answer follows from the market and the time.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

from adapters.simulated_gateway.bar_sizes import BAR_SIZES, allows, most_seconds
from adapters.simulated_gateway.contracts import (
    CONTRACT_FIELDS,
    ContractQuery,
    details,
    found,
    sample,
    the_one,
)
from adapters.simulated_gateway.durations import Duration
from adapters.simulated_gateway.frames import Fields, Message
from adapters.simulated_gateway.history_request import HistoryRequest
from adapters.simulated_gateway.market import Listing, Market
from adapters.simulated_gateway.numbers import decimal_texts
from adapters.simulated_gateway.refusals import (
    HangUpError,
    RefusedError,
    historical,
    invalid,
    no_data,
)
from adapters.simulated_gateway.served_bars import ServedBars
from adapters.simulated_gateway.stamps import (
    SECOND,
    clock_text,
    date_texts,
    parse_end,
    stamp_texts,
)
from adapters.simulated_gateway.trading_days import TradingDays
from domain.bar_type import BarType
from domain.bars import Bars
from domain.ports import TradingCalendar
from domain.sessions import Hours, date_of_label

SCHEDULE = "SCHEDULE"
_EPOCH = "2"
_MINUTES = BarType.parse("1_MIN")
# A leap year of minutes is still answered, two years never were.
_MOST_OF_MINUTES = 366 * 86_400 * SECOND


class Answers:
    """Answers requests about `market` as of `now`, which gives UTC nanoseconds."""

    def __init__(self, market: Market, calendar: TradingCalendar, now: Callable[[], int]) -> None:
        self._market = market
        self._now = now
        self._days = TradingDays(calendar)
        self._served = ServedBars(market, self._days)

    def prepare(self) -> None:
        """Work out the sessions around now, for which the first request need not wait then."""
        now = self._now()
        for listing in self._market.listings:
            for hours in Hours:
                self._days.between(listing, now, now, hours)

    def contract_details(self, fields: Fields) -> list[Message]:
        """Return a message for each contract that message 9 asks for, and the one that ends them.

        Raises:
            RefusedError: none fits.
            ValueError: the message is not well formed.
        """
        request_id = fields[2]
        query = ContractQuery.parse(fields[3 : 3 + CONTRACT_FIELDS + 1])
        fitting = found(self._market, query, date_of_label(self._now()))
        told: list[Message] = [details(one, request_id, query.exchange) for one in fitting]
        return [*told, (52, 1, request_id)]

    def matching_symbols(self, request_id: str, pattern: str) -> list[Message]:
        """Return the listings whose symbol or name begins as message 81 asks for."""
        wanted = pattern.upper()
        some = [
            listing
            for listing in self._market.listings
            if listing.symbol.startswith(wanted) or listing.long_name.upper().startswith(wanted)
        ]
        rows = itertools.chain.from_iterable(map(sample, some))
        return [(79, request_id, len(some), *rows)]

    def head_timestamp(self, fields: Fields) -> list[Message]:
        """Return when the first bar opens, which message 87 asks for.

        Raises:
            RefusedError: there is no bar, or the contract is none.
            ValueError: the message is not well formed.
        """
        query = ContractQuery.parse(fields[2 : 3 + CONTRACT_FIELDS])
        rth, shows, format_date = fields[3 + CONTRACT_FIELDS :]
        listing = self._listing(query)
        _require_shown(listing, shows)
        first = self._served.first(listing, _hours(use_rth=rth == "1"))
        if first is None or first > self._now():
            raise historical(f"No head time stamp: {listing.name}")
        if format_date == _EPOCH:
            return [(88, fields[1], first // SECOND)]
        text = clock_text(first, "UTC").removesuffix(" UTC").replace(" ", "-")
        return [(88, fields[1], text)]

    def history(self, asked: HistoryRequest) -> list[Message]:
        """Return the bars, or the schedule, that message 20 asks for.

        Raises:
            RefusedError: there are none, or the request is wrong.
            HangUpError: it asks for more than the gateway bears.
        """
        listing = self._listing(asked.contract)
        bar_type = _bar_type(asked)
        duration = Duration.parse(asked.duration)
        named = parse_end(asked.end, listing.time_zone_id)
        end = self._now() if named is None else named
        if asked.what_to_show == SCHEDULE:
            return [self._schedule(asked, listing, duration, end)]
        _require_shown(listing, asked.what_to_show)
        if not allows(bar_type, duration.unit):
            raise historical(f"invalid step: {asked.bar_size} for {asked.duration}")
        if duration.unit == "S" and duration.count > most_seconds(bar_type):
            raise historical("Time length exceed max")
        start = duration.start(end, listing, self._days, _hours(use_rth=asked.use_rth))
        return [self._bars(asked, listing, bar_type, start, end)]

    def _bars(
        self, asked: HistoryRequest, listing: Listing, bar_type: BarType, start: int, end: int
    ) -> Message:
        if bar_type <= _MINUTES and end - start > _MOST_OF_MINUTES:
            raise HangUpError
        # A bar that has not opened yet is not there; one that has is, unfinished as it may be.
        until = min(end, self._now() + 1)
        hours = _hours(use_rth=asked.use_rth)
        bars = self._served.between(listing, bar_type, hours, start, until)
        if not len(bars):
            raise no_data(f"{listing.name} {asked.bar_size}")
        where = listing.time_zone_id
        ends = clock_text(start, where), clock_text(end, where)
        rows = _rows(bars, bar_type, listing, epoch=asked.format_date == _EPOCH)
        return (17, asked.request_id, *ends, len(bars), *rows)

    def _listing(self, query: ContractQuery) -> Listing:
        return the_one(self._market, query, date_of_label(self._now()))

    def _schedule(
        self, asked: HistoryRequest, listing: Listing, duration: Duration, end: int
    ) -> Message:
        where, hours = listing.time_zone_id, _hours(use_rth=asked.use_rth)
        start = duration.start(end, listing, self._days, hours)
        between = self._days.between(listing, start, end, hours)
        sessions = [one for one in between if start <= one.open < end]
        told = [
            (_clock(one.open, where), _clock(one.close, where), f"{one.date:%Y%m%d}")
            for one in sessions
        ]
        ends = _clock(start, where), _clock(end, where)
        rows = itertools.chain.from_iterable(told)
        return (106, asked.request_id, *ends, where, len(told), *rows)


def _clock(stamp: int, where: str) -> str:
    """Return an instant as schedules write it: by the clock of a zone that they name once."""
    return clock_text(stamp, where).removesuffix(f" {where}").replace(" ", "-")


def _hours(*, use_rth: bool) -> Hours:
    return Hours.REGULAR if use_rth else Hours.EXTENDED


def _bar_type(asked: HistoryRequest) -> BarType:
    if asked.keep_up_to_date:
        raise invalid("Bars that are kept up to date are not served here")
    if asked.format_date not in ("1", _EPOCH):
        raise invalid("The format of dates must be 1 or 2")
    if asked.bar_size not in BAR_SIZES:
        legal = ", ".join(BAR_SIZES)
        raise invalid(f"Historical data bar size setting is invalid. Legal ones are: {legal}")
    return BAR_SIZES[asked.bar_size]


def _require_shown(listing: Listing, what: str) -> None:
    """Refuse to show what there is none of.

    Raises:
        RefusedError: `what` is not the kind of the listing's bars.
    """
    if what == listing.shows:
        return
    if listing.sec_type == "CRYPTO" and what == "TRADES":
        text = "Expected what to show is AGGTRADES, please use that instead of TRADES."
        raise RefusedError(10299, text)
    contract = f"{listing.symbol}@{listing.exchange}"
    raise historical(f"No historical market data for {contract} {what.capitalize()}")


def _rows(bars: Bars, bar_type: BarType, listing: Listing, *, epoch: bool) -> list[str]:
    """Return eight texts a bar: date, open, high, low, close, volume, average and count."""
    labels = bars.ts_open.tolist()
    where = listing.time_zone_id
    stamps = stamp_texts(labels, where, epoch=epoch) if bar_type.is_intraday else date_texts(labels)
    prices = [
        decimal_texts(column, bars.price_precision)
        for column in (bars.open, bars.high, bars.low, bars.close)
    ]
    rows = zip(stamps, *prices, *_traded(bars, listing), strict=True)
    return list(itertools.chain.from_iterable(rows))


def _traded(bars: Bars, listing: Listing) -> tuple[list[str], list[str], list[str]]:
    """Return volumes, average prices and numbers of trades, all -1 where nothing is traded."""
    if listing.shows == "MIDPOINT":
        none = ["-1"] * len(bars)
        return none, none, none
    volumes = decimal_texts(bars.volume, bars.size_precision)
    # Neither is kept of bars; whoever reads them gets a price within the bar, and some trades.
    averages = decimal_texts((bars.high + bars.low + bars.close) // 3, bars.price_precision)
    whole = bars.volume // 10**bars.size_precision
    counts = (whole // 100 + (bars.volume > 0)).tolist()
    return volumes, averages, [str(count) for count in counts]
