"""What a person, or a machine, gets to see."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import batched
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, TextIO

import attrs

from domain.errors import OutputError
from entrypoints import ctrl_c
from entrypoints.cli.progress import PlainLines, Silent
from entrypoints.cli.tables import Column, fitting_table

if TYPE_CHECKING:
    from rich.console import Console

    from domain.ports import ProgressTask
    from entrypoints.cli.live_view import LiveView

_PLAIN_WIDTH = 80
_PIECES = 4096
# What would move the cursor of a terminal: bell, backspace, tabs of the other kind, a new page, CR.
_CONTROL = dict.fromkeys((7, 8, 11, 12, 13))


class _Items[T](Protocol):
    def __len__(self) -> int:
        """Return how many there are."""

    def __iter__(self) -> Iterator[T]:
        """Yield them all."""


class Streamed[T](list[Any]):
    """A list in a JSON document whose items are made one by one, as they are printed.

    It is a list to the encoder alone, which asks no more than whether it is empty, and goes
    through it.
    """

    def __init__(self, items: _Items[T], document: Callable[[T], object]) -> None:
        super().__init__()
        self._items = items
        self._document = document

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Any]:
        return map(self._document, self._items)


@attrs.define
class Screen:
    """Results go to stdout, all else to stderr; `--json` leaves one document on stdout.

    It is used from the main thread alone.
    """

    as_json: bool = False
    quiet: bool = False
    verbose: bool = False
    warnings: list[str] = attrs.field(factory=list)
    has_document: bool = attrs.field(default=False, init=False)
    _progress: LiveView | PlainLines | None = attrs.field(default=None, init=False)

    @property
    def out(self) -> Console:
        """The console of results: as wide as it needs to be where nobody watches."""
        from rich.console import Console

        width = None if sys.stdout.isatty() else 200
        return Console(file=sys.stdout, width=width, highlight=False, soft_wrap=True)

    @property
    def err(self) -> Console:
        """The console of notices, progress and errors."""
        from rich.console import Console

        return Console(file=sys.stderr, highlight=False, soft_wrap=True)

    def tell(self, sentence: str) -> None:
        """Show a notice."""
        if not self.quiet:
            _print_line(sentence, sys.stderr)

    def warn(self, sentence: str) -> None:
        """Show a warning, even to those who want it quiet, and keep it for the JSON."""
        self.warnings.append(sentence)
        _print_line(f"Warning: {sentence}", sys.stderr)

    def show_json(self, document: Mapping[str, Any]) -> None:
        """Print the one JSON document."""
        from entrypoints.start import document_begun

        with _output():
            self.has_document = True
            document_begun()
            encoder = json.JSONEncoder(indent=2, ensure_ascii=False)
            for pieces in batched(encoder.iterencode(document), _PIECES):
                sys.stdout.write("".join(pieces))
            sys.stdout.write("\n")

    def show_text(self, text: str) -> None:
        """Print a line of the result."""
        with _output():
            _print_line(text, sys.stdout)

    @property
    def width(self) -> int:
        """How many characters fit a line of the result; a fixed number where nobody watches."""
        return self.out.width if sys.stdout.isatty() else _PLAIN_WIDTH

    def show_spans(self, spans: Sequence[tuple[str, str]]) -> None:
        """Print a line of texts, each with its style, in colour where colours are wanted."""
        if not _has_colours(sys.stdout):
            self.show_text("".join(text for text, _ in spans))
            return
        from rich.text import Text

        with _output():
            self.out.print(Text.assemble(*spans))

    def show_table(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
        """Print a table; a column is its heading and how it is justified.

        Where it does not fit, each row becomes lines of heading and value.
        """
        out = self.out
        table = fitting_table(out, columns, rows)
        with _output():
            if table:
                out.print(table)
            else:
                self._show_rows([heading for heading, _ in columns], rows)

    def _show_rows(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        longest = max(map(len, headings), default=0)
        for row in rows:
            self.out.print()
            for heading, cell in zip(headings, row, strict=True):
                self.out.print(f"{heading:<{longest}}  {cell}", markup=False)

    @contextlib.contextmanager
    def track(self, description: str, total: int) -> Iterator[ProgressTask]:
        """Show how far an operation is, once it has taken a while; many at once if need be.

        A total of 0 is one that nobody knows: the steps are bytes, and their number is shown.
        """
        if self.quiet:
            yield Silent()
            return
        with self._shown_progress().track(description, total) as task:
            yield task

    def stand(self, sentence: str | None, seconds: float = 0, *, paced: bool = False) -> None:
        """Show one sentence in place of the last such; None takes it away.

        Where nothing can be drawn over, sentences that only count down are told of once, and those
        that are `paced` now and then.
        """
        if not self.quiet:
            self._shown_progress().stand(sentence, seconds, paced=paced)

    def clear(self) -> None:
        """Take away all that is drawn over: the run ends, or an error is told next."""
        if self._progress is not None:
            self._progress.close()

    def _shown_progress(self) -> LiveView | PlainLines:
        if self._progress is None:
            self._progress = self._new_progress()
        return self._progress

    def _new_progress(self) -> LiveView | PlainLines:
        # What `verbose` lets others write is not held back, and would come in between.
        if self.verbose or not sys.stderr.isatty() or _is_dumb():
            return PlainLines(self.tell)
        from entrypoints.cli.live_view import LiveView
        from entrypoints.start import before_leaving

        view = LiveView()
        before_leaving(view.close)
        return view


def _is_dumb() -> bool:
    """Whether the terminal cannot move its cursor."""
    return os.environ.get("TERM", "").lower() in ("dumb", "unknown")


def _has_colours(stream: TextIO) -> bool:
    """Whether colours may be wanted there; rich decides, and is not imported where none can be."""
    return stream.isatty() or bool(os.environ.get("FORCE_COLOR"))


def _print_line(text: str, stream: TextIO) -> None:
    """Print a line that has no style, without rich, which takes long to import."""
    stream.write(text.translate(_CONTROL) + "\n")
    stream.flush()


def copy_to_output(content: BinaryIO) -> None:
    """Copy a file to standard output, byte by byte.

    Raises:
        OutputError: it cannot be written there.
    """
    with _output():
        shutil.copyfileobj(content, sys.stdout.buffer)


@contextlib.contextmanager
def _output() -> Iterator[None]:
    """Turn a failure of standard output into an error that says so."""
    ctrl_c.heed()
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        discard_output()
        raise OutputError(
            f"The result cannot be written to standard output ({error.strerror}).",
            "Send it elsewhere; what the command did is done.",
        ) from error


@contextlib.contextmanager
def others_on_stderr() -> Iterator[None]:
    """Send what anyone writes to descriptor 1 to standard error: libraries, a user's strategy.

    Standard output holds the result alone, so that a program can read it.
    """
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def discard_output() -> None:
    """Let what is still to be printed on standard output go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
