"""What was done about damage, and what is left to do, in words."""

from __future__ import annotations

from application.verify_series import Finding
from domain.soundness import MISSING

_REPAIR = "barledger verify --repair brings it back"


def action_on(finding: Finding, *, movable: bool, left: bool) -> str:
    """Return what was done and what to do about a damaged revision.

    `movable` where the same file lies elsewhere; `left` where nothing could be done now.
    """
    if finding.blocked:
        return "left as it is; put right what stands in the way, then verify again"
    todo = _REPAIR if movable else _todo(finding)
    if finding.known:
        return f"counts as missing since it was found; {todo}"
    if left:
        return f"left as it is; {todo}"
    rest = "" if finding.problem == MISSING else ", and what is left of it is in quarantine"
    state = "is recorded as lost" if finding.superseded else "counts as missing now"
    return f"{state}{rest}; {todo}"


def _todo(finding: Finding) -> str:
    if finding.superseded:
        return "what is held today is not touched"
    event = finding.revision.event
    return f"import or fetch it again: it came from {event.source}, {event.detail}"
