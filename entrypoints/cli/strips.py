"""A series at a glance: its sessions in one line, a mark for as many of them as it takes."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import attrs

from domain.gaps import Judged, Status
from entrypoints.cli.wording import counted

if TYPE_CHECKING:
    from application.series_check import SeriesCheck

Span = tuple[str, str]
"""A text, and the style in which a terminal shows it; no style where that is empty."""


@attrs.frozen
class _Mark:
    sign: str
    plain: str
    """What stands for `sign` where it cannot be written."""
    style: str
    meaning: str


_MARKS = {
    Status.COMPLETE: _Mark("█", "#", "cyan", "complete"),
    Status.PARTIAL: _Mark("▓", "+", "yellow", "partial"),
    Status.MISSING: _Mark("·", ".", "bold red", "missing"),
    Status.CORRUPT: _Mark("!", "!", "bold magenta", "corrupt"),
    Status.BEFORE_HISTORY: _Mark("-", "-", "dim", "before its history"),
}
_INDENT = "  "
_BETWEEN = "   "
_LEAST = 10


def strip(one: SeriesCheck, width: int) -> list[Span]:
    """Return the strip of a series, no wider than `width` where that is possible.

    There is none for a single session, of which the line above says it all.
    """
    judged = one.judged
    if len(judged) <= 1:
        return []
    first, last = judged[0].session.date, judged[-1].session.date
    spans: list[Span] = [(f"{_INDENT}{first} ", "")]
    for status in _buckets(judged, _size(judged, width)):
        mark = _MARKS[status]
        spans.append((_sign(mark), mark.style))
    return [*spans, (f" {last}", "")]


def legend(checks: Sequence[SeriesCheck], width: int) -> list[Span]:
    """Return what the marks mean; nothing where all that is shown is complete."""
    shown = [one for one in checks if len(one.judged) > 1]
    found = {each.status for one in shown for each in one.judged}
    if found <= {Status.COMPLETE}:
        return []
    largest = max(_size(one.judged, width) for one in shown)
    named = found | {Status.COMPLETE} | ({Status.PARTIAL} if largest > 1 else set())
    told = [
        [(_sign(mark), mark.style), (f" {mark.meaning}", "")]
        for status, mark in _MARKS.items()
        if status in named
    ]
    if largest > 1:
        told.append([(f"each up to {counted(largest, 'session')}", "")])
    spans: list[Span] = []
    for each in told:
        spans += [(_BETWEEN if spans else _INDENT, ""), *each]
    return spans


def _size(judged: Sequence[Judged], width: int) -> int:
    """Return how many sessions one mark stands for, the fewest that fit."""
    room = max(_LEAST, width - len(_INDENT) - 2 * len(" 2024-01-02"))
    return -(-len(judged) // room)


def _buckets(judged: Sequence[Judged], size: int) -> Iterator[Status]:
    """Yield what each mark tells; complete only where every session of it is.

    Damage is never hidden. Otherwise sessions of several kinds are partial as a whole, if any of
    them is held, and missing if none is.
    """
    for start in range(0, len(judged), size):
        found = {one.status for one in judged[start : start + size]}
        if len(found) == 1:
            yield found.pop()
        elif Status.CORRUPT in found:
            yield Status.CORRUPT
        elif found & {Status.COMPLETE, Status.PARTIAL}:
            yield Status.PARTIAL
        else:
            yield Status.MISSING


def _sign(mark: _Mark) -> str:
    try:
        "".join(one.sign for one in _MARKS.values()).encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return mark.plain
    return mark.sign
