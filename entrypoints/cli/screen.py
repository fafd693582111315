"""What a person, or a machine, gets to see."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TextIO

import attrs

from domain.errors import OutputError

if TYPE_CHECKING:
    from rich.console import Console

    from domain.ports import ProgressTask

Justify = Literal["left", "right"]

# Shorter operations end before a reader could have made sense of a bar.
_SILENT_SECONDS = 5
_PLAIN_PERCENT = 10
_PLAIN_WIDTH = 80
# What would move the cursor of a terminal: bell, backspace, tabs of the other kind, a new page, CR.
_CONTROL = dict.fromkeys((7, 8, 11, 12, 13))


@attrs.define
class Screen:
    """Results go to stdout, all else to stderr; `--json` leaves one document on stdout."""

    as_json: bool = False
    quiet: bool = False
    verbose: bool = False
    warnings: list[str] = attrs.field(factory=list)

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
        with _output():
            sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")

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

    def show_table(
        self, columns: Sequence[tuple[str, Justify]], rows: Sequence[Sequence[str]]
    ) -> None:
        """Print a table; a column is its heading and how it is justified.

        Where it does not fit, each row becomes lines of heading and value.
        """
        from rich import box
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for heading, justify in columns:
            table.add_column(Text(heading), justify=justify, no_wrap=True)
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        out = self.out
        with _output():
            # The minimum is that of the longest words, and cells would be cut to it.
            if table.__rich_measure__(out, out.options).maximum <= out.width:
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
        """Show how far an operation is, once it has taken a while."""
        if self.quiet:
            yield _Silent()
        elif sys.stderr.isatty():
            with self._bar(description, total) as task:
                yield task
        else:
            yield _PlainLines(self, description, total)

    @contextlib.contextmanager
    def _bar(self, description: str, total: int) -> Iterator[ProgressTask]:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}: {task.percentage:>3.0f}% complete", markup=False),
            BarColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self.err, transient=True) as progress:
            yield _Bar(progress, progress.add_task(description, total=total))


def _has_colours(stream: TextIO) -> bool:
    """Whether colours may be wanted there; rich decides, and is not imported where none can be."""
    return stream.isatty() or bool(os.environ.get("FORCE_COLOR"))


def _print_line(text: str, stream: TextIO) -> None:
    """Print a line that has no style, without rich, which takes long to import."""
    stream.write(text.translate(_CONTROL) + "\n")
    stream.flush()


@contextlib.contextmanager
def _output() -> Iterator[None]:
    """Turn a failure of standard output into an error that says so."""
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


class _Silent:
    def advance(self, steps: int) -> None:
        """Show nothing."""


@attrs.define
class _Bar:
    progress: Any
    task: Any

    def advance(self, steps: int) -> None:
        """Move the bar."""
        self.progress.advance(self.task, steps)


@attrs.define
class _PlainLines:
    """Progress where it cannot be drawn over: a line at every tenth, after a while."""

    screen: Screen
    description: str
    total: int
    done: int = 0
    shown: int = 0
    begun: float = attrs.field(factory=time.monotonic)

    def advance(self, steps: int) -> None:
        """Print a line where a tenth more is done."""
        self.done += steps
        percent = 100 * self.done // max(self.total, 1)
        elapsed = time.monotonic() - self.begun
        if elapsed < _SILENT_SECONDS or percent < self.shown + _PLAIN_PERCENT or percent >= 100:
            return
        self.shown = percent
        left = round(elapsed * (self.total - self.done) / max(self.done, 1))
        self.screen.tell(f"{self.description}: {percent}% complete, {left} s left")
