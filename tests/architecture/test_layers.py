"""The layers of the house, and that no part of it escapes the contracts that hold them."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
    "importlinter"
]["contracts"]
ADAPTERS = {f"adapters.{path.parent.name}" for path in ROOT.glob("adapters/*/__init__.py")}


def contract(name_part: str) -> dict[str, list[str]]:
    """Return the one import-linter contract whose name has these words."""
    (found,) = [entry for entry in CONTRACTS if name_part in entry["name"]]
    return found


def test_every_import_contract_is_kept() -> None:
    """import-linter finds no import that a contract forbids."""
    command = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run(
        [command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert " 0 broken" in run.stdout


def test_every_adapter_is_under_the_independence_contract() -> None:
    """A new folder in adapters/ cannot be forgotten in the contract that keeps adapters apart."""
    assert set(contract("No adapter imports another")["modules"]) == ADAPTERS


def test_every_adapter_but_one_is_forbidden_nautilus() -> None:
    """A new folder in adapters/ cannot be forgotten in the contract that keeps Nautilus in one."""
    sources = set(contract("Nautilus is met in one adapter")["source_modules"])
    inner = {"domain", "application", "entrypoints"}
    assert sources == inner | ADAPTERS - {"adapters.nautilus"}


@pytest.mark.parametrize("layer", ["domain", "application", "adapters", "entrypoints"])
def test_every_folder_of_modules_is_a_package(layer: str) -> None:
    """Import-linter reads packages only: a folder without __init__.py would escape it."""
    folders = {path.parent for path in (ROOT / layer).rglob("*.py")}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").exists()] == []
