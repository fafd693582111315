"""What is told before anything is fetched: what is left out, and what goes beyond the wish."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from application.fetch_plan import SeriesPlan
from application.fetch_texts import hours_text, outside_text
from domain.errors import BarledgerError
from domain.ports import Progress
from domain.sessions import Hours

_OTHERS = "The others are fetched all the same."


def tell_before(
    progress: Progress, plans: Sequence[SeriesPlan], hours: Hours, unknown: Sequence[BarledgerError]
) -> None:
    """Tell of instruments that are `unknown`, and of `plans` that want more than was asked for.

    That are `hours` beside those that were asked for, and bars of others outside the range.
    """
    for error in unknown if plans else ():
        progress.tell(f"{error.message} {_OTHERS}")
    for plan in plans:
        if dates := plan.outside:
            progress.warn(outside_text(plan.name, dates))
    if wider := list(_wider(plans, hours)):
        progress.tell(hours_text([one.series for one in wider]))


def _wider(plans: Sequence[SeriesPlan], hours: Hours) -> Iterator[SeriesPlan]:
    return (one for one in plans if one.series.bar_type.is_intraday and one.hours is not hours)
