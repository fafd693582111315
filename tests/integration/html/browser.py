"""A headless Chromium, driven over a pipe by the DevTools protocol: no driver, no port, no package.

The protocol is https://chromedevtools.github.io/devtools-protocol/: JSON documents, each followed
by a zero byte, that the browser reads from descriptor 3 and writes to descriptor 4.
"""

from __future__ import annotations

import base64
import fcntl
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Descriptors 3 and 4 may be in use by others until the child has its own.
_FREE = 20
_START = """
import os, sys
commands, answers, *command = sys.argv[1:]
os.dup2(int(commands), 3)
os.dup2(int(answers), 4)
os.execv(command[0], command)
"""
_FLAGS = (
    "--headless=new",
    "--remote-debugging-pipe",
    # Containers run tests as root, where Chromium's own sandbox does not start.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    # Nothing can be fetched from anywhere, whatever a page tries.
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
_TROUBLE = ("error", "warning", "assert")


def find_browser() -> str | None:
    """Return the path of a Chromium, or None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@attrs.define
class Connection:
    """Sends commands and reads answers and events, one at a time, waiting as long as it takes."""

    commands: int
    answers: int
    events: list[dict[str, Any]] = attrs.field(factory=list)
    _numbers: Iterator[int] = attrs.field(factory=lambda: itertools.count(1))
    _read: bytes = b""

    def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Return the result of a command; events that come before it are kept."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return dict(answer["result"])
            self.events.append(answer)

    def wait(self, method: str, session: str) -> dict[str, Any]:
        """Return the next event of this name; those before it are kept."""
        while True:
            event = self._next()
            self.events.append(event)
            if event.get("method") == method and event.get("sessionId") == session:
                return event

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._read:
            block = os.read(self.answers, 1 << 20)
            assert block, "Chromium ended"
            self._read += block
        message, self._read = self._read.split(b"\0", 1)
        return dict(json.loads(message))


class Browser:
    """A running Chromium with a profile of its own in `folder`."""

    def __init__(self, executable: str, folder: Path) -> None:
        commands, write = (fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, _FREE) for one in _pipe())
        read, answers = (fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, _FREE) for one in _pipe())
        start = [sys.executable, "-c", _START, f"{commands}", f"{answers}", executable]
        with (folder / "chromium.log").open("wb") as log:
            self._process = subprocess.Popen(
                [*start, *_FLAGS, f"--user-data-dir={folder / 'profile'}", "about:blank"],
                pass_fds=(commands, answers),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # A home of its own: nothing of the user's is read or changed.
                env={**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder)},
            )
        os.close(commands)
        os.close(answers)
        self.connection = Connection(write, read)

    def open(self, page: Path, **settings: Any) -> Page:
        """Open a file in a tab of its own; see `Page` for the settings."""
        return Page(self.connection, page.as_uri(), **settings)

    def close(self) -> None:
        """End the browser, which does so by itself where the tests end without this."""
        self.connection.call("Browser.close")
        os.close(self.connection.commands)
        self._process.wait()
        os.close(self.connection.answers)


def _pipe() -> Iterator[int]:
    """Yield the two ends of a pipe, each closed once it has been copied."""
    for end in os.pipe():
        yield end
        os.close(end)


class Page:
    """A page in a tab of `width` CSS pixels, in light or `dark`, that may run `scripts` or not.

    On a `touch` screen fingers point, and no mouse.
    """

    def __init__(
        self,
        connection: Connection,
        address: str,
        *,
        width: int = 1280,
        height: int = 900,
        dark: bool = False,
        scripts: bool = True,
        touch: bool = False,
    ) -> None:
        self._connection = connection
        self.address = address
        self._scripts = scripts
        self._target = connection.call("Target.createTarget", url="about:blank")["targetId"]
        attached = connection.call("Target.attachToTarget", targetId=self._target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.resize(width, height, touch=touch)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url=address)
        connection.wait("Page.loadEventFired", self._session)
        self.settle()

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Return the result of a command on this tab."""
        return self._connection.call(method, self._session, **params)

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression, once it is there where it is a promise."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def settle(self) -> None:
        """Wait until what the page has to draw by now is drawn; without scripts that is nothing."""
        # In a tab behind another no frame is drawn, and waiting for one would never end.
        self.call("Page.bringToFront")
        if self._scripts:
            self.evaluate(
                "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => "
                "setTimeout(done))))"
            )

    def resize(self, width: int, height: int, *, touch: bool = False) -> None:
        """Give the tab another size, in CSS pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=touch,
        )
        self.call("Emulation.setTouchEmulationEnabled", enabled=touch)

    def hover(self, selector: str) -> None:
        """Point at the middle of an element, which is scrolled to first."""
        self._to_middle(selector)
        self.point(selector)

    def point(self, selector: str) -> None:
        """Point at the middle of an element where it is."""
        x, y = self.middle(selector)
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        self.settle()

    def tap(self, selector: str) -> None:
        """Touch the middle of an element, which is scrolled to first, with a finger."""
        self._to_middle(selector)
        x, y = self.middle(selector)
        self.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        self.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
        self.settle()

    def _to_middle(self, selector: str) -> None:
        self.evaluate(
            f"document.querySelector({json.dumps(selector)})"
            ".scrollIntoView({block: 'center', inline: 'center'})"
        )
        self.settle()

    def middle(self, selector: str) -> tuple[float, float]:
        """Return where the middle of an element is on the screen."""
        x, y = self.evaluate(
            f"(box => [box.x + box.width / 2, box.y + box.height / 2])"
            f"(document.querySelector({json.dumps(selector)}).getBoundingClientRect())"
        )
        return x, y

    def press(self, key: str, modifiers: int = 0) -> None:
        """Press and let go of a key, such as `Tab` or `n`; with modifiers 2, Control is held."""
        text = {"text": key} if len(key) == 1 else {}
        code = {"windowsVirtualKeyCode": _CODES[key]} if key in _CODES else {}
        params: dict[str, Any] = {"key": key, "modifiers": modifiers, **code}
        self.call("Input.dispatchKeyEvent", type="keyDown", **params, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **params)
        self.settle()

    def close(self) -> None:
        """Close the tab."""
        self._connection.call("Target.closeTarget", targetId=self._target)

    def screenshot(self, path: Path, *, full: bool = False) -> None:
        """Save what is seen, or the `full` page, as PNG."""
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=full)
        path.write_bytes(base64.b64decode(shot["data"]))

    def trouble(self) -> list[str]:
        """Return what the console tells of as a warning or worse, and what was not caught."""
        return [text for event in self._events() for text in _troubles(event)]

    def requests(self) -> list[str]:
        """Return the addresses that the page asked for, but for its own."""
        asked = [
            str(event["params"]["request"]["url"])
            for event in self._events()
            if event.get("method") == "Network.requestWillBeSent"
        ]
        return [address for address in asked if address != self.address]

    def _events(self) -> list[dict[str, Any]]:
        # What has happened by now has been told once a command is answered.
        self.evaluate("0")
        return [one for one in self._connection.events if one.get("sessionId") == self._session]


_CODES = {
    "Tab": 9, "Enter": 13, "Escape": 27, "PageUp": 33, "PageDown": 34, "End": 35, "Home": 36,
    "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40,
}  # fmt: skip


def _troubles(event: dict[str, Any]) -> Iterator[str]:
    method, params = event.get("method"), event.get("params", {})
    if method == "Runtime.exceptionThrown":
        yield str(params["exceptionDetails"])
    if method == "Runtime.consoleAPICalled" and params["type"] in _TROUBLE:
        yield str(params["args"])
    if method == "Log.entryAdded" and params["entry"]["level"] in _TROUBLE:
        yield str(params["entry"]["text"])
