"""A real small disk that is full, or that fills while bars are imported: nothing is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from domain.bars import Bars
from domain.publishing import Step
from tests.builders import AAPL, csv_text, minute_bars, session_bars
from tests.faults.small_disk import SmallDisk, fill, free
from tests.faults.state import Rows, assert_tidy, assert_unbroken, rows_of, state_of
from tests.faults.warm import Death, Warm

SIZE = 4_000_000
HELD = session_bars("2024-01-02", "2024-01-05", minutes=60)
NEW = session_bars("2024-01-08", "2024-01-12", minutes=60)
OTHER = session_bars("2024-01-02", "2024-01-05", minutes=60, price=50_000)


@pytest.fixture
def holding(disk: SmallDisk, inside: Warm, tmp_path: Path) -> Path:
    """Hold four days on the small disk; return their catalog as the test sees it."""
    disk.mount(SIZE)
    _import(inside, disk, tmp_path, HELD).succeeded()
    return disk.outside / "catalog"


def _words(disk: SmallDisk, folder: Path, bars: Bars, *options: str) -> list[str]:
    file = folder / "bars.csv"
    file.write_text(csv_text(bars))
    catalog = str(disk.inside / "catalog")
    words = ["import-csv", str(file), "-i", "AAPL.NASDAQ", "--json", "--on-conflict", "overwrite"]
    return [*words, "--catalog", catalog, *options]


def _import(warm: Warm, disk: SmallDisk, folder: Path, bars: Bars, *options: str) -> Death:
    words = _words(disk, folder, bars, *options)
    return warm.call("tests.faults.warm:command", words=words)


def _filling(warm: Warm, disk: SmallDisk, folder: Path, bars: Bars, step: Step) -> Death:
    """Import, while something else fills the disk as soon as a step is taken."""
    job = "tests.faults.test_full_disk:fill_at"
    words = _words(disk, folder, bars)
    return warm.call(job, words=words, step=step.value, folder=str(disk.inside))


def fill_at(words: list[str], step: str, folder: str) -> int:
    """Run `barledger` with a container whose first such step leaves a full disk."""
    from dependency_injector import providers

    from entrypoints.cli.main import main
    from entrypoints.container import Container

    observed = Container.on_step()

    def on_step(taken: Step) -> None:
        observed(taken)
        if taken.value == step and not (Path(folder) / "filler").exists():
            fill(Path(folder))

    Container.on_step.override(providers.Object(on_step))
    return main(words)


def _held(warm: Warm, disk: SmallDisk, *, tidy: bool = False) -> Rows:
    """Read what is held, in a process that sees the disk, and look whether all is in place."""
    catalog = str(disk.inside / "catalog")
    run = warm.call("tests.faults.test_full_disk:tell", catalog=catalog, tidy=tidy)
    return {int(ts): tuple(row) for ts, row in run.succeeded().document.items()}


def tell(catalog: str, tidy: bool) -> None:
    """Print the bars that are held; fail where anything lies where it should not."""
    print(json.dumps(state_of(Path(catalog))[AAPL]))
    if tidy:
        assert_tidy(Path(catalog))
        assert_unbroken(Path(catalog))


def _files(catalog: Path) -> list[Path]:
    """Return every file but the two that SQLite keeps beside the ledger while it is read."""
    return sorted(path for path in catalog.rglob("*") if not path.name.startswith("ledger.db-"))


def _assert_refused(run: Death, *codes: str) -> None:
    assert run.code == 1, run
    assert run.document["error"]["code"] in codes
    assert "run the same command again" in run.document["error"]["recovery"]
    assert "Traceback" not in run.err


@pytest.mark.parametrize("bars", [NEW, OTHER], ids=["new days", "overwrite"])
def test_too_little_room_is_found_before_anything_is_written(
    bars: Bars, disk: SmallDisk, inside: Warm, holding: Path, tmp_path: Path
) -> None:
    disk.fill(leave=100_000)
    before = _files(holding)
    run = _import(inside, disk, tmp_path, bars)
    _assert_refused(run, "not-enough-space")
    assert run.document["error"]["message"].startswith("The Parquet catalog's disk has ")
    assert run.steps == ()
    assert _files(holding) == before
    assert _held(inside, disk) == rows_of(HELD)
    disk.empty()
    _import(inside, disk, tmp_path, bars).succeeded()
    assert _held(inside, disk, tidy=True) == rows_of(HELD) | rows_of(bars)


BEFORE_THE_COMMIT = (
    Step.LOCKED,
    Step.TIDIED,
    Step.STAGED,
    Step.SYNCED,
    Step.RENAMED,
    Step.FOLDER_SYNCED,
    Step.BEGUN,
    Step.APPENDED,
)


@pytest.mark.parametrize("step", BEFORE_THE_COMMIT)
@pytest.mark.parametrize("bars", [pytest.param(NEW, marks=pytest.mark.soak), OTHER])
def test_a_disk_that_fills_on_the_way_keeps_what_was_there_and_the_command_finishes_later(
    bars: Bars, step: Step, disk: SmallDisk, inside: Warm, holding: Path, tmp_path: Path
) -> None:
    run = _filling(inside, disk, tmp_path, bars, step)
    assert _held(inside, disk) == rows_of(HELD)
    _assert_refused(run, "disk-full")
    assert list(holding.rglob("*.tmp")) == []
    disk.empty()
    _import(inside, disk, tmp_path, bars).succeeded()
    assert _held(inside, disk, tidy=True) == rows_of(HELD) | rows_of(bars)


@pytest.mark.parametrize("step", [Step.COMMITTED, Step.SUPERSEDED])
def test_a_disk_that_fills_after_the_commit_takes_nothing_back(
    step: Step, disk: SmallDisk, inside: Warm, holding: Path, tmp_path: Path
) -> None:
    _filling(inside, disk, tmp_path, OTHER, step)
    assert _held(inside, disk) == rows_of(OTHER)
    disk.empty()
    _import(inside, disk, tmp_path, OTHER).succeeded()
    assert _held(inside, disk, tidy=True) == rows_of(OTHER)


def test_what_is_held_can_be_listed_while_the_disk_is_full(
    disk: SmallDisk, inside: Warm, holding: Path
) -> None:
    disk.fill()
    run = inside.barledger(disk.inside / "catalog", "list", "--json").succeeded()
    assert run.document["series"][0]["bars"] == len(HELD)
    assert _held(inside, disk) == rows_of(HELD)


def test_a_first_import_on_a_full_disk_leaves_nothing_behind(
    disk: SmallDisk, inside: Warm, tmp_path: Path
) -> None:
    disk.mount(SIZE)
    disk.fill()
    _assert_refused(_import(inside, disk, tmp_path, NEW), "not-enough-space")
    assert [path.name for path in disk.outside.iterdir()] == ["filler"]
    disk.empty()
    _import(inside, disk, tmp_path, NEW).succeeded()
    assert _held(inside, disk) == rows_of(NEW)


def test_a_disk_without_inodes_is_full_too(
    disk: SmallDisk, inside: Warm, holding: Path, tmp_path: Path
) -> None:
    disk.take_inodes()
    _assert_refused(_import(inside, disk, tmp_path, NEW), "disk-full")
    assert _held(inside, disk) == rows_of(HELD)
    disk.empty()
    _import(inside, disk, tmp_path, NEW).succeeded()
    assert _held(inside, disk, tidy=True) == rows_of(HELD) | rows_of(NEW)


def test_an_estimate_is_told_beforehand_and_is_more_than_what_is_taken(
    disk: SmallDisk, inside: Warm, holding: Path, tmp_path: Path
) -> None:
    finer = Bars.concat([NEW, minute_bars("2024-01-16T14:30:00", 60, price_precision=5)])
    trial = _import(inside, disk, tmp_path, finer, "--dry-run").succeeded()
    (estimate,) = (file["bytes_estimated"] for file in trial.document["files"])
    before = free(disk.outside)
    _import(inside, disk, tmp_path, finer).succeeded()
    assert 0 < before - free(disk.outside) <= estimate


@pytest.mark.parametrize("left", [0, 8_000, 20_000])
def test_what_is_held_can_be_verified_while_the_disk_is_full(
    disk: SmallDisk, inside: Warm, holding: Path, left: int
) -> None:
    disk.fill(left)
    run = inside.barledger(disk.inside / "catalog", "verify", "--json")
    assert run.code == 0
    assert run.document["bars"] == len(HELD)
    assert "disk is full" in run.document["warnings"][0]


def test_damage_is_told_while_the_disk_is_full_and_recorded_later(
    disk: SmallDisk, inside: Warm, holding: Path
) -> None:
    (holding / "AAPL.NASDAQ" / "1_MIN" / "2024-01-03.parquet").write_bytes(b"")
    disk.fill()
    for _ in range(2):
        run = inside.barledger(disk.inside / "catalog", "verify", "--json")
        assert run.code == 5
        (damaged,) = run.document["damaged"]
        assert (damaged["known"], damaged["action"][:10]) == (False, "left as it")
    disk.empty()
    assert inside.barledger(disk.inside / "catalog", "verify", "--json").code == 5
    run = inside.barledger(disk.inside / "catalog", "verify", "--json")
    assert run.document["damaged"][0]["known"] is True


def test_old_revisions_can_be_deleted_while_the_disk_is_full(
    disk: SmallDisk, inside: Warm, holding: Path, tmp_path: Path
) -> None:
    """What is kept back for the event that must be recorded first is enough for it."""
    disk.mount(6 * SIZE)
    catalog = disk.inside / "catalog"
    words = ("gc", "--older-than", "0d", "--yes", "--json")
    _import(inside, disk, tmp_path, HELD).succeeded()
    _import(inside, disk, tmp_path, OTHER).succeeded()
    disk.fill()
    deleted = inside.barledger(catalog, *words).succeeded().document
    assert deleted["revisions"] == 4
    assert not list(holding.rglob(".history/*.parquet"))
    assert _held(inside, disk) == rows_of(OTHER)


def test_without_a_reserve_it_is_said_how_much_must_be_free_to_delete(
    disk: SmallDisk, inside: Warm, holding: Path, tmp_path: Path
) -> None:
    catalog = disk.inside / "catalog"
    _import(inside, disk, tmp_path, OTHER).succeeded()
    disk.fill()
    words = ("gc", "--older-than", "0d", "--yes", "--json")
    run = inside.barledger(catalog, *words)
    error = run.document["error"]
    assert (run.code, error["code"]) == (1, "disk-full")
    assert "takes up to 262.1 kB" in error["message"]
    assert len(list(holding.rglob(".history/*.parquet"))) == 4
    disk.empty()
    assert inside.barledger(catalog, *words).succeeded().document["revisions"] == 4


def test_a_ledger_cannot_be_made_anew_on_a_full_disk_and_nothing_of_it_stays(
    disk: SmallDisk, inside: Warm, holding: Path
) -> None:
    disk.fill()
    run = inside.barledger(disk.inside / "catalog", "verify", "--rebuild-ledger", "--yes", "--json")
    _assert_refused(run, "not-enough-space", "disk-full")
    assert not list(holding.glob("*rebuilding*"))
    assert _held(inside, disk) == rows_of(HELD)


def test_a_full_backup_disk_is_named(
    disk: SmallDisk, inside: Warm, tmp_path: Path, warm: Warm
) -> None:
    disk.mount(SIZE)
    catalog = tmp_path / "catalog"
    (tmp_path / "bars.csv").write_text(csv_text(HELD))
    source = ("import-csv", str(tmp_path / "bars.csv"), "-i", "AAPL.NASDAQ")
    warm.barledger(catalog, *source).succeeded()
    disk.fill(8_000)
    folder = disk.inside / "backup"
    error = inside.barledger(catalog, "backup", str(folder), "--json").document["error"]
    assert error["code"] == "disk-full"
    assert error["message"] == f"The disk that holds the backup {folder} is full."
    disk.fill()
    assert [path.name for path in disk.outside.iterdir()] == ["filler"]


def test_what_a_killed_writer_left_makes_room_for_a_deletion(
    disk: SmallDisk, inside: Warm, holding: Path, tmp_path: Path
) -> None:
    _import(inside, disk, tmp_path, OTHER).succeeded()
    left = holding / "AAPL.NASDAQ" / "1_MIN" / ".0123.tmp"
    left.write_bytes(bytes(400_000))
    disk.fill()
    words = ("gc", "--older-than", "0d", "--yes", "--json")
    deleted = inside.barledger(disk.inside / "catalog", *words).succeeded().document
    assert (deleted["revisions"], left.exists()) == (4, False)
