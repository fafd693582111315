"""Payloads of earlier versions, turned into today's, one version at a time.

An event is never changed once it is written. Where a type of event gets other fields, the type's
version grows by one, and a function here makes the new fields of the old ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Fields = dict[str, Any]


def _written_because_of_bars(fields: Fields) -> Fields:
    """Version 1 was written for new bars alone, and did not say so."""
    return {"cause": "bars", **fields}


def _told_less_of_the_file(fields: Fields) -> Fields:
    """Version 1 did not say how many bars vanished, and knew fewer ways to read a file."""
    return {"bars_removed": None, "clock_change": None, "date_order": None, **fields}


_STEPS: Mapping[str, tuple[Callable[[Fields], Fields], ...]] = {
    "PartitionWritten": (_written_because_of_bars,),
    "CsvImported": (_told_less_of_the_file,),
}


def current_version(kind: str) -> int:
    """Return the version in which events of the type named `kind` are written today."""
    return 1 + len(_STEPS.get(kind, ()))


def upcast(kind: str, version: int, fields: Fields) -> Fields:
    """Return the fields that an event of `version` has today."""
    for step in _STEPS.get(kind, ())[version - 1 :]:
        fields = step(fields)
    return fields
