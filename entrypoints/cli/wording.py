"""Pieces of sentences that many commands use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, such as `1 bar` or `1,000 bars`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def dates_text(dates: Sequence[dt.date]) -> str:
    """Return the first and last of `dates`, of which there is one at least."""
    return f"{dates[0]}" if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"


def safe(text: str) -> str:
    """Return text that others chose, such as a file's name, with nothing that moves a cursor."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)
