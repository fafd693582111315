"""What is kept of the events' consequences is what follows from the events, or is found out."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from adapters.memory.clock import MemoryClock
from adapters.sqlite.keeper import SqliteLedgerKeeper
from adapters.sqlite.ledger import SqliteLedger
from domain.availability import fold
from domain.errors import LedgerDamagedError
from domain.events import CsvImported, Event, Recorded
from domain.history import histories as folded
from domain.instrument import InstrumentId
from tests import histories
from tests.builders import AAPL, MSFT, ORIGIN
from tests.integration.sqlite.conftest import Connected, NoTask, Opened, verified

TABLES = ("projected", "instruments", "series", "revisions")


@pytest.fixture
def path(tmp_path: Path, opened: Opened) -> Path:
    ledger = opened(tmp_path / "ledger.db")
    ledger.append(histories.ordinary(), ORIGIN, expected_head=0)
    ledger.close()
    return tmp_path / "ledger.db"


def _rows(path: Path, connected: Connected) -> dict[str, list[object]]:
    connection = connected(path)
    rows = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in TABLES}
    connection.close()
    return rows


def _expected_rows(recorded: list[Recorded]) -> list[tuple[object, ...]]:
    """Return the rows of `revisions` as the domain's history says them."""
    seq = {None: None}
    return sorted(
        (
            f"{series.instrument_id}/{series.bar_type}",
            partition,
            one.written.seq,
            one.event.revision,
            *(seq.get(end, end and end.seq) for end in (one.ended, one.corrupted, one.discarded)),
            one.event.bars,
        )
        for series, history in folded(recorded).items()
        for partition, revisions in history.partitions.items()
        for one in revisions
    )


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=histories.batches)
def test_the_rows_are_what_the_domain_says_of_every_revision(
    tmp_path_factory: pytest.TempPathFactory, connected: Connected, batches: list[list[Event]]
) -> None:
    path = tmp_path_factory.mktemp("ledger") / "ledger.db"
    ledger = SqliteLedger(path, MemoryClock())
    for batch in batches:
        ledger.append(batch, ORIGIN, expected_head=ledger.head())
    recorded = list(ledger.replay())
    ledger.close()
    if recorded:
        kept = [tuple(row[:8]) for row in _rows(path, connected)["revisions"]]
        assert kept == _expected_rows(recorded)
        assert verified(path).problems == ()
        assert not SqliteLedgerKeeper(path).replay(NoTask()).changed


WRONG = {
    "a row too few": "DELETE FROM revisions WHERE partition = '2024-01-03' AND series LIKE 'MSFT%'",
    "a row too many": "INSERT INTO revisions SELECT series, '2024-01-09', written, revision, NULL,"
    " NULL, NULL, bars, size, price_precision, size_precision, source, trading_dates, coverage"
    " FROM revisions LIMIT 1",
    "all rows gone": "DELETE FROM revisions",
    "another number": "UPDATE revisions SET bars = bars + 1 WHERE written = 2",
    "another coverage": "UPDATE revisions SET coverage = '[[0,9]]' WHERE written = 2",
    "an end too few": "UPDATE revisions SET ended = NULL WHERE written = 2",
    "an end too many": "UPDATE revisions SET ended = 9 WHERE written = 7",
    "another mark": "UPDATE revisions SET corrupted = 3",
    "another discard": "UPDATE revisions SET discarded = NULL",
    "a series too few": "DELETE FROM series WHERE series LIKE 'MSFT%'",
    "a series too many": "INSERT INTO series VALUES ('TSLA.NASDAQ/1_MIN', 1)",
    "an instrument too few": "DELETE FROM instruments WHERE defined = 1",
    "another instrument": "UPDATE instruments SET instrument_id = 'X.Y' WHERE defined = 1",
    "behind": "UPDATE projected SET upto = 3",
    "lost its place": "DELETE FROM projected",
}


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_rows_are_found_and_made_right(
    path: Path, wrong: str, opened: Opened, connected: Connected
) -> None:
    before, told = _rows(path, connected), histories.shown(opened(path).availability())
    foreign = connected(path)
    assert foreign.execute(WRONG[wrong]).rowcount > 0
    foreign.commit()
    foreign.close()
    report = verified(path)
    assert (report.valid, report.first_broken) == (False, None)
    assert "projections" in report.problems[0]
    assert "barledger ledger replay" in report.problems[0]
    assert SqliteLedgerKeeper(path).replay(NoTask()).changed
    assert _rows(path, connected) == before
    assert verified(path).problems == ()
    assert histories.shown(opened(path).availability()) == told


@pytest.mark.parametrize("wrong", ["behind", "lost its place"])
def test_an_append_is_refused_where_rows_are_in_its_way(
    path: Path, wrong: str, opened: Opened, connected: Connected
) -> None:
    foreign = connected(path)
    foreign.execute(WRONG[wrong])
    foreign.commit()
    foreign.close()
    new = histories.write("2024-01-09")
    with pytest.raises(LedgerDamagedError) as raised:
        opened(path).append([new], ORIGIN, expected_head=16)
    assert "barledger ledger replay" in raised.value.recovery
    assert opened(path).head() == 16
    SqliteLedgerKeeper(path).replay(NoTask())
    assert opened(path).append([new], ORIGIN, expected_head=16)[0].seq == 17
    assert verified(path).valid


POINTING_WRONG = {
    "another partition": "UPDATE revisions SET written = 3 WHERE written = 2",
    "another series": "UPDATE revisions SET written = (SELECT min(written) FROM revisions WHERE"
    " series LIKE 'MSFT%' AND partition = '2024-01-02') WHERE written = 2",
    "another revision": "UPDATE revisions SET revision = 9 WHERE written = 2",
    "no partition at all": "UPDATE revisions SET written = 1 WHERE written = 2",
    "nothing": "UPDATE revisions SET written = -1 WHERE written = 2",
}


@pytest.mark.parametrize("wrong", POINTING_WRONG)
def test_a_row_that_points_to_the_event_of_another_is_damage(
    tmp_path: Path, wrong: str, opened: Opened, connected: Connected
) -> None:
    days = ("2024-01-02", "2024-01-03")
    events = [histories.write(day, series=series) for series in (AAPL, MSFT) for day in days]
    ledger = opened(tmp_path / "ledger.db")
    ledger.append(
        [CsvImported(AAPL, "f", "ab" * 32, 5, 5, 0, 0, None, "open", "skip")],
        ORIGIN,
        expected_head=0,
    )
    ledger.append(events, ORIGIN, expected_head=1)
    foreign = connected(tmp_path / "ledger.db")
    assert foreign.execute(POINTING_WRONG[wrong]).rowcount == 1
    foreign.commit()
    partitions = ledger.availability().holdings(AAPL).partitions
    attempts = [lambda: partitions["2024-01-02"]]
    if wrong != "nothing":  # no event, no row of the join: the number of partitions tells
        attempts += [lambda: dict(partitions.items()), lambda: list(partitions.values())]
    for attempt in attempts:
        with pytest.raises(LedgerDamagedError) as raised:
            attempt()
        assert "barledger ledger replay" in raised.value.recovery
    assert partitions["2024-01-03"] == events[1]
    assert SqliteLedgerKeeper(tmp_path / "ledger.db").replay(NoTask()).changed
    assert ledger.availability().holdings(AAPL).partitions["2024-01-02"] == events[0]


def test_an_instrument_whose_row_points_to_another_is_damage(
    path: Path, opened: Opened, connected: Connected
) -> None:
    foreign = connected(path)
    changed = foreign.execute("UPDATE instruments SET instrument_id = 'X.NASDAQ'")
    assert changed.rowcount > 0
    foreign.commit()
    with pytest.raises(LedgerDamagedError, match=r"event \d+ is not what it says"):
        _ = opened(path).availability().instruments[InstrumentId.parse("X.NASDAQ")]


@pytest.mark.parametrize("table", TABLES)
def test_a_table_that_was_dropped_is_made_anew(
    path: Path, table: str, opened: Opened, connected: Connected
) -> None:
    before, foreign = _rows(path, connected), connected(path)
    foreign.execute(f"DROP TABLE {table}")
    foreign.close()
    (problem,) = verified(path).problems
    assert f"table {table} is missing" in problem
    assert "barledger ledger replay" in problem
    for attempt in (
        lambda: histories.shown(opened(path).availability()),
        lambda: opened(path).append(histories.ordinary(), ORIGIN, expected_head=16),
    ):
        with pytest.raises(LedgerDamagedError, match=f"no such table: .*{table}") as raised:
            attempt()
        assert raised.value.recovery.endswith("barledger ledger replay")
    assert SqliteLedgerKeeper(path).replay(NoTask()).changed
    assert _rows(path, connected) == before
    assert verified(path).problems == ()


def test_events_that_another_program_appended_count_all_the_same(
    path: Path, opened: Opened, connected: Connected
) -> None:
    """They are not in the projections; the next append folds them in."""
    ledger = opened(path)
    head, foreign = ledger.head(), connected(path)
    before = ledger.availability()
    foreign.execute(
        "INSERT INTO events SELECT ?, 'theirs', type, version, series, recorded_at, user, host,"
        " command, correlation_id, replace(payload, '2024-01-04', '2024-02-04'),"
        " (SELECT hash FROM events WHERE seq = ?), hash FROM events WHERE seq = 4",
        (head + 1, head),
    )
    foreign.commit()
    expected = fold(ledger.replay())
    assert "2024-02-04" in expected.holdings(AAPL).partitions
    assert histories.shown(ledger.availability()) == histories.shown(expected)
    assert "2024-02-04" not in before.holdings(AAPL).partitions
    ledger.append([histories.write("2024-02-05")], ORIGIN, expected_head=head + 1)
    held = ledger.availability().holdings(AAPL).partitions
    assert {"2024-02-04", "2024-02-05"} <= set(held)
    rows = foreign.execute("SELECT partition FROM revisions WHERE partition LIKE '2024-02%'")
    assert len(rows.fetchall()) == 2
    assert histories.shown(ledger.availability()) == histories.shown(fold(ledger.replay()))


def test_a_batch_that_fails_leaves_no_row(path: Path, opened: Opened, connected: Connected) -> None:
    before = _rows(path, connected)

    def stop(step: object) -> None:
        if str(step) == "Step.APPENDED":
            raise KeyboardInterrupt

    ledger = SqliteLedger(path, MemoryClock(), stop)
    with pytest.raises(KeyboardInterrupt):
        ledger.append(histories.ordinary(), ORIGIN, expected_head=ledger.head())
    ledger.close()
    assert _rows(path, connected) == before
    assert opened(path).head() == len(histories.ordinary())


def test_one_series_is_read_without_the_others(path: Path, opened: Opened) -> None:
    """Each question names a series, so what it costs does not grow with the catalog."""
    ledger = opened(path)
    asked: list[str] = []
    ledger.head()
    connection = ledger._handles.reader()
    assert connection is not None
    connection.set_trace_callback(asked.append)
    held = ledger.availability().holdings(MSFT)
    for attribute in ("trading_dates", "coverage", "bars"):
        assert len(list(held.partitions.each(attribute))) == 3
    connection.set_trace_callback(None)
    plans = [row[3] for sql in asked for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
    scans = {plan for plan in plans if plan.startswith("SCAN")}
    # The last event is where a scan of the events, from the end, begins and ends.
    assert scans <= {"SCAN events", "SCAN projected", "SCAN (subquery-1)"}
    assert any("SEARCH revisions USING PRIMARY KEY (series=?)" in plan for plan in plans)


def test_what_one_batch_does_to_a_partition_twice_is_kept_in_order(
    tmp_path: Path, opened: Opened
) -> None:
    ledger = opened(tmp_path / "twice.db")
    batch = [histories.write(revision=revision) for revision in (1, 2, 3)]
    for place, event in enumerate(itertools.chain(batch, histories.everything()), start=1):
        ledger.append([event], ORIGIN, expected_head=place - 1)
    whole = opened(tmp_path / "whole.db")
    whole.append([*batch, *histories.everything()], ORIGIN, expected_head=0)
    for upto in range(1, ledger.head() + 1):
        told = histories.shown(whole.availability(upto=upto))
        assert told == histories.shown(ledger.availability(upto=upto))
