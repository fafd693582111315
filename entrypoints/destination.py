"""Files beside the result: refused before any work where one cannot be, and written whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import attrs

from adapters.system.places import Place
from adapters.system.whole_files import WholeFiles
from domain.errors import ReportError


@attrs.frozen
class FileKind:
    """A kind of file that an option such as `--html FILE.html` asks for.

    Every such file begins with one of `begins`, in small letters. `noun` is what it is to the
    user, `form` what one of its form is called.
    """

    noun: str
    form: str
    option: str
    begins: tuple[bytes, ...]

    def destination(self, path: Path, catalog: Path, read: Sequence[Path] = ()) -> Path:
        """Return the file to write for `path`, links followed.

        A slip of the fingers must not put it in the place of a ledger, of bars or of anything
        else: an existing file is replaced only if it is of this kind and not one of those that
        the command has to `read`, and nothing inside the catalog's folder can be named, for what
        is not the catalog's own has no place there.

        Raises:
            ReportError: saying why it could not be written.
        """
        try:
            # As strict as the system: a name that cannot be looked at cannot be written either.
            place = Place.of(path)
            problem = next(self._problems(place, catalog.resolve(), read), None)
        except (OSError, RuntimeError, ValueError) as error:
            raise self._unwritable(path, getattr(error, "strerror", None) or str(error)) from error
        if problem:
            raise self._unwritable(path, problem)
        return place.target

    def _problems(self, place: Place, catalog: Path, read: Sequence[Path]) -> Iterator[str]:
        if str(place.path) == "-" or place.is_device:
            yield f"a {self.noun} is a file of its own, beside the result"
        if any(_is_same(place.target, one) for one in read):
            yield "it is the file that is to be read"
        yield from place.problems(catalog)
        if place.target.exists() and not self._is_one(place.target):
            yield f"a file is there that is no {self.form}, and would be lost"

    def _is_one(self, target: Path) -> bool:
        """Return whether the file begins as one of this kind does, or holds nothing."""
        try:
            with target.open("rb") as file:
                begin = file.read(max(map(len, self.begins)))
        except OSError:
            return False
        return begin.lower().startswith(self.begins) or not begin

    def write_whole(self, target: Path, pieces: Iterable[str]) -> None:
        """Write `pieces` to `target`, which holds all of them afterwards or what it held before.

        Line ends are written as they stand in the pieces.

        Raises:
            ReportError: it could not be written.
        """
        try:
            with WholeFiles() as files:
                with files.open(target) as file:
                    # What is no character, as of a name that is not UTF-8, is told all the same.
                    file.writelines(piece.encode(errors="backslashreplace") for piece in pieces)
                files.publish(replace=True)
        except OSError as error:
            raise self._unwritable(target, error.strerror or str(error)) from error

    def _unwritable(self, path: Path, why: str) -> ReportError:
        return ReportError(
            f"The {self.noun} {path} cannot be written: {why}.",
            f"Name another file, in a directory with room that can be written to: {self.option}.",
        )


def _is_same(target: Path, other: Path) -> bool:
    try:
        return target.samefile(other)
    except OSError:  # one of them is not there
        return False
