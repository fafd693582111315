"""A disk that is small or full, and a catalog that nobody may write to, while bars are fetched."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.simulated_gateway.faults import ALWAYS, Fault, FaultKind, Stage
from adapters.simulated_gateway.requests import CONTRACT_DETAILS, HISTORY
from domain.events import FetchAborted, FetchCompleted, PartitionWritten
from tests.cli import Cli
from tests.faults.fetches import (
    Running,
    all_rows,
    answer_again,
    asked,
    events,
    gateway,
    named,
    series,
    served,
    wanted,
)
from tests.faults.small_disk import SmallDisk
from tests.faults.state import Rows, assert_tidy, assert_unbroken, state_of
from tests.faults.test_read_only_catalog import UNPRIVILEGED
from tests.faults.warm import Warm

(NAME,) = named(1)
# Between two holidays: 57 sessions, which are asked for by three questions of up to 20.
FIRST, LAST = "2023-09-05", "2023-11-22"
BARS = served([NAME], FIRST, LAST)
ROWS = all_rows(BARS)[series(NAME)]
SIZE = 6_000_000
# Those of the first two questions.
SESSIONS = 40
# The third question is not answered until the test lets it be.
SILENT = Fault(FaultKind.SILENCE, Stage.HISTORY, 2, ALWAYS)


@pytest.fixture
def small(disk: SmallDisk, cli: Cli) -> Cli:
    """Have the catalog on the small disk."""
    disk.mount(SIZE)
    cli.prefix = disk.prefix
    return cli


def _words(port: int, disk: SmallDisk) -> tuple[str, ...]:
    words = (*wanted([NAME], FIRST, LAST), "--port", str(port), "--json")
    return (*words, "--catalog", str(disk.inside / "catalog"))


def _held(inside: Warm, disk: SmallDisk) -> Rows:
    """Read what is held, in a process that sees the disk, and look whether all is in place."""
    catalog = str(disk.inside / "catalog")
    run = inside.call("tests.faults.test_fetch_disk:tell", catalog=catalog).succeeded()
    return {int(ts): tuple(row) for ts, row in run.document["bars"].items()}


def _ends(inside: Warm, disk: SmallDisk) -> list[int]:
    """Return how many fetches were aborted, and how many completed."""
    catalog = str(disk.inside / "catalog")
    run = inside.call("tests.faults.test_fetch_disk:tell", catalog=catalog).succeeded()
    ends: list[int] = run.document["ends"]
    return ends


def tell(catalog: str) -> None:
    """Print the bars that are held and how fetches ended; fail where anything is out of place."""
    folder = Path(catalog)
    bars = state_of(folder).get(series(NAME), {})
    ends = [len(events(folder, kind)) for kind in (FetchAborted, FetchCompleted)]
    print(json.dumps({"bars": bars, "ends": ends}))
    assert_tidy(folder)
    assert_unbroken(folder)


def test_too_little_room_is_told_before_bars_are_asked_for(small: Cli, disk: SmallDisk) -> None:
    disk.fill(leave=300_000)
    with gateway(BARS) as at:
        run = small(*_words(at.port, disk))
        assert run.code == 1, run.err
        assert run.document["error"]["code"] == "not-enough-space"
        assert run.document["error"]["message"].startswith("The Parquet catalog's disk has ")
        assert "run the same command again" in run.document["error"]["recovery"]
        # Only what the instrument is had to be asked.
        assert {one.message for one in at.seen} <= {71, 61, CONTRACT_DETAILS}
        disk.empty()
        small(*_words(at.port, disk)).succeeded()


def test_a_disk_that_fills_while_bars_come(small: Cli, disk: SmallDisk, inside: Warm) -> None:
    with gateway(BARS, [SILENT]) as at:
        with Running(small, "full", *_words(at.port, disk)) as fetch:
            fetch.until(lambda: len(at.requests(HISTORY)) == 3)
            fetch.until(lambda: _written(inside, disk) == SESSIONS)
            disk.fill()
            answer_again(at)
            assert fetch.ended() == 1, fetch.err
            error = fetch.document["error"]
            assert error["code"] in ("disk-full", "not-enough-space"), error
            assert "run the same command again" in error["recovery"]
            assert fetch.document["series"][0]["days_written"] == SESSIONS
            assert "Traceback" not in fetch.err
        assert at.open_requests == ()
        disk.empty()
        rows = _held(inside, disk)
        assert len(rows) == SESSIONS * 390
        assert rows.items() <= ROWS.items()
        before = len(at.history_requests())
        small(*_words(at.port, disk)).succeeded()
        assert list(asked(at.history_requests()[before:]).values()) == [1]
    assert _held(inside, disk) == ROWS
    aborted, completed = _ends(inside, disk)
    # On a full disk no word may be left of the first.
    assert (aborted <= 1, completed) == (True, 1)


def _written(inside: Warm, disk: SmallDisk) -> int:
    """Return how many sessions the ledger has; files may be there before it does."""
    if len(list((disk.outside / "catalog").glob("*/*/*.parquet"))) < SESSIONS:
        return 0
    catalog = str(disk.inside / "catalog")
    count: int = inside.call(f"{__name__}:tell_written", catalog=catalog).succeeded().document
    return count


def tell_written(catalog: str) -> None:
    """Print how many partitions the ledger has."""
    print(len(events(Path(catalog), PartitionWritten)))


@pytest.fixture
def sealed(cli: Cli) -> Iterator[Cli]:
    """Hold the first question's days in a catalog whose folders and files are read-only."""
    with gateway(BARS) as at:
        words = wanted([NAME], FIRST, "2023-10-02")
        cli(*words, "--port", str(at.port)).succeeded()
    everything = [cli.catalog, *cli.catalog.rglob("*")]
    for path in everything:
        path.chmod(0o555 if path.is_dir() else 0o444)
    if os.geteuid() == 0:
        cli.prefix = UNPRIVILEGED
    yield cli
    for path in everything:
        path.chmod(0o755)


def test_a_catalog_that_nobody_may_write_to(sealed: Cli) -> None:
    with gateway(BARS) as at:
        run = sealed(*wanted([NAME], FIRST, LAST), "--port", str(at.port), "--json")
        assert run.code == 1, run.err
        assert run.document["error"]["code"] == "catalog-read-only"
        assert "--catalog" in run.document["error"]["recovery"]
        assert "Traceback" not in run.err
        assert at.seen == ()


def test_what_is_held_there_needs_no_gateway(sealed: Cli) -> None:
    with gateway(BARS) as at:
        run = sealed(*wanted([NAME], FIRST, "2023-10-02"), "--port", str(at.port), "--json")
        assert run.succeeded().document["series"][0]["days_held"] == 20
        assert at.seen == ()


def _backtest(name: str) -> tuple[str, ...]:
    return ("backtest", "-i", name, "--strategy", "buy-and-hold", "--param", "trade_size=1")


@pytest.mark.parametrize("name", [NAME, NAME.partition(".")[0]])
def test_a_backtest_there_leads_with_why_nothing_was_fetched(sealed: Cli, name: str) -> None:
    words = _backtest(name)
    with gateway(BARS) as at:
        run = sealed(*words, "--start", FIRST, "--end", LAST, "--port", str(at.port), "--json")
        assert HISTORY not in {one.message for one in at.seen}
    assert "Traceback" not in run.err
    assert run.code == 1, run.err
    assert run.document["error"]["code"] == "catalog-read-only"
    assert "cannot be written" in run.document["error"]["message"]


def test_a_backtest_there_runs_on_what_is_held(sealed: Cli) -> None:
    with gateway(BARS) as at:
        words = (*_backtest(NAME), "--start", FIRST, "--end", "2023-10-02", "--json")
        run = sealed(*words, "--port", str(at.port))
        assert run.succeeded().document["bars"] == 20 * 390
        assert at.seen == ()
