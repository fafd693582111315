"""A ledger that gives its place to another, for tests."""

from __future__ import annotations

from domain.upkeep import LedgerKeeper


def put_aside(keeper: LedgerKeeper) -> str | None:
    """Take the ledger out of its place; return where it is kept."""
    with keeper.set_aside() as aside:
        aside.give_way()
        return aside.kept
