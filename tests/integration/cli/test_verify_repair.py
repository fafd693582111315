"""`barledger verify --repair`: what needs no source is put right, and nothing is guessed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from adapters.parquet import files
from adapters.system.disk import SystemDiskSpace
from domain.bars import Bars
from domain.ports import NewPartition
from tests.builders import MSFT, csv_text, new_partition, session_bars
from tests.integration.cli.conftest import Barledger
from tests.integration.cli.verifying import (
    DAY,
    DAYS,
    FOLDER,
    events,
    flip,
    overwrite_a_day,
    take_in,
    three_days,
    verify,
)


@pytest.fixture
def held(barledger: Barledger, catalog: Path) -> Path:
    """Hold three days of AAPL, and return the catalog."""
    return three_days(catalog)


def _copied(path: Path) -> None:
    shutil.copy(path, path.parents[2] / "copy.parquet")


def _moved_within_the_folder(path: Path) -> None:
    path.rename(path.with_name("renamed.parquet"))


def _moved_to_another_day(path: Path) -> None:
    path.rename(path.with_name("2024-01-09.parquet"))


def _moved_away(path: Path) -> None:
    path.rename(path.parents[2] / "elsewhere.parquet")


def _copied_and_changed(path: Path) -> None:
    _copied(path)
    flip(path)


def _copied_and_deleted(path: Path) -> None:
    _copied(path)
    path.unlink()


LOSSES = [
    _moved_within_the_folder,
    _moved_to_another_day,
    _moved_away,
    _copied_and_changed,
    _copied_and_deleted,
]


@pytest.mark.parametrize("lose", LOSSES)
def test_a_file_that_lies_elsewhere_is_put_back(
    barledger: Barledger, held: Path, lose: Callable[[Path], None]
) -> None:
    content = (held / DAY).read_bytes()
    before = events(barledger)
    lose(held / DAY)
    found = verify(barledger, 0, "--repair")
    assert [one["path"] for one in found["repaired"]] == [DAY]
    assert "put back from " in found["repaired"][0]["action"]
    assert (found["damaged"], found["unknown"], found["bars"]) == ([], [], 3 * 390)
    assert (held / DAY).read_bytes() == content
    assert events(barledger) == before
    assert verify(barledger, 0)["repaired"] == []


@pytest.mark.parametrize("lose", LOSSES)
def test_a_partition_whose_damage_is_on_record_is_written_anew(
    barledger: Barledger, held: Path, lose: Callable[[Path], None]
) -> None:
    lose(held / DAY)
    verify(barledger, 5)
    found = verify(barledger, 0, "--repair")
    assert [one["path"] for one in found["repaired"]] == [f"{FOLDER}/2024-01-03.2.parquet"]
    assert (found["damaged"], found["unknown"], found["bars"]) == ([], [], 3 * 390)
    listed = barledger("list", "--json").document["series"][0]
    assert (listed["trading_days"], listed["bars"], listed["sources"]) == (3, 1170, ["csv"])
    shown = barledger("ledger", "log", "--type", "PartitionWritten", "--json").out
    assert '"recovered"' in shown
    again = verify(barledger, 0, "--repair")
    assert (again["repaired"], again["revisions"]) == ([], 1)


def test_a_file_that_a_user_copies_back_by_hand_is_taken(barledger: Barledger, held: Path) -> None:
    shutil.copy(held / DAY, held.parent / "backup")
    flip(held / DAY)
    verify(barledger, 5)
    shutil.copy(held.parent / "backup", held / DAY)
    (damaged,) = verify(barledger, 5)["damaged"]
    assert "verify --repair brings it back" in damaged["action"]
    assert verify(barledger, 0, "--repair")["bars"] == 3 * 390


def test_without_a_sound_copy_the_damage_stays_damage(barledger: Barledger, held: Path) -> None:
    flip(held / DAY)
    found = verify(barledger, 5, "--repair")
    assert found["repaired"] == []
    assert "import or fetch it again" in found["damaged"][0]["action"]
    assert verify(barledger, 5, "--repair")["damaged"][0]["known"] is True


def test_an_old_revision_that_lies_elsewhere_goes_back_into_the_history(
    barledger: Barledger, held: Path, tmp_path: Path
) -> None:
    overwrite_a_day(barledger, tmp_path)
    old = held / FOLDER / ".history" / "2024-01-03.parquet"
    old.rename(held / "old.parquet")
    found = verify(barledger, 0, "--repair")
    assert [one["path"] for one in found["repaired"]] == [DAY]
    assert found["revisions"] == 1
    assert old.exists()


def test_a_lost_old_revision_that_turns_up_can_be_read_again(
    barledger: Barledger, held: Path, tmp_path: Path
) -> None:
    overwrite_a_day(barledger, tmp_path)
    old = held / FOLDER / ".history" / "2024-01-03.parquet"
    old.rename(tmp_path / "old")
    assert verify(barledger, 5)["damaged"][0]["superseded"] is True
    (tmp_path / "old").rename(held / "old.parquet")
    found = verify(barledger, 0, "--repair")
    assert (found["lost_revisions"], found["revisions"]) == (0, 1)


def test_a_current_file_in_the_history_is_read_and_put_back_on_request(
    barledger: Barledger, held: Path
) -> None:
    history = held / FOLDER / ".history"
    history.mkdir()
    (held / DAY).rename(history / "2024-01-03.parquet")
    found = verify(barledger, 0)
    assert (found["bars"], found["unknown"]) == (3 * 390, [])
    assert "verify --repair" in found["warnings"][0]
    repaired = verify(barledger, 0, "--repair")["repaired"]
    assert repaired == [{"path": DAY, "action": "put back from the history"}]
    assert (held / DAY).exists()


def _put(held: Path, new: NewPartition, place: str) -> Path:
    """Let a file lie at `place` of the series' folder."""
    path = held / FOLDER / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(files.encode(new))
    return path


def _session(day: str, price: int = 20_000, *, decimals: int = 2) -> Bars:
    return attrs.evolve(session_bars(day, day, price=price), price_precision=decimals)


def _aside(name: str, letter: str = "a") -> str:
    return f".orphans/{name}.{letter * 32}.parquet"


def test_a_sound_file_that_the_ledger_does_not_know_is_taken_in(
    barledger: Barledger, held: Path
) -> None:
    content = _put(
        held, new_partition(_session("2024-01-05"), partition="2024-01-05"), "2024-01-05.parquet"
    ).read_bytes()
    (unknown,) = verify(barledger, 0)["unknown"]
    assert "verify --repair --yes takes it in" in unknown["action"]
    (left,) = verify(barledger, 0, "--repair")["unknown"]
    assert "390 bars from csv test.csv" in left["problem"]
    found = verify(barledger, 0, "--repair", "--yes")
    assert [one["path"] for one in found["repaired"]] == [f"{FOLDER}/2024-01-05.parquet"]
    assert (found["partitions"], found["bars"], found["unknown"]) == (4, 4 * 390, [])
    assert (held / FOLDER / "2024-01-05.parquet").read_bytes() == content
    assert barledger("list", "--json").document["series"][0]["trading_days"] == 4
    assert verify(barledger, 0)["partitions"] == 4


def test_what_a_ledger_from_an_older_backup_lacks_is_taken_in(
    barledger: Barledger, held: Path, tmp_path: Path
) -> None:
    """Days that were added and days that were replaced since the backup come back."""
    shutil.copy(held / "ledger.db", tmp_path / "old.db")
    overwrite_a_day(barledger, tmp_path)
    take_in(barledger, tmp_path, csv_text(session_bars("2024-01-05", "2024-01-05")))
    shutil.copy(tmp_path / "old.db", held / "ledger.db")
    before = verify(barledger, 0)
    assert before["bars"] == 3 * 390
    assert len(before["unknown"]) == 2
    cautious = verify(barledger, 0, "--repair")
    assert cautious["bars"] == 3 * 390
    replacing, new = cautious["unknown"]
    assert "add --yes to let it replace them" in replacing["problem"]
    assert "add --yes to take it in" in new["problem"]
    assert all((held / left["path"]).exists() for left in (replacing, new))
    found = verify(barledger, 0, "--repair", "--yes")
    assert (found["bars"], found["unknown"], found["revisions"]) == (4 * 390, [], 1)
    assert (held / FOLDER / "2024-01-03.2.parquet").exists()
    assert (held / FOLDER / ".history" / "2024-01-03.parquet").exists()
    assert verify(barledger, 0, "--repair")["repaired"] == []


def test_of_several_unknown_revisions_the_newest_is_current(
    barledger: Barledger, held: Path
) -> None:
    for revision in (3, 2):
        new = new_partition(
            _session("2024-01-05", 20_000 + revision), partition="2024-01-05", revision=revision
        )
        _put(held, new, _aside(f"2024-01-05.{revision}"))
    found = verify(barledger, 0, "--repair", "--yes")
    assert (found["partitions"], found["revisions"], found["unknown"]) == (4, 1, [])
    assert (held / FOLDER / "2024-01-05.3.parquet").exists()
    assert (held / FOLDER / ".history" / "2024-01-05.2.parquet").exists()


def test_what_contradicts_itself_is_left_and_told(barledger: Barledger, held: Path) -> None:
    for letter, price in (("a", 20_000), ("b", 21_000)):
        new = new_partition(_session("2024-01-05", price), partition="2024-01-05")
        _put(held, new, _aside("2024-01-05", letter))
    found = verify(barledger, 0, "--repair", "--yes")
    assert (found["partitions"], found["repaired"]) == (3, [])
    assert {one["problem"] for one in found["unknown"]} == {
        "several files claim to be revision 1 and differ"
    }
    assert len(list((held / FOLDER / ".orphans").iterdir())) == 2


@pytest.mark.parametrize(
    ("new", "problem"),
    [
        (new_partition(series=MSFT), "it is a file of MSFT.NASDAQ"),
        (new_partition(), "the ledger knows that or a later one"),
        (None, "cannot be taken for a partition"),
    ],
)
def test_what_does_not_belong_there_is_left_and_told(
    barledger: Barledger, held: Path, new: NewPartition | None, problem: str
) -> None:
    path = held / FOLDER / _aside("2024-01-05")
    path.parent.mkdir()
    path.write_bytes(files.encode(new) if new else b"nothing")
    (unknown,) = verify(barledger, 0)["unknown"]
    assert problem in unknown["problem"]
    assert unknown["action"] == "barledger verify --repair leaves it where it is"
    found = verify(barledger, 0, "--repair", "--yes")
    (unknown,) = found["unknown"]
    assert problem in unknown["problem"]
    assert (found["partitions"], path.exists()) == (3, True)


def test_more_decimals_reach_all_files_of_the_series(barledger: Barledger, held: Path) -> None:
    bars = attrs.evolve(_session("2024-01-05", 2_000_001), price_precision=4)
    _put(held, new_partition(bars, partition="2024-01-05"), _aside("2024-01-05"))
    found = verify(barledger, 0, "--repair", "--yes")
    assert (found["bars"], found["unknown"], found["revisions"]) == (4 * 390, [], 3)
    current = sorted(path.name for path in (held / FOLDER).glob("*.parquet"))
    assert current == [
        "2024-01-02.2.parquet",
        "2024-01-03.2.parquet",
        "2024-01-04.2.parquet",
        "2024-01-05.parquet",
    ]
    assert verify(barledger, 0)["bars"] == 4 * 390


def test_files_of_a_first_import_that_was_killed_are_set_aside_and_can_be_taken_in(
    barledger: Barledger, held: Path
) -> None:
    folder = held / "MSFT.NASDAQ" / "1_MIN"
    folder.mkdir(parents=True)
    new = new_partition(_session(DAYS[0]), series=MSFT)
    (folder / f"{DAYS[0]}.parquet").write_bytes(files.encode(new))
    (unknown,) = verify(barledger, 0)["unknown"]
    assert unknown["path"].startswith("MSFT.NASDAQ/1_MIN/.orphans/")
    found = verify(barledger, 0, "--repair", "--yes")
    assert (found["partitions"], found["bars"], found["unknown"]) == (4, 4 * 390, [])
    assert len(barledger("list", "--json").document["series"]) == 2


def test_what_a_person_sees_of_a_repair(barledger: Barledger, held: Path) -> None:
    _moved_away(held / DAY)
    ended = barledger("verify", "--repair")
    assert ended.out.splitlines() == [
        "1 file put right. All is sound: 3 partitions, 1,170 bars.",
        f"  {DAY}: put back from elsewhere.parquet",
    ]
    assert ended.code == 0


def test_no_later_write_covers_a_file_that_an_older_ledger_does_not_know(
    barledger: Barledger, held: Path, tmp_path: Path
) -> None:
    """Its name in the history may be taken by a revision that is written now."""
    new = new_partition(_session(DAYS[1], 30_000), partition=DAYS[1], revision=2)
    precious = _put(held, new, ".history/2024-01-03.2.parquet").read_bytes()
    overwrite_a_day(barledger, tmp_path)
    text = csv_text(session_bars(DAYS[1], DAYS[1], price=25_000))
    take_in(barledger, tmp_path, text, "--on-conflict", "merge")
    assert precious in [path.read_bytes() for path in held.rglob("*.parquet")]
    assert verify(barledger, 0)["revisions"] == 2


def test_verify_promises_what_repair_then_does(barledger: Barledger, held: Path) -> None:
    shutil.copy(held / DAY, (held / DAY).with_name("2024-01-04.7.parquet"))
    held_now = files.describe((held / FOLDER / "2024-01-02.parquet").read_bytes())
    same = attrs.evolve(held_now, revision=2)
    other = new_partition(_session("2024-01-05"), partition="2024-01-05")
    _put(held, same, _aside("2024-01-02.2"))
    _put(held, other, _aside("2024-01-05"))
    told = {one["path"]: one["action"] for one in verify(barledger, 0)["unknown"]}
    copied, free, asked = (next(path for path in told if name in path) for name in _NAMES)
    assert told[copied] == "barledger verify --repair leaves it where it is"
    assert told[free] == "barledger verify --repair takes it in"
    assert told[asked] == "barledger verify --repair --yes takes it in"
    assert {one["path"] for one in verify(barledger, 0, "--repair")["unknown"]} == {copied, asked}
    left = {one["path"] for one in verify(barledger, 0, "--repair", "--yes")["unknown"]}
    assert left == {copied}


_NAMES = ("2024-01-04.7", "2024-01-02.2", "2024-01-05")


@pytest.mark.parametrize("option", ["--repair", "--rebuild-ledger"])
def test_too_little_room_is_found_before_anything_is_written(
    barledger: Barledger, held: Path, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    _put(held, new_partition(_session("2024-01-05"), partition="2024-01-05"), _aside("2024-01-05"))
    before = sorted(path for path in held.rglob("*") if path.suffix != ".lock")
    monkeypatch.setattr(SystemDiskSpace, "free", lambda _: 100_000)
    error = verify(barledger, 1, option, "--yes")["error"]
    assert error["code"] == "not-enough-space"
    assert "has 100.0 kB free" in error["message"]
    after = sorted(path for path in held.rglob("*") if path.suffix != ".lock")
    assert [one for one in after if not one.name.startswith(".")] == [
        one for one in before if not one.name.startswith(".")
    ]
