"""Fixtures and steps that all tests share."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

from tests.cli import Cli

pytest_plugins = [
    "tests.acceptance.trader",
    "tests.acceptance.ibkr",
    "tests.acceptance.steps_backtest",
    "tests.acceptance.steps_check",
    "tests.acceptance.steps_import",
    "tests.acceptance.steps_import_conflict",
    "tests.acceptance.steps_import_files",
    "tests.acceptance.steps_fetch",
    "tests.acceptance.steps_fetch_ends",
    "tests.acceptance.steps_fetch_failures",
    "tests.acceptance.steps_fetch_now",
    "tests.acceptance.steps_fetch_prices",
]

# This machine's speed says nothing about whether a property holds.
settings.register_profile("default", deadline=None)
settings.load_profile("default")


def pytest_configure(config: pytest.Config) -> None:
    """Give the whole run a cache of its own: not the developer's, and shared by its processes."""
    if not hasattr(config, "workerinput"):
        folder = tempfile.mkdtemp(prefix="barledger-tests-")
        os.environ["BARLEDGER_CACHE_DIR"] = folder
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """Return the command line in an empty folder."""
    return Cli(tmp_path)
