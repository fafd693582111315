"""Snapshots of closed positions are read once, and only during a run."""

from __future__ import annotations

import pickle

from nautilus_trader.portfolio import portfolio

from adapters.nautilus.snapshots import each_read_once


def test_what_was_read_is_not_read_again() -> None:
    data = pickle.dumps(["a position"])
    with each_read_once():
        first = portfolio.pickle.loads(data)
        assert first == ["a position"]
        assert portfolio.pickle.loads(data) is first


def test_nautilus_is_left_as_it_was() -> None:
    with each_read_once():
        assert portfolio.pickle is not pickle
    assert portfolio.pickle is pickle
