"""What a user has in hand and wants imported, and how that ended."""

from __future__ import annotations

import datetime as dt
import functools

import attrs

from domain.bars import Bars
from tests.builders import NEW_YORK, csv_text, session_bars
from tests.cli import Cli, Run

ZONE = ("--timezone", "America/New_York")
# NYSE's year as its own calendar has it: https://www.nyse.com/markets/hours-calendars
_HOLIDAYS = {
    dt.date(2023, 1, 2),
    dt.date(2023, 1, 16),
    dt.date(2023, 2, 20),
    dt.date(2023, 4, 7),
    dt.date(2023, 5, 29),
    dt.date(2023, 6, 19),
    dt.date(2023, 7, 4),
    dt.date(2023, 9, 4),
    dt.date(2023, 11, 23),
    dt.date(2023, 12, 25),
}
_EARLY_CLOSES = {dt.date(2023, 7, 3), dt.date(2023, 11, 24)}
_YEAR = (dt.date(2023, 1, 1).toordinal(), dt.date(2024, 1, 1).toordinal())
SESSIONS_OF_2023 = 250


@attrs.frozen
class Errand:
    """Files to import: how the command names them, and the bars that they hold.

    `given` is what the command gets on standard input.
    """

    words: tuple[str, ...]
    bars: Bars
    given: bytes = b""

    def run(self, trader: Cli, *options: str) -> Outcome:
        """Run the import where nobody can be asked."""
        run = trader("import-csv", *self.words, *options, input_bytes=self.given)
        return Outcome.of(run)


@attrs.frozen
class Outcome:
    """How an import ended, and all that it showed."""

    code: int
    text: str

    @classmethod
    def of(cls, run: Run) -> Outcome:
        return cls(run.code, run.out + run.err)


@functools.cache
def year_2023(price: int = 18_000) -> Bars:
    """Return one-minute bars of all 250 regular sessions of 2023 in New York.

    Prices begin with `price` (cents) and rise with every bar.
    """
    sessions = []
    for date in map(dt.date.fromordinal, range(*_YEAR)):
        if date not in _HOLIDAYS and date.weekday() < 5:
            minutes = 210 if date in _EARLY_CLOSES else 390
            sessions.append(session_bars(str(date), str(date), minutes=minutes, price=price))
            price += minutes
    return Bars.concat(sessions)


@functools.cache
def year_2023_text(price: int = 18_000) -> str:
    """Return them as a vendor's file, stamped with the clock of the exchange."""
    return csv_text(year_2023(price), NEW_YORK)
