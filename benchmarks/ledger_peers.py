"""Other ways to keep and to replay the same events, measured beside the ledger."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import sqlite3
import statistics
import sys
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

from adapters.sqlite import serialization
from domain.availability import fold
from domain.events import Origin, PartitionWritten, Recorded

Events = Callable[[int], list[PartitionWritten]]
Rates = dict[str, float]


def plain(path: Path) -> Rates:
    """Replay the ledger by json.loads and cattrs, and fold all of it: no projections."""
    converter = serialization.converter()
    origin = Origin("trader", "workstation-7", "import-csv", "1")
    query = "SELECT seq, event_id, recorded_at, payload FROM events ORDER BY seq"

    def recorded() -> Iterator[Recorded]:
        for seq, event_id, at, payload in connection.execute(query):
            event = converter.structure(json.loads(payload), PartitionWritten)
            yield Recorded(seq, event_id, at, origin, event)

    with contextlib.closing(sqlite3.connect(path)) as connection:
        began = time.perf_counter()
        head = fold(recorded()).head
        took = time.perf_counter() - began
    return {"events replayed": head / took, "availability, cold handle (ms)": took * 1000}


def recorder(path: Path, instruments: int, events: Events) -> Rates:
    """Append by the recorder of `eventsourcing` in the same batches, and read all back."""
    from eventsourcing.persistence import StoredEvent
    from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

    path.unlink(missing_ok=True)
    store = SQLiteDatastore(str(path))
    made = SQLiteApplicationRecorder(store)
    made.create_table()
    spent, count = 0.0, 0
    for number in range(instruments):
        batch, of = events(number), uuid.uuid4()
        began = time.perf_counter()
        made.insert_events(
            [
                StoredEvent(of, place, "written", serialization.to_json(event).encode())
                for place, event in enumerate(batch)
            ]
        )
        spent, count = spent + time.perf_counter() - began, count + len(batch)
    began, read = time.perf_counter(), 0
    while found := made.select_notifications(start=read + 1, limit=2_000):
        read += sum(1 for one in found if json.loads(one.state))
    took = time.perf_counter() - began
    store.close()
    return {"append": count / spent, "events replayed": read / took}


def measure_peers(path: Path, instruments: int, events: Events, runs: int) -> dict[str, Rates]:
    """Return the medians of each peer over the events of the ledger at `path`.

    The peers' rates do not depend on how many there are; the time of a fold does.
    """
    peers: dict[str, Callable[[], Rates]] = {"json, cattrs, fold": lambda: plain(path)}
    if importlib.util.find_spec("eventsourcing"):
        beside = path.with_name("peer.db")
        peers["eventsourcing"] = lambda: recorder(beside, instruments, events)
    else:
        sys.stderr.write("The package eventsourcing is not there: that peer is left out.\n")
    found = {}
    for name, peer in peers.items():
        values: defaultdict[str, list[float]] = defaultdict(list)
        for _ in range(runs):
            for what, value in peer().items():
                values[what].append(value)
        found[name] = {what: statistics.median(many) for what, many in values.items()}
    return found
