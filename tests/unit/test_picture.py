"""The parts of a picture that need no browser: contrasts, compact data, and honest sentences."""

from __future__ import annotations

import json
import re
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrypoints.html.picture import resource
from entrypoints.html.series_data import KINDS, Runs, differences, runs, script_json, texts
from entrypoints.html.views import finding, kinds

MARKS = ("complete", "partial", "missing", "corrupt", "before")
COUNTS = st.dictionaries(st.sampled_from(KINDS), st.integers(0, 10_000))


def palettes() -> list[dict[str, str]]:
    """Return the colours of the page by name: in light, in dark, and printed."""
    blocks = re.findall(r":root \{([^}]*)\}", resource("page.css"))
    found = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)) for block in blocks]
    assert len(found) == 3
    return found


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, from 1 to 21 (WCAG 2, relative luminance)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_contrast_is_computed_as_it_is_defined() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("mode", [0, 1, 2], ids=["light", "dark", "print"])
@pytest.mark.parametrize("mark", MARKS)
def test_marks_stand_out_from_the_paper_and_from_the_card(mark: str, mode: int) -> None:
    palette = palettes()[mode]
    assert contrast(palette[mark], palette["paper"]) >= 3
    assert contrast(palette[mark], palette.get("card", "#ffffff")) >= 3


def test_parts_of_a_bar_of_shares_have_the_colours_of_marks_and_no_others() -> None:
    fills = dict(re.findall(r"\.share \.(\w+) \{ fill: ([^;]+);", resource("page.css")))
    assert list(fills) == list(KINDS)
    assert set(fills.values()) <= {f"var(--{mark})" for mark in MARKS}


@pytest.mark.parametrize("mode", [0, 1, 2], ids=["light", "dark", "print"])
@pytest.mark.parametrize("text", ["ink", "muted"])
def test_text_can_be_read(text: str, mode: int) -> None:
    palette = palettes()[mode]
    assert contrast(palette[text], palette["paper"]) >= 4.5
    assert contrast(palette[text], palette.get("card", "#ffffff")) >= 4.5


def expand(packed: Runs) -> list[int]:
    """Return the values of runs, as the page's script does."""
    return [
        value for one in packed for value in ([one[0]] * one[1] if isinstance(one, list) else [one])
    ]


@given(st.lists(st.integers(-5, 5)))
def test_runs_hold_every_value_in_order(values: list[int]) -> None:
    packed = runs(values)
    assert expand(packed) == values
    assert len(packed) <= len(values)
    assert list(accumulate(expand(runs(differences(values))))) == values


@given(st.lists(st.sampled_from(["", "09:30 to 16:00", "csv x.csv"])))
def test_texts_are_kept_once(values: list[str]) -> None:
    packed = texts(values)
    assert [packed["texts"][place] for place in expand(packed["at"])] == values
    assert len(set(packed["texts"])) == len(packed["texts"])


@given(st.text() | st.sampled_from(["</script>", "<!--", "]]>", "\u2028\u2029", "\udcff"]))
def test_no_text_ends_the_element_that_holds_it(text: str) -> None:
    written = str(script_json({"text": text}))
    assert json.loads(written) == {"text": text}
    assert written.isascii()
    assert not set(written) & set("<>&")


@given(COUNTS)
def test_a_bar_of_shares_is_full_and_shows_even_one_session_in_ten_thousand(
    counts: dict[str, int],
) -> None:
    shown = kinds(counts)
    assert [one.name for one in shown] == list(KINDS)
    widths = [one.width for one in shown]
    assert all((one.width > 4) == (one.count > 0) for one in shown)
    assert sum(widths) == pytest.approx(1000 if any(counts.values()) else 0, abs=0.1)


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ({}, "No session has been judged"),
        ({"complete": 1}, "The one session is complete"),
        ({"complete": 60, "confirmed_empty": 1}, "All 61 sessions complete"),
        ({"complete": 5848, "missing": 1}, "5,848 of 5,849 sessions complete"),
        ({"missing": 1}, "0 of 1 session complete"),
    ],
)
def test_what_was_found_is_never_rounded_up(counts: dict[str, int], sentence: str) -> None:
    assert finding(counts) == sentence
