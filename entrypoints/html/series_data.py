"""The sessions of a series as compact data, from which the page draws its map.

What is the same of neighbouring sessions is written once: a list of values is `runs`, in which
`[value, n]` stands for n of the value. Ten years of sessions take a few kilobytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import attrs
from markupsafe import Markup

from application.session_details import Scope
from domain.gaps import Judged
from domain.sessions import NANOSECONDS_IN_DAY, midnight_utc
from domain.venues import venue
from entrypoints.html import words

if TYPE_CHECKING:
    from application.series_check import SeriesCheck
    from application.session_details import SessionDetail

Runs = list[int | list[int]]

KINDS = ("complete", "confirmed_empty", "partial", "missing", "corrupt", "before_history")
"""How a session is drawn: its status, but for a complete one that holds no bar."""


def kind_of(one: Judged) -> str:
    """Return how a session is drawn, one of `KINDS`."""
    return "confirmed_empty" if one.confirmed_empty else one.status.value


SCOPES = tuple(one.value for one in Scope)
"""What the bars that are told of a session are of."""


@attrs.define
class DayLists:
    """The dates of sessions, of which many series have the same; each list is kept once."""

    _places: dict[str, int] = attrs.field(factory=dict)

    def place(self, judged: Sequence[Judged]) -> int:
        """Return where in the table the dates of these sessions stand."""
        days = [midnight_utc(one.session.date) // NANOSECONDS_IN_DAY for one in judged]
        text = json.dumps(runs(differences(days)), separators=(",", ":"))
        return self._places.setdefault(text, len(self._places))

    def table(self) -> list[Runs]:
        """Return the lists by their place: days since 1970, each less the one before it."""
        return [json.loads(text) for text in self._places]


def series_data(
    check: SeriesCheck, details: Sequence[SessionDetail], days: DayLists
) -> dict[str, Any]:
    """Return what the page knows of each judged session of a series."""
    zone = venue(check.series.instrument_id.venue).tzinfo
    judged = check.judged
    return {
        "days": days.place(judged),
        "kind": runs(KINDS.index(kind_of(one)) for one in judged),
        "bars": runs(one.bars for one in details),
        "scope": runs(SCOPES.index(one.scope.value) for one in details),
        "event": runs(differences([one.last.seq if one.last else 0 for one in details])),
        "hours": texts(words.hours_text(one.session, zone) for one in judged),
        "lacks": texts(words.lacking_text(one, zone) for one in judged),
        "source": texts(words.source_text(one) for one in details),
        "problem": texts(words.problem_text(one) for one in details),
        "did": texts(words.event_text(one.last) for one in details),
        "by": texts(words.origin_text(one.last) for one in details),
        "zone": zone.key,
        "every": _period(check),
    }


def _period(check: SeriesCheck) -> str:
    """Return what one bar is of, where it is not the time of day: `day`, `week` or `month`."""
    bar_type = check.series.bar_type
    return "" if bar_type.is_intraday else bar_type.unit.value


def runs(values: Iterable[int]) -> Runs:
    """Return `values` with each run of one value written once."""
    found: Runs = []
    for value, same in groupby(values):
        count = sum(1 for _ in same)
        found.append(value if count == 1 else [value, count])
    return found


def differences(values: Sequence[int]) -> list[int]:
    """Return each value less the one before it, the first less 0."""
    return [now - before for before, now in zip((0, *values), values, strict=False)]


def texts(values: Iterable[str]) -> dict[str, Any]:
    """Return each different text once, and runs of their places."""
    places: dict[str, int] = {}
    at = runs(places.setdefault(one, len(places)) for one in values)
    return {"texts": list(places), "at": at}


def script_json(document: object) -> Markup:
    """Return JSON that can stand in a script element, whatever texts it holds."""
    # All but ASCII is escaped already, the line separators U+2028 and U+2029 with it.
    text = json.dumps(document, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 - nothing is left in it that could end the element
