"""How stamps may be written, and where in a text the parts of its date and time stand.

A digit is a digit here, whichever it is: two texts that differ in their digits alone have their
parts in the same places. Whole columns are read by that (`adapters.csv.stamp_columns`).
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping

import attrs

from domain.bar_files import DateOrder

Span = tuple[int, int]


class StampKind(enum.Enum):
    """What a stamp tells, as the end of the sentence "the file's are …"."""

    DATE = "dates alone"
    LOCAL = "times without a zone"
    ZONED = "times with a zone"
    SECONDS = "epoch seconds"
    MILLISECONDS = "epoch milliseconds"
    MICROSECONDS = "epoch microseconds"
    NANOSECONDS = "epoch nanoseconds"

    @property
    def code(self) -> int:
        """Its place among the kinds, to be kept in an array."""
        return KINDS.index(self)


KINDS = list(StampKind)


class Form(enum.IntFlag):
    """What must be the same in a whole file for a stamp to have one meaning."""

    PLAIN = 0
    YEAR_LAST = 1
    """A date such as 01/02/2024, whose day or month may come first."""
    HOURS_AND_MINUTES = 2
    """A time such as 1530, which in a file of such as 93000 might be 00:15:30."""
    WITH_SECONDS = 4
    """A time such as 153000 or 93000."""


@attrs.frozen
class Written:
    """Where the parts of a stamp stand: `spans` has those that are there, by name, all digits.

    `month` is that of a name, `afternoon` None for a clock of 24 hours, `sign` that of an
    offset from UTC, `place` the name of a zone. Without `month` and a span of that name, the
    order of the date is not known.
    """

    kind: StampKind
    form: Form
    spans: Mapping[str, Span]
    month: int | None = None
    afternoon: bool | None = None
    sign: int = 1
    place: str | None = None

    @property
    def dated(self) -> bool:
        """Whether it is known which part is the month."""
        return self.month is not None or "month" in self.spans


_MONTHS = [
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
]
_MONTH_NUMBERS = {
    name: number
    for number, month in enumerate(_MONTHS, start=1)
    for name in (month, month[:3], *(["sept"] if month == "september" else []))
}

_YEAR, _NAME = r"(?P<year>[0-9]{4})", r"(?P<name>[A-Za-z]{3,9})"
_DAY = r"(?P<day>[0-9]{1,2})"
_TIME = r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})FRACTION)?"
# Three digits, or one, are no time: 930 could be 9:30 or 00:09:30.
_PACKED = (
    r"(?=[0-9]{2}(?![0-9])|[0-9]{4,6}(?![0-9])|[0-9] *[AaPp][Mm](?![A-Za-z]))"
    r"(?P<hour>[0-9]{1,2})(?:(?P<minute>[0-9]{2})(?:(?P<second>[0-9]{2})FRACTION)?)?"
)
_RUN_ON = r"(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?:(?P<second>[0-9]{2})FRACTION)?"
_FRACTION = r"(?:[.,](?P<fraction>[0-9]{1,9}))?"
_HALF = r"(?: *(?P<half>[AaPp][Mm])(?![A-Za-z]))?"
_ZONE = (
    r"(?: *(?P<zone>Z|(?:UTC|GMT)?(?P<sign>[+-])(?P<ahead_hours>[0-9]{2})"
    r"(?::?(?P<ahead_minutes>[0-9]{2}))?)"
    r"|(?: *(?P<utc>UTC|GMT)| +(?P<place>[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*)))?"
)
_BETWEEN = r"(?:T|,? +)"
_COMPACT = _YEAR + r"(?P<month>[0-9]{2})(?P<day>[0-9]{2})"
_DATES = [
    _YEAR + r"(?P<sep>[-/.])(?P<month>[0-9]{1,2})(?P=sep)" + _DAY,
    r"(?P<first>[0-9]{1,2})(?P<sep>[-/.])(?P<other>[0-9]{1,2})(?P=sep)" + _YEAR,
    _COMPACT,
    _DAY + r"(?P<sep>[-/. ]?)" + _NAME + r"(?P=sep)" + _YEAR,
    _NAME + r"(?P<sep>[-/ ])" + _DAY + r"(?:(?P=sep)|, ?)" + _YEAR,
    _YEAR + r"(?P<sep>[-/ ])" + _NAME + r"(?P=sep)" + _DAY,
]
_PATTERNS = [
    re.compile(pattern.replace("FRACTION", _FRACTION))
    for pattern in (
        *(f"{date}(?:{_BETWEEN}{_TIME}{_HALF}{_ZONE})?" for date in _DATES),
        f"{_COMPACT}-{_TIME}{_ZONE}",
        *(f"{date}{_BETWEEN}{_PACKED}{_HALF}{_ZONE}" for date in _DATES),
        f"{_COMPACT}{_RUN_ON}{_ZONE}",
    )
]
_PARTS = (
    *("year", "month", "day", "hour", "minute", "second", "fraction"),
    *("ahead_hours", "ahead_minutes"),
)
_SHORT_YEAR = re.compile(
    r"([0-9]{1,2}([-/.])[0-9]{1,2}\2[0-9]{1,2}"
    r"|[0-9]{1,2}([-/. ]?)[A-Za-z]{3,9}\3[0-9]{1,2}"
    r"|[A-Za-z]{3,9} [0-9]{1,2},? [0-9]{1,2})(?![0-9:]).*"
)


def written(text: str, order: DateOrder | None) -> Written | None:
    """Return where the parts of `text` stand, or None where it is written in no known way."""
    for pattern in _PATTERNS:
        match = pattern.fullmatch(text)
        if match is not None:
            return _parts(match.groupdict(), match, order)
    return None


def has_short_year(text: str) -> bool:
    """Whether `text` looks like a date whose year has two digits."""
    return _SHORT_YEAR.fullmatch(text) is not None


def _parts(
    groups: Mapping[str, str | None], match: re.Match[str], order: DateOrder | None
) -> Written | None:
    spans = {part: match.span(part) for part in _PARTS if groups.get(part)}
    name, half = groups.get("name"), groups.get("half")
    month = _MONTH_NUMBERS.get(name.lower()) if name else None
    if name and month is None:
        return None
    year_last = "first" in groups
    if year_last and order is not None:
        month_first = order is DateOrder.MONTH_FIRST
        spans["month"] = match.span("first" if month_first else "other")
        spans["day"] = match.span("other" if month_first else "first")
    return Written(
        kind=_kind(groups),
        form=(Form.YEAR_LAST if year_last else Form.PLAIN) | _form_of_time(match, spans),
        spans=spans,
        month=month,
        afternoon=None if half is None else half[0] in "pP",
        sign=-1 if groups.get("sign") == "-" else 1,
        place=groups.get("place"),
    )


def _kind(groups: Mapping[str, str | None]) -> StampKind:
    if groups.get("hour") is None:
        return StampKind.DATE
    zoned = any(groups.get(part) for part in ("zone", "utc", "place"))
    return StampKind.ZONED if zoned else StampKind.LOCAL


def _form_of_time(match: re.Match[str], spans: Mapping[str, Span]) -> Form:
    """Return how digits in a row tell the time; after digits of a date they are never short."""
    if "minute" not in spans or spans["hour"][1] != spans["minute"][0]:
        return Form.PLAIN
    if match.string[spans["hour"][0] - 1].isdigit():
        return Form.PLAIN
    return Form.WITH_SECONDS if "second" in spans else Form.HOURS_AND_MINUTES
