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
