"""Bar types: how long a bar is. The names are those of the catalog's folders."""

from __future__ import annotations

import enum
import functools
import re

import attrs

from domain.errors import InvalidBarTypeError

NANOSECONDS_IN_SECOND = 1_000_000_000


class BarUnit(enum.Enum):
    """A unit of a bar's length, by its name in a bar type."""

    SEC = "second"
    MIN = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


# Every size that IBKR serves as historical bars (its documentation of bar sizes).
_STEPS = {
    BarUnit.SEC: (1, 5, 10, 15, 30),
    BarUnit.MIN: (1, 2, 3, 5, 10, 15, 20, 30),
    BarUnit.HOUR: (1, 2, 3, 4, 8),
    BarUnit.DAY: (1,),
    BarUnit.WEEK: (1,),
    BarUnit.MONTH: (1,),
}
_SECONDS = {BarUnit.SEC: 1, BarUnit.MIN: 60, BarUnit.HOUR: 3600}
_ORDER = list(BarUnit)
_NAME = re.compile(r"([1-9][0-9]?)_([A-Z]+)")


@attrs.frozen
@functools.total_ordering
class BarType:
    """How much time one bar sums up, such as `1_MIN`; shorter ones sort first."""

    step: int
    unit: BarUnit

    @classmethod
    def parse(cls, text: str) -> BarType:
        """Return the bar type named by `text`.

        Raises:
            InvalidBarTypeError: the name is not one of `all_names()`.
        """
        match = _NAME.fullmatch(text.strip().upper())
        if match and match[2] in BarUnit.__members__:
            unit = BarUnit[match[2]]
            if int(match[1]) in _STEPS[unit]:
                return cls(int(match[1]), unit)
        raise InvalidBarTypeError(
            f"{text!r} is not a bar type.", f"Use one of: {', '.join(cls.all_names())}."
        )

    @classmethod
    def all(cls) -> tuple[BarType, ...]:
        """Return every bar type, shortest first."""
        return tuple(cls(step, unit) for unit in BarUnit for step in _STEPS[unit])

    @classmethod
    def all_names(cls) -> tuple[str, ...]:
        """Return the name of every bar type, shortest first."""
        return tuple(str(bar_type) for bar_type in cls.all())

    @property
    def is_intraday(self) -> bool:
        """Whether several bars fit into one day; only those are stamped by an instant."""
        return self.unit in _SECONDS

    @property
    def length(self) -> int:
        """The length of an intraday bar in nanoseconds.

        Raises:
            ValueError: the bar type is a day or longer, whose length its sessions decide.
        """
        if not self.is_intraday:
            raise ValueError(f"{self} has no fixed length")
        return self.step * _SECONDS[self.unit] * NANOSECONDS_IN_SECOND

    @property
    def label(self) -> str:
        """The name in a sentence, such as `1-minute`."""
        return f"{self.step}-{self.unit.value}"

    def __str__(self) -> str:
        return f"{self.step}_{self.unit.name}"

    def __lt__(self, other: BarType) -> bool:
        return (_ORDER.index(self.unit), self.step) < (_ORDER.index(other.unit), other.step)
