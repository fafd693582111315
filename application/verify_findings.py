"""What a verification finds, and what becomes of it."""

from __future__ import annotations

import attrs

from domain.events import PartitionWritten
from domain.instrument import Series


@attrs.frozen
class Damage:
    """A revision whose file is not what was recorded.

    `problem` says what is wrong and `action` what was done about it and what is left to do.
    `superseded` revisions are of the past. `known` damage was recorded before. The same file
    was `found_at` another place, or nowhere.
    """

    event: PartitionWritten
    problem: str
    action: str
    superseded: bool = False
    known: bool = False
    found_at: str | None = None


@attrs.frozen
class Unknown:
    """A file that the ledger does not know, why that is, and what can be done about it."""

    path: str
    problem: str
    action: str
    series: Series | None = None


@attrs.frozen
class Repaired:
    """A file that was put right, and how."""

    path: str
    action: str


@attrs.frozen
class Verification:
    """What was found in the series that were looked at.

    `partitions` counts those that are held or should be, `bars` those in sound ones, and
    `revisions` the sound superseded ones. `lost` counts superseded ones that are known to be
    damaged. `writable` tells whether damage could be recorded and moved.
    """

    partitions: int = 0
    bars: int = 0
    revisions: int = 0
    lost: int = 0
    damaged: tuple[Damage, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    repaired: tuple[Repaired, ...] = ()
    writable: bool = True
