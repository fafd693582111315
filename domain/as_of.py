"""An earlier point of the catalog's history."""

from __future__ import annotations

import datetime as dt

import attrs

from domain.errors import InvalidAsOfError
from domain.window import clamped, nanoseconds

_EXAMPLE = (
    "Write an event's number, as `barledger ledger log` shows it, or an instant with a zone: "
    "2024-01-31T15:30:00Z."
)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@attrs.frozen
class AsOf:
    """After the event `seq`, or after the last event recorded up to `time` (UTC nanoseconds)."""

    seq: int | None = None
    time: int | None = None

    @classmethod
    def parse(cls, text: str) -> AsOf:
        """Return the point that `text` names: digits are an event's number, all else a time.

        Raises:
            InvalidAsOfError: it is neither, or an instant without a zone.
        """
        text = text.strip()
        if text.isascii() and text.isdigit() and len(text) <= len(str(2**62)):
            return cls(seq=int(text))
        try:
            instant = dt.datetime.fromisoformat(text)
        except ValueError:
            raise InvalidAsOfError(
                f"{text!r} is neither an event's number nor an instant.", _EXAMPLE
            ) from None
        if instant.tzinfo is None:
            raise InvalidAsOfError(f"The instant {text!r} has no time zone.", _EXAMPLE)
        return cls(time=clamped(nanoseconds(instant)))


def clock_ran_backwards(
    time: int, later: tuple[int, int], earlier: tuple[int, int]
) -> InvalidAsOfError:
    """Return what to raise where it is not certain which events were there at `time`.

    `later` is the first event that was recorded after it, and `earlier` one behind that which
    was recorded before it, by their clocks; each is a number and UTC nanoseconds.
    """
    return InvalidAsOfError(
        f"What was recorded by {_instant(time)} is not certain, for the clock ran backwards:"
        f" event {later[0]} was recorded at {_instant(later[1])}, and event {earlier[0]}, which"
        f" came after it, at {_instant(earlier[1])}.",
        f"Name an event's number instead: {later[0] - 1} is the last one before them. "
        "`barledger ledger log` lists all with their times.",
    )


def _instant(stamp: int) -> str:
    at = _EPOCH + dt.timedelta(microseconds=stamp // 1_000)
    return f"{at.replace(tzinfo=None)} UTC"
