"""Damage where nothing may be written: it is reported, and everything stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli import Cli
from tests.faults.test_read_only_catalog import sealed

__all__ = ["sealed"]

FILE = "AAPL.NASDAQ/1_MIN/2024-01-02.parquet"


def _everything(catalog: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in catalog.rglob("*") if path.is_file()}


def _write(path: Path, content: bytes) -> None:
    mode = path.stat().st_mode
    path.chmod(0o644)
    path.write_bytes(content)
    path.chmod(mode)


def test_a_sound_catalog_is_verified(sealed: Cli) -> None:
    run = sealed("verify", "--json").succeeded()
    assert (run.document["bars"], run.document["damaged"]) == (5, [])
    assert "cannot be written to" in run.document["warnings"][0]


def test_damage_is_reported_and_not_moved(sealed: Cli) -> None:
    path = sealed.catalog / FILE
    _write(path, path.read_bytes()[:-9])
    before = _everything(sealed.catalog)
    for _ in range(2):
        run = sealed("verify", "--json")
        assert run.code == 5, run.err
        (damaged,) = run.document["damaged"]
        assert damaged["path"] == FILE
        assert "truncated" in damaged["problem"]
        assert damaged["action"].startswith("left as it is; import or fetch it again")
    assert _everything(sealed.catalog) == before
    text = sealed("verify")
    assert "Damage found: 1 partition." in text.out
    assert "The Parquet catalog cannot be written to" in text.err


@pytest.mark.parametrize("option", ["--repair", "--rebuild-ledger"])
def test_what_writes_says_that_it_cannot(sealed: Cli, option: str) -> None:
    path = sealed.catalog / FILE
    _write(path, path.read_bytes()[:-9])
    before = _everything(sealed.catalog)
    run = sealed("verify", option, "--yes", "--json")
    assert run.code in (1, 5), run.err
    assert "Traceback" not in run.err
    assert "cannot be written to" in run.err
    assert _everything(sealed.catalog) == before
