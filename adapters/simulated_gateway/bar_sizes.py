"""The sizes of bars by their names on the wire, and the durations that each allows."""

from __future__ import annotations

from domain.bar_type import BarType, BarUnit

_UNITS = {
    BarUnit.SEC: ("secs", "secs"),
    BarUnit.MIN: ("min", "mins"),
    BarUnit.HOUR: ("hour", "hours"),
    BarUnit.DAY: ("day", "day"),
    BarUnit.WEEK: ("week", "week"),
    BarUnit.MONTH: ("month", "month"),
}
# The shortest and the longest bars of which so many seconds, days, … can be asked.
_BOUNDS = {
    "S": ("1_SEC", "1_MIN"),
    "D": ("5_SEC", "1_HOUR"),
    "W": ("10_SEC", "4_HOUR"),
    "M": ("30_SEC", "8_HOUR"),
    "Y": ("1_MIN", "1_MONTH"),
}
_SMALLEST_WITHOUT_PACING = BarType.parse("1_MIN")


def bar_size_name(bar_type: BarType) -> str:
    """Return the name of a bar type on the wire, such as `5 mins`."""
    return f"{bar_type.step} {_UNITS[bar_type.unit][bar_type.step > 1]}"


BAR_SIZES = {bar_size_name(bar_type): bar_type for bar_type in BarType.all()}


def allows(bar_type: BarType, unit: str) -> bool:
    """Whether bars of this type may be asked for by durations in `unit`: S, D, W, M or Y."""
    shortest, longest = map(BarType.parse, _BOUNDS[unit])
    return shortest <= bar_type <= longest


def is_paced(bar_type: BarType) -> bool:
    """Whether the pacing rules hold for bars of this type."""
    return bar_type < _SMALLEST_WITHOUT_PACING
