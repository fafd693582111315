"""The steps by which a change to the catalog becomes true, in order.

A writer can die after any of them. Before `COMMITTED` the change has not happened, and the files
that it left are cleared or set aside by the next holder of the series' lock; from then on it has,
and what is left to be done is done by that holder.
"""

from __future__ import annotations

import enum
from collections.abc import Callable


class Step(enum.Enum):
    """What a writer has just done."""

    LOCKED = "locked"
    """It holds the series' lock."""
    TIDIED = "tidied"
    """The folder holds nothing but current revisions."""
    STAGED = "staged"
    """A new revision, once for each, lies there under a temporary name."""
    SYNCED = "synced"
    """All new revisions have reached the disk."""
    RENAMED = "renamed"
    """A new revision, once for each, has its name."""
    FOLDER_SYNCED = "folder-synced"
    """The folder's names have reached the disk."""
    BEGUN = "begun"
    """The ledger's transaction is open."""
    APPENDED = "appended"
    """The events of the batch are in it."""
    COMMITTED = "committed"
    """The transaction has reached the disk: the batch is current, as a whole."""
    SUPERSEDED = "superseded"
    """A superseded revision, once for each, is in the history."""
    RELEASED = "released"
    """The lock is free."""


OnStep = Callable[[Step], None]
"""Is told of each step as soon as it is done."""


def unobserved(step: Step) -> None:
    """Take no notice of a step."""
    del step
