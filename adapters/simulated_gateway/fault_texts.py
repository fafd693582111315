"""Faults as a command line names them."""

from __future__ import annotations

import re

from adapters.simulated_gateway.faults import ALWAYS, Fault, FaultKind, Stage

FORM = "KIND[@STAGE][:AFTER][xTIMES][/SECONDS]"
_KINDS = {kind.value: kind for kind in FaultKind}
_STAGES = {stage.value: stage for stage in Stage}
_ALWAYS = "always"
_FAULT = re.compile(
    rf"(?P<kind>{'|'.join(sorted(_KINDS, key=len, reverse=True))})"
    rf"(?:@(?P<stage>{'|'.join(_STAGES)}))?"
    rf"(?::(?P<after>\d{{1,9}}))?"
    rf"(?:x(?P<times>\d{{1,9}}|{_ALWAYS}))?"
    rf"(?:/(?P<seconds>\d{{1,6}}(?:\.\d{{1,3}})?))?"
)


def kinds() -> list[str]:
    """Return the names of all kinds, in order."""
    return sorted(_KINDS)


def stages() -> list[str]:
    """Return the names of all stages, in the order in which a client meets them."""
    return list(_STAGES)


def parse_fault(text: str) -> Fault:
    """Return the fault that a text such as `silence@history:2x3` names.

    Raises:
        ValueError: it names none.
    """
    match = _FAULT.fullmatch(text.strip().lower().replace("_", "-"))
    if match is None:
        raise ValueError(f"{text!r} is no fault of the form {FORM}")
    times = match["times"] or "1"
    fault = Fault(
        _KINDS[match["kind"]],
        _STAGES[match["stage"] or Stage.HISTORY.value],
        int(match["after"] or 0),
        ALWAYS if times == _ALWAYS else int(times),
    )
    if match["seconds"] is None:
        return fault
    return Fault(fault.kind, fault.stage, fault.after, fault.times, float(match["seconds"]))
