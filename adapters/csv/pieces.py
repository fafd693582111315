"""Whole columns at once where they can be, and row by row only around what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

# Below this many rows it is quicker to look at each than to halve again.
_FEW = 512


def in_pieces[Piece](
    texts: pa.StringArray,
    at_once: Callable[[pa.StringArray], Piece | None],
    one_by_one: Callable[[Sequence[str]], Piece],
) -> Iterator[Piece]:
    """Yield what becomes of `texts`, piece after piece, in order.

    `at_once` returns None where it meets anything wrong; then each half is tried, so that one
    bad row does not slow down millions of good ones.
    """
    whole = at_once(texts)
    if whole is not None:
        yield whole
    elif len(texts) <= _FEW:
        yield one_by_one(texts.to_pylist())
    else:
        middle = len(texts) // 2
        yield from in_pieces(texts[:middle], at_once, one_by_one)
        yield from in_pieces(texts[middle:], at_once, one_by_one)


def problems_of_pieces(pieces: Iterable[tuple[int, Mapping[int, str]]]) -> dict[int, str]:
    """Return the problems of all pieces by row of the column; a piece is its length and its own."""
    start, problems = 0, {}
    for length, own in pieces:
        problems.update({start + row: problem for row, problem in own.items()})
        start += length
    return problems
