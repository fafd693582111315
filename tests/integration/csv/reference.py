"""A slow reader of cells, one at a time, that shares nothing with the adapter.

It says which number or instant a text is, or that it is none. Tests hold the adapter to it:
nothing may be accepted that is refused here, and what both accept must be equal.
"""

from __future__ import annotations

import collections
import datetime as dt
import functools
import zoneinfo
from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction

import attrs

DIGITS, LETTERS = "0123456789", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
EPOCH = dt.datetime(1970, 1, 1)
SECOND, DAY = 10**9, 86_400 * 10**9
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
LONG_MONTHS = [
    *("january", "february", "march", "april", "may", "june", "july", "august"),
    *("september", "october", "november", "december"),
]
KINDS = ["date", "local", "zoned", "s", "ms", "us", "ns"]
UNITS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


# ---- numbers -------------------------------------------------------------------------------


def number(
    text: str, decimal: str = ".", thousands: str | None = None, currency: str | None = None
) -> Decimal | None:
    """Return what a trimmed cell says, or None where it is no number that can be kept."""
    if currency and text[:1] == currency and text[1:2] in [*DIGITS, decimal]:
        text = text[1:]
    sign = "-" if text[:1] == "-" else ""
    body = text[1:] if text[:1] in ("+", "-") else text
    if thousands is not None and any(each in body for each in same_as(thousands)):
        plain = _ungrouped(body, decimal, same_as(thousands))
    else:
        plain = _mantissa(body, decimal)
    return None if plain is None else _kept(sign + plain)


def same_as(thousands: str) -> str:
    return {" ": " \u00a0\u202f\u2009", "'": "'\u2019"}.get(thousands, thousands)


def _ungrouped(body: str, decimal: str, separators: str) -> str | None:
    whole, _, fraction = body.partition(decimal)
    for separator in separators:
        whole = whole.replace(separator, "|")
    first, *others = whole.split("|")
    if not others or not is_number(first, 1, 3) or first[0] == "0":
        return None
    if not all(is_number(group, 3, 3) for group in others) or not is_number(fraction, 0, 999):
        return None
    return first + "".join(others) + "." + (fraction or "0")


def _mantissa(body: str, decimal: str) -> str | None:
    body = body.replace("E", "e", 1)
    mantissa, e, exponent = body.partition("e")
    whole, _, fraction = mantissa.partition(decimal)
    if not is_number(whole, 0, 999) or not is_number(fraction, 0, 999) or not whole + fraction:
        return None
    digits = exponent[1:] if exponent[:1] in ("+", "-") else exponent
    if e and (not is_number(digits, 1, 999) or len(digits.lstrip("0")) > 9):
        return None
    return f"{whole or '0'}.{fraction or '0'}e{exponent or '0'}"


def _kept(text: str) -> Decimal | None:
    value = Decimal(text)
    if not value:
        return Decimal(0)
    if abs(value.adjusted()) > 20:
        return None
    whole, _, fraction = f"{abs(value):f}".partition(".")
    fraction = fraction.rstrip("0")
    if len(fraction) > 9 or len((whole + fraction).lstrip("0")) > 18:
        return None
    return Decimal(f"{'-' if value < 0 else ''}{whole}.{fraction or '0'}")


def is_number(text: str, shortest: int, longest: int) -> bool:
    return shortest <= len(text) <= longest and all(each in DIGITS for each in text)


# ---- what is common to a file's stamps -----------------------------------------------------


class NeededError(Exception):
    """The zone or the order of dates must be said."""


@attrs.frozen
class Told:
    """What the user said: order is mdy or dmy, change earlier or later."""

    zone: zoneinfo.ZoneInfo | None = None
    order: str | None = None
    change: str | None = None


@attrs.frozen
class Settled:
    """What the first chunk showed; `packed` is 4 for times such as 0930, 6 for 093000."""

    kind: str | None
    told: Told
    packed: int | None = None


@attrs.frozen
class Read:
    """A stamp: kind, nanoseconds of UTC, or of the wall where local; whether the year is last."""

    kind: str
    value: int
    packed: int | None = None
    year_last: bool = False


def settle(texts: Iterable[str], told: Told) -> Settled:
    """Return what the texts of the first chunk show, or raise what must be said."""
    texts = list(texts)
    if told.order is None:
        told = attrs.evolve(told, order=_shown_order(texts))
    reads = [found for text in texts if (found := stamp(text, told)) is not None]
    if not reads:
        return Settled(None, told)
    kind = _usual(reads)
    if kind == "local" and told.zone is None:
        raise NeededError("zone")
    counts = collections.Counter(read.packed for read in reads if read.packed)
    packed = (4 if counts[4] >= counts[6] else 6) if counts else None
    return Settled(kind, told, packed)


def _usual(reads: Iterable[Read]) -> str:
    counts = collections.Counter(read.kind for read in reads)
    return max(KINDS, key=lambda kind: counts[kind])


def _shown_order(texts: Iterable[str]) -> str | None:
    either = []
    for text in texts:
        found = {order: stamp(text, Told(None, order, "earlier")) for order in ("mdy", "dmy")}
        if any(found.values()):
            either.append(found)
    usual = _usual([found["mdy"] or found["dmy"] for found in either]) if either else None
    either = [f for f in either if usual in [read.kind for read in f.values() if read]]
    needy = [f for f in either if any(read and read.year_last for read in f.values())]
    if not needy or 2 * len(needy) < len(either):
        return None
    proofs = {
        "mdy": sum(found["dmy"] is None for found in needy),
        "dmy": sum(found["mdy"] is None for found in needy),
    }
    if not any(proofs.values()):
        raise NeededError("order")
    return "mdy" if proofs["mdy"] >= proofs["dmy"] else "dmy"


def instant(text: str, settled: Settled) -> int | None:
    """Return UTC nanoseconds of a trimmed cell, or None where it must be refused."""
    read = stamp(text, settled.told)
    if read is None or read.kind != settled.kind:
        return None
    if read.packed is not None and read.packed != (settled.packed or read.packed):
        return None
    if read.kind != "local":
        return read.value
    assert settled.told.zone is not None
    return utc(read.value, settled.told.zone, settled.told.change)


# ---- one stamp -----------------------------------------------------------------------------


def stamp(text: str, told: Told) -> Read | None:
    """Return the one thing that a text can mean, or None."""
    found = set(_calendar(text, told))
    assert len(found) <= 1, (text, found)
    return found.pop() if found else _epoch(text)


def _epoch(text: str) -> Read | None:
    sign, body = (-1, text[1:]) if text.startswith("-") else (1, text)
    whole, _, fraction = body.partition(".")
    if not is_number(whole, 1, 19) or not is_number(fraction, 0, 18):
        return None
    if _means_a_day(whole):
        return None
    count = int(whole)
    unit = "s" if count < 10**11 else "ms" if count < 10**14 else "us" if count < 10**17 else "ns"
    value = Fraction(f"{whole}.{fraction or 0}") * UNITS[unit]
    return _in_range(Read(unit, sign * int(value))) if value.denominator == 1 else None


def _means_a_day(whole: str) -> bool:
    """A spreadsheet's day of 1950 to 2099, or yymmdd."""
    if len(whole) == 5:
        day = dt.date(1899, 12, 30) + dt.timedelta(int(whole))
        return dt.date(1950, 1, 1) <= day <= dt.date(2099, 12, 31)
    return len(whole) == 6 and whole[2:4] in _two(1, 12) and whole[4:] in _two(1, 31)


def _two(first: int, last: int) -> list[str]:
    return [f"{each:02d}" for each in range(first, last + 1)]


def _in_range(read: Read) -> Read | None:
    first, last = ((dt.datetime(year, 1, 1) - EPOCH).days * DAY for year in (1800, 2091))
    return read if first <= read.value < last else None


def _calendar(text: str, told: Told) -> Iterator[Read]:
    for cut in range(len(text) + 1):
        for date, compact, year_last in _dates(text[:cut], told.order):
            for time in _times(text[cut:], compact):
                read = _together(date, time, told.change)
                if read is not None:
                    yield attrs.evolve(read, year_last=year_last)


@attrs.frozen
class _Time:
    """A time: since midnight, ahead of UTC if that is known, or the name of a place."""

    nanoseconds: int
    zoned: bool = False
    ahead: int = 0
    place: str | None = None
    packed: int | None = None


def _together(date: dt.date, time: _Time | None, change: str | None) -> Read | None:
    value = (date - EPOCH.date()).days * DAY
    if time is None:
        return _in_range(Read("date", value))
    value += time.nanoseconds - time.ahead
    read = _in_range(Read("zoned" if time.zoned else "local", value, time.packed))
    if read is None or time.place is None:
        return read
    if time.place not in known_zones():
        return None
    there = utc(value, zoneinfo.ZoneInfo(time.place), change)
    return None if there is None else attrs.evolve(read, value=there)


@functools.cache
def known_zones() -> set[str]:
    return zoneinfo.available_timezones() - {"EST", "MST", "HST", "Factory", "localtime"}


# ---- dates ---------------------------------------------------------------------------------


def tokens(text: str) -> list[str]:
    """Cut into runs of digits, runs of letters and single other characters."""
    found: list[str] = []
    for each in text:
        for alphabet in (DIGITS, LETTERS):
            if found and each in alphabet and found[-1][-1] in alphabet:
                found[-1] += each
                break
        else:
            found.append(each)
    return found


def _dates(text: str, order: str | None) -> Iterator[tuple[dt.date, bool, bool]]:
    """Yield dates, whether of eight digits, and whether the year comes last in digits."""
    parts = tokens(text)
    if len(parts) == 1 and is_number(parts[0], 8, 8):
        yield from _date(parts[0][:4], parts[0][4:6], parts[0][6:], compact=True)
    elif len(parts) == 5 and parts[1] == parts[3] and parts[1] in "-/.":
        yield from _digits(parts[0], parts[2], parts[4], order)
    yield from _named(parts)


def _digits(
    first: str, middle: str, last: str, order: str | None
) -> Iterator[tuple[dt.date, bool, bool]]:
    if is_number(first, 4, 4) and is_number(middle, 1, 2) and is_number(last, 1, 2):
        yield from _date(first, middle, last)
    elif is_number(first, 1, 2) and is_number(middle, 1, 2) and is_number(last, 4, 4):
        if order == "mdy":
            yield from _date(last, first, middle, year_last=True)
        elif order == "dmy":
            yield from _date(last, middle, first, year_last=True)


def _named(parts: list[str]) -> Iterator[tuple[dt.date, bool, bool]]:
    names = [part for part in parts if part.lower() in [*MONTHS, *LONG_MONTHS, "sept"]]
    numbers = [part for part in parts if part[0] in DIGITS]
    if len(names) != 1 or len(numbers) != 2:
        return
    shape = "".join("N" if part in names else "D" if part in numbers else part for part in parts)
    month = str(MONTHS.index(names[0].lower()[:3]) + 1)
    day_first = {"DND", *(f"D{s}N{s}D" for s in "-/. ")}
    month_first = {f"N{s}D{s}D" for s in "-/ "} | {f"N{s}D,{b}D" for s in "-/ " for b in ("", " ")}
    year_first = {f"D{s}N{s}D" for s in "-/ "}
    if shape in day_first | month_first and is_number(numbers[0], 1, 2):
        if is_number(numbers[1], 4, 4):
            yield from _date(numbers[1], month, numbers[0])
    elif shape in year_first and is_number(numbers[0], 4, 4) and is_number(numbers[1], 1, 2):
        yield from _date(numbers[0], month, numbers[1])


def _date(
    year: str, month: str, day: str, *, compact: bool = False, year_last: bool = False
) -> Iterator[tuple[dt.date, bool, bool]]:
    try:
        yield dt.date(int(year), int(month), int(day)), compact, year_last
    except ValueError:
        return


# ---- times ---------------------------------------------------------------------------------


def _times(text: str, compact: bool) -> Iterator[_Time | None]:
    if not text:
        yield None
    elif text[0] in DIGITS and compact:
        yield from _clock(text, run_on=True)
    elif text[0] == "-" and compact:
        yield from _clock(text[1:], colons=True)
    elif text[0] == "T":
        yield from _clock(text[1:])
    else:
        rest = text.removeprefix(",")
        if rest.startswith(" "):
            yield from _clock(rest.lstrip(" "))


def _clock(text: str, *, run_on: bool = False, colons: bool = False) -> Iterator[_Time]:
    end = next((at for at, each in enumerate(text) if each not in DIGITS + ":.,"), len(text))
    shown, rest = text[:end], text[end:]
    half, rest = ("", rest) if run_on or colons else _half(rest)
    parts = _parts(shown, bool(half))
    zone = _zone(rest)
    if parts is None or zone is None or (colons and parts[1] != 0) or (run_on and parts[1] == 0):
        return
    (hour, minute, second, nanoseconds), packed = parts
    if run_on and packed not in (4, 6):
        return
    if half:
        if not 1 <= hour <= 12:
            return
        hour = hour % 12 + (12 if half == "p" else 0)
    since = (hour * 3600 + minute * 60 + second) * SECOND + nanoseconds
    if minute > 59 or second > 59 or since > DAY:
        return
    alike = None if run_on or packed in (0, 2) else 4 if packed == 4 else 6
    yield attrs.evolve(zone, nanoseconds=since, packed=alike)


def _half(rest: str) -> tuple[str, str]:
    bare = rest.lstrip(" ")
    letters = tokens(bare)[:1]
    if letters and letters[0].lower() in ("am", "pm"):
        return letters[0][0].lower(), bare[2:]
    return "", rest


def _parts(shown: str, half: bool) -> tuple[tuple[int, int, int, int], int] | None:
    """Return hour, minute, second, nanosecond, and how many digits stood in a row, or 0."""
    at = min((shown.index(mark) for mark in ".," if mark in shown), default=len(shown))
    whole, fraction = shown[:at], shown[at + 1 :]
    if at < len(shown) and not is_number(fraction, 1, 9):
        return None
    below = int(fraction.ljust(9, "0") or 0)
    numbers = whole.split(":")
    if at < len(shown) and not (len(numbers) == 3 or is_number(whole, 5, 6)):
        return None
    if len(numbers) > 1:
        if len(numbers) > 3 or not is_number(numbers[0], 1, 2):
            return None
        if not all(is_number(each, 2, 2) for each in numbers[1:]):
            return None
        hour, minute, second = (int(each) for each in [*numbers, "0"][:3])
        return (hour, minute, second, below), 0
    length = len(whole)
    if not is_number(whole, 1, 6) or length == 3 or (length == 1 and not half):
        return None
    if length < 3:
        return (int(whole), 0, 0, 0), 2
    padded = ("0" + whole if length == 5 else whole).ljust(6, "0")
    return (int(padded[:2]), int(padded[2:4]), int(padded[4:]), below), length


def _zone(rest: str) -> _Time | None:
    bare = rest.lstrip(" ")
    if not rest:
        return _Time(0)
    if bare in ("Z", "UTC", "GMT"):
        return _Time(0, zoned=True)
    if bare[:1] in ("+", "-"):
        return _offset(bare)
    if bare[:3] in ("UTC", "GMT") and bare[3:4] in ("+", "-") and (time := _offset(bare[3:])):
        return time
    if bare == rest or bare[:1] not in LETTERS or not bare:
        return None
    names = bare.split("/")
    if not all(name and all(each in LETTERS + DIGITS + "_+-" for each in name) for name in names):
        return None
    return _Time(0, zoned=True, place=bare)


def _offset(text: str) -> _Time | None:
    digits = text[1:]
    if len(digits) == 5 and digits[2] == ":":
        digits = digits[:2] + digits[3:]
    if not (is_number(digits, 2, 2) or is_number(digits, 4, 4)):
        return None
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    if hours > 23 or minutes > 59:
        return None
    ahead = (hours * 3600 + minutes * 60) * SECOND
    return _Time(0, zoned=True, ahead=-ahead if text[0] == "-" else ahead)


# ---- the clock on the wall -----------------------------------------------------------------


def utc(local: int, zone: zoneinfo.ZoneInfo, change: str | None) -> int | None:
    """Return the instant at which the clock shows `local`, found by looking at it in UTC."""
    seconds, rest = divmod(local, SECOND)
    shown = EPOCH + dt.timedelta(seconds=seconds)
    around = [shown.replace(tzinfo=dt.UTC) + dt.timedelta(hours=hour) for hour in range(-30, 31)]
    offsets = [each.astimezone(zone).utcoffset() for each in around]
    found = sorted(
        {
            instant
            for ahead in offsets
            if ahead is not None
            for instant in [(shown - ahead).replace(tzinfo=dt.UTC)]
            if instant.astimezone(zone).replace(tzinfo=None) == shown
        }
    )
    if len(found) != 1:
        if change is None:
            return None
        found = found or _beside_a_gap(shown, around, zone)
        found = [found[0] if change == "earlier" else found[-1]]
    since = found[0].replace(tzinfo=None) - EPOCH
    return (since.days * 86_400 + since.seconds) * SECOND + rest


def _beside_a_gap(
    shown: dt.datetime, around: list[dt.datetime], zone: zoneinfo.ZoneInfo
) -> list[dt.datetime]:
    """Return what a clock would mean by a time that it skips, put forward already and not yet."""
    walls = [each.astimezone(zone) for each in around]
    before = [wall.utcoffset() for wall in walls if wall.replace(tzinfo=None) < shown][-1]
    after = next(wall.utcoffset() for wall in walls if wall.replace(tzinfo=None) > shown)
    assert before is not None
    assert after is not None
    return sorted((shown - ahead).replace(tzinfo=dt.UTC) for ahead in (before, after))
