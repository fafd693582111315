"""A browser, and the picture of a catalog with a bit of everything."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from entrypoints.cli.main import main
from tests.builders import DATA, csv_text, session_bars, utc
from tests.integration.html.browser import Browser, Page, find_browser

# A name that would run as a script, or end one, wherever it is not escaped.
HOSTILE = "<img src=x onerror=alert(1)>&\"'\u2028 <!--<script>.csv"
NEW_YORK = ("--timezone", "America/New_York")


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A headless Chromium, for all tests of one process."""
    executable = find_browser()
    if executable is None:
        # Where it must not be missing, a skipped test would hide that nothing was tested.
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(
            "there is no Chromium: on Debian, `apt-get install chromium` brings it"
        )
    running = Browser(executable, tmp_path_factory.mktemp("chromium"))
    yield running
    running.close()


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Open pages; none of them may ask for anything, or have anything go wrong in it."""
    opened: list[Page] = []

    def open_(path: Path, **settings: Any) -> Page:
        opened.append(browser.open(path, **settings))
        return opened[-1]

    yield open_
    for page in opened:
        assert page.trouble() == []
        assert page.requests() == []
        page.close()


@attrs.frozen
class Picture:
    """A page, and what `check --json` says of the same catalog."""

    path: Path
    document: dict[str, Any]

    def numbers(self, series: int) -> dict[str, int]:
        """Return how many sessions of a series are of each kind, by the JSON."""
        counts = dict(self.document["series"][series]["sessions"])
        del counts["not_over"]
        counts["complete"] -= counts["confirmed_empty"]
        return {kind: count for kind, count in counts.items() if count}


@attrs.frozen
class Catalog:
    """A Parquet catalog in a folder, and commands on it."""

    folder: Path

    def __call__(self, *arguments: str | Path) -> dict[str, Any]:
        """Run a command and return what it prints as JSON, whatever its exit code."""
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            main([*map(str, arguments), "--json", "--catalog", str(self.folder)])
        found: dict[str, Any] = json.loads(out.getvalue())
        assert "error" not in found, found["error"]
        return found

    def draw(self, page: Path, *options: str) -> Picture:
        """Make a picture."""
        return Picture(page, self("check", "--html", page, *options))


@pytest.fixture(scope="session")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """AAPL's minutes of a quarter, with gaps of every kind; IBM's real days of 24 years."""
    folder = tmp_path_factory.mktemp("drawn")
    run = Catalog(folder / "catalog")
    bars = session_bars("2024-01-01", "2024-03-28")
    february = (bars.ts_open >= utc("2024-02-05")) & (bars.ts_open < utc("2024-02-10"))
    early = bars.ts_open % utc("1970-01-02") < utc("1970-01-01T16:00:00")
    monday = (bars.ts_open >= utc("2024-01-08")) & (bars.ts_open < utc("2024-01-09"))
    file = folder / HOSTILE.replace("/", "_")
    file.write_text(csv_text(bars.take(~february & ~(monday & early))))
    run("import-csv", file, "-i", "AAPL.NASDAQ")
    run("import-csv", DATA / "IBM_1day_new_york.csv", "-i", "IBM.NYSE", *NEW_YORK)
    run("remove", "-i", "AAPL", "--start", "2024-03-04", "--end", "2024-03-05", "--yes")
    cut = folder / "catalog" / "AAPL.NASDAQ" / "1_MIN" / "2024-03-12.parquet"
    os.truncate(cut, 100)
    return run


@pytest.fixture(scope="session")
def picture(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Picture:
    """The picture of that catalog: AAPL is series 0, IBM series 1."""
    return catalog.draw(tmp_path_factory.mktemp("page") / "picture.html")
