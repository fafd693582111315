"""Numbers of contract details as exact decimals.

On the wire they are texts, which ib_async has made doubles of; the shortest text of a double is
the text that it came from. What is not known is 0, or the greatest double.
"""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation

from ib_async.util import UNSET_DOUBLE

from domain.bars import MAX_PRECISION
from domain.instrument import decimals_of

# The greatest sizes that are steps, not ways to say that there is none.
_GREATEST = 10**9


def amount(value: float) -> Decimal | None:
    """Return a positive number, None where it is not told or is beyond what steps can be."""
    if value == UNSET_DOUBLE or not math.isfinite(value) or not 0 < value <= _GREATEST:
        return None
    return Decimal(repr(value)).normalize()


def number(text: str) -> Decimal | None:
    """Return the positive number that `text` is, None where it is none."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() and 0 < value <= _GREATEST else None


def divided(value: Decimal, by: int) -> Decimal | None:
    """Return the quotient, None where it has more decimals than barledger keeps."""
    quotient = value / by
    return quotient if quotient * by == value and decimals_of(quotient) <= MAX_PRECISION else None


def plain(value: Decimal) -> Decimal:
    """Return the same number written without an exponent: 100 and not 1E+2."""
    return Decimal(f"{value.normalize():f}")
