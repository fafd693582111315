"""What a terminal gets to see fits it, nothing of it is cut off, and how far a thing is is told."""

from __future__ import annotations

import contextlib
import io
import itertools
import re
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrypoints.cli.live_frame import Frame
from entrypoints.cli.live_view import LiveView
from entrypoints.cli.operations import Operation, Together, left_text
from entrypoints.cli.screen import Screen
from tests.integration.cli.glass import Glass

# Whoever waits in vain must be told; nothing here takes a tenth of it.
_PATIENCE = 60


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


HEADINGS = ["Instrument", "Calendar", "Bars"]
ROW = ["AAPL.NASDAQ", "24/7 (a fallback: the hours of NOWHERE are not known)", "2,303"]


@pytest.mark.parametrize("width", [20, 60, 80, 81, 84, 85, 200])
def test_a_cell_is_never_cut_whatever_the_terminals_width(
    monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    Screen().show_table([(one, "left") for one in HEADINGS], [ROW, ROW])
    plain = re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue())
    shown = " ".join(plain.split())
    for text in (*HEADINGS, *ROW):
        assert text in shown
    lines = [line.rstrip() for line in plain.splitlines()]
    assert max(map(len, lines)) <= max(width, len(max(ROW, key=len)) + len("Instrument  "))


class _Watch:
    """A clock that is set by hand."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> _Watch:
    clock = _Watch()
    monkeypatch.setattr("entrypoints.cli.operations.time", clock)
    return clock


def test_a_pipe_gets_a_line_now_and_then_of_bytes_without_a_known_end(
    watch: _Watch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Screen().track("Reading -", 0) as task:
        for _ in range(30):
            watch.now += 1
            task.advance(12_000_000)
    assert capsys.readouterr().err.splitlines() == [
        "Reading -: 60.0 MB",
        "Reading -: 180.0 MB",
        "Reading -: 300.0 MB",
    ]


def test_a_pipe_gets_a_line_for_each_tenth_where_the_end_is_known(
    watch: _Watch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Screen().track("Reading bars.csv", 200) as task:
        for _ in range(20):
            watch.now += 1
            task.advance(10)
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "Reading bars.csv: 25% complete, 15 s left"
    assert told[-1] == "Reading bars.csv: 95% complete, 1 s left"
    assert len(told) == 8


@pytest.mark.parametrize("total", [0, 200])
def test_what_is_over_at_once_is_not_told_of_in_a_pipe(
    watch: _Watch, capsys: pytest.CaptureFixture[str], total: int
) -> None:
    with Screen().track("Reading", total) as task:
        watch.now += 4
        task.advance(100)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("total", "shown", "not_shown"),
    [(0, "Reading -: 48.0 MB", "%"), (96_000_000, "Reading -: 50% complete", "MB")],
)
def test_a_terminal_gets_a_bar_or_where_no_end_is_known_the_bytes(
    monkeypatch: pytest.MonkeyPatch, total: int, shown: str, not_shown: str
) -> None:
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    ends = time.monotonic() + _PATIENCE
    with Screen().track("Reading -", total) as task:
        task.advance(12_000_000)
        task.advance(36_000_000)
        while shown not in (plain := _plain(terminal)):
            assert time.monotonic() < ends, plain
            time.sleep(0.01)
    assert not_shown not in plain


def test_what_is_over_at_once_does_not_flash_up_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    screen = Screen()
    with screen.track("Reading -", 10) as task:
        task.advance(10)
        screen.tell("a notice")
    assert terminal.getvalue() == "a notice\n"


def _plain(terminal: io.StringIO) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.getvalue())


def test_a_pipe_is_not_flooded_by_many_operations_at_once(
    watch: _Watch, capsys: pytest.CaptureFixture[str]
) -> None:
    screen = Screen()
    with contextlib.ExitStack() as stack:
        tasks = [stack.enter_context(screen.track(f"Fetching S{n}", 100)) for n in range(40)]
        blocks = []
        for _ in range(30):
            watch.now += 1
            for task in tasks:
                task.advance(1)
            blocks.append(capsys.readouterr().err.splitlines())
    # Half a minute, and only the tenths of a few are told of, in blocks.
    told = {second: lines for second, lines in enumerate(blocks, 1) if lines}
    assert list(told) == [10, 20, 30]
    # The first of them is about to take the step of this second, which the others have still to.
    assert told[20] == [
        "Fetching S0: 20% complete, 80 s left",
        *(f"Fetching S{n}: 19% complete, 86 s left" for n in range(1, 9)),
        "and 31 more; all 40 together: 19% complete, 85 s left",
    ]


def test_of_many_operations_at_once_a_pipe_learns_of_those_that_moved(
    watch: _Watch, capsys: pytest.CaptureFixture[str]
) -> None:
    screen = Screen()
    with screen.track("slow", 100) as slow, screen.track("quick", 100) as quick:
        slow.advance(1)
        for _ in range(4):
            watch.now += 5
            quick.advance(20)
    with screen.track("alone", 100) as alone:
        for _ in range(2):
            watch.now += 5
            alone.advance(20)
    assert capsys.readouterr().err.splitlines() == [
        "quick: 40% complete, 15 s left",
        "quick: 80% complete, 5 s left",
        "alone: 20% complete, 20 s left",
        "alone: 40% complete, 15 s left",
    ]


_WAIT = "IBKR rate limit reached. Retrying in {} seconds... (attempt {}/5)"


def test_a_pipe_gets_only_the_first_of_a_countdown(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(as_json=True)
    for attempt in (2, 3):
        for left in (30, 29, 2):
            screen.stand(_WAIT.format(left, attempt))
        screen.stand(_WAIT.format(1, attempt).replace("seconds", "second"))
        screen.stand(_WAIT.format(0.4, attempt))
    screen.stand(None)
    screen.stand(_WAIT.format(30, 3))
    screen.clear()
    captured = capsys.readouterr()
    assert captured.err.splitlines() == [
        _WAIT.format(30, 2),
        "Ctrl-C cancels.",
        _WAIT.format(30, 3),
        "Ctrl-C cancels.",
        _WAIT.format(30, 3),
        "Ctrl-C cancels.",
    ]
    assert captured.out == ""


_PACE = "IBKR allows no more requests of this kind for now. Going on in {} seconds."


def test_a_pipe_is_told_of_the_pace_now_and_then(
    watch: _Watch, capsys: pytest.CaptureFixture[str]
) -> None:
    screen = Screen()
    for seconds in (9, 12, 11, 30, 10, 25):
        for left in range(seconds, 0, -1):
            screen.stand(_PACE.format(left), left, paced=True)
            watch.now += 1
        screen.stand(None, paced=True)
    assert capsys.readouterr().err.splitlines() == [
        _PACE.format(12),
        "Ctrl-C cancels.",
        _PACE.format(25),
        "Ctrl-C cancels.",
    ]


@pytest.mark.parametrize(("paced", "left"), [(False, 7), (True, 67)])
def test_waiting_says_nothing_of_the_speed_unless_it_keeps_the_pace(
    watch: _Watch, capsys: pytest.CaptureFixture[str], paced: bool, left: int
) -> None:
    screen = Screen()
    with screen.track("Fetching", 100) as one:
        for _ in range(2):
            one.advance(20)
            watch.now += 1
        screen.stand(_WAIT.format(60, 2), 60, paced=paced)
        watch.now += 60
        screen.stand(None)
        watch.now += 5
        one.advance(20)
    shown = capsys.readouterr().err.splitlines()[-1]
    assert shown == f"Fetching: 60% complete, {left} s left"


@pytest.mark.parametrize(("paced", "left"), [(False, 20), (True, 50)])
def test_the_time_left_holds_what_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, watch: _Watch, paced: bool, left: float
) -> None:
    view = LiveView()
    monkeypatch.setattr(sys, "stderr", _Terminal())
    with view.track("Fetching", 100) as one, view.track("Another", 100):
        view._over.set()
        one.advance(0)
        watch.now += 10
        one.advance(50)
        assert one.left(one.clock.now()) == 10
        for waited in (0, 10, 20):
            view.stand(_WAIT.format(30 - waited, 2), 30 - waited, paced=paced)
            assert one.left(one.clock.now()) == 10 + 30 - waited
            together = Together([one], 0, one.begun)
            assert together.left(one.clock.now()) == 10 + 30 - waited
            watch.now += 10
        view.stand(None)
        watch.now += 10
        assert one.left(one.clock.now()) == left
    view.close()


def test_a_pipe_learns_how_far_many_operations_of_one_step_are(
    watch: _Watch, capsys: pytest.CaptureFixture[str]
) -> None:
    screen = Screen()
    with contextlib.ExitStack() as stack:
        tasks = [stack.enter_context(screen.track(f"S{at}", 1)) for at in range(40)]
        for task in tasks:
            watch.now += 1
            task.advance(1)
    assert capsys.readouterr().err.splitlines() == [
        "All 40 together: 25% complete, 30 s left",
        "All 40 together: 50% complete, 20 s left",
        "All 40 together: 75% complete, 10 s left",
        "All 40 together: 100% complete, 1 s left",
    ]


@pytest.mark.parametrize("is_terminal", [True, False])
def test_who_wants_it_quiet_sees_no_countdown(
    monkeypatch: pytest.MonkeyPatch, is_terminal: bool
) -> None:
    stream = _Terminal() if is_terminal else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    screen = Screen(quiet=True)
    screen.stand(_WAIT.format(30, 2))
    screen.stand(None)
    assert stream.getvalue() == ""


def test_what_happens_inside_is_not_drawn_over(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    Screen(verbose=True).stand(_WAIT.format(30, 2))
    assert terminal.getvalue() == f"{_WAIT.format(30, 2)}\nCtrl-C cancels.\n"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0.2, "1 s left"),
        (12.4, "12 s left"),
        (119.4, "119 s left"),
        (150, "2 min left"),
        (7100, "118 min left"),
        (11_100, "3 h 5 min left"),
    ],
)
def test_the_time_left_is_told_in_the_unit_that_fits(seconds: float | None, text: str) -> None:
    assert left_text(seconds) == text


def test_the_time_left_is_not_reckoned_from_the_time_before_the_first_step(watch: _Watch) -> None:
    one = Operation("Fetching S0", 100)
    assert one.left(watch.now) is None
    watch.now += 1000
    one.advance(10)
    assert one.left(watch.now) == 9000
    watch.now += 10
    one.advance(10)
    assert one.left(watch.now) == 80


@given(
    width=st.integers(1, 120),
    height=st.integers(1, 60),
    done=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), max_size=70),
    names=st.lists(st.text(max_size=60), min_size=1, max_size=3),
    sentence=st.none() | st.text(max_size=100),
    encoding=st.sampled_from(["utf-8", "ascii", "latin-1"]),
)
def test_no_window_is_too_small_for_what_is_drawn(
    width: int,
    height: int,
    done: list[tuple[int, int]],
    names: list[str],
    sentence: str | None,
    encoding: str,
) -> None:
    operations = [
        Operation(name, total, steps)
        for name, (total, steps) in zip(itertools.cycle(names), done, strict=False)
    ]
    lines = Frame(width, height, 1.0, encoding).lines(Together(operations, 3, 0.0), sentence)
    assert len(lines) < height
    for line in lines:
        assert line.cells < width
        assert f"{line.text}{line.done}{line.undone}{line.after}".isprintable()
        f"{line.text}{line.done}{line.undone}{line.after}".encode(encoding)


@pytest.mark.parametrize("width", [30, 40, 60, 120])
def test_a_narrow_window_shortens_the_name_and_not_the_numbers(width: int) -> None:
    operation = Operation("Fetching TSLA 1-minute bars from IBKR", 100)
    operation.advance(0)
    operation.done = 45
    at = operation.begun + 9
    (line,) = Frame(width, 24, at).lines(Together([operation], 0, 0.0), None)
    shown = f"{line.text}{line.done}{line.undone}{line.after}"
    assert shown.startswith("Fetching TSLA"[: width // 4])
    assert "45% complete" in shown
    assert ("11 s left" in shown) == (width > 30)
    assert bool(line.done) == (width == 120)


def test_a_window_made_narrower_is_drawn_anew_without_leftovers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal, glass = _Terminal(), Glass(70, 24)
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "70")
    monkeypatch.setenv("LINES", "24")
    view = LiveView()
    with view.track("Fetching TSLA 1-minute bars from IBKR", 100):
        # Nobody else draws, at a moment that could not be foreseen.
        view._over.set()
        view.stand(_WAIT.format(30, 2))
        glass.feed(_with_returns(terminal.getvalue()))
        sent = len(terminal.getvalue())
        assert len(glass.shown) == 3
        monkeypatch.setenv("COLUMNS", "40")
        glass.resize(40)
        view.stand(_WAIT.format(29, 2))
        glass.feed(_with_returns(terminal.getvalue()[sent:]))
        assert glass.shown == [
            "Fetching TSLA 1-minute …: 0% complete",
            "IBKR rate limit reached. Retrying in",
            "29 seconds... (attempt 2/5)",
            "Ctrl-C cancels.",
        ]
        view.close()


def _with_returns(text: str) -> str:
    """Return it as the system hands it to a terminal."""
    return text.replace("\n", "\r\n")
