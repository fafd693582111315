"""No Ctrl-C is lost, whatever code it falls into."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from entrypoints.start import CANCELLED
from tests.cli import ROOT

# A command in the place of all others. What it goes on with is long enough to be seen.
_PROGRAM = """
import os, signal, sys, time
from domain.errors import UsageError
from entrypoints import start
from entrypoints.cli import main

def press():
    os.kill(os.getpid(), signal.SIGINT)

def swallow():
    try:
        press()
    except KeyboardInterrupt:
        pass

def command(arguments, prog_name, standalone_mode, obj):
    screen = obj.screen
{body}

main.cli.main = command
start.run()
"""
_GOES_ON = """
time.sleep(10)
print("went on")
"""
_TOLD = "Cancelled. Nothing is half-written.\nRun it again to go on.\n"


def _run(folder: Path, body: str, *words: str) -> subprocess.CompletedProcess[str]:
    indented = "\n".join(f"    {line}" for line in body.splitlines())
    (folder / "pressed.py").write_text(_PROGRAM.format(body=indented))
    return subprocess.run(
        [sys.executable, "pressed.py", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def _assert_cancelled(run: subprocess.CompletedProcess[str], out: str = "") -> None:
    assert (run.returncode, run.stdout, run.stderr) == (CANCELLED, out, _TOLD)


_SWALLOWS = """
import os, signal
try:
    os.kill(os.getpid(), signal.SIGINT)
    caught = False
except BaseException:
    caught = True
"""
LOSES = {
    "an import that swallows it": "import swallows",
    "an import within one": "import outer",
    "an object's end": """
class Ends:
    def __del__(self):
        press()
Ends()
""",
    "a callback that cannot raise": """
import weakref
class Kept: pass
kept = Kept()
reference = weakref.ref(kept, lambda _: press())
del kept
""",
    "code that catches everything, once": "swallow()",
    "code with an alarm of its own": """
signal.signal(signal.SIGALRM, lambda *_: print("mine"))
swallow()
""",
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("where", LOSES.values(), ids=LOSES)
def test_what_loses_it_does_not_go_on(where: str, tmp_path: Path) -> None:
    (tmp_path / "swallows.py").write_text(_SWALLOWS)
    (tmp_path / "outer.py").write_text("import swallows\n")
    run = _run(tmp_path, where + _GOES_ON)
    assert (run.returncode, run.stdout) == (CANCELLED, "")
    # Python itself tells of what a callback raised.
    assert run.stderr.endswith(_TOLD)


def test_an_import_is_not_broken_off(tmp_path: Path) -> None:
    """A compiled module that was imported by half cannot be imported again."""
    (tmp_path / "swallows.py").write_text(_SWALLOWS)
    (tmp_path / "outer.py").write_text("import swallows\nprint(swallows.caught)\n")
    _assert_cancelled(_run(tmp_path, "import outer" + _GOES_ON), "False\n")


def test_an_import_that_takes_long_is_broken_off(tmp_path: Path) -> None:
    (tmp_path / "long.py").write_text(f"import time\nprint('here')\n{_GOES_ON}")
    body = "import threading; threading.Timer(0.3, press).start(); import long"
    _assert_cancelled(_run(tmp_path, body), "here\n")


def test_whoever_catches_it_again_and_again_is_left(tmp_path: Path) -> None:
    body = """
for number in range(2_000):
    try:
        if number == 10: press()
        time.sleep(0.01)
    except BaseException:
        pass
"""
    _assert_cancelled(_run(tmp_path, body))


ORDERLY = {
    "finally": """
try:
    press()
finally:
    time.sleep(0.5)
    print("in order")
""",
    "a context": """
import contextlib
@contextlib.contextmanager
def context():
    try:
        yield
    finally:
        time.sleep(0.5)
        print("in order")
with context():
    press()
""",
    "an error made of it": """
try:
    press()
except BaseException as error:
    try:
        raise UsageError("It", "Do not.") from error
    finally:
        time.sleep(0.5)
        print("in order")
""",
    "a generator that nobody goes on with": """
def generator():
    try:
        yield
    finally:
        time.sleep(0.5)
        print("in order")
for _ in generator():
    press()
""",
}


@pytest.mark.parametrize("body", ORDERLY.values(), ids=ORDERLY)
def test_what_puts_things_in_order_is_not_broken_off(body: str, tmp_path: Path) -> None:
    _assert_cancelled(_run(tmp_path, body), "in order\n")


def test_what_was_lost_is_found_before_a_result_is_shown(tmp_path: Path) -> None:
    run = _run(tmp_path, 'swallow()\nscreen.show_json({"bars": 5})', "--json")
    assert (run.returncode, run.stderr) == (CANCELLED, _TOLD)
    assert json.loads(run.stdout)["error"]["code"] == "cancelled"


def test_what_was_lost_is_found_at_the_end(tmp_path: Path) -> None:
    _assert_cancelled(_run(tmp_path, "swallow()"))


def test_it_is_told_and_not_what_it_was_made_into(tmp_path: Path) -> None:
    body = """
try:
    press()
except BaseException as error:
    raise UsageError("There is no such strategy.", "Name one.") from error
"""
    _assert_cancelled(_run(tmp_path, body))


@pytest.mark.parametrize("presses", [1, 2])
def test_no_second_document_follows_the_result(presses: int, tmp_path: Path) -> None:
    """While the result is printed, and while the program then lets go of what it holds."""
    body = f"""
screen.show_json({{"bars": 5}})
try:
    press()
finally:
    if {presses} > 1:
        from entrypoints.cli import main
        main._told = lambda _: press()
"""
    run = _run(tmp_path, body, "--json")
    assert (run.returncode, run.stderr) == (CANCELLED, _TOLD)
    assert json.loads(run.stdout) == {"bars": 5}


def test_a_thread_that_goes_on_is_not_waited_for(tmp_path: Path) -> None:
    body = """
import threading
def go_on():
    time.sleep(10)
    os.write(1, b"went on")
threading.Thread(target=go_on).start()
press()
"""
    _assert_cancelled(_run(tmp_path, body))


def test_another_press_ends_what_holds_the_first_up(tmp_path: Path) -> None:
    body = """
signal.signal(signal.SIGALRM, lambda *_: None)
swallow()
time.sleep(1.1)
swallow()
"""
    _assert_cancelled(_run(tmp_path, body + _GOES_ON))


def test_what_is_forked_ends_without_a_word(tmp_path: Path) -> None:
    body = """
child = os.fork()
if not child:
    press()
    time.sleep(10)
_, status = os.waitpid(child, 0)
print(os.waitstatus_to_exitcode(status))
"""
    run = _run(tmp_path, body)
    assert (run.returncode, run.stdout, run.stderr) == (0, "-2\n", "")


def test_what_is_registered_for_the_end_is_done(tmp_path: Path) -> None:
    body = """
import atexit
atexit.register(lambda: os.write(1, b"at the end"))
press()
"""
    _assert_cancelled(_run(tmp_path, body), "at the end")


def test_what_puts_things_in_order_may_take_long(tmp_path: Path) -> None:
    body = """
try:
    press()
finally:
    time.sleep(3)
    os.write(1, b"in order")
"""
    _assert_cancelled(_run(tmp_path, body), "in order")
