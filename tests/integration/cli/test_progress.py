"""Operations on a terminal: one or many at once, what is told meanwhile, a countdown, Ctrl-C."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.cli.glass import CTRL_C, Scene

ONE = """
with Screen().track("Fetching TSLA 1-minute bars from IBKR", 100) as task:
    task.advance(20)
    task.advance(25)
    step()
print("the result")
"""
FORTY = """
import contextlib
screen = Screen()
with contextlib.ExitStack() as stack:
    ends = [stack.enter_context(contextlib.ExitStack()) for _ in range(40)]
    tasks = [
        end.enter_context(screen.track(f"Fetching S{number:02} 1-minute bars from IBKR", 10))
        for number, end in enumerate(ends)
    ]
    tasks[7].advance(5)
    step()
    screen.tell("Loading AAPL.NASDAQ 1-minute bars from Parquet catalog")
    screen.warn("one that is " + "long, " * 30 + "and ends")
    print("printed by a strategy")
    step()
    for number in (*range(20, 40), 3, 7):
        tasks[number].advance(10 - tasks[number].done)
        ends[number].close()
    step()
    for number in (0, 1, 2):
        ends[number].close()
    step()
print("the result")
"""
COUNTDOWN = """
import contextlib
screen = Screen()
operation = screen.track("Fetching TSLA 1-minute bars from IBKR", 10)
with operation if OPEN else contextlib.nullcontext():
    for seconds in (30, 29, 1):
        unit = "second" if seconds == 1 else "seconds"
        screen.stand(
            f"IBKR rate limit reached. Retrying in {seconds} {unit}... (attempt 2/5)"
        )
        step()
    screen.tell("a notice")
    step()
    screen.stand(None)
    step()
print("the result")
"""
# A command in the place of all others, which ends in the ways in which they end.
COMMAND = """
from domain.errors import BarledgerError
from entrypoints import start
from entrypoints.cli import main

def reading(screen):
    with screen.track("Reading bars.csv", 100) as task:
        yield task

def command(arguments, prog_name, standalone_mode, obj):
    screen = obj.screen
    suspended = reading(screen)
    next(suspended).advance(40)
    with screen.track("Fetching TSLA 1-minute bars from IBKR", 10) as task:
        task.advance(1)
        screen.stand("IBKR rate limit reached. Retrying in 30 seconds... (attempt 2/5)")
        run(screen, task)

main.cli.main = command
"""
CANCELLED = ["Cancelled. Nothing is half-written.", "Run it again to go on."]


@pytest.fixture
def scene() -> Iterator[Callable[..., Scene]]:
    open_: list[Scene] = []

    def begun(code: str, **how: object) -> Scene:
        open_.append(Scene(code, **how))  # type: ignore[arg-type]
        return open_[-1]

    yield begun
    for one in open_:
        one.close()


Begun = Callable[..., Scene]


def test_one_operation_has_a_line_with_a_bar_and_the_time_left_and_then_none(scene: Begun) -> None:
    one = scene(ONE)
    shown = one.until_shown("s left")
    assert len(shown) == 1
    assert re.fullmatch(
        r"Fetching TSLA 1-minute bars from IBKR: 45% complete ━+─+ \d+ s left", shown[0]
    )
    one.go_on()
    assert one.ended() == 0
    assert one.glass.everything == ["the result"]


def test_of_forty_those_that_fit_are_shown_and_the_rest_is_summed_up(scene: Begun) -> None:
    one = scene(FORTY)
    shown = one.until_shown("more; all 40")
    # A third of the terminal stays for what is told.
    assert len(shown) == 16
    assert shown[0].startswith("Fetching S07 1-minute bars from IBKR: 50% complete ━━━")
    assert shown[1].startswith("Fetching S00 1-minute bars from IBKR: 0% complete  ───")
    assert shown[-1].startswith("and 25 more; all 40 together: 1% complete ")

    one.go_on()
    shown = one.until_shown("printed by a strategy")
    one.until_shown("more; all 40")
    above = "\n".join(one.glass.everything).split("Fetching S07")[0]
    warning = "one that is " + "long, " * 30 + "and ends"
    wrapped = [line for line in above.splitlines() if line]
    assert wrapped[0] == "Loading AAPL.NASDAQ 1-minute bars from Parquet catalog"
    assert "".join(line.ljust(80) for line in wrapped[1:4]).strip() == f"Warning: {warning}"
    assert wrapped[4:] == ["printed by a strategy"]

    one.go_on()
    shown = one.until_shown("and 3 more; all 40 together: 55% complete")
    fetching = [line[9:12] for line in shown if line.startswith("Fetching")]
    assert fetching == [f"S{n:02}" for n in range(20) if n not in (3, 7)][:15]

    one.go_on()
    shown = one.until_gone("more")
    assert len([line for line in shown if line.startswith("Fetching")]) == 15
    one.go_on()
    assert one.ended() == 0
    assert one.glass.everything == [*wrapped, "the result"]


@pytest.mark.parametrize("open_", [True, False])
def test_a_sentence_counts_down_in_its_place(scene: Begun, open_: bool) -> None:
    one = scene(COUNTDOWN.replace("OPEN", str(open_)))
    operation = ["Fetching TSLA 1-minute bars from IBKR: 0% complete"] if open_ else []
    for left in ("30 seconds", "29 seconds", "1 second"):
        shown = one.until_shown(f"Retrying in {left}...")
        assert [line.rstrip(" ─") for line in shown] == [
            *operation,
            f"IBKR rate limit reached. Retrying in {left}... (attempt 2/5)",
            "Ctrl-C cancels.",
        ]
        one.go_on()
    one.until_shown("a notice")
    shown = one.until_shown("Ctrl-C cancels.")
    assert shown[0] == "a notice"
    assert len(shown) == 3 + open_
    one.go_on()
    shown = one.until_gone("Ctrl-C")
    one.go_on()
    assert one.ended() == 0
    assert one.glass.everything == ["a notice", "the result"]


def test_what_goes_to_a_file_is_not_caught_by_what_is_drawn(scene: Begun, tmp_path: Path) -> None:
    one = scene(
        """
screen = Screen(as_json=True)
with screen.track("Listing bars", 10) as task:
    step()
    screen.show_json({"bars": [1]})
""",
        out=tmp_path / "out",
    )
    one.until_shown("Listing bars: 0% complete")
    one.go_on()
    assert one.ended() == 0
    assert one.glass.everything == []
    assert (tmp_path / "out").read_text() == '{\n  "bars": [\n    1\n  ]\n}\n'


def test_ctrl_c_leaves_the_terminal_with_nothing_but_its_answer(scene: Begun) -> None:
    one = scene(f"{COMMAND}run = lambda *_: step()\nstart.run()")
    one.until_shown("Reading bars.csv")
    one.until_shown("Ctrl-C cancels.")
    one.press(CTRL_C)
    assert one.ended() == 130
    assert one.glass.everything == CANCELLED


@pytest.mark.parametrize("seed", range(8))
def test_ctrl_c_at_any_moment_leaves_the_terminal_clean(scene: Begun, seed: int) -> None:
    busy = """
import itertools
import time
def run(screen, task):
    for number in itertools.count():
        screen.stand(f"Retrying in {number} seconds... (attempt 2/5)")
        if number % 3 == 0:
            screen.tell("a notice")
        with screen.track("Writing", 2) as inner:
            inner.advance(1)
        # Faster than it is read, some of it would be lost at Ctrl-C, whoever wrote it.
        time.sleep(0.001)
start.run()
"""
    one = scene(COMMAND + busy)
    one.until_shown("a notice")
    chance = random.Random(seed)
    one.watch(chance.uniform(0, 0.05))
    one.press(CTRL_C)
    if seed % 2:
        one.watch(chance.uniform(0, 0.01))
        one.press(CTRL_C)
    assert one.ended() == 130
    # The terminal itself shows that the keys were pressed, wherever the cursor is.
    told = [line.replace("^C", "") for line in one.glass.everything if line != "^C"]
    assert set(told[:-2]) <= {"a notice", ""}
    assert told[-2:] == CANCELLED


def test_an_error_is_told_where_nothing_else_is_shown(scene: Begun) -> None:
    failing = """
def run(screen, task):
    step()
    raise BarledgerError("It failed.", "Try it again.")
start.run()
"""
    one = scene(COMMAND + failing)
    one.until_shown("Ctrl-C cancels.")
    one.go_on()
    assert one.ended() == 1
    assert one.glass.everything == ["Error: It failed.", "Try it again."]


def test_without_colours_there_are_none(scene: Begun) -> None:
    plain, coloured = scene(ONE, NO_COLOR="1"), scene(ONE)
    for one in (plain, coloured):
        one.until_shown("45% complete")
        one.go_on()
        assert one.ended() == 0
    assert "m" not in re.findall(r"\x1b\[[\d;]*([A-Za-z])", plain.raw)
    assert "m" in re.findall(r"\x1b\[[\d;]*([A-Za-z])", coloured.raw)


def test_a_terminal_without_unicode_gets_signs_that_it_has(scene: Begun) -> None:
    one = scene(ONE.replace("TSLA", "Zürich").replace("1-minute", "日足"), PYTHONIOENCODING="ascii")
    shown = one.until_shown("45% complete")
    assert one.raw.isascii()
    assert len(shown) == 1
    assert "Z\\xfcrich" in shown[0]
    one.go_on()
    assert one.ended() == 0
    assert one.glass.everything == ["the result"]


def test_a_terminal_that_cannot_move_its_cursor_gets_lines(scene: Begun) -> None:
    one = scene(COUNTDOWN.replace("OPEN", "True"), TERM="dumb")
    for _ in range(5):
        one.go_on()
    assert one.ended() == 0
    assert one.glass.everything == [
        "IBKR rate limit reached. Retrying in 30 seconds... (attempt 2/5)",
        "Ctrl-C cancels.",
        "a notice",
        "the result",
    ]
    assert "\x1b" not in one.raw
