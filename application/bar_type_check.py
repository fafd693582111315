"""Whether the bar type that was named can be that of the rows."""

from __future__ import annotations

from application.row_facts import RowFacts
from domain.bar_type import BarType, BarUnit
from domain.errors import BarTypeMismatchError
from domain.sessions import NANOSECONDS_IN_DAY
from domain.suspicions import Suspicion

# Thin bars step by chance: by so many of their steps being multiples of a longer bar type, and by
# so many steps, it is known that they are of that one.
_SURE_SHARE, _SURE_STEPS = 0.6, 10
_DOUBLE_SHARE, _DOUBLE_STEPS = 0.9, 30
_LONGER_STEPS = 3
_SHORTEST = {BarUnit.WEEK: 5, BarUnit.MONTH: 28}


def longer_than_named(
    facts: RowFacts, named: BarType, first_line: int, file: str
) -> Suspicion | None:
    """Return a suspicion where few rows seem to be of a longer bar type than was `named`.

    Their high, low and close would be known before they were.

    Raises:
        BarTypeMismatchError: there are so many that it is known.
    """
    found = facts.steps.bar_type(dates_only=facts.by_date)
    if found is None or found <= named:
        return None
    steps = facts.steps.counts.total()
    fits, enough = _share_and_steps(facts, named, found)
    if not fits:
        return None
    message = f"The stamps of {file} step by {found} bars, not by {named} bars"
    if steps >= enough:
        raise BarTypeMismatchError(
            f"{message}: as {named} bars their high, low and close would be known too early.",
            f"Leave --bar-type out, or say --bar-type {found}.",
        )
    sentence = f"{message}; look whether --bar-type {named} is right."
    return Suspicion("bar-type", steps + 1, first_line, sentence)


def _share_and_steps(facts: RowFacts, named: BarType, found: BarType) -> tuple[bool, int]:
    """Return whether the steps are those of `found`, and from how many on that is sure."""
    if not named.is_intraday:
        shortest = _SHORTEST.get(found.unit, 1) * NANOSECONDS_IN_DAY
        return facts.steps.share_from(shortest) >= _SURE_SHARE, _LONGER_STEPS
    if not found.is_intraday:
        return facts.steps.share_from(NANOSECONDS_IN_DAY) >= _SURE_SHARE, _LONGER_STEPS
    share = facts.steps.share(found.length)
    if found.length < 4 * named.length:
        return share >= _DOUBLE_SHARE, _DOUBLE_STEPS
    return share >= _SURE_SHARE, _SURE_STEPS
