"""Takes the gateway's messages apart; what cannot be understood fails the request at once.

The library's own decoder writes a log line then, and the request would wait for ever. Bars are
left as the texts that they are on the wire: a price that went through a float is no longer
the price that was sent, and a year of minutes is decoded in a fraction of the time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import attrs
from ib_async.decoder import Decoder

_HEAD = 5
_COLUMNS = 8
_REQUEST_FIELD = {10: 1, 17: 1, 52: 2, 88: 1, 106: 1}
NO_REQUEST = -1


@attrs.frozen
class HistoryAnswer:
    """Bars as they stand in an answer, column by column, and the range that it names."""

    start: str
    end: str
    dates: Sequence[str]
    opens: Sequence[str]
    highs: Sequence[str]
    lows: Sequence[str]
    closes: Sequence[str]
    volumes: Sequence[str]

    def __len__(self) -> int:
        return len(self.dates)

    def __str__(self) -> str:
        edges = f", from {self.dates[0]} to {self.dates[-1]}" if self.dates else ""
        return f"{len(self)} bars{edges}"


OnHistory = Callable[[int, HistoryAnswer], None]
OnUndecodable = Callable[[int, str], None]


class CheckedDecoder(Decoder):
    """A decoder that hands on bars as texts, and tells of what it cannot read."""

    def __init__(self, wrapper: Any, on_history: OnHistory, on_undecodable: OnUndecodable) -> None:
        super().__init__(wrapper, 0)
        self._on_history = on_history
        self._on_undecodable = on_undecodable

    def wrap(
        self,
        methodName: str,  # noqa: N803 - the library's name
        types: Sequence[type],
        skip: int = 2,
    ) -> Callable[[Sequence[str]], None]:
        """Return what hands the fields of a message to a method of the library.

        The library's own only logs what it cannot read.
        """

        def handle(fields: Sequence[str]) -> None:
            method = getattr(self.wrapper, methodName, None)
            if method is not None:
                method(*map(_value, types, fields[skip:]))

        return handle

    def interpret(self, fields: Sequence[str]) -> None:
        """Decode a message and hand it on."""
        try:
            self.handlers[int(fields[0])](fields)
        except Exception as error:  # noqa: BLE001 - whatever a message makes of the decoder
            self._on_undecodable(_request_of(fields), f"{type(error).__name__}: {error}")

    def historicalData(self, fields: Sequence[str]) -> None:  # noqa: N802 - the library's name
        """Take the answer to a request for bars apart."""
        _, request, start, end, count, *values = fields
        if len(values) != int(count) * _COLUMNS:
            raise ValueError(f"{len(values)} values for {count} bars")
        columns = [values[place::_COLUMNS] for place in range(6)]
        self._on_history(int(request), HistoryAnswer(start, end, *columns))


def _value(kind: type, field: str) -> object:
    """Return a field as what it stands for; an empty one is a number's way to be 0."""
    if kind is str:
        return field
    return bool(int(field or 0)) if kind is bool else kind(field or 0)


def _request_of(fields: Sequence[str]) -> int:
    """Return which request a message answers, or `NO_REQUEST` where that cannot be told."""
    with contextlib.suppress(ValueError, IndexError, KeyError):
        return int(fields[_REQUEST_FIELD[int(fields[0])]])
    return NO_REQUEST
