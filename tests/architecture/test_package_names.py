"""The four top-level packages have common names: nobody else may bring one of them."""

from __future__ import annotations

from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OWNED = ["domain", "application", "adapters", "entrypoints"]


@pytest.mark.parametrize("name", OWNED)
def test_no_other_distribution_owns_the_name(name: str) -> None:
    """No installed distribution but barledger ships a top-level package of this name."""
    assert set(packages_distributions().get(name, [])) <= {"barledger"}


@pytest.mark.parametrize("name", OWNED)
def test_the_name_is_found_in_this_repository(name: str) -> None:
    """An import of the name reaches this repository, not something that shadows it."""
    spec = find_spec(name)
    assert spec is not None
    assert spec.origin == str(ROOT / name / "__init__.py")
