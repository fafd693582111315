"""The command `barledger`: its subcommands, and how every run of it ends."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from pathlib import Path
from typing import Any

import click

from domain.errors import BarledgerError, CancelledError, UsageError
from entrypoints import ctrl_c, logs
from entrypoints.cli.failure import show_failure
from entrypoints.cli.options import Invocation, common
from entrypoints.cli.screen import Screen, discard_output
from entrypoints.start import MESSAGE, RECOVERY

# A command's module is imported when the command runs; the texts here make the overview.
_COMMANDS = {
    "backup": ("backup", "Copy the Parquet catalog, history included, while others write."),
    "gc": ("gc", "Delete old revisions from the history, to free space."),
    "remove": ("remove", "Take days or a series out of the Parquet catalog."),
    "restore": ("restore", "Bring back what was held at an earlier event or time."),
    "backtest": ("backtest", "Run a Nautilus backtest on bars of the Parquet catalog."),
    "check": ("check", "Show what is available and what is missing, without loading bars."),
    "fetch": ("fetch", "Fetch what is missing from Interactive Brokers."),
    "export": ("export", "Write bars as CSV files for other programs."),
    "gateway": ("gateway", "Simulate an IBKR Gateway, to practise and to test without an account."),
    "import-csv": ("import_csv", "Validate CSV bars and write them to the Parquet catalog."),
    "instrument": ("instrument", "Show or set what an instrument is."),
    "ledger": ("ledger", "Audit the ledger: who changed what, and what stood there before."),
    "list": ("list_series", "List what the Parquet catalog holds."),
    "venue": ("venue", "Show or set which trading calendar a venue keeps."),
    "verify": ("verify", "Read every partition against its checksums and the ledger."),
}


class _Commands(click.Group):
    """Subcommands that are imported when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all names, in order."""
        del ctx
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command of this name."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"entrypoints.cli.{_COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the overview without importing anything."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in sorted(_COMMANDS.items())])


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="barledger")
@common
def cli(invocation: Invocation) -> None:
    """Keep market data bars once, in a Parquet catalog, and backtest on them.

    \b
    A first round:
      barledger import-csv SPY.csv -i SPY.ARCA --timezone America/New_York
      barledger list
      barledger fetch -i SPY.ARCA --start 2024-01-02 --end 2024-03-28
      barledger backtest -i SPY.ARCA --strategy ema-cross
    """
    del invocation


def run_command() -> int:
    """Run the command line on the program's arguments, and return the exit code."""
    # A shell can close either with `>&-`; Python then has none.
    sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115
    sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115
    try:
        code = main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has seen enough, as `head` does; nothing is left to be told.
        discard_output()
        code = 1
    return code


def main(arguments: list[str]) -> int:
    """Run the command that `arguments` name, and return the exit code."""
    as_json = "--json" in arguments
    # What an error tells of can be held open, so that it ends after the telling.
    with contextlib.closing(Invocation(arguments=tuple(arguments))) as invocation:
        try:
            code: Any = cli.main(
                arguments, prog_name="barledger", standalone_mode=False, obj=invocation
            )
            ctrl_c.heed()
        except BrokenPipeError:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is told and not dumped
            told = _told(error)
            ctrl_c.answered()
            logs.log("failed", error=error, code=told.code)
            return _shown(told, invocation.screen, as_json=as_json)
    return code if isinstance(code, int) else 0


def _shown(told: BarledgerError, screen: Screen, *, as_json: bool) -> int:
    """Tell of the error, which takes a while if millions of rows are refused."""
    try:
        screen.clear()
        return show_failure(told, as_json=as_json and not screen.has_document)
    except KeyboardInterrupt:
        # What is on standard output is cut off, and no document can follow it.
        screen.clear()
        return show_failure(CancelledError(MESSAGE, RECOVERY), as_json=False)


def _told(error: BaseException) -> BarledgerError:
    """Return what the user is told of `error`, which a Ctrl-C can have become on its way."""
    if isinstance(error, KeyboardInterrupt | click.Abort) or ctrl_c.is_unanswered():
        return CancelledError(MESSAGE, RECOVERY)
    if isinstance(error, BarledgerError):
        return error
    if isinstance(error, click.ClickException):
        return _usage(error)
    if isinstance(error, Exception):
        return _bug(error)
    raise error


def _usage(error: click.ClickException) -> BarledgerError:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "barledger"
    return UsageError(error.format_message(), f"See: {path} --help")


def _bug(error: Exception) -> BarledgerError:
    return BarledgerError(
        f"Something went wrong that barledger did not foresee: {type(error).__name__}: {error}",
        f"Run it again with --log-file {Path('barledger.log')} and report what that file says.",
    )
