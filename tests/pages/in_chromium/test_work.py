"""The pages of the day's work in a real browser: Write follows the files, Launch starts a run, Watch shows, stops and resumes it."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable, Iterator

import pytest
from browser import Server, Visit
from openai_stub import OpenAi
from patience import until
from vendor_server import serve

from runs import launching, query
from runs.workspace import Workspace

pytestmark = pytest.mark.slow
Tab = Callable[..., Visit]
SCRIPTS = ["script/episode@plain", "script/episode"]
SLOW = """
[providers.slow]
type = "chat"
base_url = "{url}"
model = "slow-1"
concurrency = 2
api_key_env = "SLOW_KEY"
"""
SLOW_S, CASES, IN_FLIGHT = 3.0, 15, 2


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
    page.get_by_text("Frame format: vertical 9:16").wait_for()
    path.write_text(text + "{% if %}\n", "utf-8")
    page.get_by_text("✗ Expected an expression").wait_for()
    path.write_text(text, "utf-8")
    page.get_by_text("Format: vertical 9:16 film still", exact=False).first.wait_for()
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


@pytest.fixture
def slow(own: Workspace) -> Iterator[OpenAi]:
    """A provider that takes its time and nothing of the machine's, so that there is something to stop; it remembers every call."""
    settings = own.root / "workbench.toml"
    text = settings.read_text("utf-8")
    with serve(OpenAi(takes_s=SLOW_S)) as vendor:
        settings.write_text(text + SLOW.format(url=vendor.base_url), "utf-8")
        (own.root / ".env").write_text("SLOW_KEY=sk-0123456789abcdefghijkl\n")
        yield vendor
        settings.write_text(text, "utf-8")
        (own.root / ".env").unlink()


def test_a_run_is_launched_watched_stopped_and_resumed_and_needs_no_browser(server: Server, own: Workspace, tab: Tab, slow: OpenAi) -> None:
    """A double click starts one run; Stop stops it, Resume resumes it, also after a kill; closed, it finishes all the same.

    The provider takes so long for each call that the run cannot have ended before the page shows it: all of them take 45 seconds.
    """
    before = set(query.runs(own)["run_id"])
    visit = tab()
    page = visit.open(server.url("launch", suite="script", v=SCRIPTS, provider="slow"))
    for label, value in (("Repeats", "1"), ("At most cases", str(CASES))):
        box = page.get_by_role("spinbutton", name=label)
        box.fill(value)
        box.press("Enter")
        visit.settle()
    page.get_by_text(f"--repeats 1 --limit {CASES}").wait_for()
    assert f"limit={CASES}" in page.url
    page.get_by_role("button", name="Start").dblclick()
    page.wait_for_url("**/run?id=**")
    run_id = page.url.partition("id=")[2]
    page.get_by_text(re.compile(rf"^[1-9]\d? of {2 * CASES}$")).wait_for()
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("◼ stopped").wait_for()
    stopped_at = query.progress(own, run_id)["done"]
    assert 0 < stopped_at < 2 * CASES
    page.get_by_role("button", name="Resume").click()
    page.get_by_text("◐ running").wait_for()
    until(lambda: query.progress(own, run_id)["done"] > stopped_at, 0.3)
    assert not called_again(slow), "a run that was stopped in order owes nothing"
    for pid, _ in launching.workers(own, run_id):
        os.kill(pid, signal.SIGKILL)
    page.get_by_text("◌ interrupted").wait_for()
    assert not page.get_by_test_id("stException").count()
    page.get_by_role("button", name="Resume").click()
    page.get_by_text("◐ running").wait_for()
    slow.takes_s = 0.0
    page.get_by_text("● finished").wait_for()
    # What was in flight when it was killed may have been paid: it is not asked again, and the page says how a person settles it.
    lost = query.errors(own, run_id)
    assert lost["status"].isin(["unknown_submission"]).all(), lost.to_string()
    assert query.progress(own, run_id)["ok"] + lost["count"].sum() == 2 * CASES
    assert lost["count"].sum() <= IN_FLIGHT
    assert page.get_by_text("Of these nobody knows whether they were made").count() == bool(len(lost))
    assert not called_again(slow)
    assert set(query.runs(own)["run_id"]) - before == {run_id}
    assert not visit.errors


def called_again(vendor: OpenAi) -> int:
    """Return how many calls were made that had been made before."""
    called = [json.dumps([seen.body["messages"], seen.body.get("seed")]) for seen in vendor.calls("POST", "/chat/completions")]
    return len(called) - len(set(called))


def test_a_run_needs_no_browser(server: Server, own: Workspace, tab: Tab, slow: OpenAi) -> None:
    """The only page that shows it is closed as soon as it goes on; it finishes all the same."""
    address = {"suite": "script", "v": SCRIPTS, "provider": "slow", "repeats": "1", "limit": "2"}
    page = tab().open(server.url("launch", **address))
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/run?id=**")
    run_id = page.url.partition("id=")[2]
    page.close()
    slow.takes_s = 0.0
    until(lambda: run_id in set(query.runs(own)["run_id"]) and query.progress(own, run_id)["state"] == "finished", 0.3)
