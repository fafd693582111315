"""Many writers and readers use one catalog at once: nothing is lost, torn or mixed."""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import attrs
import pytest

from domain.events import PartitionWritten
from tests.builders import AAPL
from tests.faults.state import assert_tidy, assert_unbroken, opened, rows_of, state_of
from tests.faults.warm import Warm
from tests.faults.workers import (
    KINDS,
    READERS,
    VERSIONED,
    WRITERS,
    confirmed,
    merged_bar,
    own_series,
    version_of,
)

SEED = int(os.environ.get("BARLEDGER_TEST_SEED") or random.SystemRandom().randrange(2**31))


@attrs.frozen
class Crowd:
    """Starts processes that write and read the catalog in `folder`, and gathers what they say."""

    warm: Warm
    folder: Path

    @property
    def catalog(self) -> Path:
        return self.folder / "catalog"

    def writer(self, number: int, *turns: int) -> int:
        """Start a writer, which takes a range of turns; return its process's id."""
        return self.warm.start(
            "tests.faults.workers:write",
            catalog=str(self.catalog),
            report=str(self.folder / f"writer{number}"),
            number=number,
            turns=turns,
            seed=SEED + number + turns[0],
        )

    def reader(self, number: int, least: int) -> int:
        """Start a reader, which goes on until the crowd is told to stop."""
        return self.warm.start(
            "tests.faults.workers:read",
            catalog=str(self.catalog),
            report=str(self.folder / f"reader{number}"),
            stop=str(self.folder / "stop"),
            least=least,
            seed=SEED - number - 1,
        )

    def stop(self, readers: list[int]) -> tuple[int, int]:
        """Wait for the readers; return how often they looked, and saw others write meanwhile."""
        (self.folder / "stop").touch()
        codes = [self.warm.wait(pid) for pid in readers]
        found = [self.report(f"reader{number}") for number in range(len(readers))]
        assert set(codes) == {0}
        return sum(one["reads"] for one in found), sum(one["overtaken"] for one in found)

    def report(self, name: str) -> dict[str, Any]:
        """Return what a process has left, which must not be a failure."""
        found: dict[str, Any] = json.loads((self.folder / name).read_text())
        assert "failed" not in found, found["failed"]
        return found

    def await_change(self, writers: Iterable[int], kinds: Iterable[str], since: int = 0) -> int:
        """Wait until more than `since` changes were confirmed to writers; return how many are."""
        while (now := self._count(writers, kinds)) <= since:
            for number in writers:
                report = self.folder / f"writer{number}"
                assert not report.exists(), report.read_text()
            time.sleep(0.01)
        return now

    def _count(self, writers: Iterable[int], kinds: Iterable[str]) -> int:
        return sum(len(self.done(number)[kind]) for number in writers for kind in kinds)

    def done(self, number: int) -> dict[str, list[int]]:
        """Return the turns that were confirmed to a writer."""
        return confirmed(self.folder / f"writer{number}")


@pytest.fixture
def crowd(warm: Warm, tmp_path: Path) -> Crowd:
    print(f"BARLEDGER_TEST_SEED={SEED}")
    return Crowd(warm, tmp_path)


@pytest.mark.parametrize(
    ("turns", "reads"), [(12, 30), pytest.param(150, 120, marks=pytest.mark.soak)]
)
def test_writers_and_readers_do_not_disturb_each_other(
    turns: int, reads: int, crowd: Crowd
) -> None:
    writers = [crowd.writer(number, 0, turns) for number in range(WRITERS)]
    readers = [crowd.reader(number, reads) for number in range(READERS)]
    codes = [crowd.warm.wait(pid) for pid in writers]
    looked, overtaken = crowd.stop(readers)
    for number in range(WRITERS):
        crowd.report(f"writer{number}")
        assert sum(map(len, crowd.done(number).values())) == turns
    assert set(codes) == {0}
    print(f"{turns * WRITERS} writes, {looked} reads, {overtaken} of them overtaken by a write")
    assert looked >= READERS * reads
    assert overtaken > 0, "no reader held a snapshot while others wrote"
    _assert_all_there(crowd, [crowd.done(number) for number in range(WRITERS)])


@pytest.mark.parametrize("kills", [8, pytest.param(150, marks=pytest.mark.soak)])
def test_writers_that_are_killed_beside_others_take_nothing_with_them(
    kills: int, crowd: Crowd
) -> None:
    """Readers keep the ledger open all the while, as a long backtest does.

    Some writers die before anything is recorded of their own series, so that the ledger does not
    know of it: `verify` looks for what lies there, too.
    """
    chance = random.Random(SEED)
    readers = [crowd.reader(number, 1) for number in range(2)]
    turns = dict.fromkeys(range(4), 0)
    writers = {number: crowd.writer(number, 0, 3000) for number in turns}
    told = 0
    for _ in range(kills):
        # On a busy machine nobody would come to anything if only time was waited for.
        told = crowd.await_change(writers, KINDS, since=told)
        time.sleep(chance.uniform(0.02, 0.2))
        number = chance.choice(list(writers))
        os.kill(writers[number], signal.SIGKILL)
        assert crowd.warm.wait(writers[number]) == -signal.SIGKILL
        turns[number] = 2 + max(itertools.chain([turns[number]], *crowd.done(number).values()))
        writers[number] = crowd.writer(number, turns[number], 3000)
    crowd.await_change(writers, ["overwritten"])
    for pid in writers.values():
        os.kill(pid, signal.SIGKILL)
        assert crowd.warm.wait(pid) == -signal.SIGKILL
    crowd.stop(readers)
    done = [crowd.done(number) for number in writers]
    print(f"{kills + len(writers)} kills, {sum(len(one[k]) for one in done for k in one)} writes")
    crowd.warm.barledger(crowd.catalog, "verify").succeeded()
    _assert_all_there(crowd, done, killed=True)


def _assert_all_there(
    crowd: Crowd, done: list[dict[str, list[int]]], *, killed: bool = False
) -> None:
    """Hold what was confirmed against what is held, and the versions against the ledger.

    Who was killed may have made a change that was never confirmed.
    """
    now = state_of(crowd.catalog)
    for number, one in enumerate(done):
        for turn in one["merged"]:
            assert now[AAPL].items() >= rows_of(merged_bar(number, turn)).items(), "a lost update"
        if one["own"] and not killed:
            last = version_of(number, one["own"][-1])
            assert {row[1] for row in now[own_series(number)].values()} == {last * 10**7}
    versions = _versions(crowd)
    number, turn = map(int, versions[-1].detail.split())
    assert now[AAPL][versions[-1].first_open][1] == version_of(number, turn) * 10**7
    numbers = [event.revision for event in versions]
    assert numbers == list(range(1, len(numbers) + 1)), "a revision was written over another"
    made = {tuple(map(int, event.detail.split())) for event in versions}
    told = {(number, turn) for number, one in enumerate(done) for turn in one["overwritten"]}
    assert made >= told if killed else made == told
    assert_unbroken(crowd.catalog)
    assert_tidy(crowd.catalog)


def _versions(crowd: Crowd) -> list[PartitionWritten]:
    with opened(crowd.catalog) as container:
        written = [one.event for one in container.ledger().replay(series=AAPL)]
    return [
        event
        for event in written
        if isinstance(event, PartitionWritten) and event.partition == VERSIONED
    ]
