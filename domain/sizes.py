"""Numbers of bytes as people read them."""

from __future__ import annotations


def size_text(size: int) -> str:
    """Return a number of bytes in the unit that fits."""
    amount = float(size)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"
