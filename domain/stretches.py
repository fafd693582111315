"""Judged sessions as stretches of dates, for people and for programs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import groupby

import attrs

from domain.gaps import Judged, Status


@attrs.frozen
class Stretch:
    """Neighbouring sessions of one status: the first and the last date.

    `judged` are those sessions, but for complete ones, of which there is nothing more to say.
    """

    start: dt.date
    end: dt.date
    status: Status
    judged: tuple[Judged, ...] = attrs.field(repr=False, eq=False)


def _runs(judged: Sequence[Judged]) -> Iterator[tuple[Judged, ...]]:
    """Yield each unbroken run of sessions of one status."""
    return (tuple(run) for _, run in groupby(judged, key=lambda one: one.status))


def gaps(judged: Sequence[Judged]) -> list[Stretch]:
    """Return each unbroken run of sessions that are not complete, from session to session."""
    return [
        _stretch(run[0].session.date, run[-1].session.date, run)
        for run in _runs(judged)
        if run[0].status is not Status.COMPLETE
    ]


def stretches(judged: Sequence[Judged], first: dt.date, last: dt.date) -> list[Stretch]:
    """Return all of the dates `first` to `last` as runs of one status.

    Days on which the venue is closed join the run before them, leading ones the run after.
    """
    runs = list(_runs(judged))
    if not runs:
        return []
    starts = [first, *(run[0].session.date for run in runs[1:])]
    ends = [*(start - dt.timedelta(days=1) for start in starts[1:]), last]
    return [_stretch(*one) for one in zip(starts, ends, runs, strict=True)]


def _stretch(start: dt.date, end: dt.date, run: tuple[Judged, ...]) -> Stretch:
    status = run[0].status
    return Stretch(start, end, status, () if status is Status.COMPLETE else run)
