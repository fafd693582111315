"""`barledger gateway simulate`."""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from domain.errors import CannotListenError, InvalidWindowError, UsageError
from entrypoints import ctrl_c
from entrypoints.cli import options
from entrypoints.cli.options import Invocation
from entrypoints.cli.wording import counted, dates_text, safe
from entrypoints.start import CANCELLED

if TYPE_CHECKING:
    from adapters.simulated_gateway.faults import Fault
    from adapters.simulated_gateway.server import SimulatedGateway
    from application.served_bars import ServedSeries
    from entrypoints.cli.screen import Screen

_PORT = 4002


@click.group("gateway")
def command() -> None:
    """Simulate an IBKR Gateway, to practise and to test without an account."""


@command.command("simulate")
@click.option(
    "--bars",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE|DIR",
    help="A CSV file, a folder of them, or the folder of a Parquet catalog. Repeatable.",
)
@options.instrument(multiple=False, required=False)
@options.bar_type(None, "Of CSV files; found from their names or the spacing, if not named.")
@click.option("--timezone", metavar="ZONE", help="Zone of stamps in CSV files that name none.")
@click.option(
    "--stamp",
    type=click.Choice(["open", "close"]),
    help="Whether a stamp in a CSV file is when its bar opens or closes. "
    "[default: open, for intraday bars]",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=_PORT,
    show_default=True,
    help="The port to listen on; 0 finds a free one.",
)
@click.option(
    "--now",
    metavar="WHEN",
    help="An instant with a zone at which the gateway's clock starts; the machine's, if not named.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="FAULT",
    help="Something that goes wrong, such as silence@history:2x3. Repeatable.",
)
@click.option(
    "--piece",
    type=click.IntRange(min=1),
    metavar="BYTES",
    help="Write what is sent in pieces of so many bytes.",
)
@click.option("--no-limits", is_flag=True, help="Allow any number of requests at any speed.")
@options.common
def simulate(invocation: Invocation, bars: tuple[Path, ...], **choices: Any) -> int:
    """Serve bars as an IBKR Gateway would, until Ctrl-C.

    Any program that uses IBKR's API by TCP can connect and ask for contracts, for when history
    begins, and for bars; there are no live prices and no orders. Of each instrument the bar types
    are served that are there, and no others are made of them. The limits of IBKR hold: 50 messages
    a second, 50 requests at once, and the pacing of small bars.

    A CSV file is read and checked as by `barledger import-csv`; nothing is written. Its name says
    what it holds, as AAPL.NASDAQ-1_MIN.csv does, or -i. What an instrument is, is taken from the
    Parquet catalog of --catalog, or assumed from its venue.

    \b
    A fault is written KIND[@STAGE][:AFTER][xTIMES][/SECONDS]:
      KIND     cancelled-162, client-id-326, disconnect, disconnect-mid-frame,
               farm-2103, farm-2105, farm-2110, garbage, invalid-321,
               lost-1100, lost-1100-then-1101, no-data-162,
               no-permissions-162, no-security-200, not-subscribed-354,
               pacing-100, pacing-162, pacing-420, silence, slow,
               too-many-322
      STAGE    what it meets: connect, resolve, head, history (if not said)
               or current-time
      AFTER    how many of that pass before it, 0 if not said
      TIMES    how many it meets, 1 if not said, or always
      SECONDS  how long a slow answer or a lost connection takes

    \b
    Examples:
      barledger gateway simulate --bars data/catalog
      barledger gateway simulate --bars AAPL.csv -i AAPL.NASDAQ --timezone America/New_York
      barledger gateway simulate --bars bars/ --fault pacing-162:3 --fault disconnect:5

    JSON, printed once it listens: host, port, now (the gateway's time), series (each with
    instrument_id, bar_type, con_id, bars, start and end, dates by the venue's clock), and
    warnings. What is asked goes to stderr, a line for each message.
    """
    faults = [_fault(text) for text in choices.pop("faults")]
    container, screen = invocation.wire(), invocation.screen
    now = _gateway_clock(choices.pop("now"), container.clock().now)
    from entrypoints.cli.bars_to_serve import bars_to_serve

    # A bar that has closed by either clock is one, though the gateway shows it unfinished.
    served = bars_to_serve(invocation, bars, max(now(), container.clock().now()), **choices)
    gateway = container.simulated_gateway(
        served,
        now,
        faults,
        choices["host"],
        choices["port"],
        piece=choices["piece"],
        enforce_limits=not choices["no_limits"],
        tell=lambda line: screen.tell(safe(line)),
    )
    with _listening(gateway):
        try:
            _show(screen, gateway, served, now())
            gateway.serve_forever()
        except KeyboardInterrupt:
            # That is how it is meant to end: no error, and no second document on standard output.
            ctrl_c.answered()
            screen.tell("The simulated IBKR Gateway has ended.")
    return CANCELLED


@contextlib.contextmanager
def _listening(gateway: SimulatedGateway) -> Iterator[None]:
    """Let the gateway listen until the context ends.

    Raises:
        CannotListenError: it cannot.
    """
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(gateway)
        except OSError as error:
            raise _not_listening(gateway.host, gateway.port, error) from error
        yield


def _fault(text: str) -> Fault:
    from adapters.simulated_gateway.fault_texts import parse_fault

    try:
        return parse_fault(text)
    except ValueError as error:
        raise UsageError(
            f"--fault: {error}.", "See the kinds and stages: barledger gateway simulate --help"
        ) from error


def _gateway_clock(start: str | None, clock: Callable[[], int]) -> Callable[[], int]:
    """Return a clock that starts at `start`, ISO 8601, and goes on from there."""
    if start is None:
        return clock
    from domain.window import nanoseconds, parse_bound

    at = parse_bound(start)
    if not isinstance(at, dt.datetime):
        raise InvalidWindowError(
            f"--now {start} is a date.", "Name an instant with a zone: 2024-07-01T15:30:00-04:00."
        )
    ahead = nanoseconds(at) - clock()
    return lambda: clock() + ahead


def _not_listening(host: str, port: int, error: OSError) -> CannotListenError:
    if error.errno == errno.EADDRINUSE:
        return CannotListenError(
            f"Port {port} of {host} is in use by another program.",
            "End that program, which may be a gateway, or name another port: --port 4012.",
        )
    return CannotListenError(
        f"The gateway cannot listen on {host}:{port} ({error.strerror or error}).",
        "Name an address of this machine with --host, and a port above 1023 with --port.",
    )


def _show(
    screen: Screen, gateway: SimulatedGateway, served: Sequence[ServedSeries], now: int
) -> None:
    from domain.sessions import instant_text

    rows = [_row(one) for one in served]
    if screen.as_json:
        screen.show_json(
            {
                "host": gateway.host,
                "port": gateway.port,
                "now": instant_text(now),
                "series": rows,
                "warnings": screen.warnings,
            }
        )
        return
    for row, one in zip(rows, served, strict=True):
        dates = dates_text((row["start"], row["end"]))
        screen.show_text(f"{one.series}: {counted(row['bars'], 'bar')}, {dates}")
    screen.show_text(f"The simulated IBKR Gateway is listening on {gateway.host}:{gateway.port}")
    screen.tell("Ctrl-C ends it.")


def _row(one: ServedSeries) -> dict[str, Any]:
    from adapters.simulated_gateway.market import con_id_of
    from domain.partitions import trading_dates

    dates = trading_dates(one.bars, one.series)
    return {
        "instrument_id": str(one.series.instrument_id),
        "bar_type": str(one.series.bar_type),
        "con_id": con_id_of(one.series.instrument_id),
        "bars": len(one.bars),
        "start": str(dates[0]),
        "end": str(dates[-1]),
    }
