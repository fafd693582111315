"""The picture of a check in a real browser: what is drawn, pointed at, typed and read.

Every page is opened offline, and none may log an error or ask for anything: see `open_page`.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import attrs
import pytest

from adapters.sqlite.ledger import SqliteLedger
from adapters.system.clock import SystemClock
from domain.bars import Bars
from domain.events import HistoryStartFound, RangeConfirmedEmpty
from domain.intervals import IntervalSet
from tests.builders import AAPL as AAPL_MINUTES
from tests.builders import MSFT as MSFT_MINUTES
from tests.builders import ORIGIN, csv_text, minute_bars, session_bars, utc
from tests.integration.html.browser import Page
from tests.integration.html.conftest import HOSTILE, Catalog, OpenPage, Picture

AAPL, IBM = 0, 1
CONTROL, SHIFT = 2, 8
FOCUSED = "document.activeElement.getAttribute('aria-label')"


def cells(page: Page, series: int) -> Counter[str]:
    """Return how many cells of each kind a map has."""
    see(page, series)
    classes: list[str] = page.evaluate(
        f"[...document.querySelectorAll('[data-series=\"{series}\"] [role=gridcell]')]"
        ".map(one => one.className)"
    )
    assert all(one.startswith("mark ") for one in classes)
    return Counter(one.removeprefix("mark ") for one in classes)


def see(page: Page, series: int) -> None:
    """Scroll to a map, which is drawn when it comes near."""
    page.evaluate(f"document.querySelector('[data-series=\"{series}\"]').scrollIntoView()")
    page.settle()


def cell(page: Page, series: int, date: str) -> str:
    """Return the selector of the cell whose label begins with a date."""
    see(page, series)
    return f'[data-series="{series}"] [aria-label^="{date}"]'


def card(page: Page) -> dict[str, str] | None:
    """Return the details that are shown, by their names, or None where none are."""
    found: dict[str, str] | None = page.evaluate(
        "(() => { const card = document.getElementById('card');"
        " if (card.hidden || !card.getBoundingClientRect().height) return null;"
        " const said = {date: card.querySelector('.date').textContent,"
        "   status: card.querySelector('.kind').textContent};"
        " for (const name of card.querySelectorAll('dt'))"
        "   said[name.textContent] = name.nextSibling.textContent;"
        " return said; })()"
    )
    return found


def pointed_at(page: Page, series: int, date: str) -> dict[str, str]:
    """Point at a session, and return the details that are shown."""
    page.hover(cell(page, series, date))
    shown = card(page)
    assert shown is not None
    return shown


def text(page: Page, selector: str = "main") -> str:
    return str(page.evaluate(f"document.querySelector({json.dumps(selector)}).innerText"))


# What is drawn


@pytest.mark.parametrize("series", [AAPL, IBM])
def test_every_session_is_a_cell_of_its_status(
    open_page: OpenPage, picture: Picture, series: int
) -> None:
    assert cells(open_page(picture.path), series) == picture.numbers(series)


def test_the_pictures_catalog_has_sessions_of_each_status(picture: Picture) -> None:
    assert picture.numbers(AAPL) == {"complete": 52, "partial": 1, "missing": 7, "corrupt": 1}
    assert picture.numbers(IBM) == {"complete": 5849}


def test_a_cell_stands_in_the_row_of_its_weekday_and_closed_days_are_blank(
    open_page: OpenPage, picture: Picture
) -> None:
    page = open_page(picture.path)
    see(page, IBM)
    # The four days after the attacks of 2001, of which the exchange had none.
    labels = page.evaluate(
        '[...document.querySelectorAll(\'[data-series="1"] [aria-label*=" September 2001:"]\')]'
        ".map(one => [one.getAttribute('aria-label').split(':')[0], one.style.gridRowStart])"
    )
    rows = {label: int(row) for label, row in labels}
    assert rows["Monday 10 September 2001"] == 2
    assert rows["Friday 28 September 2001"] == 6
    assert not {"Tuesday 11 September 2001", "Friday 14 September 2001"} & rows.keys()
    assert len(rows) == 15


def test_totals_are_those_of_all_series(open_page: OpenPage, picture: Picture) -> None:
    page = open_page(picture.path)
    assert text(page, "h1") == "5,901 of 5,910 sessions complete"
    legend = text(page, ".legend")
    for line in ("5,901 complete", "1 partial", "7 missing", "1 corrupt"):
        assert line in legend
    facts = text(page, ".facts")
    for fact in (str(picture.path.parent.parent), "NYSE", "UTC", "the last"):
        assert fact in facts or fact in text(page)


# Details


def test_pointing_at_a_session_shows_what_is_known_of_it(
    open_page: OpenPage, picture: Picture
) -> None:
    page = open_page(picture.path)
    assert card(page) is None
    shown = pointed_at(page, AAPL, "Monday 8 January 2024")
    recorded = shown.pop("Recorded")
    assert recorded.endswith(", import-csv")
    assert " UTC, " in recorded
    source = shown.pop("Source")
    assert source.startswith("csv <img src=x onerror=alert(1)>")
    assert shown == {
        "date": "Monday 8 January 2024",
        "status": "partial",
        "Session": "09:30 to 16:00 (America/New_York)",
        "Bars": "300",
        "Lacks": "09:30-11:00",
        "Last event": "6: written",
    }
    page.hover("h1")
    assert card(page) is None


@pytest.mark.parametrize(
    ("series", "date", "expected"),
    [
        pytest.param(
            AAPL,
            "Tuesday 5 March 2024",
            {"status": "missing", "Bars": "none held", "Last event": ": removed"},
            id="removed",
        ),
        pytest.param(
            AAPL,
            "Wednesday 7 February 2024",
            {"status": "missing", "Bars": "none held", "Last event": "none touched it"},
            id="never held",
        ),
        pytest.param(
            AAPL,
            "Tuesday 12 March 2024",
            {"status": "corrupt", "Damage": "100 bytes", "Lacks": "09:30-16:00"},
            id="cut by hand",
        ),
        pytest.param(
            IBM,
            "Friday 26 November 1999",
            {"status": "complete", "Bars": "1", "Session": "09:30 to 13:00"},
            id="early close",
        ),
    ],
)
def test_what_happened_to_a_session_is_told(
    open_page: OpenPage, picture: Picture, series: int, date: str, expected: dict[str, str]
) -> None:
    page = open_page(picture.path)
    shown = pointed_at(page, series, date)
    assert shown["date"] == date
    for name, part in expected.items():
        assert part in shown[name]


# Small screens: two phones, one of them turned, and a window that is not high
SIZES = [(320, 568), (320, 480), (568, 320), (640, 450)]
SIDES = (
    "(box => [box.left, box.top, document.documentElement.clientWidth - box.right,"
    " innerHeight - box.bottom])(document.getElementById('card').getBoundingClientRect())"
)
CUT_OFF = "(card => card.scrollHeight - card.clientHeight)(document.getElementById('card'))"
DAYS = ("Monday 8 January 2024", "Tuesday 12 March 2024", "Thursday 28 March 2024")


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("block", ["start", "center", "end"])
def test_details_are_never_cut_off(
    open_page: OpenPage, picture: Picture, width: int, height: int, block: str
) -> None:
    page = open_page(picture.path, width=width, height=height)
    for date in DAYS:
        one = cell(page, AAPL, date)
        place = json.dumps({"block": block, "inline": "center"})
        page.evaluate(f"document.querySelector('{one}').scrollIntoView({place})")
        page.settle()
        page.point(one)
        assert (card(page) or {})["date"] == date
        assert min(page.evaluate(SIDES)) >= 0, (date, page.evaluate(SIDES))
        assert page.evaluate(CUT_OFF) == 0


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_details_are_in_sight_wherever_a_key_leads(
    open_page: OpenPage, picture: Picture, width: int, height: int
) -> None:
    page = open_page(picture.path, width=width, height=height)
    page.evaluate(f"document.querySelectorAll('.series > summary')[{IBM}].focus()")
    page.press("Tab")
    for key, modifiers in [("PageDown", 0), ("End", 0), ("End", CONTROL), ("PageUp", 0)]:
        page.press(key, modifiers)
        assert page.evaluate(FOCUSED).startswith((card(page) or {})["date"])
        assert min(page.evaluate(SIDES)) >= 0, (key, page.evaluate(SIDES))


def test_details_that_are_higher_than_the_screen_scroll(
    open_page: OpenPage, picture: Picture
) -> None:
    page = open_page(picture.path, width=320, height=120, touch=True)
    page.tap(cell(page, AAPL, "Monday 8 January 2024"))
    assert min(page.evaluate(SIDES)) >= 0
    hidden = page.evaluate(CUT_OFF)
    assert hidden > 0
    # A finger that goes up moves them, and a touch does not put them away.
    x, y = page.middle("#card")
    page.call("Input.synthesizeScrollGesture", x=x, y=y, yDistance=-1000, speed=4000)
    page.settle()
    assert page.evaluate("document.getElementById('card').scrollTop") == hidden
    page.tap("#card")
    assert (card(page) or {})["date"] == "Monday 8 January 2024"


def test_details_of_the_session_with_the_focus_outlive_another_size(
    open_page: OpenPage, picture: Picture
) -> None:
    """A phone changes it when its address bar comes or goes."""
    page = open_page(picture.path, width=320, height=568, touch=True)
    page.tap(cell(page, AAPL, "Monday 8 January 2024"))
    for width, height in [(320, 480), (568, 320), (320, 568)]:
        page.resize(width, height, touch=True)
        page.settle()
        assert (card(page) or {})["date"] == "Monday 8 January 2024"
        assert min(page.evaluate(SIDES)) >= 0
    # Those that were put away stay so.
    page.press("Escape")
    page.resize(320, 480, touch=True)
    page.settle()
    assert card(page) is None


CELLS = (
    "(([one, other]) => [one.offsetWidth, one.offsetHeight, "
    "other.offsetTop - one.offsetTop, other.offsetLeft - one.offsetLeft])"
    "(['5 January 1998', '13 January 1998'].map(date => "
    'document.querySelector(`[data-series="1"] [aria-label*=" ${date}"]`)))'
)


@pytest.mark.parametrize(
    ("touch", "distances"), [(False, [9, 9, 11, 11]), (True, [18, 18, 20, 20])]
)
def test_fingers_find_room_in_maps_of_many_years(
    open_page: OpenPage, picture: Picture, touch: bool, distances: list[int]
) -> None:
    page = open_page(picture.path, width=320, height=568, touch=touch)
    see(page, IBM)
    assert page.evaluate(CELLS) == distances
    assert page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )


# The keyboard


def test_a_map_is_one_stop_and_arrows_go_about_in_it(open_page: OpenPage, picture: Picture) -> None:
    page = open_page(picture.path)
    page.evaluate("document.querySelector('.series > summary').focus()")
    page.press("Tab")
    # The first session that is not complete is where a reader wants to be.
    assert page.evaluate(FOCUSED).startswith("Monday 8 January 2024: partial. Session: 09:30")
    shown = card(page)
    assert shown is not None
    assert shown["Lacks"] == "09:30-11:00"
    for key, date in [
        ("ArrowDown", "Tuesday 9 January 2024"),
        ("ArrowRight", "Tuesday 16 January 2024"),
        ("ArrowUp", "Friday 12 January 2024"),
        ("ArrowLeft", "Friday 5 January 2024"),
        ("End", "Friday 22 March 2024"),
        ("Home", "Friday 5 January 2024"),
        ("n", "Monday 8 January 2024"),
        ("n", "Monday 5 February 2024"),
        ("p", "Monday 8 January 2024"),
    ]:
        page.press(key)
        assert page.evaluate(FOCUSED).startswith(f"{date}: "), key
        assert (card(page) or {})["date"] == date
    page.press("End", CONTROL)
    assert page.evaluate(FOCUSED).startswith("Thursday 28 March 2024: ")
    page.press("Home", CONTROL)
    assert page.evaluate(FOCUSED).startswith("Tuesday 2 January 2024: ")
    page.press("Escape")
    assert card(page) is None
    page.press("Tab")
    assert page.evaluate("document.activeElement.closest('.map')") is None
    assert card(page) is None
    assert page.evaluate("document.querySelectorAll('.map [tabindex=\"0\"]').length") == 2


def test_page_keys_go_by_years(open_page: OpenPage, picture: Picture) -> None:
    page = open_page(picture.path)
    page.evaluate(f"document.querySelectorAll('.series > summary')[{IBM}].focus()")
    see(page, IBM)
    page.evaluate('document.querySelector(\'[data-series="1"] [tabindex="0"]\').focus()')
    assert page.evaluate(FOCUSED).startswith("Friday 2 January 1998: complete. ")
    page.press("PageDown")
    assert page.evaluate(FOCUSED).startswith("Friday 8 January 1999: ")
    page.press("PageUp")
    assert page.evaluate(FOCUSED)[:6] == "Friday"
    assert " January 1998: " in page.evaluate(FOCUSED)


@attrs.frozen
class Node:
    """A node as a screen reader meets it: those that it passes over are left out."""

    role: str
    name: str
    children: list[Node]

    def all(self, role: str) -> list[Node]:
        """Return every node of a role in this one, in order."""
        found = [each for one in self.children for each in one.all(role)]
        return [self, *found] if self.role == role else found


def tree(page: Page) -> Node:
    """Return the page as a screen reader meets it."""
    page.call("Accessibility.enable")
    nodes = {one["nodeId"]: one for one in page.call("Accessibility.getFullAXTree")["nodes"]}

    def met(number: str) -> list[Node]:
        node = nodes[number]
        children = [each for child in node.get("childIds", ()) for each in met(child)]
        if node["ignored"]:
            return children
        name = str(node.get("name", {}).get("value", ""))
        return [Node(str(node["role"]["value"]), name, children)]

    return met(next(iter(nodes)))[0]


def test_a_screen_reader_meets_a_grid_of_named_rows_and_cells(
    open_page: OpenPage, picture: Picture
) -> None:
    page = open_page(picture.path)
    see(page, AAPL)
    grid = tree(page).all("grid")[0]
    assert grid.name.startswith(
        "Sessions of AAPL.NASDAQ, 1-minute bars, 2024-01-01 to 2024-03-28: 52 of"
    )
    (year,) = grid.all("rowgroup")
    assert year.name == "2024: 52 of 61 sessions complete"
    rows = [one for one in year.children if one.role == "row"]
    assert [one.name for one in rows] == [
        "Mondays",
        "Tuesdays",
        "Wednesdays",
        "Thursdays",
        "Fridays",
    ]
    for row in rows:
        assert {one.role for one in row.children} == {"gridcell"}
        assert all(one.name.startswith(f"{row.name[:-1]} ") for one in row.children)
    assert sum(len(one.children) for one in rows) == 61
    assert rows[0].children[1].name.startswith("Monday 22 January 2024: complete. ")


def test_a_grid_tells_its_columns_and_that_it_cannot_be_changed(
    open_page: OpenPage, picture: Picture
) -> None:
    page = open_page(picture.path)
    see(page, AAPL)
    grid = "document.querySelector('[data-series=\"0\"]')"
    assert page.evaluate(f"{grid}.ariaReadOnly") == "true"
    assert page.evaluate(f"{grid}.ariaColCount") == "13"
    # The first week has no Monday; the day on which King is honoured leaves a blank in the third.
    for row, columns in [("Mondays", [2, 4]), ("Tuesdays", [1, 2, 3]), ("Thursdays", [1, 2, 3])]:
        found = page.evaluate(
            f"[...{grid}.querySelectorAll('[aria-label={row}] > *')].map(one => one.ariaColIndex)"
        )
        assert [int(one) for one in found[: len(columns)]] == columns
    assert found[-1] == "13"


def test_a_finding_is_said_once_and_not_by_the_bar_beside_it(
    open_page: OpenPage, picture: Picture
) -> None:
    met = tree(open_page(picture.path))
    assert [one.name for one in met.all("image")] == ["5,901 of 5,910 sessions complete"]
    assert all(one.all("image") == [] for one in met.all("DisclosureTriangle"))
    assert len(met.all("DisclosureTriangle")) >= 2


def test_a_screen_reader_meets_a_table_of_gaps(open_page: OpenPage, picture: Picture) -> None:
    page = open_page(picture.path)
    page.evaluate("document.querySelector('.words').open = true")
    met = tree(page)
    heads = [one.name for one in met.all("columnheader")]
    assert heads[:5] == ["From", "To", "Status", "Sessions", "Lacking"]
    assert "2024-02-05" in [one.name for one in met.all("cell")]


# Light, dark, small, printed, and without scripts


def test_light_and_dark_are_those_that_the_reader_prefers(
    open_page: OpenPage, picture: Picture
) -> None:
    colour = "getComputedStyle(document.body).backgroundColor"
    light = open_page(picture.path).evaluate(colour)
    dark = open_page(picture.path, dark=True).evaluate(colour)
    assert _lightness(light) > 200 > 60 > _lightness(dark)


def _lightness(colour: str) -> float:
    """Return the mean of the parts of `rgb(r, g, b)`."""
    parts = [int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    return sum(parts) / len(parts)


@pytest.mark.parametrize("dark", [False, True])
def test_a_phone_scrolls_maps_and_never_the_page_sideways(
    open_page: OpenPage, picture: Picture, *, dark: bool
) -> None:
    page = open_page(picture.path, width=320, height=640, dark=dark)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    for series in (AAPL, IBM):
        see(page, series)
        assert page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )
    assert page.evaluate(
        "(one => one.scrollWidth > one.clientWidth)(document.querySelector('[data-series=\"1\"]'))"
    )


def test_without_scripts_the_numbers_and_the_gaps_are_there(
    open_page: OpenPage, picture: Picture
) -> None:
    page = open_page(picture.path, scripts=False)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    said = text(page)
    for part in (
        "52 of 61 sessions complete, 1 partial, 7 missing, 1 corrupt",
        "All 5,849 sessions complete",
        "2024-02-05\t2024-02-09\tmissing\t5\tall of them",
        "2024-01-08\t2024-01-08\tpartial\t1\t09:30-11:00",
        "AAPL.NASDAQ/1_MIN/2024-03-12.parquet: it has 100 bytes",
        "your browser does not run",
    ):
        assert part in said


def test_what_is_printed_has_every_map(open_page: OpenPage, picture: Picture) -> None:
    page = open_page(picture.path)
    page.call("Page.printToPDF")
    drawn = page.evaluate("[...document.querySelectorAll('.map')].map(one => one.children.length)")
    assert drawn == [1, 24]


def test_nothing_moves_where_motion_is_not_wanted(open_page: OpenPage, picture: Picture) -> None:
    page = open_page(picture.path)
    arrow = "document.querySelector('.series > summary'), '::before'"
    duration = "getComputedStyle(" + arrow + ").transitionDuration"
    assert page.evaluate(duration) != "0s"
    page.call(
        "Emulation.setEmulatedMedia",
        features=[{"name": "prefers-reduced-motion", "value": "reduce"}],
    )
    assert page.evaluate(duration) == "0s"


# Names that others chose


def test_hostile_names_are_text_and_nothing_else(open_page: OpenPage, picture: Picture) -> None:
    page = open_page(picture.path)
    shown = pointed_at(page, AAPL, "Wednesday 3 January 2024")
    # What cannot be printed is written as its code.
    name = HOSTILE.replace("/", "_").replace("\u2028", "\\u2028")
    assert f"csv {name}" in shown["Source"]
    assert page.evaluate("document.querySelectorAll('img').length") == 0
    assert page.evaluate("document.querySelectorAll('script').length") == 8


def test_the_pages_policy_lets_nothing_in(browser: Any, picture: Picture) -> None:
    """Were a name not escaped after all, it could still neither run nor call anyone."""
    page = browser.open(picture.path)
    for attempt in (
        "new Image().src = 'http://127.0.0.1:9/x.png'",
        "document.body.append(Object.assign(document.createElement('script'), "
        "{textContent: 'window.ran = 1'}))",
        "document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\" onclick=\"1\">')",
        "fetch('http://127.0.0.1:9/').catch(() => 0)",
    ):
        before = len(page.trouble())
        page.evaluate(f"{attempt}; 0")
        page.settle()
        refused = page.trouble()[before:]
        assert refused, attempt
        assert "Content Security Policy" in refused[0]
    assert page.evaluate("window.ran") is None
    page.close()


# Rarer sessions


@pytest.fixture(scope="session")
def rare(tmp_path_factory: pytest.TempPathFactory) -> Picture:
    """Futures of two evenings and days, and stocks of which a source lacks sessions."""
    folder = tmp_path_factory.mktemp("rare")
    catalog, file = Catalog(folder / "catalog"), folder / "bars.csv"
    hours = 23 * 60
    days = [minute_bars(f"2024-01-{day:02}T23:00:00", hours) for day in (7, 8)]
    file.write_text(csv_text(Bars.concat(days)))
    catalog("import-csv", file, "-i", "ESH4.CME")
    file.write_text(csv_text(session_bars("2024-01-04", "2024-01-05")))
    catalog("import-csv", file, "-i", "AAPL.NASDAQ")
    # From 07:00 to 12:00, of which two and a half hours are regular, and after hours alone.
    around = [minute_bars("2024-01-03T12:00:00", 300), minute_bars("2024-01-04T21:00:00", 60)]
    file.write_text(csv_text(Bars.concat(around)))
    catalog("import-csv", file, "-i", "MSFT.NASDAQ")
    with contextlib.closing(SqliteLedger(catalog.folder / "ledger.db", SystemClock())) as ledger:
        empty = IntervalSet.of((utc("2024-01-08T14:30:00"), utc("2024-01-08T21:00:00")))
        afternoon = IntervalSet.of((utc("2024-01-03T17:00:00"), utc("2024-01-03T21:00:00")))
        events = [
            HistoryStartFound(AAPL_MINUTES, utc("2024-01-04T14:30:00"), "ibkr"),
            RangeConfirmedEmpty(AAPL_MINUTES, empty, "ibkr", "asked twice"),
            RangeConfirmedEmpty(MSFT_MINUTES, afternoon, "ibkr", "asked twice"),
        ]
        ledger.append(events, ORIGIN, expected_head=ledger.head())
    return catalog.draw(folder / "rare.html", "--start", "2024-01-02", "--end", "2024-01-09")


def test_what_no_source_has_is_told_apart_from_what_is_missing(
    open_page: OpenPage, rare: Picture
) -> None:
    page = open_page(rare.path)
    assert (
        cells(page, 0)
        == rare.numbers(0)
        == {
            "before_history": 2,
            "complete": 2,
            "confirmed_empty": 1,
            "missing": 1,
        }
    )
    for date, status, event in [
        ("Monday 8 January 2024", "complete, with no bars to be had", "confirmed empty by ibkr"),
        ("Tuesday 2 January 2024", "before its history", "the history of ibkr begins 2024-01-04"),
    ]:
        shown = pointed_at(page, 0, date)
        assert shown["status"] == status
        assert event in shown["Last event"]
        assert shown["Bars"] == "none held"


def test_bars_of_files_that_hold_other_days_too_are_not_given_to_one(
    open_page: OpenPage, rare: Picture
) -> None:
    page = open_page(rare.path)
    shown = pointed_at(page, 1, "Monday 8 January 2024")
    # One hour in the file of Sunday; Monday's has an hour of the next session at its end.
    assert shown["Bars"] == "1,440 in files that hold other days too"
    assert shown["Session"] == "17:00 the day before to 16:00 (America/Chicago)"


def test_bars_around_the_sessions_hours_are_told_to_be_in_the_number(
    open_page: OpenPage, rare: Picture
) -> None:
    page = open_page(rare.path)
    shown = pointed_at(page, 2, "Wednesday 3 January 2024")
    assert shown["Session"] == "09:30 to 16:00 (America/New_York)"
    assert shown["Bars"] == "300 on this date, hours before and after included"
    shown = pointed_at(page, 2, "Thursday 4 January 2024")
    assert (shown["status"], shown["Bars"]) == (
        "missing",
        "60 on this date, none of them inside its hours",
    )


def test_the_answer_that_completed_a_session_is_its_last_event(
    open_page: OpenPage, rare: Picture
) -> None:
    page = open_page(rare.path)
    shown = pointed_at(page, 2, "Wednesday 3 January 2024")
    assert shown["status"] == "complete"
    assert shown["Last event"].endswith(": confirmed empty by ibkr asked twice")


# Many series


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Picture:
    """A catalog of a dozen series, of which one lacks a day."""
    folder = tmp_path_factory.mktemp("many")
    catalog, file = Catalog(folder / "catalog"), folder / "bars.csv"
    for number in range(12):
        days = session_bars("2024-01-02", "2024-01-04" if number == 7 else "2024-01-05")
        file.write_text(csv_text(days))
        catalog("import-csv", file, "-i", f"S{number}.NASDAQ")
    return catalog.draw(folder / "many.html", "--start", "2024-01-02", "--end", "2024-01-05")


def test_many_series_are_a_list_that_opens(open_page: OpenPage, many: Picture) -> None:
    page = open_page(many.path)
    assert page.evaluate("document.querySelectorAll('[role=gridcell]').length") == 0
    page.evaluate("document.querySelectorAll('.series > summary')[3].click()")
    page.settle()
    assert (
        page.evaluate("document.querySelectorAll('[data-series=\"3\"] [role=gridcell]').length")
        == 4
    )
    assert page.evaluate("document.querySelectorAll('[role=gridcell]').length") == 4


MAP_WITH_FOCUS = "document.activeElement.closest('.map')?.dataset.series"


def test_the_tab_key_stops_once_at_every_map_there_and_back(
    open_page: OpenPage, many: Picture
) -> None:
    page = open_page(many.path, height=320)
    page.evaluate("document.querySelectorAll('.series').forEach(one => one.open = true)")
    page.evaluate("document.getElementById('lacking').focus()")
    page.settle()
    for modifiers, expected in [(0, list(range(12))), (SHIFT, list(range(10, -1, -1)))]:
        stops = []
        for _ in range(40):
            page.press("Tab", modifiers)
            stops.append(page.evaluate(MAP_WITH_FOCUS))
            if stops[-1] == str(expected[-1]):
                break
        assert [int(one) for one in stops if one is not None] == expected


def test_a_map_that_is_not_drawn_yet_is_drawn_for_the_tab_key(
    open_page: OpenPage, many: Picture
) -> None:
    page = open_page(many.path, width=320, height=320)
    page.evaluate("document.querySelectorAll('.series').forEach(one => one.open = true)")
    page.settle()
    map_ = "document.querySelector('[data-series=\"11\"]')"
    assert page.evaluate(f"[{map_}.children.length, {map_}.tabIndex]") == [0, 0]
    summary = f"{map_}.closest('details').querySelector('summary')"
    page.evaluate(f"{summary}.focus({{preventScroll: true}})")
    assert page.evaluate(f"{map_}.children.length") == 0
    page.press("Tab")
    assert page.evaluate(MAP_WITH_FOCUS) == "11"
    assert page.evaluate(FOCUSED).startswith("Tuesday 2 January 2024: complete. ")
    assert (card(page) or {})["date"] == "Tuesday 2 January 2024"
    # Back from it, the map itself is no stop any more.
    assert page.evaluate(f"{map_}.hasAttribute('tabindex')") is False
    page.press("Tab", SHIFT)
    assert page.evaluate(f"document.activeElement === {summary}") is True


def test_series_are_found_by_name_and_by_what_they_lack(open_page: OpenPage, many: Picture) -> None:
    page = open_page(many.path)
    shown = (
        "[...document.querySelectorAll('.series:not([hidden]) h2 bdi')].map(one => one.textContent)"
    )
    assert len(page.evaluate(shown)) == 12
    page.evaluate("document.getElementById('find').focus()")
    for key in "s1":
        page.press(key)
    assert page.evaluate(shown) == ["S1.NASDAQ", "S10.NASDAQ", "S11.NASDAQ"]
    assert text(page, "#found") == "3 of 12 series"
    page.evaluate("document.getElementById('find').value = ''")
    page.evaluate("document.getElementById('lacking').click()")
    assert page.evaluate(shown) == ["S7.NASDAQ"]


# An earlier point


def test_the_picture_of_an_earlier_point_says_so(
    open_page: OpenPage, catalog: Catalog, tmp_path: Path
) -> None:
    drawn = catalog.draw(tmp_path / "then.html", "--as-of", "60", "-i", "AAPL")
    page = open_page(drawn.path)
    assert text(page, ".kicker") == "What the Parquet catalog held"
    assert "event 60, recorded 20" in text(page, ".facts")
    assert cells(page, 0) == drawn.numbers(0)
    page.hover(cell(page, 0, "Monday 8 January 2024"))
    assert (card(page) or {})["Last event"] == "6: written"
