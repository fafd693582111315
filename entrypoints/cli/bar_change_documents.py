"""The bars that an event replaced or removed, in JSON."""

from __future__ import annotations

from typing import Any

from application.bar_changes import BarChanges, ChangedBar, Held, NotCompared
from application.bar_differences import VALUES, BarAt
from domain.ports import ProgressTask
from domain.sessions import instant_text
from entrypoints.cli.screen import Streamed


def bars_document(changes: BarChanges, task: ProgressTask) -> dict[str, Any]:
    """Return what an event did to bars; those that changed are made as they are printed.

    `task` advances by these.
    """

    def changed(bar: ChangedBar) -> dict[str, Any]:
        task.advance(1)
        return _changed(bar)

    return {
        "added": changes.added,
        "unchanged": changes.unchanged,
        "replaced": Streamed(changes.replaced, changed),
        "removed": Streamed(changes.removed, changed),
        "not_compared": [_not_compared(one) for one in changes.not_compared],
    }


def _changed(bar: ChangedBar) -> dict[str, Any]:
    step = bar.step
    document = {
        "ts_open": instant_text(bar.before.ts_open),
        "partition": step.partition,
        "event": step.seq,
        "before": _bar(step.before, bar.before),
    }
    if bar.after:
        document["after"] = _bar(step.after, bar.after)
    return document


def _bar(held: Held | None, bar: BarAt) -> dict[str, Any]:
    whose = {"revision": held.event.revision, "event": held.seq} if held else {}
    return {
        **whose,
        "ts_open": instant_text(bar.ts_open),
        "ts_event": instant_text(bar.ts_event),
        **{name: bar.text(name) for name in VALUES},
    }


def _not_compared(one: NotCompared) -> dict[str, Any]:
    return {
        "partition": one.step.partition,
        "event": one.step.seq,
        "code": one.error.code,
        "message": one.error.message,
        "recovery": one.error.recovery,
    }
