"""The system's Chromium driven by Playwright, and the app as a process of its own."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from warm import Warm

ROOT = Path(__file__).parents[2]
SUPPORT = Path(__file__).parent
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars",
)  # fmt: skip
WAIT_MS = 90_000
EVERY_MS = 100
"""How often a page is asked whether it is at rest: with each frame, as is usual, costs a fifth of all that a browser computes."""
# The page says that its script runs only when the server has said so, which a busy one does late. So it is noted when the page asks for a
# run (field 11 of what it sends) and when it hears of one (field 4, after a hash and metadata): in between it is not at rest.
NOTE = """(() => {
  const RERUN_SCRIPT = 11, NEW_SESSION = 4, METADATA = 2, send = WebSocket.prototype.send;
  const varint = (bytes, at) => {
    let value = 0, shift = 0, byte;
    do { byte = bytes[at++]; value |= (byte & 127) << shift; shift += 7; } while (byte & 128);
    return [value, at];
  };
  const kind = bytes => {
    for (let at = 0; at < bytes.length;) {
      const [tag, next] = varint(bytes, at);
      if (tag >> 3 > METADATA) return tag >> 3;
      const [length, begin] = varint(bytes, next);
      at = begin + length;
    }
  };
  WebSocket.prototype.send = function (data) {
    if (data instanceof Uint8Array && kind(data) === RERUN_SCRIPT) {
      window.unanswered = true;
      if (!this.noted) this.addEventListener('message', said => {
        if (said.data instanceof ArrayBuffer && kind(new Uint8Array(said.data)) === NEW_SESSION) window.unanswered = false;
      });
      this.noted = true;
    }
    return send.call(this, data);
  };
})()"""
# No run that was asked for is still to begin, the script has ended, nothing stands for something that is still loading, the data grids
# have drawn themselves, and nothing unfolds any more: what still moves is gone from under the mouse between its press and its release,
# and the click goes nowhere.
IDLE = """() => {
  const app = document.querySelector('[data-testid="stApp"]');
  return app && window.unanswered === false
    && app.getAttribute('data-test-script-state') === 'notRunning'
    && app.getAttribute('data-test-connection-state') === 'CONNECTED'
    && !document.querySelector('[data-testid="stSkeleton"],[data-testid="stAppSkeleton"],[data-stale="true"]')
    && document.getAnimations().every(a => a.playState !== 'running' || a.effect.getComputedTiming().endTime === Infinity);
}"""


@dataclass
class Server:
    """The app, serving a workspace."""

    port: int
    log: Path

    def url(self, path: str = "", **parameters: str | list[str]) -> str:
        """Return the address of a page; a list gives a parameter several times."""
        return f"http://127.0.0.1:{self.port}/{path}" + (f"?{urlencode(parameters, doseq=True)}" if parameters else "")


@dataclass
class Visit:
    """A tab, everything that it has asked for, and what its console complained about."""

    page: Page
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def open(self, url: str) -> Page:
        """Open an address and wait until the page is drawn."""
        self.page.goto(url, wait_until="commit", timeout=WAIT_MS)
        return self.settle()

    def settle(self) -> Page:
        """Wait until nothing is being drawn, and stays so for a moment."""
        for _ in range(2):
            self.page.wait_for_function(IDLE, timeout=WAIT_MS, polling=EVERY_MS)
            self.page.wait_for_timeout(250)
        return self.page

    def unfold(self, label: str) -> None:
        """Unfold what is folded up under a label, and wait until it has unfolded."""
        self.page.locator("summary", has_text=label).click()
        self.settle()


def free_port() -> int:
    """Return a port that nobody listens on, and that the system gives to nobody who asks for any: it is free until it is used."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as found, contextlib.suppress(OSError):
            found.bind(("127.0.0.1", port))
            return port


@contextlib.contextmanager
def served(workspace: Path, log: Path, *, by_streamlit: bool = False, port: int = 0) -> Iterator[Server]:
    """Start the app on a port, or on a free one, with `workbench ui` or with `streamlit run workbench.py`; it stops at the end."""
    port = port or free_port()
    ours = [sys.executable, "workbench.py", "--workspace", str(workspace), "ui", "--port", str(port)]
    theirs = [sys.executable, "-m", "streamlit", "run", "workbench.py", "--server.port", str(port)]
    environment = {
        **os.environ,
        "WORKBENCH_WORKSPACE": str(workspace),
        "HOME": str(log.parent),
        "PYTHONPATH": os.pathsep.join((str(SUPPORT), str(ROOT))),
    }
    with (
        log.open("wb") as out,
        subprocess.Popen(theirs if by_streamlit else ours, cwd=ROOT, env=environment, stdout=out, stderr=out) as process,
    ):
        try:
            _wait(port, process.poll, log)
            yield Server(port, log)
        finally:
            process.terminate()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait(port: int, status: Callable[[], int | None], log: Path) -> None:
    end = time.monotonic() + WAIT_MS / 1000
    while time.monotonic() < end:
        if (ended := status()) is not None:
            raise AssertionError(f"the app ended with {ended}: {log.read_text('utf-8', 'replace')}")
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5):
            return
        time.sleep(0.1)
    raise AssertionError("the app does not answer")


@contextlib.contextmanager
def fresh(warm: Warm, workspace: Path, log: Path, port: int) -> Iterator[Server]:
    """Start the app in a process that nobody has asked for anything yet, with its imports done; it is killed at the end."""
    pid = warm.start(["--workspace", str(workspace), "ui", "--port", str(port)], log, HOME=str(log.parent))
    try:
        _wait(port, lambda: None, log)
        yield Server(port, log)
    finally:
        warm.stop(pid)


def executable() -> str | None:
    """Return where the system's Chromium is."""
    return next((path for name in CHROMIUM if (path := shutil.which(name))), None)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Start the system's Chromium; skip the test where there is none."""
    found = executable()
    if found is None:
        pytest.skip("there is no Chromium on this machine")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, headless=True, args=list(FLAGS))
        yield browser
        browser.close()


@contextlib.contextmanager
def profile(browser: Any, *, dark: bool = False, width: int = 1400, height: int = 900) -> Iterator[Any]:
    """Open an empty profile, whose tabs share a cache."""
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light")
    context.set_default_timeout(WAIT_MS)
    context.add_init_script(NOTE)
    try:
        yield context
    finally:
        context.close()


def visit(context: Any) -> Visit:
    """Open a tab of a profile."""
    opened = Visit(context.new_page())
    opened.page.on("request", lambda request: opened.requests.append(request.url))
    opened.page.on("websocket", lambda websocket: opened.requests.append(websocket.url))
    opened.page.on("pageerror", lambda error: opened.errors.append(str(error)))
    return opened


@contextlib.contextmanager
def tab(browser: Any, *, dark: bool = False, width: int = 1400, height: int = 900) -> Iterator[Visit]:
    """Open a tab with an empty profile."""
    with profile(browser, dark=dark, width=width, height=height) as context:
        yield visit(context)
