"""What the templates of a picture show: numbers and sentences, made of a check's report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
from markupsafe import Markup

from domain.gaps import Status
from domain.venues import venue
from entrypoints.cli.wording import counted, dates_text, safe
from entrypoints.html import words
from entrypoints.html.series_data import KINDS, kind_of

if TYPE_CHECKING:
    import datetime as dt

    from application.check_availability import CheckReport
    from application.series_check import SeriesCheck
    from domain.stretches import Stretch

LABELS = {
    "complete": "complete",
    "confirmed_empty": "complete, with no bars to be had",
    "partial": "partial",
    "missing": "missing",
    "corrupt": "corrupt",
    "before_history": "before its history",
}
MEANINGS = {
    "complete": "All of the session is covered.",
    "confirmed_empty": "A source has confirmed that it has no bars of it.",
    "partial": "Some of the session is lacking.",
    "missing": "Nothing of the session is held.",
    "corrupt": "A file of it is damaged, cut or gone.",
    "before_history": "The source's bars begin later.",
}
_LISTED = 400
_OPEN = 8
_SHARE_WIDTH = 1000
_LEAST_SHARE = 6


@attrs.frozen
class Kind:
    """How many sessions are of one kind; `start` and `width` are its part of a bar of 1000."""

    name: str
    label: str
    count: int
    start: float = 0
    width: float = 0

    @property
    def meaning(self) -> str:
        """What it means that a session is of this kind."""
        return MEANINGS[self.name]


def kinds(counts: Mapping[str, int]) -> list[Kind]:
    """Return every kind with its part of a bar, in which the smallest can still be seen."""
    widths = {
        name: max(_LEAST_SHARE, counts[name] / sum(counts.values()) * _SHARE_WIDTH)
        for name in KINDS
        if counts.get(name)
    }
    scale, start, found = _SHARE_WIDTH / (sum(widths.values()) or 1), 0.0, []
    for name in KINDS:
        width = widths.get(name, 0) * scale
        found.append(
            Kind(name, LABELS[name], counts.get(name, 0), round(start, 2), round(width, 2))
        )
        start += width
    return found


def whole(counts: Mapping[str, int]) -> int:
    """Return how many sessions lack nothing."""
    return counts.get("complete", 0) + counts.get("confirmed_empty", 0)


@attrs.frozen
class GapRow:
    """A stretch of sessions that are not complete, as a row of the table of gaps."""

    start: str
    end: str
    kind: str
    label: str
    sessions: int
    lacks: str


@attrs.frozen
class SeriesView:
    """A series on the page; `number` tells it from the others."""

    number: int
    check: SeriesCheck
    counts: Mapping[str, int]
    open: bool
    data: Markup

    @property
    def name(self) -> str:
        """The instrument."""
        return safe(str(self.check.series.instrument_id))

    @property
    def bars_of(self) -> str:
        """What the bars are of, such as `1-minute bars`."""
        return f"{self.check.series.bar_type.label} bars"

    @property
    def kinds(self) -> list[Kind]:
        """Its sessions by kind."""
        return kinds(self.counts)

    @property
    def total(self) -> int:
        """How many sessions were judged."""
        return len(self.check.judged)

    @property
    def complete(self) -> int:
        """How many of them lack nothing."""
        return whole(self.counts)

    @property
    def finding(self) -> str:
        """What was found, in a sentence."""
        return finding(self.counts)

    @property
    def calendar(self) -> str:
        """The calendar's name; a fallback says that it is one."""
        return safe(self.check.judged_by)

    @property
    def zone(self) -> str:
        """The venue's clock."""
        return venue(self.check.series.instrument_id.venue).zone

    @property
    def checked(self) -> str:
        """The first and last date that was judged."""
        return dates_text(self.check.checked) if self.check.checked else "no date"

    @property
    def held(self) -> str:
        """What is held, in a phrase."""
        held = self.check.held
        if not held.dates:
            return "no bars held"
        about = "" if held.exact else " in files that reach out of the range"
        return f"{counted(held.bars, 'bar')} on {counted(len(held.dates), 'trading day')}{about}"

    @property
    def not_over(self) -> str:
        """How many sessions are not over, and so not judged."""
        count = self.check.not_over
        return f"{counted(count, 'session')} not over, and not judged" if count else ""

    @property
    def damage(self) -> list[tuple[str, str]]:
        """The files that are not as they were written: path and problem."""
        return [(safe(one.partition.path), safe(one.problem)) for one in self.check.damaged]

    @property
    def gaps(self) -> list[GapRow]:
        """The first few hundred gaps."""
        zone = venue(self.check.series.instrument_id.venue).tzinfo
        return [_gap(one, zone) for one in self.check.gaps[:_LISTED]]

    @property
    def unlisted(self) -> int:
        """How many gaps more there are."""
        return max(0, len(self.check.gaps) - _LISTED)


def _gap(one: Stretch, zone: dt.tzinfo) -> GapRow:
    status = one.status
    lacks = "all of it" if len(one.judged) == 1 else "all of them"
    if status in (Status.PARTIAL, Status.CORRUPT):
        lacks = _lacking(one, zone)
    elif status is Status.BEFORE_HISTORY:
        lacks = "nothing that could be had"
    return GapRow(
        one.start.isoformat(),
        one.end.isoformat(),
        status.value,
        LABELS[status.value],
        len(one.judged),
        lacks,
    )


def _lacking(one: Stretch, zone: dt.tzinfo) -> str:
    """Return what the first few sessions of a stretch lack."""
    shown = [(each.session.date, words.lacking_text(each, zone)) for each in one.judged[:3]]
    if len(one.judged) == 1:
        return shown[0][1]
    more = f"; and {len(one.judged) - len(shown)} more" if len(one.judged) > len(shown) else ""
    return "; ".join(f"{date:%b} {date.day} {text}" for date, text in shown) + more


def finding(counts: Mapping[str, int]) -> str:
    """Return what was found of sessions in a sentence that is true to the last one."""
    total, complete = sum(counts.values()), whole(counts)
    if not total:
        return "No session has been judged"
    if complete == total:
        return "The one session is complete" if total == 1 else f"All {total:,} sessions complete"
    return f"{complete:,} of {counted(total, 'session')} complete"


def counts_of(checks: Iterable[SeriesCheck]) -> Counter[str]:
    """Return how many sessions are of each kind."""
    return Counter(kind_of(each) for one in checks for each in one.judged)


@attrs.frozen
class PageView:
    """The head of the page. `made` is when it was made, in UTC nanoseconds."""

    report: CheckReport
    catalog: Path
    made: int
    counts: Mapping[str, int]

    @property
    def finding(self) -> str:
        """What was found over all series."""
        return finding(self.counts)

    @property
    def series(self) -> str:
        """How many series there are."""
        count = len(self.report.series)
        return "1 series" if count == 1 else f"{count:,} series"

    @property
    def kinds(self) -> list[Kind]:
        """All sessions by kind."""
        return kinds(self.counts)

    @property
    def total(self) -> int:
        """How many sessions were judged."""
        return sum(self.counts.values())

    @property
    def checked(self) -> str:
        """The first and the last date that was judged of any series."""
        ranges = [one.checked for one in self.report.series if one.checked]
        if not ranges:
            return "no date"
        return dates_text((min(first for first, _ in ranges), max(last for _, last in ranges)))

    @property
    def state(self) -> str:
        """At which point of its history the catalog was looked at."""
        past = self.report.past
        if past is None:
            return f"event {self.report.head:,}, the last" if self.report.head else "no event yet"
        if not past.seq:
            return "before its first event"
        return f"event {past.seq:,}, recorded {words.second(past.time)}"

    @property
    def is_past(self) -> bool:
        """Whether an earlier point was asked for."""
        return self.report.past is not None

    @property
    def folder(self) -> str:
        """The catalog's folder."""
        return safe(str(self.catalog))

    @property
    def when(self) -> str:
        """When the page was made."""
        return words.second(self.made)

    @property
    def calendars(self) -> list[str]:
        """The calendars by which sessions were judged."""
        return list(dict.fromkeys(safe(one.judged_by) for one in self.report.series))

    @property
    def is_long(self) -> bool:
        """Whether there are more series than can be seen at once."""
        return len(self.report.series) > _OPEN
