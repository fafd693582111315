"""`barledger gateway simulate`, as a user starts it, and the real ib_async as its client."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import ib_async
import pytest

from domain.bar_type import BarType
from tests.builders import csv_text, minute_bars, session_bars
from tests.cli import Cli
from tests.integration.cli.conftest import Barledger

PATIENCE = 120
STOCK = ib_async.Stock("AAPL", "SMART", "USD")
DAYS = session_bars("2024-07-01", "2024-07-02")


@attrs.frozen
class Simulation:
    """A gateway in a process of its own; `told` is the JSON document, or all lines of it."""

    process: subprocess.Popen[str]
    port: int
    told: Any

    def end(self) -> tuple[int, str, str]:
        """Press Ctrl-C, and return the exit code and what else was printed."""
        self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, err


@contextlib.contextmanager
def simulated(cli: Cli, *arguments: str | Path) -> Iterator[Simulation]:
    """Start a gateway on a free port and wait until it listens."""
    words = cli.words("gateway", "simulate", "--port", "0", *map(str, arguments))
    process = subprocess.Popen(
        words,
        cwd=cli.folder,
        env=cli.surroundings(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield _listening(process, as_json="--json" in arguments)
    finally:
        process.kill()
        process.communicate()


def _listening(process: subprocess.Popen[str], *, as_json: bool) -> Simulation:
    assert process.stdout
    text = ""
    # Its end is the end of its output, so this cannot wait for a process that is gone.
    for line in process.stdout:
        text += line
        found = re.search(r"listening on 127\.0\.0\.1:(\d+)", line)
        if found:
            return Simulation(process, int(found[1]), text.splitlines())
        if as_json and line == "}\n":
            document = json.loads(text)
            return Simulation(process, document["port"], document)
    raise AssertionError(process.communicate()[1])


def bars_of(port: int, duration: str = "1 M", **how: Any) -> ib_async.BarDataList:
    """Return what the gateway serves of AAPL before the fourth of July 2024."""

    async def session() -> ib_async.BarDataList:
        ib = ib_async.IB()
        ib.RaiseRequestErrors = True
        await ib.connectAsync(
            "127.0.0.1", port, timeout=PATIENCE, fetchFields=ib_async.StartupFetchNONE
        )
        try:
            asked = ib.reqHistoricalDataAsync(
                how.get("contract", STOCK),
                "20240704 00:00:00 UTC",
                duration,
                how.get("size", "1 min"),
                how.get("shows", "TRADES"),
                True,
                formatDate=2,
                timeout=0,
            )
            return await asyncio.wait_for(asked, PATIENCE)
        finally:
            ib.disconnect()
            await asyncio.wait_for(_closed(ib), PATIENCE)

    return asyncio.run(session())


async def _closed(ib: ib_async.IB) -> None:
    while ib.client.conn.transport is not None:
        await asyncio.sleep(0.01)


@pytest.fixture
def aapl(tmp_path: Path) -> Path:
    """Return a CSV file of two days of AAPL."""
    file = tmp_path / "AAPL.NASDAQ-1_MIN.csv"
    file.write_text(csv_text(DAYS))
    return file


def test_a_file_is_served_and_every_request_told(cli: Cli, aapl: Path) -> None:
    with simulated(cli, "--bars", aapl) as gateway:
        got = bars_of(gateway.port)
        code, _, err = gateway.end()
    assert [bar.open for bar in got] == [value / 100 for value in DAYS.open.tolist()]
    assert gateway.told[0] == "AAPL.NASDAQ 1-minute bars: 780 bars, 2024-07-01 to 2024-07-02"
    assert code == 130
    assert "Connection 1 is client 1." in err
    assert re.search(r"Connection 1 asks 20,\d+,0,AAPL,STK,", err)
    assert "Connection 1 is closed." in err
    assert "Traceback" not in err


def test_json_is_one_document_even_after_ctrl_c(cli: Cli, aapl: Path) -> None:
    arguments = ("--bars", aapl, "--json", "--now", "2024-07-02T12:00:00-04:00")
    with simulated(cli, *arguments) as gateway:
        code, rest, _ = gateway.end()
    assert (code, rest) == (130, "")
    (series,) = gateway.told.pop("series")
    assert gateway.told.pop("now").startswith("2024-07-02T16:00:")
    assert gateway.told == {"host": "127.0.0.1", "port": gateway.port, "warnings": []}
    assert isinstance(series.pop("con_id"), int)
    assert series == {
        "instrument_id": "AAPL.NASDAQ",
        "bar_type": "1_MIN",
        "bars": 780,
        "start": "2024-07-01",
        "end": "2024-07-02",
    }


def test_its_clock_can_start_at_another_instant(cli: Cli, aapl: Path) -> None:
    with simulated(cli, "--bars", aapl, "--now", "2024-07-02T15:00:00Z") as gateway:
        last = bars_of(gateway.port)[-1].date
    assert f"{last:%Y-%m-%d %H}" == "2024-07-02 15"


def test_a_catalog_is_served_with_all_its_series_and_instruments(cli: Cli) -> None:
    cli.import_csv("AAPL.NASDAQ", csv_text(DAYS))
    cli("instrument", "set", "-i", "ESU4.CME", "--class", "future", "--currency", "USD", "--tick",
        "0.25", "--multiplier", "50", "--expiry", "2024-09-20").succeeded()  # fmt: skip
    cli.import_csv("ESU4.CME", csv_text(minute_bars("2024-07-02T15:00:00", 30)))
    with simulated(cli, "--bars", cli.catalog) as gateway:
        assert len(bars_of(gateway.port)) == 780
        future = ib_async.Future("ES", "202409", "CME", multiplier="50", includeExpired=True)
        assert len(bars_of(gateway.port, contract=future)) == 30
        gateway.end()
    assert len(gateway.told) == 3


def test_a_folder_of_files_is_served_by_their_names(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "bars"
    folder.mkdir()
    (folder / "AAPL.NASDAQ-1_MIN.csv").write_text(csv_text(DAYS))
    (folder / "EUR%2FUSD.IDEALPRO.csv").write_text(
        csv_text(minute_bars("2024-07-02T14:00:00", 5, price_precision=5))
    )
    (folder / "notes.txt").write_text("nothing of this is served")
    with simulated(cli, "--bars", folder) as gateway:
        assert len(bars_of(gateway.port)) == 780
        pair = ib_async.Forex("EURUSD")
        assert len(bars_of(gateway.port, contract=pair, shows="MIDPOINT")) == 5


def test_files_of_one_series_are_served_as_one(cli: Cli, tmp_path: Path) -> None:
    for name, day in (("a", "2024-07-02"), ("b", "2024-07-01")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "AAPL.NASDAQ.csv").write_text(csv_text(session_bars(day, day)))
    with simulated(cli, "--bars", tmp_path / "a", "--bars", tmp_path / "b") as gateway:
        assert gateway.told[0] == "AAPL.NASDAQ 1-minute bars: 780 bars, 2024-07-01 to 2024-07-02"


def test_stamps_of_the_close_and_of_another_zone_are_understood(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "prices.csv"
    rows = "2024-07-02 09:31:00,1,2,0.5,1.5,10\n2024-07-02 09:32:00,1,2,0.5,1.5,10\n"
    file.write_text(f"timestamp,open,high,low,close,volume\n{rows}")
    options = ("-i", "AAPL.NASDAQ", "--timezone", "America/New_York", "--stamp", "close")
    with simulated(cli, "--bars", file, *options) as gateway:
        first = bars_of(gateway.port)[0].date
    assert f"{first:%H:%M}" == "13:30"


def test_faults_and_pieces_are_as_asked_for(cli: Cli, aapl: Path) -> None:
    arguments = ("--bars", aapl, "--piece", "100", "--fault", "pacing-162@history:1x2")
    with simulated(cli, *arguments) as gateway:
        assert len(bars_of(gateway.port)) == 780
        for _ in range(2):
            with pytest.raises(ib_async.RequestError, match="pacing violation"):
                bars_of(gateway.port)
        assert len(bars_of(gateway.port)) == 780
        _, _, err = gateway.end()
    assert err.count("Fault pacing-162 meets history.") == 2


def test_ctrl_c_ends_it_while_requests_are_open(cli: Cli, aapl: Path) -> None:
    with (
        simulated(cli, "--bars", aapl, "--fault", "silence@connectxalways") as gateway,
        socket.create_connection(("127.0.0.1", gateway.port), timeout=PATIENCE) as raw,
    ):
        raw.sendall(b"API\0\0\0\0\x09v157..178")
        code, _, err = gateway.end()
        with contextlib.suppress(ConnectionError):
            assert raw.recv(1) == b""
    assert code == 130
    assert "Traceback" not in err


def test_a_port_in_use_is_told(barledger: Barledger, aapl: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = barledger("gateway", "simulate", "--bars", aapl, "--port", str(port), "--json")
    assert ended.code == 1
    assert ended.document["error"]["code"] == "cannot-listen"
    assert f"Port {port} of 127.0.0.1 is in use" in ended.err


def test_an_address_of_another_machine_is_told(barledger: Barledger, aapl: Path) -> None:
    ended = barledger("gateway", "simulate", "--bars", aapl, "--host", "192.0.2.1")
    assert ended.code == 1
    assert "cannot listen on 192.0.2.1:4002" in ended.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--fault", "flood"], "'flood' is no fault"),
        (["--fault", "silence@lunch"], "is no fault"),
        (["--now", "2024-07-01"], "--now 2024-07-01 is a date"),
        (["--now", "soon"], "neither a date nor an instant"),
        (["--bars", "AAPL.NASDAQ-1_MIN.csv", "-i", "AAPL.NASDAQ"], "one CSV file"),
        (["--bars", "AAPL.NASDAQ-1_MIN.csv"], "overlap at 2024-07-01T13:30:00Z"),
    ],
)
def test_what_makes_no_sense_is_refused(
    barledger: Barledger, aapl: Path, arguments: list[str], words: str
) -> None:
    ended = barledger("gateway", "simulate", "--bars", aapl, *arguments)
    assert ended.code == 2
    assert words in ended.err


def test_files_and_folders_that_cannot_be_served_are_refused(
    barledger: Barledger, tmp_path: Path, catalog: Path
) -> None:
    (tmp_path / "AAPL.csv").write_text(csv_text(DAYS))
    (tmp_path / "AAPL.NASDAQ.csv").write_text(csv_text(DAYS).replace("180.02", "-1", 1))
    (tmp_path / "ESU4.CME.csv").write_text(csv_text(DAYS))
    (tmp_path / "empty").mkdir()
    barledger("instrument", "set", "-i", "AAPL.NASDAQ", "--tick", "0.01")
    for bars, code, words in (
        ("AAPL.csv", 2, "does not tell which instrument"),
        ("AAPL.NASDAQ.csv", 4, "rows are refused"),
        ("ESU4.CME.csv", 1, "ESU4.CME is not defined"),
        ("none.NASDAQ.csv", 4, "none.NASDAQ.csv"),
        ("empty", 4, "neither a Parquet catalog nor CSV files"),
        (catalog, 3, "holds no bars to serve"),
    ):
        ended = barledger("gateway", "simulate", "--bars", bars)
        assert words in ended.err
        assert ended.code == code


def test_the_help_names_every_fault_and_stage(barledger: Barledger) -> None:
    from adapters.simulated_gateway.fault_texts import FORM, kinds, stages

    out = barledger("gateway", "simulate", "--help").out
    assert FORM in out
    for name in (*kinds(), *stages()):
        assert name in out


def test_a_bar_type_can_be_named(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "AAPL.NASDAQ.csv"
    header = "timestamp,open,high,low,close,volume\n"
    file.write_text(f"{header}2024-07-02T14:00:00Z,1,2,0.5,1.5,10\n")
    with simulated(cli, "--bars", file, "--bar-type", "1_HOUR") as gateway:
        assert len(bars_of(gateway.port, size="1 hour")) == 1
        gateway.end()
    assert BarType.parse("1_HOUR").label in gateway.told[0]
