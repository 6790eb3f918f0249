"""Drives a headless Chromium over its debugging pipe, with nothing but the standard library."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Callable

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# Puts two pipes where the browser looks for them, and becomes the browser.
PLUMBING = """
import fcntl, os, sys
take, give = (fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in sys.argv[1:3])
os.dup2(take, 3); os.dup2(give, 4)
os.execvp(sys.argv[3], sys.argv[3:])
"""


def chromium() -> str | None:
    """The browser's path; PIMNAS_CHROMIUM names another one."""
    given = os.environ.get("PIMNAS_CHROMIUM")
    return given or next((path for path in map(shutil.which, NAMES) if path), None)


class Browser:
    """A browser with one tab; everything that it tells is kept in `events`."""

    def __init__(self, path: str) -> None:
        self.profile = tempfile.TemporaryDirectory(prefix="pimnas-browser-")
        (take, self._give), (self._take, give) = os.pipe(), os.pipe()
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
                 "--disable-background-networking", "--disable-dev-shm-usage",
                 "--force-color-profile=srgb", "--hide-scrollbars",
                 f"--user-data-dir={self.profile.name}", "--remote-debugging-pipe", "about:blank"]
        self.process = subprocess.Popen(
            [sys.executable, "-c", PLUMBING, str(take), str(give), path, *flags],
            pass_fds=(take, give), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(take)
        os.close(give)
        self.events: list[dict[str, Any]] = []
        self._rest = b""
        self._count = 0
        self._session: str | None = None
        self._arrived: dict[int, dict[str, Any]] = {}
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Calls a method of the protocol and gives its result."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        text = memoryview(json.dumps(message).encode() + b"\0")
        while text:
            text = text[os.write(self._give, text):]
        self._until(lambda: self._count in self._arrived, method)
        answer = self._arrived.pop(self._count)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def _until(self, done: Callable[[], bool], what: str, seconds: float = 120) -> None:
        end = time.monotonic() + seconds
        while not done():
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._take], [], [], left)[0]:
                raise TimeoutError(f"{what}: the browser does not answer")
            read = os.read(self._take, 1 << 20)
            if not read:
                raise RuntimeError(f"{what}: the browser is gone")
            *whole, self._rest = (self._rest + read).split(b"\0")
            for message in map(json.loads, whole):
                if "id" in message:
                    self._arrived[message["id"]] = message
                else:
                    self.events.append(message)

    def open(self, url: str) -> None:
        """Loads a page to its end, and forgets what was told before."""
        self.events.clear()
        self.call("Page.navigate", url=url)
        self._until(lambda: bool(self.told("Page.loadEventFired")), "load")
        self.settle()

    def told(self, method: str) -> list[dict[str, Any]]:
        """The events of that kind."""
        return [event["params"] for event in self.events if event["method"] == method]

    def settle(self) -> None:
        """Waits until what is queued for the next pictures is drawn."""
        self.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True,
                           awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def window(self, width: int, height: int, *, mobile: bool = False) -> None:
        """The size of the page's window."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=2 if mobile else 1, mobile=mobile)
        self.settle()

    def mouse(self, kind: str, x: float, y: float) -> None:
        """A move, press or release of the mouse at a place of the window."""
        self.call("Input.dispatchMouseEvent", type=f"mouse{kind}", x=x, y=y, button="left",
                  buttons=int(kind != "Released"), clickCount=1)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Drags the mouse."""
        self.mouse("Pressed", *start)
        for step in (0.25, 0.5, 0.75, 1.0):
            self.mouse("Moved", *(a + (b - a) * step for a, b in zip(start, end)))
        self.mouse("Released", *end)
        self.settle()

    def key(self, key: str, *, shift: bool = False) -> None:
        """Presses a key."""
        for kind in ("rawKeyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, modifiers=8 if shift else 0)
        self.settle()

    def picture(self, file: Path, *, whole: bool = True) -> None:
        """Writes a picture of the page."""
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        file.write_bytes(base64.b64decode(shot["data"]))

    def pdf(self) -> bytes:
        """The page in print."""
        answer = self.call("Page.printToPDF", printBackground=True, preferCSSPageSize=True)
        return base64.b64decode(answer["data"])

    def close(self) -> None:
        """Ends the browser."""
        try:
            self._session = None
            self.call("Browser.close")
        except (OSError, RuntimeError, TimeoutError):
            self.process.kill()
        self.process.wait(timeout=30)
        os.close(self._take)
        os.close(self._give)
        self.profile.cleanup()
