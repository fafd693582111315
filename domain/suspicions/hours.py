"""Bars outside the hours in which the venue trades."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from domain.bars import Bars, Int64Array
from domain.sessions import Session
from domain.suspicions.suspicion import Suspicion, Tally, Wording, counted

# Auctions and trades at the closing price are reported for some minutes after the close, where
# a venue has no extended hours; and before the open those that set the first price.
_AUCTION = 15 * 60 * 1_000_000_000
# Fewer are no matter of the clock: a wrong one moves a part of each day.
_MANY = 0.01


class TradingHours:
    """Watches for intraday bars that lie wholly outside the sessions; pauses count as inside."""

    def __init__(
        self, words: Wording, regular: Sequence[Session], extended: Sequence[Session]
    ) -> None:
        self._words = words
        self._regular = _Hours(regular, 0)
        self._extended = _Hours(extended, _AUCTION)
        self._outside, self._closed = Tally(), Tally()
        self._bars = 0

    def add(self, bars: Bars, lines: Int64Array) -> None:
        """Count the bars outside regular and outside extended hours."""
        self._bars += len(bars)
        outside = ~self._regular.touched_by(bars)
        if not outside.any():
            return
        tradable = self._extended.touched_by(bars)
        self._outside.add(outside & tradable, bars, lines)
        self._closed.add(outside & ~tradable, bars, lines)

    def found(self) -> Iterator[Suspicion]:
        """Yield the bars outside both kinds of hours."""
        for kind, tally, told in (
            ("closed-venue", self._closed, self._closed_text()),
            ("outside-session", self._outside, self._outside_text()),
        ):
            if tally.count:
                yield Suspicion(kind, tally.count, tally.line, told)

    def _closed_text(self) -> str:
        many = self._closed.count >= _MANY * self._bars
        may_be = (
            "Look whether --timezone is right, or whether the instrument has another calendar: "
            "barledger instrument set --calendar."
            if many
            else "They may be late or corrected trades, or hours that the calendar does not know."
        )
        return self._text(self._closed, "where the venue is closed", may_be)

    def _outside_text(self) -> str:
        may_be = "That is right for a file with extended hours."
        return self._text(self._outside, "outside the regular session", may_be)

    def _text(self, tally: Tally, where: str, may_be: str) -> str:
        place = self._words.place(tally.line, tally.ts_open)
        lie = "lies" if tally.count == 1 else "lie"
        bars = f"{tally.count:,} of {counted(self._bars, 'bar')}"
        return f"{bars} {lie} {where}, first {place}. {may_be}"


class _Hours:
    """The hours of many sessions, each longer by `margin` nanoseconds at both ends."""

    def __init__(self, sessions: Sequence[Session], margin: int) -> None:
        self._opens = np.array([session.open for session in sessions], np.int64) - margin
        self._closes = np.array([session.close for session in sessions], np.int64) + margin

    def touched_by(self, bars: Bars) -> NDArray[np.bool_]:
        """Return which bars have any time inside a session."""
        first = np.searchsorted(self._closes, bars.ts_open[0], side="right")
        after = np.searchsorted(self._opens, bars.ts_event[-1], side="left")
        # Sessions are few and bars are many: the edges are looked up in the bars.
        begin = np.searchsorted(bars.ts_event, self._opens[first:after], side="right")
        end = np.searchsorted(bars.ts_open, self._closes[first:after], side="left")
        size = len(bars) + 1
        end = np.maximum(begin, end)
        steps = np.bincount(begin, minlength=size) - np.bincount(end, minlength=size)
        inside: NDArray[np.bool_] = np.cumsum(steps[:-1]) > 0
        return inside
