"""The time zones that sessions are told by, as they are read on this machine."""

from __future__ import annotations

import hashlib
import zoneinfo

# Those of the library's calendars, and of our own rules and venues.
_NAMES = (
    "Africa/Johannesburg America/Argentina/Buenos_Aires America/Chicago America/Lima "
    "America/Mexico_City America/New_York America/Santiago America/Sao_Paulo America/Toronto "
    "Asia/Almaty Asia/Bangkok Asia/Calcutta Asia/Hong_Kong Asia/Jakarta Asia/Jerusalem "
    "Asia/Karachi Asia/Kolkata Asia/Kuala_Lumpur Asia/Manila Asia/Nicosia Asia/Riyadh Asia/Seoul "
    "Asia/Shanghai Asia/Singapore Asia/Taipei Asia/Tel_Aviv Asia/Tokyo Atlantic/Bermuda "
    "Atlantic/Reykjavik Australia/Sydney Canada/Eastern Europe/Amsterdam Europe/Athens "
    "Europe/Belgrade Europe/Berlin Europe/Bratislava Europe/Brussels Europe/Bucharest "
    "Europe/Budapest Europe/Copenhagen Europe/Dublin Europe/Helsinki Europe/Istanbul "
    "Europe/Lisbon Europe/Ljubljana Europe/London Europe/Luxembourg Europe/Madrid Europe/Moscow "
    "Europe/Oslo Europe/Paris Europe/Prague Europe/Riga Europe/Rome Europe/Stockholm "
    "Europe/Tallinn Europe/Vienna Europe/Vilnius Europe/Warsaw Europe/Zagreb Europe/Zurich "
    "Pacific/Auckland US/Eastern UTC"
)
ZONES = tuple(_NAMES.split())


def hash_of_zones() -> str:
    """Return the hash of what the system's folders say of these zones.

    A zone that is in none of them is that of the package `tzdata`, whose release stands for it.
    """
    found = hashlib.sha256()
    for name in ZONES:
        data = _system_zone(name)
        found.update(f"{name} {len(data)}\n".encode())
        found.update(data)
    return found.hexdigest()


def _system_zone(name: str) -> bytes:
    """Return the file that `zoneinfo` reads for a zone; empty where it asks `tzdata`."""
    for folder in zoneinfo.TZPATH:
        try:
            # Three times as quick as by way of `Path`, and `check` waits for it.
            with open(f"{folder}/{name}", "rb", buffering=0) as file:  # noqa: PTH123
                return file.read()
        except OSError:
            continue
    return b""
