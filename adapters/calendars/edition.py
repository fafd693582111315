"""What the sessions of exchanges follow from, found without importing any of it."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
from functools import cache
from pathlib import Path

from adapters.calendars.zones import hash_of_zones

_LIBRARIES = ("pandas_market_calendars", "exchange_calendars", "pandas", "tzdata")


@cache
def edition() -> str:
    """Return a text that is another one whenever the sessions could be others.

    It names the releases of the libraries, of the time zones, of Python, and the program's own
    rules by the hash of this package.
    """
    parts = [f"{name} {_release(name)}" for name in _LIBRARIES]
    parts.append(f"zones {hash_of_zones()}")
    parts.append(f"python {sys.version_info[0]}.{sys.version_info[1]}")
    parts.append(f"rules {_own_rules()}")
    return ", ".join(parts)


def _release(name: str) -> str:
    """Return the installed release of a library by the name of the folder of its metadata.

    `importlib.metadata` says it too, but takes 50 ms to import: half of what `check` may take.
    """
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        return "none"
    beside = os.listdir(Path(spec.origin).parents[1])  # noqa: PTH208 - names are enough, and quicker
    found = sorted(each for each in beside if each.lower().startswith(f"{name}-"))
    return " ".join(found) or _asked_release(name)


def _asked_release(name: str) -> str:
    from importlib import metadata

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "unknown"


def _own_rules() -> str:
    rules = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        rules.update(path.read_bytes())
    return rules.hexdigest()
