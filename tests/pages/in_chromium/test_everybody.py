"""Every page for everybody, and each as the first that a fresh process is asked for: it has its place in the navigation, asks nobody
else for anything, axe finds nothing serious in either look, and a small window is enough."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import axe
import browser as driver
import page_story
import pytest
import warm
from browser import Server, Visit
from gated import TEMPLATE

from prompts import channels
from runs import query
from runs.compare import find_arms
from runs.ratings import begin
from runs.workspace import Workspace

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

pytestmark = pytest.mark.slow
Address = Mapping[str, str | list[str]]
ARMS = {"a": f"{page_story.SHOTS}:a", "b": f"{page_story.SHOTS}:b"}
CLIP_ARMS = {"a": f"{page_story.CLIPS}:a", "b": f"{page_story.CLIPS}:b"}
STILL, CLIP = {**ARMS, "case": page_story.HOSTILE}, {**CLIP_ARMS, "case": "series-2-clip-2"}
VERSIONS = ["script/episode@plain", "script/episode"]
PAGES: Mapping[str, tuple[str, Address]] = {
    "runs": ("", {}),
    "compare": ("compare", {**ARMS, "w": "all"}),
    "slices": ("compare", {**ARMS, "view": "slices", "by": "series"}),
    "cost": ("compare", {**ARMS, "view": "cost"}),
    "faces": ("case", {**STILL, "ev": "faces"}),
    "expression": ("case", {**CLIP, "ev": "expression"}),
    "prompts": ("case", {**STILL, "ev": "diff"}),
    "lineage": ("case", {**STILL, "ev": "lineage"}),
    "raw": ("case", {**ARMS, "case": "series-0-shot-1", "ev": "raw"}),
    "script": ("case", {"ev": "logic", "m": "logic"}),
    "templates": ("prompts", {}),
    "prompt": ("prompts", {"name": "shot/keyframe"}),
    "changes": ("prompts", {"name": "script/episode", "show": "changes"}),
    "broken": ("prompts", {"name": "shot/broken"}),
    "launch": ("launch", {"suite": "script", "v": VERSIONS}),
    "run": ("run", {"id": page_story.SHOTS}),
    "queues": ("review", {}),
    "review": ("review", {"person": "ann"}),
    "channels": ("promote", {}),
    "promote": ("promote", {"template": TEMPLATE}),
    "scorers": ("scorers", {}),
    "search": ("search", {"q": "bold", "kind": "reasons"}),
    "error": ("compare", {"a": "x:a", "b": "x:b"}),
}
FOLLOWED_S = driver.WAIT_MS / 1000
LOOKS = {"light": "rgb(255, 255, 255)", "dark": "rgb(17, 19, 24)"}
NAVIGATION = ["Runs", "Write", "Launch", "Compare", "Review", "Promote", "Scorers", "Search"]
TITLES = {"": "Runs", "prompts": "Write", "run": "Run", "case": "Case"} | {name.lower(): name for name in NAVIGATION}
BACKGROUND = "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"
WIDE = """(main => main.scrollWidth > main.clientWidth)(document.querySelector('[data-testid=stMain]'))
|| document.documentElement.scrollWidth > innerWidth"""


@pytest.fixture(scope="module")
def visit(usual: BrowserContext) -> Iterator[Visit]:
    """One tab in a small window that all pages are shown in, one after the other."""
    opened = driver.visit(usual)
    opened.page.set_viewport_size({"width": 1024, "height": 768})
    yield opened
    opened.page.close()


@pytest.fixture(scope="module")
def port() -> int:
    """The same one for all: what the browser has loaded of the app's code it keeps."""
    return driver.free_port()


@pytest.fixture(scope="module")
def missing(own: Workspace) -> Mapping[str, Address]:
    """What an address takes that is known only when the workspace has been made."""
    scripts = query.arms(own, stage="script")
    run = scripts.loc[scripts["ref"] == VERSIONS[0], "run_id"].iloc[-1]
    queue = begin(own, *find_arms(own, ARMS["a"], ARMS["b"]), actor="chief", seed=5, rubric=("face",))
    report = next(iter(channels.load(own.prompts)[0].gates))[:12]
    return {"script": {"a": f"{run}:a", "b": f"{run}:b"}, "review": {"queue": queue}, "promote": {"report": report}}


@pytest.fixture(scope="module")
def script() -> str:
    return axe.source()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_opened_cold_asks_nobody_else_fits_a_small_window_and_can_be_read_in_both_looks(
    port: int, own: Workspace, visit: Visit, missing: Mapping[str, Address], script: str, tmp_path: Path, name: str
) -> None:
    """With traps in every text of the log; when the system's look changes, the page follows without being loaded again."""
    with driver.fresh(warm.shared(), own.root, tmp_path / "log.txt", port) as server:
        looked_at(server, visit, missing, script, name)


def looked_at(server: Server, visit: Visit, missing: Mapping[str, Address], script: str, name: str) -> None:
    path, address = PAGES[name]
    visit.requests.clear()
    visit.errors.clear()
    # Every other page is loaded in the dark.
    looks = list(LOOKS.items())[:: -1 if list(PAGES).index(name) % 2 else 1]
    visit.page.emulate_media(color_scheme=looks[0][0])  # type: ignore[arg-type]
    page = visit.open(server.url(path, **address, **missing.get(name, {})))
    assert not page.get_by_test_id("stException").count()
    assert page.get_by_role("link", name="All runs").count() == (name == "error")
    # A page that runs without the router shows names of files, and the window has another title.
    assert [link.inner_text().strip() for link in page.get_by_test_id("stTopNavLink").all()] == NAVIGATION
    assert page.title() == f"{TITLES[path]} · Microdrama Workbench"
    for width, height in ((1400, 900), (1024, 768)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function(f"!({WIDE})")  # tables take the new width a moment later
    page.evaluate(script)
    for look, colour in looks:
        page.emulate_media(color_scheme=look)  # type: ignore[arg-type]
        page.wait_for_function(f"{BACKGROUND} === '{colour}'")
        serious = unreadable(visit)
        assert not serious, look
    asked = {url.split("/")[2] for url in visit.requests if not url.startswith(("data:", "blob:"))}
    assert asked == {f"127.0.0.1:{server.port}"}
    assert not visit.errors


def unreadable(visit: Visit) -> list[tuple[str, str]]:
    """Return what axe finds serious, when the server has followed the browser's look; a busy one does that some time after it began."""
    end = time.monotonic() + FOLLOWED_S
    while True:
        page = visit.settle()
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        assert found["passes"]
        serious = [(v["id"], v["nodes"][0]["html"]) for v in found["violations"] if v["impact"] in ("serious", "critical")]
        if not serious or time.monotonic() > end:
            return serious
