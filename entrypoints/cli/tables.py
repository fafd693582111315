"""Tables that are never cut: they fit the terminal, or there is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

Justify = Literal["left", "right"]
Column = tuple[str, Justify]
"""A column's heading and how it is justified."""


def fitting_table(
    console: Console, columns: Sequence[Column], rows: Sequence[Sequence[str]]
) -> Table | None:
    """Return a table, or None where its lines are longer than those of the console.

    Where that helps, its columns stand closer than usual.
    """
    for closer in (False, True):
        table = _table(columns, rows, closer=closer)
        # The minimum is that of the longest words, and cells would be cut to it.
        if table.__rich_measure__(console, console.options).maximum <= console.width:
            return table
    return None


def _table(columns: Sequence[Column], rows: Sequence[Sequence[str]], *, closer: bool) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=closer)
    for heading, justify in columns:
        table.add_column(Text(heading), justify=justify, no_wrap=True)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table
