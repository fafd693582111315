"""The bars that an event replaced or removed, on the screen."""

from __future__ import annotations

import datetime as dt
import itertools
import zoneinfo
from collections.abc import Callable, Sequence
from decimal import Decimal

from application.bar_changes import BarChanges, ChangedBar, Held
from application.bar_differences import VALUES, BarAt
from domain.instrument import Series
from domain.sessions import date_of_label, instant_text
from domain.venues import venue
from entrypoints.cli.screen import Screen
from entrypoints.cli.tables import Column
from entrypoints.cli.wording import counted

_SHOWN = 20
_FAILURES_SHOWN = 3
_SAME = "="

Cells = tuple[str, str]
"""What stands in a column of a changed bar: as it was, and below that as it is now."""
Field = tuple[Column, Callable[[ChangedBar], Cells]]


def show_bars(screen: Screen, changes: BarChanges) -> None:
    """Show how many bars an event changed, and the first of them as they were and are."""
    screen.show_text(f"    {'bar by bar':<16} {_counts(changes)}")
    _show_failures(screen, changes)
    shown = list(itertools.islice(changes.changed, _SHOWN))
    if not shown:
        return
    fields = _fields(changes.series, shown)
    cells = [[cells(bar) for _, cells in fields] for bar in shown]
    rows = [line for one in cells for line in zip(*one, strict=True)]
    screen.show_table([column for column, _ in fields], rows)
    more = len(changes.changed) - len(shown)
    if more:
        screen.show_text(f"and {more:,} more; --json lists them all")


def _counts(changes: BarChanges) -> str:
    numbers = {
        "added": changes.added,
        "replaced": len(changes.replaced),
        "removed": len(changes.removed),
        "unchanged": changes.unchanged,
    }
    told = ", ".join(f"{number:,} {what}" for what, number in numbers.items())
    return f"{told}, in {counted(len(changes.parts), 'partition')}"


def _show_failures(screen: Screen, changes: BarChanges) -> None:
    failures = changes.not_compared
    if not failures:
        return
    screen.show_text(f"    {'not compared':<16} {counted(len(failures), 'partition')}")
    for one in failures[:_FAILURES_SHOWN]:
        screen.show_text(f"      {one.step.partition}: {one.error.message}")
    if len(failures) > _FAILURES_SHOWN:
        screen.show_text(f"      and {len(failures) - _FAILURES_SHOWN:,} more; --json lists them")


def _fields(series: Series, shown: Sequence[ChangedBar]) -> list[Field]:
    """Return the columns that these bars need: none that says nothing of them."""
    intraday = series.bar_type.is_intraday
    zone = venue(series.instrument_id.venue).tzinfo
    opens = _instant if intraday else _date
    fields: list[Field] = [
        (("opens (UTC)" if intraday else "date", "left"), _time(lambda bar: opens(bar.ts_open)))
    ]
    if intraday and zone.key != "UTC":
        place = zone.key.rpartition("/")[2].replace("_", " ")
        fields.append(((place, "right"), _time(lambda bar: _clock(bar.ts_open, zone))))
    if any(one.after and one.after.ts_event != one.before.ts_event for one in shown):
        closes = _time(lambda bar: _instant(bar.ts_event))
        fields.append((("closes (UTC)", "left"), closes))
    return [
        *fields,
        (("revision", "right"), _revisions),
        (("event", "right"), _events),
        *(((name, "right"), _values(name)) for name in VALUES),
    ]


def _time(text: Callable[[BarAt], str]) -> Callable[[ChangedBar], Cells]:
    """Return what shows a time once, unless it has changed."""

    def cells(bar: ChangedBar) -> Cells:
        was, now = text(bar.before), text(bar.after) if bar.after else ""
        return was, "" if now == was else now

    return cells


def _revisions(bar: ChangedBar) -> Cells:
    return _revision(bar.step.before), _revision(bar.step.after) if bar.after else "removed"


def _revision(held: Held | None) -> str:
    return str(held.event.revision) if held else ""


def _events(bar: ChangedBar) -> Cells:
    return str(bar.step.before.seq) if bar.step.before else "", str(bar.step.seq)


def _values(name: str) -> Callable[[ChangedBar], Cells]:
    def cells(bar: ChangedBar) -> Cells:
        was = bar.before.text(name)
        if bar.after is None:
            return was, ""
        return was, _SAME if _alike(bar.before, bar.after, name) else bar.after.text(name)

    return cells


def _alike(one: BarAt, other: BarAt, name: str) -> bool:
    """Whether both have the same value, be it with another number of decimals."""
    return Decimal(one.text(name)) == Decimal(other.text(name))


def _instant(stamp: int) -> str:
    """Return an instant without the seconds of a full minute."""
    text = instant_text(stamp)
    return text.removesuffix(":00Z") + "Z" if text.endswith(":00Z") else text


def _date(label: int) -> str:
    return date_of_label(label).isoformat()


def _clock(stamp: int, zone: zoneinfo.ZoneInfo) -> str:
    """Return the time by the venue's clock, with the day where it is not that of UTC."""
    at = dt.datetime.fromtimestamp(stamp // 10**9, zone)
    day = "" if at.date() == date_of_label(stamp) else f"{at:%m-%d} "
    return f"{day}{at:%H:%M:%S}".removesuffix(":00")
