"""Fixtures and steps that all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from tests.cli import Cli

pytest_plugins = ["tests.acceptance.steps_backtest"]

# This machine's speed says nothing about whether a property holds.
settings.register_profile("default", deadline=None)
settings.load_profile("default")


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """Return the command line in an empty folder."""
    return Cli(tmp_path)
