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
_DAY_SECONDS = 86_400
# Of bars of so many seconds, the longest time that one request may ask for.
_MOST_SECONDS = {1: 1_800, 5: 7_200, 10: 14_400, 15: 14_400, 30: 28_800}
_SMALLEST_WITHOUT_PACING = BarType.parse("1_MIN")


def bar_size_name(bar_type: BarType) -> str:
    """Return the name of a bar type on the wire, such as `5 mins`."""
    return f"{bar_type.step} {_UNITS[bar_type.unit][bar_type.step > 1]}"


BAR_SIZES = {bar_size_name(bar_type): bar_type for bar_type in BarType.all()}


def allows(bar_type: BarType, unit: str) -> bool:
    """Whether bars of this type may be asked for by durations in `unit`: S, D, W, M or Y."""
    shortest, longest = map(BarType.parse, _BOUNDS[unit])
    return shortest <= bar_type <= longest


def most_seconds(bar_type: BarType) -> int:
    """Return the longest duration in seconds that is answered with bars of this type."""
    if bar_type.unit is not BarUnit.SEC:
        return _DAY_SECONDS
    return _MOST_SECONDS[bar_type.step]


def is_paced(bar_type: BarType) -> bool:
    """Whether the pacing rules hold for bars of this type."""
    return bar_type < _SMALLEST_WITHOUT_PACING
