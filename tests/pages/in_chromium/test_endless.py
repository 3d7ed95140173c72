"""Lines of ten megabytes, full of traps, as an output, an answer, a reason and a message: every page that quotes them stays a page."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import page_story
import pytest
from browser import Server, Visit

from pages.ui import outputs
from runs.workspace import Workspace

pytestmark = pytest.mark.slow
Tab = Callable[..., Visit]
ARMS = {"a": f"{page_story.ENDLESS}:a", "b": f"{page_story.ENDLESS}:b"}
STABLE_S = 60
"""Time from the address to a page at rest, on a machine that has much else to do; alone it takes about one second."""
HEAP, SENT = 150 << 20, 1 << 20
"""Bytes that the page's scripts may hold, and that the server may send for one page."""
PAGES: dict[str, tuple[str, dict[str, str]]] = {
    "case": ("case", {**ARMS, "ev": "raw"}),
    "runs": ("", {"q": "endless1"}),
    "run": ("run", {"id": page_story.ENDLESS}),
    "compare": ("compare", {**ARMS, "w": "all"}),
    "reasons": ("search", {"q": "bold", "kind": "reasons"}),
    "errors": ("search", {"q": "bold", "kind": "errors"}),
    "outputs": ("search", {"q": "bold", "kind": "outputs"}),
}


def test_lines_of_ten_megabytes_hang_no_page_ask_nobody_and_fill_no_memory(
    server: Server, own: Workspace, tab: Tab, tmp_path: Path
) -> None:
    """The head is shown, as text; how much more there is is said; the whole can be taken along."""
    page_story.add_endless(own)
    visit, received = tab(), [0]
    visit.page.on("websocket", lambda one: one.on("framereceived", lambda data: received.__setitem__(0, received[0] + len(data))))
    for name, (path, address) in PAGES.items():
        received[0], began = 0, time.monotonic()
        page = visit.open(server.url(path, **address))
        assert time.monotonic() - began < STABLE_S, name
        assert not page.get_by_test_id("stException").count(), name
        assert 0 < received[0] < SENT, name
        assert page.evaluate("performance.memory.usedJSHeapSize") < HEAP, name
        assert page.get_by_role("link", name="All runs").count() == 0, name
        if name == "case":
            assert page.get_by_text(f"The first {outputs.MOST_TEXT:,} characters; 9,8").is_visible()
            with page.expect_download() as arriving:
                page.get_by_role("button", name="The whole text").click()
            arriving.value.save_as(tmp_path / "whole.txt")
            assert (tmp_path / "whole.txt").stat().st_size > page_story.LINE
    asked = {url.split("/")[2] for url in visit.requests if not url.startswith(("data:", "blob:"))}
    assert asked == {f"127.0.0.1:{server.port}"}
    assert not visit.errors
