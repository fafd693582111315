"""Bars as JSON, a document a bar."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Context, Decimal
from typing import BinaryIO

from domain.bars import PRICE_COLUMNS, Bars
from domain.exporting import BarsToWrite
from domain.sessions import date_of_label

_EXACT = Context(prec=40)


class MemoryBarWriter:
    """A `BarWriter` that takes one value after the other: slow, and easy to be sure of.

    `at` is the open of a bar, in UTC nanoseconds, or its date.
    """

    @property
    def endings(self) -> Sequence[str]:
        """Two that stand for the same."""
        return (".json", ".jsonl")

    def write(self, out: BinaryIO, ending: str, bars: BarsToWrite) -> None:
        """Write a line for each bar."""
        del ending
        for chunk in bars.chunks:
            for row in range(len(chunk)):
                document = {"at": _at(chunk, row, bars), **_values(chunk, row, bars)}
                out.write(json.dumps(document).encode() + b"\n")


def _at(chunk: Bars, row: int, bars: BarsToWrite) -> int | str:
    label = int(chunk.ts_open[row])
    return label if bars.series.bar_type.is_intraday else str(date_of_label(label))


def _values(chunk: Bars, row: int, bars: BarsToWrite) -> dict[str, str]:
    prices = {
        name: _text(getattr(chunk, name)[row], chunk.price_precision, bars.price_precision)
        for name in PRICE_COLUMNS
    }
    volume = _text(chunk.volume[row], chunk.size_precision, bars.size_precision)
    return {**prices, "volume": volume}


def _text(value: int, precision: int, shown: int) -> str:
    return f"{Decimal(int(value)).scaleb(-precision, _EXACT):.{shown}f}"
