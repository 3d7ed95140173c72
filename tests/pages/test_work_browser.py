"""The pages of the day's work in a real browser: Write follows the files, Launch starts a run, Watch shows, stops and resumes it."""

from __future__ import annotations

import contextlib
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import axe
import browser as driver
import page_story
import pytest
from browser import Server, Visit

from runs import query
from runs.workspace import Workspace

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow
Tab = Callable[..., Visit]
SHOTS = ["shot/keyframe@plain", "shot/keyframe"]
WAIT_MS = 90_000
PAGES: dict[str, tuple[str, dict[str, str | list[str]]]] = {
    "templates": ("prompts", {}),
    "prompt": ("prompts", {"name": "shot/keyframe"}),
    "changes": ("prompts", {"name": "script/episode", "show": "changes"}),
    "launch": ("launch", {"suite": "script", "v": ["script/episode@plain", "script/episode"]}),
    "run": ("run", {"id": page_story.SHOTS}),
    "search": ("search", {"q": "bold", "kind": "reasons"}),
    "broken": ("prompts", {"name": "shot/broken"}),
}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with driver.chromium() as found:
        yield found


@pytest.fixture(scope="module")
def own(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A copy of the workspace, with a template that is broken and full of traps."""
    ws = Workspace(Path(shutil.copytree(workspace.root, tmp_path_factory.mktemp("work") / "drama")))
    (ws.prompts / "shot" / "broken.j2").write_text(f"---\nstage: shot\n---\n{page_story.HOSTILE}\n{{{{ 1 + }}}}\n")
    return ws


@pytest.fixture(scope="module")
def server(own: Workspace, chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with driver.served(own.root, tmp_path_factory.mktemp("server") / "log.txt") as found:
        yield found


@pytest.fixture
def tab(chromium: Browser) -> Iterator[Tab]:
    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context(driver.tab(chromium, **options))


def test_the_first_visit_of_a_fresh_server_may_be_a_template(server: Server, tab: Tab) -> None:
    page = tab().open(server.url("prompts", name="shot/keyframe", v="shot/keyframe@plain"))
    assert page.title() == "Write · Microdrama Workbench"
    assert page.get_by_text("A cinematic vertical 9x16 film still").is_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_no_page_asks_anybody_else_and_everybody_can_read_it(server: Server, tab: Tab, dark: bool) -> None:
    """No request leaves 127.0.0.1; axe finds nothing serious; nothing is wider than a small window; nothing of ours throws."""
    script = axe.source()
    visit = tab(dark=dark, width=1024, height=768)
    for name, (path, parameters) in PAGES.items():
        page = visit.open(server.url(path, **parameters))
        asked = {url.split("/")[2] for url in visit.requests if not url.startswith(("data:", "blob:"))}
        assert asked == {f"127.0.0.1:{server.port}"}, name
        assert not visit.errors, name
        assert page.evaluate("(main => main.scrollWidth <= main.clientWidth)(document.querySelector('[data-testid=stMain]'))"), name
        page.evaluate(script)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        serious = [(v["id"], v["nodes"][0]["html"]) for v in found["violations"] if v["impact"] in ("serious", "critical")]
        assert found["passes"]
        assert not serious, name


def test_a_saved_file_is_shown_at_once_and_nothing_moves_before(server: Server, own: Workspace, tab: Tab) -> None:
    """The page follows the editor: a change appears, breaking it shows the place, mending it shows the prompt again."""
    path = own.prompts / "shot" / "keyframe.j2"
    text = path.read_text("utf-8")
    page = tab().open(server.url("prompts", name="shot/keyframe", case="sea-debt-shot-1"))
    page.evaluate(
        """() => { window.moved = 0;
                   new MutationObserver(all => { window.moved += all.filter(one => one.type === 'childList').length; })
                     .observe(document.querySelector('[data-testid=stMainBlockContainer]'), {subtree: true, childList: true}); }"""
    )
    page.wait_for_timeout(2500)
    assert page.evaluate("window.moved") == 0
    path.write_text(text.replace("Format: vertical", "Frame format: vertical"), "utf-8")
    page.get_by_text("Frame format: vertical 9:16").wait_for(timeout=15_000)
    path.write_text(text + "{% if %}\n", "utf-8")
    page.get_by_text("✗ Expected an expression").wait_for(timeout=15_000)
    path.write_text(text, "utf-8")
    page.get_by_text("Format: vertical 9:16 film still", exact=False).first.wait_for(timeout=15_000)
    assert not page.get_by_test_id("stException").count()


def test_a_click_on_a_template_opens_it(server: Server, tab: Tab) -> None:
    visit = tab()
    page = visit.open(server.url("prompts"))
    box = page.get_by_test_id("stDataFrame").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 150, box["y"] + 36 + 17 + 35)
    page.wait_for_url("**name=script%2Fepisode**")
    visit.settle()
    assert page.get_by_text("你是竖屏微短剧编剧").first.is_visible()


def test_a_run_is_launched_watched_stopped_and_resumed_and_needs_no_browser(server: Server, own: Workspace, tab: Tab) -> None:
    """A double click starts one run; the page moves; Stop stops it, Resume resumes it; closed, it finishes all the same."""
    before = set(query.runs(own)["run_id"])
    visit = tab()
    page = visit.open(server.url("launch", suite="shot", v=SHOTS))
    for label, value in (("Repeats", "1"), ("At most cases", "20")):
        box = page.get_by_role("spinbutton", name=label)
        box.fill(value)
        box.press("Enter")
        visit.settle()
    page.get_by_text("--repeats 1 --limit 20").wait_for()
    page.get_by_role("button", name="Start").dblclick()
    page.wait_for_url("**/run?id=**", timeout=WAIT_MS)
    run_id = page.url.partition("id=")[2]
    page.get_by_text(re.compile(r"^[1-9]\d? of 40$")).wait_for(timeout=WAIT_MS)
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("◼ stopped").wait_for(timeout=WAIT_MS)
    assert query.progress(own, run_id)["done"] < 40
    page.get_by_role("button", name="Resume").click()
    page.get_by_text("◐ running").wait_for(timeout=WAIT_MS)
    page.context.close()
    end = time.monotonic() + 120
    while query.progress(own, run_id)["state"] == "running" and time.monotonic() < end:
        time.sleep(0.3)
    assert query.progress(own, run_id)["state"] == "finished"
    assert query.progress(own, run_id)["ok"] == 40
    assert set(query.runs(own)["run_id"]) - before == {run_id}
    assert not visit.errors
