"""Many hands on one workspace: eight runs of the command line and two browsers, each a process of its own, all at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import browser as driver
import page_story
import pytest
import warm
from browser import Server, Visit

from prompts import channels
from runs import query
from runs.compare import find_arms
from runs.prepare import registry
from runs.ratings import begin
from runs.verifying import verify
from runs.workspace import Workspace

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow
Tab = Callable[..., Visit]
RUNS, KEYS, CASES = 8, ("1213", "4", "12"), 2
TEMPLATE = "shot/keyframe"
SHADOW = "document.querySelector('[data-testid=stBidiComponentIsolated]').shadowRoot"


@pytest.fixture
def other(chromium: Browser) -> Iterator[Visit]:
    """A tab of a second browser: another process, with nothing of the first one."""
    browser = chromium.browser_type.launch(executable_path=driver.executable(), headless=True, args=list(driver.FLAGS))
    try:
        with driver.tab(browser) as visit:
            yield visit
    finally:
        browser.close()


def test_eight_runs_and_two_browsers_work_on_one_workspace(server: Server, own: Workspace, tab: Tab, other: Visit, tmp_path: Path) -> None:
    """All runs end well with all their scores; every vote and move of the browsers is written down in order; nobody meets a lock."""
    queue = begin(own, *find_arms(own, f"{page_story.SHOTS}:a", f"{page_story.SHOTS}:b"), actor="chief", seed=5)
    voter = tab()
    voter.open(server.url("review", queue=queue, person="ann"))
    watcher, versions = tab(), [version.id for version in registry(own).versions(TEMPLATE)]
    watcher.open(server.url("", stage="script"))
    before, broken = set(query.runs(own)["run_id"]), verify(own).problems
    command = ["--workspace", str(own.root), "--quiet", "run", "--suite", "script", "--limit", str(CASES), "--repeats", "1"]
    command += ["--version", "script/episode@plain", "--version", "script/episode", "--seed"]
    logs = [tmp_path / f"{n}.txt" for n in range(RUNS)]
    parent = warm.shared()
    started = [parent.start([*command, str(100 + n)], log) for n, log in enumerate(logs)]
    for n, keys in enumerate(KEYS):
        voter.page.keyboard.type(keys)
        moved(other, server.url("promote", template=TEMPLATE, v=versions[n % 2], person="bo"))
        watcher.page.reload()
        watcher.settle()
    assert [parent.wait(pid) for pid in started] == [0] * RUNS, [log.read_text() for log in logs]
    voter.page.wait_for_function(f"{SHADOW}.querySelector('.saved').textContent === 'saved'")

    after = query.runs(own)
    fresh = after[~after["run_id"].isin(before)]
    assert (len(fresh), set(fresh["state"]), set(fresh["ok"])) == (RUNS, {"finished"}, {2 * CASES})
    assert all(len(query.scores(own, run, "logic")) == 2 * CASES for run in fresh["run_id"])
    assert len(query.ratings(own, queue, "ann")) == sum(map(len, KEYS))
    moves = [entry for entry in channels.load(own.prompts)[1] if entry.template == TEMPLATE and entry.actor == "bo"]
    assert [entry.channel for entry in moves] == ["dev"] * len(KEYS)
    assert verify(own).problems == broken
    watcher.page.reload()
    watcher.settle()
    watcher.page.get_by_text(f"{(after['stage'] == 'script').sum()} of {len(after)} runs").wait_for()
    for visit in (voter, other, watcher):
        assert not visit.errors
        assert not visit.page.get_by_test_id("stException").count()
    said = server.log.read_text("utf-8", "replace") + "".join(log.read_text("utf-8", "replace") for log in logs)
    assert "lock" not in said.casefold()


def moved(visit: Visit, address: str) -> None:
    """Let dev mean the version of an address, and wait until the page has said what became of it."""
    visit.open(address)
    visit.unfold("Move a version…")
    visit.page.get_by_role("button", name="Move", exact=True).click()
    visit.page.get_by_test_id("stAlert").get_by_text("dev of").wait_for()
    visit.settle()
