from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    # pandas 2 says it with NumPy 2.5, at import and on every bar; nobody here can help it.
    config.addinivalue_line("filterwarnings", "ignore:The 'generic' unit:DeprecationWarning")
