"""What is told of many series at once: before anything is fetched, and of what became of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from application.fetch_plan import SeriesPlan
from application.fetch_texts import gathered_text, hours_text, outside_text
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


class Gathered:
    """Sentences about series, told together where they say the same of several."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._warnings: dict[str, list[str]] = {}
        self._notices: dict[str, list[str]] = {}

    def warn(self, name: str, sentence: str) -> None:
        """Keep a warning about the series of `name`, which it may begin with."""
        self._warnings.setdefault(sentence.removeprefix(f"{name}: "), []).append(name)

    def tell(self, name: str, sentence: str) -> None:
        """Keep a notice about the series of `name`, which it may begin with."""
        self._notices.setdefault(sentence.removeprefix(f"{name}: "), []).append(name)

    def flush(self) -> None:
        """Tell all that is kept, and keep it no longer."""
        for kept, show in (
            (self._notices, self._progress.tell),
            (self._warnings, self._progress.warn),
        ):
            for sentence, names in kept.items():
                show(gathered_text(sentence, names))
            kept.clear()
