"""Numbers as the protocol writes them: exact, without exponents or needless zeros."""

from __future__ import annotations

import numpy as np

from domain.bars import Int64Array


def decimal_texts(values: Int64Array, precision: int) -> list[str]:
    """Return scaled integers as decimals: 18750 with two digits after the point is 187.5."""
    # Prices repeat, and to write each only once is much quicker.
    unique, places = np.unique(values, return_inverse=True)
    texts = np.array([_decimal(value, precision) for value in unique.tolist()], dtype=object)
    found: list[str] = texts[places].tolist() if len(texts) else []
    return found


def _decimal(value: int, precision: int) -> str:
    if not precision:
        return str(value)
    whole, part = divmod(abs(value), 10**precision)
    text = f"{whole}.{part:0{precision}}".rstrip("0").rstrip(".")
    return f"-{text}" if value < 0 else text
