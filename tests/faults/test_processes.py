"""Eight writers and eight readers use one catalog at once: nothing is lost, torn or mixed."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from domain.events import PartitionWritten
from tests.builders import AAPL
from tests.faults.state import assert_tidy, assert_unbroken, opened, rows_of, state_of
from tests.faults.warm import Warm
from tests.faults.workers import (
    READERS,
    VERSIONED,
    WRITERS,
    merged_bar,
    own_series,
    version_of,
)

SEED = int(os.environ.get("BARLEDGER_TEST_SEED") or random.SystemRandom().randrange(2**31))


@pytest.mark.parametrize(
    ("turns", "reads"), [(12, 30), pytest.param(150, 120, marks=pytest.mark.soak)]
)
def test_writers_and_readers_do_not_disturb_each_other(
    turns: int, reads: int, warm: Warm, tmp_path: Path
) -> None:
    print(f"BARLEDGER_TEST_SEED={SEED}")
    catalog, stop = tmp_path / "catalog", tmp_path / "stop"
    writers = [
        warm.start(
            "tests.faults.workers:write",
            catalog=str(catalog),
            report=str(tmp_path / f"writer{number}"),
            number=number,
            turns=turns,
            seed=SEED + number,
        )
        for number in range(WRITERS)
    ]
    readers = [
        warm.start(
            "tests.faults.workers:read",
            catalog=str(catalog),
            report=str(tmp_path / f"reader{number}"),
            stop=str(stop),
            least=reads,
            seed=SEED - number - 1,
        )
        for number in range(READERS)
    ]
    codes = [warm.wait(pid) for pid in writers]
    stop.touch()
    codes += [warm.wait(pid) for pid in readers]
    wrote = [_report(tmp_path / f"writer{number}") for number in range(WRITERS)]
    read = [_report(tmp_path / f"reader{number}") for number in range(READERS)]
    assert set(codes) == {0}
    reads_done, overtaken = (sum(one[key] for one in read) for key in ("reads", "overtaken"))
    print(f"{turns * WRITERS} writes, {reads_done} reads, {overtaken} of them overtaken by a write")
    assert reads_done >= READERS * reads
    assert overtaken > 0, "no reader held a snapshot while others wrote"
    _assert_all_there(catalog, [one["done"] for one in wrote])
    assert_unbroken(catalog)
    assert_tidy(catalog)


def _report(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    assert "failed" not in found, found["failed"]
    return found


def _assert_all_there(catalog: Path, done: list[dict[str, list[int]]]) -> None:
    """Hold every writer's bars against what is held, and the versions against the ledger."""
    now = state_of(catalog)
    for number, one in enumerate(done):
        for turn in one["merged"]:
            expected = rows_of(merged_bar(number, turn))
            assert now[AAPL].items() >= expected.items(), "an update is lost"
        if one["own"]:
            last = version_of(number, one["own"][-1])
            assert {row[1] for row in now[own_series(number)].values()} == {last * 10**7}
    with opened(catalog) as container:
        written = [one.event for one in container.ledger().replay(series=AAPL)]
    versions = [
        event
        for event in written
        if isinstance(event, PartitionWritten) and event.partition == VERSIONED
    ]
    number, turn = map(int, versions[-1].detail.split())
    first = versions[-1].first_open
    assert now[AAPL][first][1] == version_of(number, turn) * 10**7
    numbers = [event.revision for event in versions]
    assert numbers == list(range(1, len(numbers) + 1)), "a revision was written over another"
    overwritten = {(str(n), str(turn)) for n, one in enumerate(done) for turn in one["overwritten"]}
    assert {tuple(event.detail.split()) for event in versions} == overwritten
