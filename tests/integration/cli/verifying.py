"""A small Parquet catalog, and ways to damage it."""

from __future__ import annotations

import atexit
import contextlib
import functools
import io
import shutil
import tempfile
from pathlib import Path
from typing import Any

from entrypoints.cli.main import main
from tests.builders import csv_text, session_bars
from tests.integration.cli.conftest import Barledger, Ended

DAYS = ("2024-01-02", "2024-01-03", "2024-01-04")
FOLDER = "AAPL.NASDAQ/1_MIN"
DAY = f"{FOLDER}/2024-01-03.parquet"


@functools.cache
def _prepared() -> tempfile.TemporaryDirectory[str]:
    """Import three days of AAPL once; every test gets a copy."""
    folder = tempfile.TemporaryDirectory(prefix="barledger-")
    atexit.register(folder.cleanup)
    source = Path(folder.name) / "aapl.csv"
    source.write_text(csv_text(session_bars(DAYS[0], DAYS[-1])))
    arguments = ["import-csv", str(source), "-i", "AAPL.NASDAQ"]
    with contextlib.redirect_stdout(io.StringIO()):
        assert main([*arguments, "--catalog", f"{folder.name}/catalog"]) == 0
    return folder


def three_days(catalog: Path) -> Path:
    """Let `catalog` hold three days of 390 bars."""
    shutil.copytree(Path(_prepared().name) / "catalog", catalog)
    return catalog


def take_in(barledger: Barledger, folder: Path, text: str, *options: str) -> Ended:
    """Import bars of AAPL."""
    (folder / "aapl.csv").write_text(text)
    ended = barledger("import-csv", folder / "aapl.csv", "-i", "AAPL.NASDAQ", *options)
    assert ended.code == 0, ended.err
    return ended


def overwrite_a_day(barledger: Barledger, folder: Path) -> None:
    """Give the second day new bars; the old ones go to the history."""
    text = csv_text(session_bars(DAYS[1], DAYS[1], price=19_000))
    take_in(barledger, folder, text, "--on-conflict", "merge")


def verify(barledger: Barledger, code: int, *options: str) -> dict[str, Any]:
    """Run `verify`, which must end with `code`, and return its document."""
    ended = barledger("verify", *options, "--json")
    assert ended.code == code, ended.out + ended.err
    return ended.document


def events(barledger: Barledger) -> int:
    """Return how many events the ledger has, which must be sound."""
    ended = barledger("ledger", "verify", "--json")
    assert ended.code == 0, ended.err
    head: int = ended.document["events"]
    return head


def flip(path: Path) -> None:
    """Change one bit of a file, of the values that it holds."""
    content = bytearray(path.read_bytes())
    content[len(content) // 8] ^= 1
    path.write_bytes(content)


def truncate(path: Path) -> None:
    """Leave 100 bytes of a file."""
    path.write_bytes(path.read_bytes()[:100])
