"""When a Ctrl-C that falls into an import is raised."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType

import pytest

from entrypoints import ctrl_c

_MODULE = """
import sys
frame = sys._getframe()
"""


@pytest.fixture
def of_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FrameType:
    """The frame of a module that is being imported; what calls it is of the import system."""
    (tmp_path / "imported_for_its_frame.py").write_text(_MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    import imported_for_its_frame  # type: ignore[import-not-found]

    found: FrameType = imported_for_its_frame.frame
    return found


@pytest.mark.parametrize(("seconds", "is_held"), [(0.0, True), (0.24, True), (0.26, False)])
def test_a_module_is_given_some_time(of_module: FrameType, seconds: float, is_held: bool) -> None:
    assert ctrl_c._is_held(of_module, seconds) is is_held


@pytest.mark.parametrize(("seconds", "is_held"), [(0.0, True), (0.49, True), (0.51, False)])
def test_a_compiled_module_is_given_more(
    of_module: FrameType, seconds: float, is_held: bool
) -> None:
    """It has no frame: the import system is what runs."""
    assert ctrl_c._is_held(of_module.f_back, seconds) is is_held


def test_nothing_else_is_given_any() -> None:
    assert not ctrl_c._is_held(sys._getframe(), 0.0)
