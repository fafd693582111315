"""What every `RowProblemLog` does."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.row_problem_log import MemoryRowProblemLog
from adapters.sqlite.row_problem_log import SqliteProblemLogs, SqliteRowProblemLog
from domain.bar_files import RowProblemLog
from domain.errors import DiskFullError
from domain.rules import RowProblem

ADAPTERS: dict[str, Callable[[], RowProblemLog]] = {
    "memory": MemoryRowProblemLog,
    "sqlite, all in memory": SqliteRowProblemLog,
    "sqlite, some in memory": lambda: SqliteRowProblemLog(3),
    "sqlite, all on disk": lambda: SqliteRowProblemLog(0),
}

# Surrogates too: SQLite's texts cannot hold them, and an order by UTF-16 would be another one.
TEXTS = st.text(st.characters(exclude_categories=()), max_size=4)
PROBLEMS = st.builds(RowProblem, st.integers(1, 9) | st.integers(1, 2**63 - 1), TEXTS, TEXTS, TEXTS)


@pytest.fixture(params=ADAPTERS)
def log(request: pytest.FixtureRequest) -> Iterator[RowProblemLog]:
    with contextlib.closing(ADAPTERS[request.param]()) as made:
        yield made


def _problem(line: int, column: str = "high") -> RowProblem:
    return RowProblem(line, column, "1.0", "is not the greatest of the four prices")


def test_a_new_log_is_empty(log: RowProblemLog) -> None:
    assert (len(log), log.lines(), list(log)) == (0, 0, [])


def test_problems_come_in_order_as_often_as_asked(log: RowProblemLog) -> None:
    log.add(_problem(line) for line in (9, 2, 700, 2, 30))
    log.add([_problem(4), _problem(2, "close")])
    assert [problem.line for problem in log] == [2, 2, 2, 4, 9, 30, 700]
    assert [problem.column for problem in log][:3] == ["close", "high", "high"]
    assert list(log) == list(log)
    assert (len(log), log.lines()) == (7, 5)


def test_two_can_read_at_once(log: RowProblemLog) -> None:
    log.add(map(_problem, range(1, 9)))
    one, other = iter(log), iter(log)
    assert [next(one).line, next(other).line, next(one).line, next(other).line] == [1, 1, 2, 2]
    assert [problem.line for problem in one] == [problem.line for problem in other]


def test_what_was_read_can_be_added_to(log: RowProblemLog) -> None:
    log.add(map(_problem, range(10, 16)))
    assert next(iter(log)).line == 10
    log.add([_problem(1)])
    assert [problem.line for problem in log] == [1, *range(10, 16)]


def test_a_closed_log_says_so_and_is_not_taken_for_an_empty_one(log: RowProblemLog) -> None:
    log.add(map(_problem, range(9)))
    log.close()
    log.close()
    for asked in (lambda: len(log), lambda: list(log), log.lines, lambda: log.add([_problem(1)])):
        with pytest.raises(ValueError, match="closed"):
            asked()


@pytest.mark.parametrize("adapter", ADAPTERS)
@given(batches=st.lists(st.lists(PROBLEMS, max_size=6), max_size=6))
def test_a_log_is_a_sorted_list(adapter: str, batches: list[list[RowProblem]]) -> None:
    model: list[RowProblem] = []
    with contextlib.closing(ADAPTERS[adapter]()) as log:
        for batch in batches:
            log.add(iter(batch))
            model.extend(batch)
            assert len(log) == len(model)
            assert log.lines() == len({problem.line for problem in model})
            assert list(log) == sorted(model)


def test_a_full_disk_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SQLITE_TMPDIR", raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with contextlib.closing(SqliteRowProblemLog(0)) as log:
        log.add([_problem(1)])
        stored = log._stored
        assert isinstance(stored, sqlite3.Connection)
        stored.execute("PRAGMA temp.max_page_count = 100")
        with pytest.raises(DiskFullError) as full:
            log.add(map(_problem, range(2, 20_000)))
    assert str(tmp_path) in full.value.message
    assert "TMPDIR" in full.value.recovery


def test_all_logs_that_were_made_are_closed_together() -> None:
    logs = SqliteProblemLogs()
    one, other = logs(), logs()
    one.add([_problem(1)])
    assert (len(one), len(other)) == (1, 0)
    logs.close()
    for log in (one, other):
        with pytest.raises(ValueError, match="closed"):
            len(log)
