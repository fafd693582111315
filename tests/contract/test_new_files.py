"""What every `NewFiles` does: all files take their places, whole, or nothing is left of any."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from adapters.memory.new_files import MemoryNewFiles
from adapters.system.new_files import SystemNewFiles
from domain.errors import ConfirmationNeededError, ExportError
from domain.exporting import NewFiles


@attrs.frozen
class Place:
    """A folder to write to, which has `catalog` in it, and what is to be seen there."""

    files: NewFiles
    folder: Path
    look: Callable[[], dict[str, bytes]]
    output: Callable[[], bytes]

    def make(
        self,
        *names: str | None,
        content: bytes = b"new",
        replace: bool = False,
        error: type[BaseException] | None = None,
    ) -> None:
        """Make files, None being standard output, and raise `error` before they are done."""
        with self.files.making(replace=replace) as making:
            for name in names:
                with making.open(None if name is None else self.folder / name) as file:
                    file.write(content)
                    if error and name is names[-1]:
                        raise error


def system(folder: Path) -> Place:
    (folder / "catalog").mkdir()
    output = io.BytesIO()
    files = SystemNewFiles(
        folder / "catalog", lambda content: output.write(content.read()) and None
    )

    def look() -> dict[str, bytes]:
        found = [one for one in folder.rglob("*") if one.is_file()]
        return {str(one.relative_to(folder)): one.read_bytes() for one in found}

    return Place(files, folder, look, output.getvalue)


def memory(folder: Path) -> Place:
    catalog = folder / "catalog"
    files = MemoryNewFiles([folder, catalog], catalog)

    def look() -> dict[str, bytes]:
        return {str(one.relative_to(folder)): content for one, content in files.files.items()}

    return Place(files, folder, look, lambda: files.output)


ADAPTERS: dict[str, Callable[[Path], Place]] = {"system": system, "memory": memory}


@pytest.fixture(params=ADAPTERS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return ADAPTERS[request.param](tmp_path)


def test_all_files_are_there_once_the_context_has_ended(place: Place) -> None:
    with place.files.making(replace=False) as making:
        for name in ("a.csv", "b.csv"):
            with making.open(place.folder / name) as file:
                file.write(b"one ")
                file.write(name.encode())
        assert not {"a.csv", "b.csv"} & place.look().keys()
    assert place.look() == {"a.csv": b"one a.csv", "b.csv": b"one b.csv"}
    assert place.output() == b""


@pytest.mark.parametrize("error", [LookupError, KeyboardInterrupt])
def test_an_error_leaves_nothing(place: Place, error: type[BaseException]) -> None:
    with pytest.raises(error):
        place.make("a.csv", "new/b.csv", "c.csv", error=error)
    assert place.look() == {}
    # Nor of the folder.
    with pytest.raises(ExportError, match="no directory"):
        place.files.check([place.folder / "new" / "other" / "b.csv"], replace=False)


def test_what_is_there_is_replaced_only_if_that_was_said(place: Place) -> None:
    place.make("a.csv", content=b"old")
    wanted = [place.folder / "a.csv", place.folder / "b.csv"]
    with pytest.raises(ConfirmationNeededError, match=r"a\.csv"):
        place.files.check(wanted, replace=False)
    place.files.check(wanted, replace=True)
    place.make("a.csv", "b.csv", replace=True)
    assert place.look() == {"a.csv": b"new", "b.csv": b"new"}


def test_what_came_to_be_there_meanwhile_stays_and_nothing_else_is_left(place: Place) -> None:
    place.files.check([place.folder / "a.csv", place.folder / "b.csv"], replace=False)
    place.make("b.csv", content=b"of another")
    with pytest.raises(ConfirmationNeededError, match=r"b\.csv"):
        place.make("a.csv", "b.csv")
    assert place.look() == {"b.csv": b"of another"}


def test_an_error_leaves_what_was_to_be_replaced(place: Place) -> None:
    place.make("a.csv", content=b"old")
    with pytest.raises(LookupError):
        place.make("b.csv", "a.csv", replace=True, error=LookupError)
    assert place.look() == {"a.csv": b"old"}


def test_a_folder_is_made_where_its_own_is_there(place: Place) -> None:
    place.files.check([place.folder / "new" / "a.csv"], replace=False)
    place.make("new/a.csv", "new/b.csv")
    assert sorted(place.look()) == ["new/a.csv", "new/b.csv"]
    with pytest.raises(ExportError, match="no directory"):
        place.files.check([place.folder / "no" / "such" / "a.csv"], replace=False)


@pytest.mark.parametrize("name", ["catalog/a.csv", "catalog/new/a.csv", "catalog/x/y/a.csv"])
def test_nothing_may_lie_in_the_catalog(place: Place, name: str) -> None:
    with pytest.raises(ExportError, match="lies in the Parquet catalog"):
        place.files.check([place.folder / name], replace=True)


def test_a_folder_is_no_file(place: Place) -> None:
    place.make("new/a.csv")
    with pytest.raises(ExportError, match="is a directory"):
        place.files.check([place.folder / "new"], replace=True)


def test_standard_output_gets_all_or_nothing(place: Place) -> None:
    with place.files.making(replace=False) as making:
        with making.open(None) as file:
            file.write(b"all of it")
        assert place.output() == b""
    assert place.output() == b"all of it"
    with pytest.raises(LookupError):
        place.make(None, error=LookupError)
    assert place.output() == b"all of it"
