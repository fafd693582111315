"""`barledger check --html`: where the page goes, and what is said of it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import csv_text, session_bars
from tests.cli import Cli
from tests.faults.small_disk import SmallDisk, small_disk
from tests.integration.cli.conftest import Barledger, Ended

RANGE = ("--start", "2024-01-02", "--end", "2024-01-09")


@pytest.fixture
def held(barledger: Barledger, tmp_path: Path) -> Barledger:
    """Hold four sessions of AAPL; two of the range are missing."""
    file = tmp_path / "bars.csv"
    file.write_text(csv_text(session_bars("2024-01-02", "2024-01-05")))
    assert barledger("import-csv", file, "-i", "AAPL.NASDAQ").code == 0
    return barledger


def leftovers(folder: Path) -> list[str]:
    """Return the names of temporary files."""
    return [one.name for one in folder.iterdir() if one.name.startswith(".barledger")]


def test_the_result_is_the_usual_one_and_stderr_names_the_page(
    held: Barledger, tmp_path: Path
) -> None:
    usual, ended = held("check", *RANGE), held("check", *RANGE, "--html", "page.html")
    assert (ended.code, ended.out) == (usual.code, usual.out)
    assert ended.code == 3
    assert ended.err.splitlines() == [*usual.err.splitlines(), "The picture is in page.html"]
    page = (tmp_path / "page.html").read_text()
    assert page.startswith("<!DOCTYPE html>")
    assert page.rstrip().endswith("</html>")
    assert leftovers(tmp_path) == []


def test_quiet_is_quiet(held: Barledger) -> None:
    assert held("check", "--html", "page.html", "--quiet").err == ""


def test_json_names_the_page(held: Barledger) -> None:
    assert held("check", "--json").document["html"] is None
    ended = held("check", "--json", "--html", "page.html")
    assert ended.code == 0
    assert ended.document["html"] == "page.html"
    assert ended.document["series"] == held("check", "--json").document["series"]


def test_a_page_needs_nothing_from_anywhere(held: Barledger, tmp_path: Path) -> None:
    held("check", "--html", "page.html")
    page = (tmp_path / "page.html").read_text()
    for way_out in ("http:", "https:", "src=", "url(", "@import", "<link", "<img"):
        assert way_out not in page
    assert 'http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;;' in page


def test_an_earlier_point_is_drawn_as_it_was(held: Barledger, tmp_path: Path) -> None:
    held("remove", "-i", "AAPL", "--start", "2024-01-03", "--end", "2024-01-03", "--yes")
    ended = held("check", "--html", "now.html")
    assert "3 of 4 sessions complete" in (tmp_path / "now.html").read_text()
    ended = held("check", "--html", "then.html", "--as-of", "4")
    assert ended.code == 0
    page = (tmp_path / "then.html").read_text()
    assert "All 4 sessions complete" in page
    assert "event 4, recorded 20" in page


def test_series_that_hold_nothing_are_drawn_too(barledger: Barledger, tmp_path: Path) -> None:
    ended = barledger("check", "-i", "NVDA.NASDAQ", *RANGE, "--html", "page.html")
    assert ended.code == 3
    page = (tmp_path / "page.html").read_text()
    assert "0 of 6 sessions complete, 6 missing" in page
    assert "no event yet" in page


def test_a_range_that_is_not_over_is_drawn_without_a_map(
    barledger: Barledger, tmp_path: Path
) -> None:
    range_ = ("--start", "2099-01-01", "--end", "2099-01-31")
    assert barledger("check", "-i", "NVDA.NASDAQ", *range_, "--html", "page.html").code == 0
    page = (tmp_path / "page.html").read_text()
    assert "No session has been judged" in page
    assert 'role="grid"' not in page


# Where it may go


def refused(ended: Ended, why: str) -> None:
    assert ended.code == 1
    assert ended.out == ""
    message, recovery = ended.err.splitlines()
    assert message.startswith("Error: The picture ")
    assert why in message
    assert recovery.endswith("in a directory with room that can be written to: --html FILE.html.")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nowhere/page.html", "there is no directory"),
        ("folder", "it is a directory"),
        ("", "it is a directory"),
        ("pipe", "no ordinary file"),
        ("/dev/null", "a file of its own"),
        ("/dev/stdout", "a file of its own"),
        ("/proc/self/fd/1", "a file of its own"),
        ("-", "a file of its own"),
        ("bars.csv", "no page, and would be lost"),
        ("other/ledger.db", "no page, and would be lost"),
        ("file/page.html", "there is no directory"),
        ("data/catalog/page.html", "it lies in the Parquet catalog"),
        ("data/catalog/ledger.db", "it lies in the Parquet catalog"),
        ("folder/../data/catalog/AAPL.NASDAQ/page.html", "it lies in the Parquet catalog"),
        ("link/page.html", "it lies in the Parquet catalog"),
    ],
)
def test_a_place_that_cannot_take_it_is_refused_before_any_work(
    barledger: Barledger, catalog: Path, tmp_path: Path, name: str, why: str
) -> None:
    """No series of that name is held, which would be an error too, and a later one."""
    (catalog / "AAPL.NASDAQ").mkdir(parents=True)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "bars.csv").write_text("timestamp,open")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "ledger.db").write_bytes(b"SQLite format 3")
    (tmp_path / "link").symlink_to(catalog)
    os.mkfifo(tmp_path / "pipe")
    before = sorted(tmp_path.rglob("*"))
    refused(barledger("check", "-i", "NOSUCH", "--html", name), why)
    assert sorted(tmp_path.rglob("*")) == before


def test_the_json_of_a_refusal_is_an_error(held: Barledger) -> None:
    ended = held("check", "--json", "--html", "nowhere/page.html")
    assert ended.code == 1
    assert ended.document["error"]["code"] == "report"


def test_a_link_is_followed_and_an_earlier_page_replaced(held: Barledger, tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    page = tmp_path / "pages" / "page.html"
    page.write_text("<!doctype html><p>an earlier page")
    page.chmod(0o640)
    (tmp_path / "link.html").symlink_to(page)
    assert held("check", "--html", "link.html").code == 0
    assert (tmp_path / "link.html").is_symlink()
    assert page.read_text().startswith("<!DOCTYPE html>\n<html")
    assert stat.S_IMODE(page.stat().st_mode) == 0o640
    assert leftovers(page.parent) == []


def test_what_a_killed_process_left_goes_after_a_day(held: Barledger, tmp_path: Path) -> None:
    old, new = (tmp_path / f".barledger-{name}.html" for name in ("0" * 16, "1" * 16))
    for left in (old, new):
        left.touch()
    os.utime(old, (0, 0))
    assert held("check", "--html", "page.html").code == 0
    assert leftovers(tmp_path) == [new.name]


def test_a_name_that_moves_the_cursor_is_told_as_text(held: Barledger) -> None:
    ended = held("check", "--html", "no\x1b[31mwhere/page.html")
    assert "\x1b" not in ended.err
    assert "no\\x1b[31mwhere" in ended.err


def test_a_page_may_be_read_by_whom_the_user_lets_read(held: Barledger, tmp_path: Path) -> None:
    for mask, mode in ((0o022, 0o644), (0o077, 0o600)):
        before = os.umask(mask)
        try:
            held("check", "--html", f"{mask}.html")
        finally:
            os.umask(before)
        assert stat.S_IMODE((tmp_path / f"{mask}.html").stat().st_mode) == mode


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path) as small:
        small.mount(64_000)
        yield small


def test_on_a_full_disk_the_earlier_page_stays(
    held: Barledger, disk: SmallDisk, tmp_path: Path
) -> None:
    (disk.outside / "page.html").write_text("<!DOCTYPE html>an earlier page")
    disk.fill()
    page, catalog = str(disk.inside / "page.html"), str(tmp_path / "data" / "catalog")
    run = Cli(tmp_path, prefix=disk.prefix)("check", "--html", page, "--catalog", catalog)
    assert run.code == 1
    assert run.out == ""
    assert "page.html cannot be written: No space left on device." in run.err
    assert (disk.outside / "page.html").read_text() == "<!DOCTYPE html>an earlier page"
    assert leftovers(disk.outside) == []


def test_names_are_text_wherever_they_stand(
    barledger: Barledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a browser: nothing that others chose is found in the page as it was written."""
    hostile = "<script>alert(1)<!--"
    folder = tmp_path / hostile
    folder.mkdir()
    monkeypatch.setenv("BARLEDGER_CATALOG", str(folder / "catalog"))
    monkeypatch.setenv("LOGNAME", hostile)
    file = tmp_path / f"{hostile}.csv"
    file.write_text(csv_text(session_bars("2024-01-02", "2024-01-05")))
    assert barledger("import-csv", file, "-i", "AAPL.NASDAQ").code == 0
    assert barledger("check", "--html", "page.html").code == 0
    page = (tmp_path / "page.html").read_text()
    assert hostile not in page
    # The folder stands in the page's text, the file and the user in its data.
    assert "&lt;script&gt;alert(1)&lt;!--/catalog" in page
    for name in ("csv \\u003cscript\\u003ealert(1)\\u003c!--.csv", "\\u003c!--@"):
        assert name in page


def test_names_that_are_no_text_do_not_break_it(barledger: Barledger, tmp_path: Path) -> None:
    """A file's name is bytes: it can hold what no encoding reads, and what turns text around."""
    folder = tmp_path / os.fsdecode(b"caf\xe9 \xe2\x80\xae")
    folder.mkdir()
    ended = barledger(
        "check", "-i", "NVDA.NASDAQ", *RANGE, "--catalog", folder / "c", "--html", folder / "p.html"
    )
    assert ended.code == 3
    page = (folder / "p.html").read_text()
    assert "caf\\udce9 \\u202e" in page
    assert "caf\\udce9 \\u202e/p.html" in ended.err
