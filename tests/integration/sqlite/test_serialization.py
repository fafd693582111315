"""Events become rows and come back as they were, and their hashes never change."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sqlite import serialization, wire
from adapters.sqlite.serialization import UnknownEventError, UnreadableEventError
from adapters.sqlite.upcasting import current_version
from domain.events import CsvImported, Event, PartitionWritten
from tests import histories
from tests.builders import AAPL

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
FIELDS = st.lists(st.one_of(ANY_TEXT, st.none(), st.integers(-(2**63), 2**63 - 1)), max_size=12)


@given(previous=ANY_TEXT, fields=FIELDS)
def test_a_hash_is_that_of_the_json_that_python_writes(previous: str, fields: list[object]) -> None:
    """So the chains of ledgers that were written with Python's own JSON stay valid."""
    text = json.dumps([previous, *fields], ensure_ascii=False, separators=(",", ":"))
    expected = hashlib.sha256(text.encode()).hexdigest()
    assert serialization.chained_hash(previous, tuple(fields)) == expected


def test_every_control_character_is_hashed_as_python_writes_it() -> None:
    text = "".join(map(chr, range(0x2030)))
    written = json.dumps(["", text], ensure_ascii=False, separators=(",", ":"))
    expected = hashlib.sha256(written.encode()).hexdigest()
    assert serialization.chained_hash("", (text,)) == expected


@given(event=histories.events)
def test_an_event_comes_back_as_it_was(event: Event) -> None:
    kind, payload = type(event).__name__, serialization.to_json(event)
    version = current_version(kind)
    assert serialization.from_json(kind, version, payload) == event
    assert serialization.series_in(kind, version, payload) == serialization.series_of(event)


def test_an_import_of_the_first_version_did_not_say_how_many_bars_vanished() -> None:
    """That is None, not 0, although an import of today has removed none if nothing is said."""
    event = CsvImported(AAPL, "a.csv", "ab" * 32, 9, 9, 0, 5, None, "open", "overwrite", None)
    fields: dict[str, object] = json.loads(serialization.to_json(event))
    added = {"bars_removed", "clock_change", "date_order"}
    assert {fields[name] for name in added} == {None}
    first = json.dumps({name: value for name, value in fields.items() if name not in added})
    assert serialization.from_json("CsvImported", 1, first) == event
    assert serialization.series_in("CsvImported", 1, first) == serialization.series_of(event)
    assert current_version("CsvImported") == 2


@given(event=histories.writes)
def test_the_hand_made_payload_is_the_general_one(event: PartitionWritten) -> None:
    fields = serialization.converter().unstructure(event)
    general = json.dumps(fields, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    assert wire.encoded(event).decode() == general
    assert serialization.converter().structure(json.loads(general), PartitionWritten) == event


@given(events=st.lists(histories.writes, max_size=4))
def test_dates_and_coverage_come_back_from_their_columns(events: list[PartitionWritten]) -> None:
    kept = [serialization.projected(2, serialization.to_json(one)) for one in events]
    dates = wire.all_dates(f"[{','.join(bytes(one.trading_dates).decode() for one in kept)}]")
    coverage = wire.all_coverage(f"[{','.join(bytes(one.coverage).decode() for one in kept)}]")
    assert dates == [one.trading_dates for one in events]
    assert coverage == [one.coverage for one in events]


def test_every_kind_of_event_is_in_the_strategy() -> None:
    """Or else the tests above say nothing of a kind that was added."""
    kinds = {type(one).__name__ for one in histories.everything()} | {"LedgerRebuilt"}
    assert kinds == set(serialization.KINDS)


def _payload() -> dict[str, object]:
    fields: dict[str, object] = json.loads(serialization.to_json(histories.write()))
    return fields


@pytest.mark.parametrize(
    "change",
    [
        {"bars": "5"},
        {"bars": None},
        {"bars": 5.5},
        {"extra": 1},
        {"basis": "guessed"},
        {"cause": "weather"},
        {"coverage": [[2, 1]]},
        {"coverage": [[1]]},
        {"trading_dates": ["2024-13-01"]},
        {"series": {"bar_type": "7_MIN", "instrument_id": "AAPL.NASDAQ"}},
        {"series": {"bar_type": "1_MIN", "instrument_id": "../../x"}},
        {"series": {"bar_type": "1_MIN"}},
    ],
)
def test_a_payload_that_does_not_fit_is_refused(change: dict[str, object]) -> None:
    payload = json.dumps({**_payload(), **change})
    for read in (serialization.from_json, serialization.series_in):
        with pytest.raises(UnreadableEventError, match="PartitionWritten"):
            read("PartitionWritten", 2, payload)
    missing = {key: value for key, value in _payload().items() if key not in change}
    if len(missing) < len(_payload()):
        with pytest.raises(UnreadableEventError):
            serialization.from_json("PartitionWritten", 2, json.dumps(missing))


@pytest.mark.parametrize(
    ("kind", "version", "payload"),
    [
        ("PartitionRemoved", 1, "{}"),
        ("PartitionRemoved", 0, "{}"),
        ("PartitionWritten", -1, "{}"),
        ("InstrumentRegistered", 1, '{"instrument":{"id":"x"}}'),
        ("CsvImported", 1, "no JSON"),
        ("LedgerRebuilt", 1, '{"files":"many","bars":0,"set_aside":null}'),
    ],
)
def test_other_payloads_that_do_not_fit_are_refused(kind: str, version: int, payload: str) -> None:
    with pytest.raises(UnreadableEventError, match=kind):
        serialization.from_json(kind, version, payload)


def test_what_only_a_newer_barledger_knows_is_told_apart() -> None:
    with pytest.raises(UnknownEventError, match="TapeEaten, version 1"):
        serialization.from_json("TapeEaten", 1, "{}")
    with pytest.raises(UnknownEventError, match="PartitionWritten, version 3"):
        serialization.from_json("PartitionWritten", 3, "{}")
    with pytest.raises(UnknownEventError, match="CsvImported, version 3"):
        serialization.from_json("CsvImported", 3, "{}")
    with pytest.raises(UnknownEventError, match="version 3"):
        serialization.projected(3, "{}")
