"""Whatever is done to a catalog in whatever order, it agrees with a model kept in dictionaries."""

from __future__ import annotations

import pickle
import shutil
import tempfile
from pathlib import Path

import attrs
import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from adapters.memory.progress import MemoryProgress, MemoryProgressTask
from domain.as_of import AsOf
from domain.availability import Availability, fold
from domain.bars import Bars
from domain.errors import CorruptPartitionError
from domain.instrument import Series
from domain.publishing import Step
from entrypoints.container import Container, wire
from tests.builders import AAPL, MINUTE, MSFT, utc
from tests.faults.changes import SeriesChange
from tests.faults.state import Rows, assert_tidy, assert_unbroken, opened, rows_of
from tests.faults.warm import KillAt, Warm

DAYS = ("2024-01-02", "2024-01-03", "2024-01-04")
Held = dict[tuple[Series, str], Rows]
"""Bars by series and day; a day without bars is not there."""

series = st.sampled_from((AAPL, MSFT))
days = st.sampled_from(DAYS)
handles = st.integers(0, 1)


@st.composite
def day_bars(draw: st.DrawFn, day: str) -> Bars:
    """Return some minutes of a day, with few digits or many."""
    minutes = draw(st.sets(st.integers(0, 6), min_size=1, max_size=4))
    price = draw(st.integers(1_000, 9_999_999))
    digits, size = draw(st.sampled_from(((2, 0), (2, 0), (4, 0), (5, 3))))
    opens = utc(f"{day}T14:30:00") + np.array(sorted(minutes), np.int64) * MINUTE
    level = np.full(len(opens), price, np.int64)
    volume = np.arange(1, len(opens) + 1, dtype=np.int64)
    return Bars(opens, opens + MINUTE, level, level + 1, level - 1, level, volume, digits, size)


@st.composite
def series_changes(draw: st.DrawFn) -> SeriesChange:
    """Return bars for some days of a series, some of them removed."""
    chosen = draw(st.lists(days, min_size=1, max_size=3, unique=True))
    merge = draw(st.booleans())
    bars = {}
    for day in chosen:
        gone = not merge and draw(st.integers(0, 4)) == 0
        bars[day] = Bars.empty() if gone else draw(day_bars(day))
    return SeriesChange(draw(series), bars, merge)


@attrs.frozen
class Snapshot:
    """What was held after an event, and which file held it."""

    head: int
    held: Held
    paths: dict[tuple[Series, str], str]


class CatalogMachine(RuleBasedStateMachine):
    """A catalog with two handles, and what must be in it."""

    warm: Warm

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.handles = [self._open(), self._open()]
        self.held: Held = {}
        self.lost: set[tuple[Series, str]] = set()
        self.damaged: set[str] = set()
        self.unmet: dict[str, tuple[Series, str]] = {}
        self.snapshots = [Snapshot(0, {}, {})]

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self._close()
            shutil.rmtree(self.folder)

    def _open(self) -> Container:
        return wire(self.folder / "catalog", "test", MemoryProgress())

    def _close(self) -> None:
        for handle in self.handles:
            handle.ledger().close()

    @rule(handle=handles, change=series_changes())
    def write(self, handle: int, change: SeriesChange) -> None:
        container = self.handles[handle]
        while True:
            try:
                change.apply(container)
                break
            except CorruptPartitionError as error:
                self._meet(container, error)
        self._take(change)

    @rule(change=series_changes(), step=st.sampled_from(Step), nth=st.integers(1, 3))
    def crash(self, change: SeriesChange, step: Step, nth: int) -> None:
        self.meet_all_damage()
        file = self.folder / "change"
        file.write_bytes(pickle.dumps(change))
        death = self.warm.call(
            "tests.faults.changes:apply",
            KillAt(step, nth),
            catalog=str(self.folder / "catalog"),
            file=str(file),
        )
        assert death.killed or death.code == 0, death
        hypothesis.event(f"killed after {step.value}" if death.killed else "not killed")
        if death.committed:
            self._take(change)

    @rule(handle=handles)
    def reopen(self, handle: int) -> None:
        self.handles[handle].ledger().close()
        self.handles[handle] = self._open()

    @precondition(lambda self: len(self.held) > len(self.unmet))
    @rule(data=st.data(), truncate=st.booleans())
    def damage(self, data: st.DataObject, truncate: bool) -> None:
        """Change the bytes of a sound file, or cut it, and leave it to be met."""
        sound = self.held.keys() - set(self.unmet.values())
        place = data.draw(st.sampled_from(sorted(sound, key=str)))
        path = self._current()[place]
        file = self.folder / "catalog" / path
        if not file.exists():
            file = file.parent / ".history" / file.name
        content = bytearray(file.read_bytes())
        position = data.draw(st.integers(0, len(content) - 1))
        content[position] ^= data.draw(st.integers(1, 255))
        file.write_bytes(content[:position] if truncate else content)
        self.unmet[path] = place

    @precondition(lambda self: self.unmet)
    @rule()
    def meet_all_damage(self) -> None:
        """Read all that is held, through a handle that has kept nothing in memory."""
        with opened(self.folder / "catalog") as container:
            for path in list(self.unmet):
                held = container.catalog().availability()
                for partition in _partitions(held).values():
                    if partition.path == path:
                        with pytest.raises(CorruptPartitionError) as caught:
                            container.repository().read(partition)
                        self._meet(container, caught.value)

    @rule(handle=handles, data=st.data())
    def look_back(self, handle: int, data: st.DataObject) -> None:
        """See the catalog after an earlier event, by its number and by its time."""
        container = self.handles[handle]
        snapshot = data.draw(st.sampled_from(self.snapshots))
        then = container.catalog().availability(AsOf(seq=snapshot.head))
        assert then.head == snapshot.head
        assert set(_partitions(then)) == set(snapshot.held)
        for place, partition in _partitions(then).items():
            if partition.path in self.damaged or partition.path in self.unmet:
                with pytest.raises(CorruptPartitionError):
                    container.repository().read(partition)
            else:
                assert rows_of(container.repository().read(partition)) == snapshot.held[place]
        if snapshot.head:
            events = list(container.ledger().replay(upto=snapshot.head))
            at_that_time = container.catalog().availability(AsOf(time=events[-1].recorded_at))
            assert at_that_time == then

    @rule(handle=handles, data=st.data())
    def fold_anew(self, handle: int, data: st.DataObject) -> None:
        """Hold the ledger's projections, now and earlier, against its events alone."""
        ledger = self.handles[handle].ledger()
        upto = data.draw(st.integers(0, ledger.head()))
        assert ledger.availability(upto=upto) == fold(ledger.replay(upto=upto))

    @rule()
    def prove(self) -> None:
        """Have the ledger checked, and the folder once a writer has been there."""
        keeper = self.handles[0].ledger_keeper()
        if self.handles[0].ledger().exists():
            report = keeper.verify(MemoryProgressTask("", 0))
            assert report.valid, report
            assert_unbroken(self.folder / "catalog")

    @precondition(lambda self: not self.unmet)
    @rule()
    def recover(self) -> None:
        """Let a writer of each series do nothing, and find everything in its place."""
        with opened(self.folder / "catalog") as container:
            for one in (AAPL, MSFT):
                with container.catalog().writing(one):
                    pass
        assert_tidy(self.folder / "catalog", self.damaged)

    @invariant()
    def agrees(self) -> None:
        """Both handles see what the model holds, and the same as the events tell."""
        for container in self.handles if hasattr(self, "handles") else ():
            now = container.catalog().availability()
            assert now == fold(container.ledger().replay())
            assert set(_partitions(now)) == set(self.held)
            lost = {(one, day) for one, held in now.series.items() for day in held.corrupt}
            assert lost == self.lost
            for place, partition in _partitions(now).items():
                if partition.path not in self.unmet:
                    assert rows_of(container.repository().read(partition)) == self.held[place]

    def _meet(self, container: Container, error: CorruptPartitionError) -> None:
        """Record damage that was met, as whoever meets it does."""
        place = self.unmet.pop(error.partition.path)
        assert container.catalog().quarantine(error)
        self.damaged.add(error.partition.path)
        del self.held[place]
        self.lost.add(place)
        self._remember()

    def _take(self, change: SeriesChange) -> None:
        """Make a change in the model."""
        before = dict(self.held)
        for day, bars in change.days.items():
            place = (change.series, day)
            rows = rows_of(bars)
            if change.merge:
                rows = self.held.get(place, {}) | rows
            if rows:
                self.held[place] = rows
                self.lost.discard(place)
            else:
                self.held.pop(place, None)
        self._forget_damage_of_what_is_gone()
        if self.held != before or change.days:
            self._remember()

    def _forget_damage_of_what_is_gone(self) -> None:
        """Damage in files that are no longer current may never be met."""
        current = set(self._current().values())
        for path in [path for path in self.unmet if path not in current]:
            self.damaged.add(path)
            del self.unmet[path]

    def _current(self) -> dict[tuple[Series, str], str]:
        with opened(self.folder / "catalog") as container:
            found = _partitions(container.ledger().availability())
            return {place: partition.path for place, partition in found.items()}

    def _remember(self) -> None:
        with opened(self.folder / "catalog") as container:
            head = container.ledger().head()
        self.snapshots.append(Snapshot(head, dict(self.held), self._current()))


def _partitions(availability: Availability) -> dict[tuple[Series, str], object]:
    return {
        (one, day): partition
        for one, held in availability.series.items()
        for day, partition in held.partitions.items()
    }


@pytest.mark.parametrize(
    ("examples", "steps"), [(20, 20), pytest.param(200, 40, marks=pytest.mark.soak)]
)
def test_the_catalog_agrees_with_a_model(examples: int, steps: int, warm: Warm) -> None:
    CatalogMachine.warm = warm
    settings = hypothesis.settings(
        max_examples=examples, stateful_step_count=steps, print_blob=True, database=None
    )
    run_state_machine_as_test(CatalogMachine, settings=settings)
