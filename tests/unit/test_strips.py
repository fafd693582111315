"""The strip of a series: what a mark says is true of every session that it stands for."""

from __future__ import annotations

import datetime as dt
import io
import sys

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.series_check import SeriesCheck
from domain.availability import SeriesHoldings
from domain.gaps import Judged, Status
from domain.held_range import HeldInRange
from domain.sessions import Hours, Session
from entrypoints.cli.strips import legend, strip
from tests.builders import AAPL

SIGNS = dict(zip("█▓·!-", Status, strict=True))
STATUSES = st.lists(st.sampled_from(Status), min_size=2, max_size=300)
WIDTHS = st.integers(34, 120)
EMPTY = SeriesCheck(
    name="AAPL",
    series=AAPL,
    holdings=SeriesHoldings(AAPL),
    damaged=(),
    held=HeldInRange((), 0, exact=True),
    available=None,
    checked=None,
    judged=(),
    sessions={},
    confirmed_empty=0,
    gaps=(),
    stretches=(),
    not_over=0,
    calendar="NYSE",
    hours=Hours.REGULAR,
)


def check(*statuses: Status) -> SeriesCheck:
    """Return a series with a session of each status, one a day from 1 January 2024."""
    first = dt.date(2024, 1, 1)
    judged = [
        Judged(Session(first + dt.timedelta(days=place), place, place + 1), status)
        for place, status in enumerate(statuses)
    ]
    return attrs.evolve(EMPTY, judged=tuple(judged))


def text(spans: list[tuple[str, str]]) -> str:
    return "".join(one for one, _ in spans)


def marks(one: SeriesCheck, width: int) -> str:
    _, signs, _ = text(strip(one, width)).split()
    return signs


@given(STATUSES, WIDTHS)
def test_a_strip_fits_and_tells_of_every_session(statuses: list[Status], width: int) -> None:
    one = check(*statuses)
    line = text(strip(one, width))
    assert len(line) <= width
    assert line.startswith("  2024-01-01 ")
    assert line.endswith(f" {one.judged[-1].session.date}")
    signs = marks(one, width)
    size = -(-len(statuses) // len(signs))
    buckets = [statuses[start : start + size] for start in range(0, len(statuses), size)]
    assert len(buckets) == len(signs)
    for sign, bucket in zip(signs, buckets, strict=True):
        found = set(bucket)
        # Nothing that is lacking is hidden, and neither is damage.
        assert (SIGNS[sign] is Status.COMPLETE) == (found == {Status.COMPLETE})
        assert (SIGNS[sign] is Status.CORRUPT) == (Status.CORRUPT in found)
        if SIGNS[sign] is Status.MISSING:
            assert not found & {Status.COMPLETE, Status.PARTIAL}


def test_few_sessions_have_a_mark_each() -> None:
    one = check(Status.COMPLETE, Status.PARTIAL, Status.MISSING, Status.CORRUPT)
    assert marks(one, 80) == "█▓·!"


def test_one_session_in_ten_years_that_is_lacking_is_seen() -> None:
    statuses = [Status.COMPLETE] * 2520
    statuses[1234] = Status.MISSING
    assert marks(check(*statuses), 80).count("▓") == 1


def test_a_single_session_needs_no_strip() -> None:
    assert strip(check(Status.MISSING), 80) == []
    assert strip(check(), 80) == []
    assert legend([check(Status.MISSING)], 80) == []


def test_the_legend_names_what_is_shown_and_is_silent_where_all_is_complete() -> None:
    assert legend([check(Status.COMPLETE, Status.COMPLETE)], 80) == []
    few = check(Status.COMPLETE, Status.MISSING)
    assert text(legend([few], 80)) == "  █ complete   · missing"
    many = check(*[Status.COMPLETE] * 500, Status.CORRUPT)
    assert text(legend([few, many], 80)) == (
        "  █ complete   ▓ partial   · missing   ! corrupt   each up to 9 sessions"
    )


def test_ascii_stands_in_where_nothing_else_can_be_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    one = check(Status.COMPLETE, Status.PARTIAL, Status.MISSING, Status.CORRUPT)
    assert marks(one, 80) == "#+.!"
    assert text(legend([one], 80)) == "  # complete   + partial   . missing   ! corrupt"
