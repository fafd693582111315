"""The first of all writers is killed while SQLite makes the ledger: nothing stays in the way."""

from __future__ import annotations

import contextlib
import sqlite3
import struct
from pathlib import Path

import pytest

from entrypoints.container import LEDGER_FILE
from tests.builders import AAPL, csv_text, minute_bars
from tests.faults.state import assert_tidy, assert_unbroken, rows_of, state_of
from tests.faults.warm import Warm

BARS = minute_bars()
# https://www.sqlite.org/fileformat.html#the_rollback_journal: no page was there to be kept.
_MAGIC = bytes.fromhex("d9d505f920a163d7")
_RECORDS, _NONCE, _PAGES_BEFORE, _SECTOR, _PAGE = 0, 0x66EF8913, 0, 512, 4096


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """Leave what lies there between the first page's write and the end of its journal."""
    folder = tmp_path / "catalog"
    (folder / str(AAPL.instrument_id) / str(AAPL.bar_type)).mkdir(parents=True)
    ledger = folder / LEDGER_FILE
    with contextlib.closing(sqlite3.connect(ledger)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    header = _MAGIC + struct.pack(">5I", _RECORDS, _NONCE, _PAGES_BEFORE, _SECTOR, _PAGE)
    ledger.with_name(f"{LEDGER_FILE}-journal").write_bytes(header.ljust(_SECTOR, b"\0"))
    return folder


def test_what_is_left_is_as_sqlite_leaves_it(catalog: Path) -> None:
    address = f"{(catalog / LEDGER_FILE).as_uri()}?mode=ro"
    with (
        contextlib.closing(sqlite3.connect(address, uri=True)) as connection,
        pytest.raises(sqlite3.OperationalError) as caught,
    ):
        connection.execute("SELECT * FROM sqlite_master")
    assert caught.value.sqlite_errorcode == sqlite3.SQLITE_READONLY_ROLLBACK


@pytest.mark.parametrize("word", ["list", "verify"])
def test_what_reads_finds_an_empty_catalog(word: str, warm: Warm, catalog: Path) -> None:
    found = warm.barledger(catalog, word, "--json").succeeded().document
    assert found.get("series", []) == []
    assert found.get("damaged", []) == []


def test_the_import_can_be_repeated(warm: Warm, catalog: Path, tmp_path: Path) -> None:
    file = tmp_path / "bars.csv"
    file.write_text(csv_text(BARS))
    warm.barledger(catalog, "import-csv", file, "-i", "AAPL.NASDAQ").succeeded()
    assert state_of(catalog) == {AAPL: rows_of(BARS)}
    assert_tidy(catalog)
    assert_unbroken(catalog)
