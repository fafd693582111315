"""What must have reached the disk before the next step, so that a power cut takes nothing.

A power cut cannot be had here; the order of what is asked of the system can be seen.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from domain.publishing import Step
from tests.builders import csv_text, session_bars
from tests.faults.warm import Warm

Call = tuple[str, str, str]
"""What was asked for, or which step was taken; and the paths that it was about."""

_SEEN = {"os.mkdir", "os.rename", "os.link"}


def recorded(words: list[str], report: str) -> int:
    """Run `barledger`, and write down which names it gave, what it flushed, and its steps."""
    from dependency_injector import providers

    from entrypoints.cli.main import main
    from entrypoints.container import Container

    calls: list[Call] = []
    flush, listening = os.fsync, True

    def heard(event: str, arguments: tuple[Any, ...]) -> None:
        if not listening or event not in _SEEN:
            return
        if event != "os.mkdir":
            calls.append((event, str(arguments[0]), str(arguments[1])))
        elif Path(arguments[0]).parent.exists() and not Path(arguments[0]).exists():
            calls.append((event, str(arguments[0]), ""))

    def flushed(descriptor: int) -> None:
        calls.append(("fsync", str(Path(f"/proc/self/fd/{descriptor}").readlink()), ""))
        flush(descriptor)

    sys.addaudithook(heard)
    os.fsync = flushed
    Container.on_step.override(providers.Object(lambda step: calls.append((step.value, "", ""))))
    code = main(words)
    listening = False
    Path(report).write_text(json.dumps(calls))
    return code


@pytest.fixture(params=["a first import", "an overwrite"])
def calls(request: pytest.FixtureRequest, warm: Warm, tmp_path: Path) -> list[Call]:
    """Return what an import asked the system for."""
    file, report, catalog = tmp_path / "bars.csv", tmp_path / "calls", tmp_path / "new" / "catalog"
    words = ["import-csv", str(file), "-i", "AAPL.NASDAQ", "--on-conflict", "overwrite"]
    words += ["--catalog", str(catalog)]
    file.write_text(csv_text(session_bars("2024-01-02", "2024-01-04", minutes=5)))
    if request.param == "an overwrite":
        warm.call("tests.faults.warm:command", words=words).succeeded()
        file.write_text(csv_text(session_bars("2024-01-02", "2024-01-04", minutes=5, price=1000)))
    job = "tests.faults.test_power_cut:recorded"
    warm.call(job, words=words, report=str(report)).succeeded()
    return [(what, one, other) for what, one, other in json.loads(report.read_text())]


def _published(calls: list[Call]) -> list[tuple[str, str]]:
    return [
        (source, target)
        for what, source, target in calls
        if what in ("os.link", "os.rename") and source.endswith(".tmp")
    ]


def test_a_file_has_reached_the_disk_before_it_gets_its_name(calls: list[Call]) -> None:
    published = _published(calls)
    assert len(published) == 3
    for source, target in published:
        named = next(i for i, call in enumerate(calls) if call[1:] == (source, target))
        assert ("fsync", source, "") in calls[:named]


def test_the_names_have_reached_the_disk_before_the_ledger_is_told(calls: list[Call]) -> None:
    begun = calls.index((Step.BEGUN.value, "", ""))
    for source, target in _published(calls):
        named = next(i for i, call in enumerate(calls) if call[1:] == (source, target))
        assert ("fsync", str(Path(target).parent), "") in calls[named:begun]


def test_every_new_folder_has_reached_the_disk(calls: list[Call]) -> None:
    made = [(i, call[1]) for i, call in enumerate(calls) if call[0] == "os.mkdir"]
    for place, folder in made:
        assert ("fsync", str(Path(folder).parent), "") in calls[place:], folder


def test_what_is_moved_is_in_its_new_place_before_it_is_gone_from_the_old(
    calls: list[Call],
) -> None:
    moved = [
        (i, Path(source).parent, Path(target).parent)
        for i, (what, source, target) in enumerate(calls)
        if what == "os.rename" and ".history" in target
    ]
    for place, old, new in moved:
        there = calls.index(("fsync", str(new), ""), place)
        assert calls.index(("fsync", str(old), ""), place) > there
