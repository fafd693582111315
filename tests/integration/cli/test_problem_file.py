"""`--errors FILE.csv`: all that is wrong with rows, in a file that does no harm."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from adapters.memory.progress import MemoryProgress, MemoryProgressTask
from domain.errors import ReportError, RowsRefusedError
from domain.rules import RowProblem
from entrypoints.cli.failure import show_failure
from entrypoints.cli.refused_rows import check_problems_file, keep_problems, write_problems

WRONG = "is not the greatest of the four prices"
HEADER = "line,column,value,problem\n"


def _problem(line: int, value: str = "1.25", column: str = "high") -> RowProblem:
    return RowProblem(line, column, value, WRONG)


def _rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def _write(path: Path, problems: Sequence[RowProblem]) -> None:
    task = MemoryProgressTask("Writing", len(problems))
    write_problems(path, problems, task)
    assert task.done == task.total


def test_all_problems_are_written_to_a_file(tmp_path: Path) -> None:
    path = tmp_path / "problems.csv"
    values = ["1.25", 'a "quoted", one', "two\nlines", "a\rb", "é", "", " x "]
    _write(path, [_problem(n, value) for n, value in enumerate(values, 2)])
    assert path.read_bytes().startswith(HEADER.encode())
    header, *rows = _rows_of(path)
    assert header == ["line", "column", "value", "problem"]
    assert rows == [[str(n), "high", value, WRONG] for n, value in enumerate(values, 2)]
    assert [one.name for one in tmp_path.iterdir()] == ["problems.csv"]


@pytest.mark.parametrize("value", ["-1", "+1.5", "-.5", "-1,234.50", "-1e5", " -1", "12", "", "'x"])
def test_a_number_stays_a_number_in_the_file(tmp_path: Path, value: str) -> None:
    path = tmp_path / "problems.csv"
    _write(path, [_problem(2, value)])
    assert _rows_of(path)[1][2] == value


@pytest.mark.parametrize(
    "value",
    [
        "=1+2",
        "=cmd|' /C calc'!A0",
        "@SUM(1)",
        "+1+2",
        "-1+2",
        "-1-",
        "\t=1",
        "\r=1",
        "\tx",
        " =1",
        "＝1",  # noqa: RUF001 - the wide ones work too
        "-",
        "'=1",
    ],
)
def test_a_formula_becomes_text_from_which_it_can_be_read_back(tmp_path: Path, value: str) -> None:
    path = tmp_path / "problems.csv"
    _write(path, [RowProblem(2, value, value, value)])
    assert _rows_of(path)[1] == ["2", *[f"'{value}"] * 3]


def test_a_value_that_is_no_text_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / "problems.csv"
    _write(path, [_problem(2, "\udcff"), _problem(3, "\0")])
    assert [row[2] for row in _rows_of(path)[1:]] == ["\\udcff", "\0"]


def test_an_earlier_list_is_replaced_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "problems.csv"
    for earlier in (HEADER, HEADER.replace("\n", "\r\n"), ""):
        path.write_text(f"{earlier}9,a,b,c\n" if earlier else "", newline="")
        path.chmod(0o640)
        check_problems_file(path, [], tmp_path / "catalog")
        _write(path, [_problem(2)])
        assert [row[0] for row in _rows_of(path)] == ["line", "2"]
        assert path.stat().st_mode & 0o777 == 0o640


def _files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _bars(folder: Path) -> Path:
    path = folder / "bars.csv"
    path.write_text("timestamp,open,high,low,close,volume\n")
    return path


def _imported_list(folder: Path) -> Path:
    (folder / "listed.csv").write_text(HEADER)
    link = folder / "link.csv"
    link.symlink_to("listed.csv")
    return link


def _longer_header(folder: Path) -> Path:
    path = folder / "mine.csv"
    path.write_text("line,column,value,problem,remark\n1,2,3,4,5\n")
    return path


def _in_catalog(folder: Path) -> Path:
    (folder / "catalog").mkdir()
    return folder / "catalog" / "problems.csv"


@pytest.mark.parametrize(
    ("place", "why"),
    [
        (_bars, "no problem list"),
        (_longer_header, "no problem list"),
        (_imported_list, "the file that is to be read"),
        (_in_catalog, "lies in the Parquet catalog"),
        (lambda folder: folder, "directory"),
        (lambda folder: folder / "nowhere" / "x.csv", "no directory"),
        (lambda _: Path("/dev/stdout"), "file of its own"),
        (lambda _: Path("-"), "file of its own"),
        (lambda folder: folder / ("x" * 300), "name too long"),
    ],
    ids=[
        "bars",
        "longer header",
        "imported",
        "catalog",
        "folder",
        "nowhere",
        "device",
        "-",
        "long",
    ],
)
def test_another_file_is_never_written_over(
    tmp_path: Path, place: Callable[[Path], Path], why: str
) -> None:
    path = place(tmp_path)
    before = _files(tmp_path)
    with pytest.raises(ReportError) as refused:
        check_problems_file(path, [tmp_path / "listed.csv"], tmp_path / "catalog")
    assert why in refused.value.message.lower().replace("parquet", "Parquet")
    assert "--errors FILE.csv" in refused.value.recovery
    assert _files(tmp_path) == before


def _refused() -> RowsRefusedError:
    return RowsRefusedError("Refused.", "Correct them.", list(map(_problem, range(2, 25))))


def test_the_refusal_says_where_all_problems_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, refused, progress = tmp_path / "problems.csv", _refused(), MemoryProgress()
    keep_problems(path, refused, progress)
    assert show_failure(refused, as_json=False) == 4
    assert f"and 3 more; all are listed in {path}\n" in capsys.readouterr().err
    assert len(_rows_of(path)) == 24
    assert progress.warnings == []


def test_a_file_that_cannot_be_written_does_not_hide_the_refusal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused, progress = _refused(), MemoryProgress()
    keep_problems(tmp_path / "nowhere" / "problems.csv", refused, progress)
    (warning,) = progress.warnings
    assert "problems.csv cannot be written" in warning
    assert show_failure(refused, as_json=False) == 4
    told = capsys.readouterr().err
    assert told.startswith("Error: Refused.\n")
    assert "and 3 more; --json lists them all" in told
