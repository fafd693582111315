"""`barledger ledger`: who changed what and when, what stood there before, and is it genuine."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from adapters.sqlite import schema
from domain.bars import Bars
from tests.builders import csv_text, minute_bars, session_bars
from tests.cli import ROOT
from tests.integration.cli.conftest import Barledger, Ended

Import = Callable[..., Ended]


@pytest.fixture
def imported(barledger: Barledger, tmp_path: Path) -> Import:
    """Import bars from a file of the given name, which must succeed."""

    def run(instrument: str, bars: Bars, *options: str, name: str = "bars.csv") -> Ended:
        file = tmp_path / name
        file.write_text(csv_text(bars))
        ended = barledger("import-csv", file, "-i", instrument, *options)
        assert ended.code == 0, ended.err
        return ended

    return run


@pytest.fixture
def changed(barledger: Barledger, imported: Import) -> Barledger:
    """Hold AAPL and MSFT, and overwrite two of AAPL's five days."""
    imported("AAPL.NASDAQ", session_bars("2024-01-08", "2024-01-12"), name="old.csv")
    imported("MSFT.NASDAQ", session_bars("2024-01-08", "2024-01-09"), name="msft.csv")
    anew = session_bars("2024-01-09", "2024-01-10", minutes=385, price=19_000)
    imported("AAPL.NASDAQ", anew, "--on-conflict", "overwrite", "--yes", name="new.csv")
    return barledger


def _events(barledger: Barledger, *options: str) -> list[dict[str, Any]]:
    ended = barledger("ledger", "log", *options, "--json")
    assert ended.code == 0, ended.err
    found: list[dict[str, Any]] = ended.document["events"]
    return found


def _lines(barledger: Barledger, *options: str) -> list[str]:
    ended = barledger("ledger", "log", *options)
    assert ended.code == 0, ended.err
    return ended.out.splitlines()


def test_an_empty_ledger(barledger: Barledger, catalog: Path) -> None:
    assert _events(barledger) == []
    assert _lines(barledger) == ["The ledger has no such event."]
    assert barledger("ledger", "verify").code == 0
    assert barledger("ledger", "head", "--json").document["seq"] == 0
    assert barledger("ledger", "replay", "--json").document["events"] == 0
    assert not catalog.exists()


def test_what_a_command_did_is_one_entry_newest_last(changed: Barledger) -> None:
    lines = _lines(changed)
    headings = [line for line in lines if not line.startswith(" ")]
    assert [line.split()[0] for line in headings] == ["1-6", "7-9", "10-12"]
    assert all(line.endswith("import-csv") and "@" in line for line in headings)
    assert "2024-01-08 to 2024-01-12: 5 partitions, 1,950 bars from csv old.csv" in lines[1]
    assert lines[1].endswith("before: nothing")
    assert "AAPL.NASDAQ 1_MIN: old.csv imported: 1,950 rows, 1,950 bars written" in lines[2]
    assert "770 bars from csv new.csv" in lines[7]
    assert lines[7].endswith("before: 780 bars, written at events 2 to 3")


def test_who_changed_a_day_and_what_stood_there(changed: Barledger) -> None:
    lines = _lines(changed, "-i", "AAPL", "--day", "2024-01-09")
    assert "2024-01-09: revision 1, 390 bars from csv old.csv" in lines[1]
    assert "2024-01-09: revision 2, 385 bars from csv new.csv" in lines[4]
    assert "before: revision 1, 390 bars from csv old.csv" in lines[4]
    assert lines[4].endswith("at event 2")
    first, second, third, fourth = _events(changed, "-i", "AAPL", "--day", "2024-01-09")
    assert [one["type"] for one in (first, second, third, fourth)] == [
        "PartitionWritten",
        "CsvImported",
    ] * 2
    assert first["before"] is None
    before = third["before"]
    assert (before["state"], before["revision"], before["bars"], before["seq"]) == (
        "held",
        1,
        390,
        2,
    )
    assert before["detail"].startswith("old.csv sha256:")
    assert before["user"] == first["user"]
    assert _events(changed, "-i", "AAPL", "--day", "2024-01-15") == []


def test_json_holds_every_field(changed: Barledger) -> None:
    events = _events(changed)
    assert [one["seq"] for one in events] == list(range(1, 13))
    one = events[0]
    assert one.keys() == {
        "seq",
        "event_id",
        "type",
        "recorded_at",
        "user",
        "host",
        "command",
        "correlation_id",
        "what",
        "fields",
        "before",
    }
    fields = one["fields"]
    assert fields["series"] == {"instrument_id": "AAPL.NASDAQ", "bar_type": "1_MIN"}
    assert fields["trading_dates"] == ["2024-01-08"]
    assert fields["first_open"] == "2024-01-08T14:30:00Z"
    assert fields["coverage"] == [["2024-01-08T14:30:00Z", "2024-01-08T21:00:00Z"]]
    assert (fields["cause"], fields["basis"]) == ("bars", "inferred")
    assert len({event["correlation_id"] for event in events}) == 3


def test_each_event_can_be_shown(changed: Barledger) -> None:
    lines = _lines(changed, "--all")
    assert len(lines) == 2 * 12


def test_the_last_entries_are_shown_and_the_others_counted(changed: Barledger) -> None:
    lines = _lines(changed, "--limit", "1")
    assert lines[0] == "9 earlier events are not shown; --limit N shows more."
    assert lines[1].startswith("10-12 ")
    assert lines[2].endswith("before: 780 bars, written at events 2 to 3")
    assert _lines(changed, "--limit", "3")[0].startswith("1-6 ")
    ended = changed("ledger", "log", "--limit", "2", "--json")
    assert [one["seq"] for one in ended.document["events"]] == [11, 12]
    assert ended.document["earlier"] == 10
    assert ended.document["events"][0]["before"]["seq"] == 3
    ended = changed("ledger", "log", "-i", "AAPL", "--limit", "2", "--json")
    assert ended.document["earlier"] == 7


def test_instruments_and_bar_types_choose_events(changed: Barledger) -> None:
    assert [one["seq"] for one in _events(changed, "-i", "MSFT")] == [7, 8, 9]
    assert len(_events(changed, "-i", "MSFT", "-i", "AAPL")) == 12
    assert len(_events(changed, "--bar-type", "1_MIN")) == 12
    assert _events(changed, "--bar-type", "1_DAY") == []
    assert _events(changed, "-i", "AAPL", "--bar-type", "1_DAY") == []
    assert changed("ledger", "log", "-i", "NVDA").code == 3


def test_types_choose_events_whatever_their_case(changed: Barledger) -> None:
    events = _events(changed, "--type", "csvimported", "--type", "PARTITIONREMOVED")
    assert [one["seq"] for one in events] == [6, 9, 12]
    ended = changed("ledger", "log", "--type", "Bang", "--json")
    assert ended.code == 2
    assert "PartitionWritten" in ended.document["error"]["recovery"]


def test_times_choose_events(changed: Barledger) -> None:
    events = _events(changed)
    early, late = events[0]["recorded_at"], events[6]["recorded_at"]
    assert [one["seq"] for one in _events(changed, "--since", late[:26] + "Z")][-1] == 12
    assert _events(changed, "--until", "2020-01-01") == []
    assert _events(changed, "--since", "2099-01-01") == []
    day = early[:10]
    assert len(_events(changed, "--since", day)) == 12
    assert changed("ledger", "log", "--since", "2024-02-01", "--until", "2024-01-01").code == 2
    for text in ("yesterday", "2024-01-01T10:00:00"):
        assert changed("ledger", "log", "--since", text).code == 2
    assert changed("ledger", "log", "--day", "soon").code == 2
    assert changed("ledger", "log", "--limit", "0").code == 2


def test_far_times_are_only_far(changed: Barledger) -> None:
    for until in ("9999-12-31", "9999-12-31T23:59:59Z"):
        assert len(_events(changed, "--since", "0001-01-01", "--until", until)) == 12
    for day in ("0001-01-01", "9999-12-31"):
        assert _events(changed, "--since", day, "--until", day) == []


def test_removal_restoration_and_deletion_are_told(changed: Barledger) -> None:
    changed("remove", "-i", "AAPL.NASDAQ", "--start", "2024-01-09", "--end", "2024-01-09", "--yes")
    (line,) = _lines(changed, "--type", "PartitionRemoved")[1:]
    assert "AAPL.NASDAQ 1_MIN 2024-01-09: removed; before: revision 2, 385 bars" in line
    changed("restore", "-i", "AAPL.NASDAQ", "--as-of", "6", "--yes")
    text = "\n".join(_lines(changed, "-i", "AAPL", "--day", "2024-01-09"))
    assert "390 bars restored, from csv old.csv" in text
    assert "before: nothing, since revision 2, 385 bars from csv new.csv" in text
    assert "holds again what revision 1 held after event 6" in text
    changed("gc", "--older-than", "0d", "--yes")
    assert "superseded revisions deleted to free" in "\n".join(
        _lines(changed, "-i", "AAPL", "--day", "2024-01-09")
    )


def test_damage_is_told_with_its_reason(changed: Barledger, catalog: Path) -> None:
    (catalog / "MSFT.NASDAQ" / "1_MIN" / "2024-01-08.parquet").write_bytes(b"cut")
    changed("verify")
    lines = _lines(changed, "-i", "MSFT", "--type", "PartitionMarkedCorrupt")
    assert "2024-01-08: revision 1 marked corrupt: " in lines[1]
    assert "before: revision 1, 390 bars from csv msft.csv" in lines[1]


def test_more_decimals_are_told_from_other_bars(barledger: Barledger, imported: Import) -> None:
    imported("AAPL.NASDAQ", minute_bars())
    imported("AAPL.NASDAQ", minute_bars("2024-01-03T14:30:00", price_precision=4, first_price=9))
    text = "\n".join(_lines(barledger))
    assert "2024-01-02: revision 2, the same 5 bars with more decimals" in text


def test_definitions_are_compared_with_the_one_before(
    barledger: Barledger, imported: Import
) -> None:
    imported("AAPL.NASDAQ", minute_bars())
    for tick in ("0.01", "0.005"):
        barledger("instrument", "set", "-i", "AAPL.NASDAQ", "--tick", tick, "--calendar", "NYSE")
    barledger("instrument", "set", "-i", "MSFT.NASDAQ", "--calendar", "NYSE")
    lines = _lines(barledger, "-i", "AAPL", "--type", "InstrumentRegistered")
    assert "AAPL.NASDAQ defined for the first time: instrument class equity" in lines[1]
    assert lines[3].strip() == (
        "AAPL.NASDAQ defined anew: price precision 2 → 3, tick 0.01 → 0.005"
    )
    assert len(_events(barledger, "--type", "InstrumentRegistered")) == 3
    (last,) = _events(barledger, "--type", "InstrumentRegistered", "--limit", "2")[:1]
    assert (last["fields"]["instrument"]["tick"], last["before"]["tick"]) == ("0.005", "0.01")


def test_a_hostile_file_name_moves_no_cursor(barledger: Barledger, imported: Import) -> None:
    imported("AAPL.NASDAQ", minute_bars(), name="a\x1b[2Jb\nc.csv")
    ended = barledger("ledger", "log")
    assert "\x1b" not in ended.out
    assert r"a\x1b[2Jb\nc.csv" in ended.out
    assert "\x1b" not in barledger("ledger", "show", "1").out
    assert _events(barledger)[1]["fields"]["file"] == "a\x1b[2Jb\nc.csv"


def test_one_event_is_shown_whole_with_what_became_of_it(changed: Barledger) -> None:
    ended = changed("ledger", "show", "2")
    assert ended.code == 0
    assert "revision 1, 390 bars from csv old.csv" in ended.out
    assert "AAPL.NASDAQ/1_MIN/2024-01-09.parquet" in ended.out
    assert "superseded       at event 10" in ended.out
    document = changed("ledger", "show", "10", "--json").document
    assert (document["seq"], document["before"]["seq"], document["since"]) == (10, 2, {})
    assert changed("ledger", "show", "2", "--json").document["since"] == {"superseded": 10}
    changed("remove", "-i", "AAPL.NASDAQ", "--start", "2024-01-09", "--end", "2024-01-09", "--yes")
    assert "removed          at event 13" in changed("ledger", "show", "10").out
    assert changed("ledger", "show", "10", "--json").document["since"] == {"removed": 13}
    assert changed("ledger", "show", "2", "--json").document["since"] == {"superseded": 10}
    assert changed("ledger", "show", "6").code == 0


def test_an_unknown_event_is_not_found(changed: Barledger) -> None:
    ended = changed("ledger", "show", "13", "--json")
    assert ended.code == 3
    assert ended.document["error"]["code"] == "event-not-found"
    assert "ends with event 12" in ended.document["error"]["message"]
    assert changed("ledger", "show", "9" * 20).code == 3
    assert changed("ledger", "show", "0").code == 2


def test_a_genuine_ledger_verifies(changed: Barledger) -> None:
    document = changed("ledger", "verify", "--json").document
    assert (document["events"], document["head"]) == (12, 12)
    assert (document["valid"], document["first_broken"]) == (True, None)
    assert "every one is as it was recorded" in changed("ledger", "verify").out


def test_a_head_kept_elsewhere_is_expected_later(changed: Barledger, imported: Import) -> None:
    kept = changed("ledger", "head").out.strip()
    assert kept == changed("ledger", "head", "--quiet").out.strip()
    seq, _, digest = kept.partition(":")
    head = changed("ledger", "head", "--json").document
    assert (head["seq"], head["hash"]) == (int(seq), digest)
    imported("AAPL.NASDAQ", minute_bars("2024-01-16T14:30:00"))
    assert changed("ledger", "verify", "--expect", kept).code == 0
    other = f"{seq}:{'0' * 64}"
    ended = changed("ledger", "verify", "--expect", other, "--json")
    assert ended.code == 5
    assert ended.document["valid"] is False
    assert changed("ledger", "verify", "--expect", f"99:{digest}").code == 5
    for text in ("12", "12:abc", digest, f"x:{digest}"):
        assert changed("ledger", "verify", "--expect", text).code == 2


@pytest.fixture
def tampering(catalog: Path) -> Iterator[Callable[[str], None]]:
    """Change the ledger's file as somebody who hides it would."""

    def run(sql: str) -> None:
        with closing(sqlite3.connect(catalog / "ledger.db", isolation_level=None)) as connection:
            triggers = connection.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
            ).fetchall()
            for name, _ in triggers:
                connection.execute(f"DROP TRIGGER {name}")
            connection.execute(sql)
            for _, definition in triggers:
                connection.execute(definition)

    return run


def test_a_changed_event_is_found_and_named(
    changed: Barledger, tampering: Callable[[str], None]
) -> None:
    tampering("UPDATE events SET user = 'somebody' WHERE seq = 4")
    ended = changed("ledger", "verify", "--json")
    assert ended.code == 5
    assert (ended.document["valid"], ended.document["first_broken"]) == (False, 4)
    ended = changed("ledger", "verify")
    assert ended.code == 5
    assert "from event 4 on cannot be trusted" in " ".join(ended.out.split())
    assert "--rebuild-ledger" in ended.out


def test_wrong_projections_are_found_and_made_anew(
    changed: Barledger, tampering: Callable[[str], None]
) -> None:
    tampering("UPDATE revisions SET bars = 1 WHERE written = 1")
    ended = changed("ledger", "verify")
    assert ended.code == 5
    assert "ledger replay" in ended.out
    assert "--rebuild-ledger" not in ended.out
    ended = changed("ledger", "replay")
    assert "12 events replayed" in ended.out
    assert "had been wrong" in ended.out
    assert changed("ledger", "verify").code == 0
    document = changed("ledger", "replay", "--json").document
    assert (document["events"], document["head"], document["changed"]) == (12, 12, False)
    assert document["events_per_second"] > 0


@pytest.mark.parametrize("empty", [False, True])
def test_a_lost_ledger_is_not_called_genuine(
    changed: Barledger, catalog: Path, *, empty: bool
) -> None:
    for suffix in ("", "-wal", "-shm"):
        (catalog / f"ledger.db{suffix}").unlink(missing_ok=True)
    if empty:
        (catalog / "ledger.db").touch()
    for command in ("verify", "head", "replay", "log"):
        ended = changed("ledger", command, "--json")
        assert ended.code == (5 if command == "verify" else 1)
        assert ended.document["error"]["code"] == "ledger-missing"


def _altered(path: Path, offset: int, flip: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        (byte,) = file.read(1)
        file.seek(offset)
        file.write(bytes([byte ^ flip]))


@pytest.mark.parametrize(
    ("offset", "flip"), [(47, 1), (60, 1), (63, 1), (63, 2), (68, 128), (71, 1)]
)
def test_a_flip_in_the_header_is_damage(
    changed: Barledger, catalog: Path, offset: int, flip: int
) -> None:
    with closing(sqlite3.connect(catalog / "ledger.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    _altered(catalog / "ledger.db", offset, flip)
    ended = changed("ledger", "verify", "--json")
    assert ended.code == 5
    if "error" in ended.document:
        error = ended.document["error"]
        assert error["code"] == "ledger-damaged"
        assert "barledger ledger verify" not in error["recovery"]
        assert "--rebuild-ledger" in error["recovery"]
        ended = changed("verify", "--json")
        assert ended.code == 5
        assert ended.document["error"]["code"] == "ledger-damaged"


def test_a_ledger_of_a_newer_version_is_not_called_damaged(
    changed: Barledger, catalog: Path
) -> None:
    with closing(sqlite3.connect(catalog / "ledger.db")) as connection:
        connection.execute("CREATE TABLE novelty (one)")
        connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    for command in (("ledger", "verify"), ("verify",)):
        ended = changed(*command, "--json")
        assert ended.code == 1
        assert "upgrade" in ended.document["error"]["recovery"]


@pytest.mark.parametrize("command", [("ledger", "verify"), ("verify",), ("list",)])
def test_a_folder_in_the_ledgers_place_is_damage(
    changed: Barledger, catalog: Path, command: tuple[str, ...]
) -> None:
    for suffix in ("", "-wal", "-shm"):
        (catalog / f"ledger.db{suffix}").unlink(missing_ok=True)
    (catalog / "ledger.db").mkdir()
    ended = changed(*command, "--json")
    assert ended.code == 5
    assert ended.document["error"]["code"] == "ledger-damaged"
    assert "is a folder" in ended.document["error"]["message"]


def test_a_file_that_is_no_ledger_is_not_told_to_be_verified(
    changed: Barledger, catalog: Path
) -> None:
    (catalog / "ledger.db").write_bytes(b"no database" * 100)
    ended = changed("ledger", "verify", "--json")
    assert ended.code == 5
    assert "barledger ledger verify" not in ended.document["error"]["recovery"]
    assert "--rebuild-ledger" in ended.document["error"]["recovery"]


def test_a_dropped_projection_is_mended_by_replay(changed: Barledger, catalog: Path) -> None:
    with closing(sqlite3.connect(catalog / "ledger.db")) as connection:
        connection.execute("DROP TABLE revisions")
    ended = changed("ledger", "verify")
    assert ended.code == 5
    assert "barledger ledger replay" in ended.out
    assert "--rebuild-ledger" not in ended.out
    assert changed("ledger", "replay").code == 0
    assert changed("ledger", "verify").code == 0


def test_the_audit_does_not_wait_for_heavy_modules(changed: Barledger, tmp_path: Path) -> None:
    probe = (
        "import sys; from entrypoints.cli.main import main\n"
        "assert main(sys.argv[1:]) == 0\n"
        "heavy = {'pandas', 'pyarrow', 'nautilus_trader'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    for arguments in (["log"], ["log", "--json"], ["show", "1"], ["verify"], ["head"]):
        run = subprocess.run(
            [sys.executable, "-c", probe, "ledger", *arguments],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT), "PATH": ""},
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr
