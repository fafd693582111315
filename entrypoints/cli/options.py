"""Options that many commands share, and how their text becomes values."""

from __future__ import annotations

import contextlib
import functools
import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from entrypoints.cli.screen import Screen

if TYPE_CHECKING:
    from domain.as_of import AsOf
    from domain.bar_type import BarType
    from domain.window import Window
    from entrypoints.cli.gateway_options import GatewayChoice
    from entrypoints.container import Container

DEFAULT_CATALOG = Path("data/catalog")
_CATALOG_VARIABLE = "BARLEDGER_CATALOG"
_COMMON = ("catalog", "as_json", "quiet", "verbose", "log_file")


def _catalog_from_environment() -> Path:
    # Not by click: an option's variable would outdo what was said before the command's name.
    return Path(os.environ.get(_CATALOG_VARIABLE) or DEFAULT_CATALOG)


@attrs.define
class Invocation:
    """One run of the program: what was said before and after the command's name."""

    catalog: Path = attrs.field(factory=_catalog_from_environment)
    as_json: bool = False
    quiet: bool = False
    verbose: bool = False
    log_file: Path | None = None
    command: str = ""
    arguments: tuple[str, ...] = ()
    _screen: Screen | None = None
    _open: contextlib.ExitStack = attrs.field(factory=contextlib.ExitStack)

    def take(self, **values: Any) -> None:
        """Let what was said after the command's name add to what was said before."""
        for name in _COMMON:
            if values.get(name):
                setattr(self, name, values[name])

    @property
    def screen(self) -> Screen:
        """The screen that these options ask for; the same one for the whole run."""
        if self._screen is None:
            self._screen = Screen(self.as_json, self.quiet, self.verbose)
        return self._screen

    def wire(self, gateway: GatewayChoice | None = None) -> Container:
        """Return barledger's parts for this run, which may fetch from `gateway`."""
        from entrypoints.container import wire
        from entrypoints.logs import bind_correlation

        container = wire(self.catalog, self.command, self.screen, gateway)
        bind_correlation(container.origin().correlation_id)
        if gateway is not None:
            click.get_current_context().call_on_close(container.source().close)
        # Closing folds the write-ahead log in, so that the file can be read where none may write.
        click.get_current_context().call_on_close(container.ledger().close)
        self._open.callback(container.problem_logs().close)
        return container

    def again(self, *more: str) -> str:
        """Return this command with `more` arguments, as a shell takes it."""
        return shlex.join(("barledger", *self.arguments, *more))

    def close(self) -> None:
        """Close what has to be open until the run's error is told."""
        self.screen.clear()
        self._open.close()


def common(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that stand everywhere; it is called with an `Invocation`."""

    @functools.wraps(command)
    def called(**values: Any) -> Any:
        from entrypoints.logs import configure

        context = click.get_current_context()
        invocation = context.ensure_object(Invocation)
        invocation.take(**{name: values.pop(name) for name in _COMMON})
        invocation.command = _path(context)
        configure(invocation.log_file, verbose=invocation.verbose)
        return command(invocation, **values)

    for option in reversed(_common_options()):
        called = option(called)
    return called


def _path(context: click.Context) -> str:
    """Return the command's name without the program's, such as `instrument set`."""
    return " ".join(context.command_path.split()[1:])


def _common_options() -> list[Callable[..., Any]]:
    return [
        click.option(
            "--catalog",
            type=click.Path(path_type=Path),
            metavar="DIR",
            help=f"The Parquet catalog's folder. [env: {_CATALOG_VARIABLE}; "
            f"default: ./{DEFAULT_CATALOG}]",
        ),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout."),
        click.option("--quiet", is_flag=True, help="Show no progress and no notices."),
        click.option("--verbose", is_flag=True, help="Show what happens inside, on stderr."),
        click.option(
            "--log-file",
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE",
            help="Append what happens to FILE, a JSON document a line.",
        ),
    ]


def instrument(*, multiple: bool, required: bool) -> Callable[..., Any]:
    """Return the option `-i/--instrument`."""
    return click.option(
        "-i",
        "--instrument",
        "instruments" if multiple else "instrument",
        # One that is named again must not quietly take the place of the first.
        multiple=True,
        required=required,
        callback=None if multiple else _only_one,
        metavar="ID",
        help="An instrument ID such as AAPL.NASDAQ." + (" Repeatable." if multiple else ""),
    )


def _only_one(
    context: click.Context, parameter: click.Parameter, names: tuple[str, ...]
) -> str | None:
    if len(names) > 1:
        raise click.BadParameter("name one instrument only", context, parameter)
    return next(iter(names), None)


def bar_type(default: str | None, note: str) -> Callable[..., Any]:
    """Return the option `--bar-type`."""
    return click.option(
        "--bar-type",
        default=default,
        callback=_parse_bar_type,
        metavar="TYPE",
        show_default=default is not None,
        help=f"Such as 1_MIN, 5_MIN, 1_HOUR or 1_DAY. {note}",
    )


def _parse_bar_type(
    context: click.Context, parameter: click.Parameter, text: str | None
) -> BarType | None:
    del context, parameter
    from domain.bar_type import BarType

    return BarType.parse(text) if text else None


def window(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options `--start` and `--end`, whose dates are the venue's days."""
    return _window(command, "{} date by the venue's clock")


def trading_window(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options `--start` and `--end`, whose dates are those of sessions."""
    return _window(
        command,
        "{} trading date, whose session may begin on the evening before by its venue's clock",
    )


def _window(command: Callable[..., Any], what: str) -> Callable[..., Any]:
    for name, which in (("--end", "The last"), ("--start", "The first")):
        text = f"{what.format(which)}, or an instant with a zone."
        command = click.option(name, metavar="WHEN", help=text)(command)
    return command


def as_of(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option `--as-of`."""
    return click.option(
        "--as-of",
        callback=parse_as_of,
        metavar="SEQ|TIME",
        help="See the Parquet catalog as it was after this event, or at this instant.",
    )(command)


def parse_as_of(
    context: click.Context, parameter: click.Parameter, text: str | None
) -> AsOf | None:
    """Return the point that the text of `--as-of` names; a callback of click."""
    del context, parameter
    from domain.as_of import AsOf

    return AsOf.parse(text) if text else None


def parse_window(start: str | None, end: str | None) -> Window:
    """Return the range that `--start` and `--end` name."""
    from domain.window import Window, parse_bound

    return Window(parse_bound(start) if start else None, parse_bound(end) if end else None)
