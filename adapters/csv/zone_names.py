"""Time zones by the names of the IANA database, and what may be meant by other names."""

from __future__ import annotations

import difflib
import functools
import re
import zoneinfo

from domain.errors import UnknownTimeZoneError

# Found beside the zones of the database, but of another time scale, or of this machine.
_NO_ZONES = ("posix/", "right/")
_NOT_ZONES = {"localtime", "posixrules", "Factory"}
# Their names say one thing and those who write them often mean the other.
_DOUBTFUL = {"EST": "America/New_York", "MST": "America/Denver", "HST": "Pacific/Honolulu"}
# Abbreviations that the database does not have, and that mean one place to most who write them.
_PLACES = {
    **dict.fromkeys(("ET", "EDT"), "America/New_York"),
    **dict.fromkeys(("CT", "CDT"), "America/Chicago"),
    "MDT": "America/Denver",
    **dict.fromkeys(("PT", "PST", "PDT"), "America/Los_Angeles"),
    "BST": "Europe/London",
    "CEST": "Europe/Berlin",
    **dict.fromkeys(("AEST", "AEDT"), "Australia/Sydney"),
    "JST": "Asia/Tokyo",
    "HKT": "Asia/Hong_Kong",
    "SGT": "Asia/Singapore",
}
# To look for what is near to these is to suggest another zone by chance.
_ABBREVIATION = re.compile(r"[A-Za-z]{0,5}")
_OFFSET = re.compile(
    r"(?P<name>[A-Za-z]*) *(?P<sign>[+-]?)(?P<hours>[0-9]{1,2})(?::?(?P<minutes>[0-9]{2}))?"
)
_FARTHEST_WEST, _FARTHEST_EAST = 12, 14
_GENERAL = "Name one of the IANA database, such as America/New_York, Europe/London or UTC."


def zone_named(name: str) -> zoneinfo.ZoneInfo:
    """Return the time zone `name` of the IANA database.

    Raises:
        UnknownTimeZoneError: there is none of that name.
    """
    try:
        return _looked_up(name)
    # A folder of the database, or a name too long for a file's, is an OSError.
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownTimeZoneError(f"There is no time zone {name!r}.", _suggestion(name)) from error


@functools.lru_cache(maxsize=64)
def zone_in_stamp(name: str) -> zoneinfo.ZoneInfo | str:
    """Return the time zone that a stamp names, or what is wrong with it."""
    if name in _DOUBTFUL:
        return f"names {name}, which never is daylight saving time: write {_DOUBTFUL[name]}"
    try:
        return _looked_up(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return f"names the time zone {name}, which the IANA database does not have"


def _looked_up(name: str) -> zoneinfo.ZoneInfo:
    if name in _NOT_ZONES or name.startswith(_NO_ZONES):
        raise zoneinfo.ZoneInfoNotFoundError(name)
    return zoneinfo.ZoneInfo(name)


def _suggestion(name: str) -> str:
    return _by_offset(name) or _by_name(name) or _GENERAL


def _by_offset(name: str) -> str | None:
    """Say which zone is always so far from UTC, if `name` is such an offset."""
    match = _OFFSET.fullmatch(name.strip())
    ahead = None if match is None else _hours_ahead(match)
    if match is None or ahead is None:
        return None
    if ahead == 0:
        return "Name UTC."
    if match["minutes"] not in (None, "00") or not -_FARTHEST_WEST <= ahead <= _FARTHEST_EAST:
        return "Name the place whose clock it is, such as Asia/Kolkata or America/New_York."
    side = "ahead of" if ahead > 0 else "behind"
    hours = "1 hour" if abs(ahead) == 1 else f"{abs(ahead)} hours"
    return (
        f"Name Etc/GMT{-ahead:+d}, which is {hours} {side} UTC all year (the sign of such names "
        "counts westward), or the place if its clock knows daylight saving, such as "
        "America/New_York."
    )


def _hours_ahead(match: re.Match[str]) -> int | None:
    """Return the hours, less its minutes, that an offset is ahead of UTC, if it is known."""
    hours = int(match["hours"])
    if match["name"].upper() in ("", "UTC", "GMT", "Z"):
        return -hours if match["sign"] == "-" else hours
    # A name such as EST5 is one of POSIX, which counts westward.
    return None if match["sign"] else -hours


def _by_name(name: str) -> str | None:
    names = sorted(filter(_is_zone, zoneinfo.available_timezones()))
    known = {zone.lower(): zone for zone in names}
    exact = known.get(name.lower()) or _PLACES.get(name.upper())
    if exact is not None:
        return f"Did you mean {exact}?"
    if _ABBREVIATION.fullmatch(name):
        return None
    near = difflib.get_close_matches(name.lower(), known, n=3)
    return f"Did you mean {' or '.join(known[each] for each in near)}?" if near else None


def _is_zone(name: str) -> bool:
    try:
        _looked_up(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
