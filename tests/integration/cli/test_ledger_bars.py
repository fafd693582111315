"""`barledger ledger show SEQ --bars`: which bars a change replaced or removed, old and new."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import attrs
import numpy as np
import pytest
from rich.console import Console

from application.bar_changes import BarChanges, Compared, Held, Step
from application.bar_differences import difference
from domain.bar_type import BarType
from domain.bars import Bars
from domain.instrument import Series
from entrypoints.cli import screen
from entrypoints.cli.bar_change_texts import show_bars
from entrypoints.cli.tables import Column, fitting_table
from tests.builders import AAPL, DATA, NEW_YORK, csv_text, minute_bars, new_partition, utc, written
from tests.integration.cli.conftest import Barledger, Ended

Import = Callable[..., Ended]
VALUES = ("open", "high", "low", "close", "volume")


@pytest.fixture
def imported(barledger: Barledger, tmp_path: Path) -> Import:
    """Import a text as a CSV file, which must succeed."""

    def run(text: str, *options: str, instrument: str = "AAPL.NASDAQ") -> Ended:
        file = tmp_path / "bars.csv"
        file.write_text(text)
        ended = barledger("import-csv", file, "-i", instrument, *options)
        assert ended.code == 0, ended.err
        return ended

    return run


def _day(day: int, count: int = 5) -> Bars:
    return minute_bars(f"2024-01-{day:02}T14:30:00", count)


def _changed(bars: Bars, row: int, volume: int) -> Bars:
    volumes = bars.volume.copy()
    volumes[row] = volume
    return attrs.evolve(bars, volume=volumes)


@pytest.fixture
def changed(barledger: Barledger, imported: Import) -> Barledger:
    """Hold three days (events 1 to 4), and overwrite two of them (5 to 7).

    Of the first, the second bar gets another volume, the last goes, and one comes before the
    others; the second day is told anew in the same words.
    """
    imported(csv_text(Bars.concat([_day(2), _day(3), _day(4)])))
    early = minute_bars("2024-01-02T14:29:00", 1)
    first = Bars.concat([early, _changed(_day(2), 1, 7).take(slice(0, 4))])
    second = _changed(_day(3), 4, 9)
    text = csv_text(Bars.concat([first, second]))
    imported(text, "--on-conflict", "overwrite", "--yes")
    return barledger


def _bars(ended: Ended) -> dict[str, object]:
    found: dict[str, object] = ended.document["bars"]
    return found


def _cells(out: str, start: str) -> list[list[str]]:
    """Return the cells of the line of the table that begins so, and of the one below it."""
    lines = out.splitlines()
    (place,) = [number for number, line in enumerate(lines) if line.strip().startswith(start)]
    return [line.split() for line in lines[place : place + 2]]


def test_a_replaced_bar_is_shown_as_it_was_and_as_it_is(changed: Barledger) -> None:
    ended = changed("ledger", "show", "5", "--bars")
    assert ended.code == 0
    assert "bar by bar       1 added, 1 replaced, 1 removed, 3 unchanged, in 1 partition" in (
        ended.out
    )
    assert _cells(ended.out, "2024-01-02T14:31Z") == [
        ["2024-01-02T14:31Z", "09:31", "1", "1", "187.01", "187.04", "186.98", "187.02", "101"],
        ["2", "5", "=", "=", "=", "=", "7"],
    ]
    assert _cells(ended.out, "2024-01-02T14:34Z") == [
        ["2024-01-02T14:34Z", "09:34", "1", "1", "187.04", "187.07", "187.01", "187.05", "104"],
        ["removed", "5"],
    ]
    (heading,) = [line for line in ended.out.splitlines() if "opens (UTC)" in line]
    assert heading.split() == ["opens", "(UTC)", "New", "York", "revision", "event", *VALUES]


def test_an_import_stands_for_all_of_its_partitions(changed: Barledger) -> None:
    ended = changed("ledger", "show", "7", "--bars")
    assert "1 added, 2 replaced, 1 removed, 7 unchanged, in 2 partitions" in ended.out
    assert _cells(ended.out, "2024-01-03T14:34Z")[1][:2] == ["2", "6"]
    assert "bars removed     1" in ended.out
    first = changed("ledger", "show", "4", "--bars")
    assert "15 added, 0 replaced, 0 removed, 0 unchanged, in 3 partitions" in first.out
    assert "opens (UTC)" not in first.out


def test_json_lists_every_changed_bar(changed: Barledger) -> None:
    ended = changed("ledger", "show", "7", "--bars", "--json")
    assert ended.code == 0
    assert (ended.document["seq"], ended.document["type"]) == (7, "CsvImported")
    bars = _bars(ended)
    assert list(bars) == ["added", "unchanged", "replaced", "removed", "not_compared"]
    assert (bars["added"], bars["unchanged"], bars["not_compared"]) == (1, 7, [])
    old = dict(zip(VALUES, ("187.01", "187.04", "186.98", "187.02", "101"), strict=True))
    times = {"ts_open": "2024-01-02T14:31:00Z", "ts_event": "2024-01-02T14:32:00Z"}
    assert isinstance(bars["replaced"], list)
    assert bars["replaced"][0] == {
        "ts_open": "2024-01-02T14:31:00Z",
        "partition": "2024-01-02",
        "event": 5,
        "before": {"revision": 1, "event": 1, **times, **old},
        "after": {"revision": 2, "event": 5, **times, **old, "volume": "7"},
    }
    assert [one["partition"] for one in bars["replaced"]] == ["2024-01-02", "2024-01-03"]
    assert isinstance(bars["removed"], list)
    (gone,) = bars["removed"]
    assert (gone["ts_open"], gone["event"], gone["before"]["volume"]) == (
        "2024-01-02T14:34:00Z",
        5,
        "104",
    )
    assert "after" not in gone
    assert "bars" not in changed("ledger", "show", "7", "--json").document


def test_a_removal_shows_the_bars_that_went(changed: Barledger) -> None:
    changed("remove", "-i", "AAPL.NASDAQ", "--start", "2024-01-04", "--end", "2024-01-04", "--yes")
    ended = changed("ledger", "show", "8", "--bars")
    assert "0 added, 0 replaced, 5 removed, 0 unchanged" in ended.out
    assert _cells(ended.out, "2024-01-04T14:30Z")[1] == ["removed", "8"]


def test_only_the_first_bars_are_shown_and_the_others_counted(
    barledger: Barledger, imported: Import
) -> None:
    imported(csv_text(minute_bars(count=50)))
    imported(csv_text(minute_bars(count=50, first_price=9_000)), "--on-conflict", "merge")
    ended = barledger("ledger", "show", "4", "--bars")
    assert sum("2024-01-02T1" in line and "09:" in line for line in ended.out.splitlines()) == 20
    assert ended.out.splitlines()[-1] == "and 30 more; --json lists them all"
    bars = _bars(barledger("ledger", "show", "4", "--bars", "--json"))
    assert isinstance(bars["replaced"], list)
    assert len(bars["replaced"]) == 50


DAILY = "date,open,high,low,close,volume\n2024-01-02,{0},9.5,8,9,100\n2024-01-03,9,9.5,8,9,100\n"


def test_a_daily_bar_is_named_by_its_date(barledger: Barledger, imported: Import) -> None:
    imported(DAILY.format("9"))
    imported(DAILY.format("9.25"), "--on-conflict", "merge")
    ended = barledger("ledger", "show", "4", "--bars")
    assert _cells(ended.out, "2024-01-02") == [
        ["2024-01-02", "1", "1", "9.00", "9.50", "8.00", "9.00", "100"],
        ["2", "3", "9.25", "=", "=", "=", "="],
    ]
    assert "New York" not in ended.out


def test_a_venue_in_utc_has_no_second_clock_and_a_late_one_names_its_day(
    barledger: Barledger, imported: Import
) -> None:
    for instrument in ("BTC/USD.KRAKEN", "7203.TSEJ"):
        imported(csv_text(minute_bars("2024-01-09T23:58:00", 2)), instrument=instrument)
        imported(
            csv_text(minute_bars("2024-01-09T23:58:00", 2, first_price=9_000)),
            *("--on-conflict", "merge"),
            instrument=instrument,
        )
    ended = barledger("ledger", "show", "4", "--bars")
    assert _cells(ended.out, "2024-01-09T23:58Z")[0][1:3] == ["1", "1"]
    ended = barledger("ledger", "show", "8", "--bars")
    assert _cells(ended.out, "2024-01-09T23:58Z")[0][1:3] == ["01-10", "08:58"]


def test_times_are_shown_again_only_where_they_changed(capsys: pytest.CaptureFixture[str]) -> None:
    whole = minute_bars("2024-01-02T14:00:00", 2).take(slice(0, 1))
    cut = attrs.evolve(
        whole,
        ts_open=whole.ts_open + 30 * 60 * 10**9,
        ts_event=np.array([utc("2024-01-02T14:59:30")]),
    )
    hourly = Series(AAPL.instrument_id, BarType.parse("1_HOUR"))
    held = [
        Held(seq, written(new_partition(one, hourly, revision=seq)))
        for seq, one in enumerate((whole, cut), start=1)
    ]
    step = Step(2, "2024-01-02", *held)
    found = difference(whole, cut, hourly.bar_type, NEW_YORK)
    compared = Compared(step, 0, 1, 0, 0)
    show_bars(screen.Screen(), BarChanges(hourly, (compared,), (), lambda _: found))
    out = capsys.readouterr().out
    first, second = _cells(out, "2024-01-02T14:00Z")
    assert first[:5] == ["2024-01-02T14:00Z", "09:00", "2024-01-02T14:01Z", "1", "1"]
    assert second[:5] == ["2024-01-02T14:30Z", "09:30", "2024-01-02T14:59:30Z", "2", "2"]
    assert second[5:] == ["="] * 5


def test_a_deleted_revision_is_told_and_the_others_are_compared(changed: Barledger) -> None:
    changed("gc", "--older-than", "0d", "--yes")
    late = _changed(_day(4), 0, 1)
    again = Path("again.csv")
    again.write_text(csv_text(Bars.concat([_changed(_day(3), 4, 10), late])))
    ended = changed("import-csv", again, "-i", "AAPL.NASDAQ", "--on-conflict", "merge")
    assert ended.code == 0, ended.err
    assert changed("ledger", "show", "11", "--bars").code == 0
    ended = changed("ledger", "show", "7", "--bars")
    assert ended.code == 1
    assert "0 added, 0 replaced, 0 removed, 0 unchanged, in 0 partitions" in ended.out
    assert "not compared     2 partitions" in ended.out
    assert "2024-01-02: Revision 1 of AAPL.NASDAQ 1-minute bars 2024-01-02 was deleted" in ended.out
    ended = changed("ledger", "show", "7", "--bars", "--json")
    assert ended.code == 1
    failures = _bars(ended)["not_compared"]
    assert isinstance(failures, list)
    assert [(one["partition"], one["event"], one["code"]) for one in failures] == [
        ("2024-01-02", 5, "revision-discarded"),
        ("2024-01-03", 6, "revision-discarded"),
    ]


def test_a_damaged_revision_is_told_and_the_others_are_compared(
    changed: Barledger, catalog: Path
) -> None:
    old = catalog / "AAPL.NASDAQ" / "1_MIN" / ".history" / "2024-01-02.parquet"
    old.write_bytes(old.read_bytes()[:-1])
    ended = changed("ledger", "show", "7", "--bars")
    assert ended.code == 1
    assert "0 added, 1 replaced, 0 removed, 4 unchanged, in 1 partition" in ended.out
    assert "2024-01-02: The partition AAPL.NASDAQ/1_MIN/2024-01-02.parquet is damaged" in ended.out
    assert _cells(ended.out, "2024-01-03T14:34Z")[1] == ["2", "6", "=", "=", "=", "=", "9"]
    (failure,) = changed("ledger", "show", "7", "--bars", "--json").document["bars"]["not_compared"]
    assert failure["code"] == "corrupt-partition"


def test_of_many_that_cannot_be_compared_a_few_are_named(
    barledger: Barledger, imported: Import
) -> None:
    days = [_day(day) for day in (2, 3, 4, 5, 8)]
    imported(csv_text(Bars.concat(days)))
    imported(csv_text(Bars.concat([_changed(one, 0, 9) for one in days])), "--on-conflict", "merge")
    barledger("gc", "--older-than", "0d", "--yes")
    ended = barledger("ledger", "show", "12", "--bars")
    assert ended.code == 1
    assert sum("was deleted to free space" in line for line in ended.out.splitlines()) == 3
    assert "and 2 more; --json lists them" in ended.out


def test_other_events_have_no_bars_to_show(barledger: Barledger) -> None:
    barledger("instrument", "set", "-i", "AAPL.NASDAQ", "--tick", "0.01", "--calendar", "NYSE")
    ended = barledger("ledger", "show", "1", "--bars", "--json")
    assert ended.code == 2
    error = ended.document["error"]
    assert error["code"] == "usage"
    assert "InstrumentRegistered" in error["message"]
    assert "PartitionWritten, PartitionRemoved and CsvImported" in error["recovery"]
    assert barledger("ledger", "show", "9", "--bars").code == 3


@pytest.mark.parametrize(
    ("digits", "first_price"), [(2, 41_234), (5, 107_123)], ids=["a stock", "a currency"]
)
def test_the_table_fits_a_hundred_columns(
    barledger: Barledger,
    imported: Import,
    monkeypatch: pytest.MonkeyPatch,
    digits: int,
    first_price: int,
) -> None:
    fits: list[bool] = []

    def narrow(
        console: Console, columns: Sequence[Column], rows: Sequence[Sequence[str]]
    ) -> object:
        fits.append(fitting_table(Console(width=100), columns, rows) is not None)
        return fitting_table(console, columns, rows)

    monkeypatch.setattr(screen, "fitting_table", narrow)
    bars = minute_bars(count=5, first_price=first_price, price_precision=digits)
    loud = attrs.evolve(bars, volume=np.full(5, 1_234_567))
    imported(csv_text(loud))
    imported(csv_text(_changed(loud, 0, 9)), "--on-conflict", "merge")
    assert barledger("ledger", "show", "4", "--bars").code == 0
    assert fits == [True]


def test_the_log_leads_to_changed_bars_once(changed: Barledger) -> None:
    hint = "To see which bars were changed: barledger ledger show {} --bars\n"
    assert changed("ledger", "log").err == hint.format(7)
    assert changed("ledger", "log", "--all").err == hint.format(7)
    ended = changed("ledger", "log", "-i", "AAPL", "--day", "2024-01-03")
    assert ended.err == hint.format(6)
    assert "show" not in ended.out
    assert changed("ledger", "log", "-i", "AAPL", "--day", "2024-01-04").err == ""
    for quiet in ("--quiet", "--json"):
        assert changed("ledger", "log", quiet).err == ""
    changed("remove", "-i", "AAPL.NASDAQ", "--start", "2024-01-04", "--end", "2024-01-04", "--yes")
    assert changed("ledger", "log").err == hint.format(8)


def test_the_log_does_not_lead_to_bars_that_only_came(
    barledger: Barledger, imported: Import
) -> None:
    imported(csv_text(_day(2)))
    imported(csv_text(_day(2, 9)), "--on-conflict", "skip")
    imported(csv_text(minute_bars("2024-01-03T14:30:00", price_precision=4)))
    assert "with more decimals" in barledger("ledger", "log").out
    assert barledger("ledger", "log").err == ""


def test_a_field_that_an_early_version_did_not_have_is_not_called_none(
    barledger: Barledger, catalog: Path
) -> None:
    catalog.mkdir(parents=True)
    (catalog / "ledger.db").write_bytes((DATA / "ledger-v1.db").read_bytes())
    assert "bars removed     not recorded" in barledger("ledger", "show", "8").out
    document = json.loads(barledger("ledger", "show", "8", "--json").out)
    assert document["fields"]["bars_removed"] is None
