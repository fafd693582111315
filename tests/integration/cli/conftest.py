"""The command line, run inside the test's own process: quicker, and the same code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from entrypoints.cli.main import main


@attrs.frozen
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


Barledger = Callable[..., Ended]


@pytest.fixture
def barledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Barledger:
    """Run a command in an empty folder; its Parquet catalog is `./data/catalog`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BARLEDGER_CATALOG", raising=False)

    def run(*arguments: str | Path) -> Ended:
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        for text in (captured.out, captured.err):
            assert "Traceback" not in text
            assert "did not foresee" not in text
        return Ended(code, captured.out, captured.err)

    return run


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    return tmp_path / "data" / "catalog"
