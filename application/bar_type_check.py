"""Whether the bar type that was named can be that of the rows."""

from __future__ import annotations

from application.row_facts import RowFacts
from domain.bar_type import BarType, BarUnit
from domain.errors import BarTypeMismatchError
from domain.sessions import NANOSECONDS_IN_DAY
from domain.suspicions import Suspicion

# Thin bars step by chance: by so many of their steps being multiples of one that is longer, and by
# so many steps, it is known that they are as long as that.
_SURE_SHARE, _SURE_STEPS = 0.6, 10
_DOUBLE_SHARE, _DOUBLE_STEPS = 0.9, 30
# From so many days on a step is longer than one from a bar to the next.
_LONGER_DAYS = {BarUnit.DAY: 2, BarUnit.WEEK: 10, BarUnit.MONTH: 45}
_MINUTE = 60 * 1_000_000_000


def longer_than_named(
    facts: RowFacts, named: BarType, first_line: int, file: str
) -> Suspicion | None:
    """Return a suspicion where few rows seem to be of longer bars than were `named`.

    Their high, low and close would be known before they were.

    Raises:
        BarTypeMismatchError: there are so many that it is known.
    """
    step = facts.steps.usual
    if step is None:
        return None
    fits, enough = _verdict(facts, named, step)
    if not fits:
        return None
    steps = facts.steps.counts.total()
    message = f"The stamps of {file} are {_length_text(step)} apart, too far for {named} bars"
    if steps >= enough:
        raise BarTypeMismatchError(
            f"{message}: their high, low and close would be known too early.",
            f"{_right_type(facts, named)}If they are {named} bars that trade so seldom, add "
            "--sparse.",
        )
    sentence = f"{message}; look whether --bar-type {named} is right."
    return Suspicion("bar-type", steps + 1, first_line, sentence)


def _verdict(facts: RowFacts, named: BarType, step: int) -> tuple[bool, int]:
    """Return whether the steps are those of longer bars, and from how many on that is sure."""
    if not named.is_intraday:
        longer = _LONGER_DAYS[named.unit] * NANOSECONDS_IN_DAY
        return facts.steps.share_from(longer) >= _SURE_SHARE, _SURE_STEPS
    if step < 2 * named.length:
        return False, 0
    share = facts.steps.share(step)
    if step < 4 * named.length:
        return share >= _DOUBLE_SHARE, _DOUBLE_STEPS
    return share >= _SURE_SHARE, _SURE_STEPS


def _right_type(facts: RowFacts, named: BarType) -> str:
    found = facts.steps.bar_type(dates_only=facts.by_date)
    if found is None or found <= named:
        return "There is no bar type of that length. "
    return f"Leave --bar-type out, or say --bar-type {found}. "


def _length_text(step: int) -> str:
    if step % NANOSECONDS_IN_DAY == 0:
        return f"{step // NANOSECONDS_IN_DAY} days"
    return f"{step / _MINUTE:g} minutes"
