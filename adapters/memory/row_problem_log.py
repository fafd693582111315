"""What is wrong with rows, kept in a list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from domain.rules import RowProblem


class MemoryRowProblemLog:
    """A `RowProblemLog` for as many problems as fit into memory."""

    def __init__(self) -> None:
        self._kept: list[RowProblem] | None = []

    def add(self, problems: Iterable[RowProblem]) -> None:
        """Keep problems, in any order."""
        self._problems.extend(problems)

    def __len__(self) -> int:
        """Return how many problems there are."""
        return len(self._problems)

    def __iter__(self) -> Iterator[RowProblem]:
        """Yield all in order, as often as asked."""
        return iter(sorted(self._problems))

    def lines(self) -> int:
        """Return how many different lines have a problem."""
        return len({problem.line for problem in self._problems})

    def close(self) -> None:
        """Forget them all; what is asked afterwards is a ValueError."""
        self._kept = None

    @property
    def _problems(self) -> list[RowProblem]:
        if self._kept is None:
            raise ValueError("the log is closed")
        return self._kept
