"""The app in a real browser: both ways to start it, links, clips, keys, looks, and a run that comes in meanwhile."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import browser as driver
import page_story
import pytest
from browser import Server, Visit

from runs import query
from runs.workspace import Workspace

pytestmark = pytest.mark.slow
Tab = Callable[..., Visit]
ARMS = {"a": f"{page_story.SHOTS}:a", "b": f"{page_story.SHOTS}:b"}
CLIP_ARMS = {"a": f"{page_story.CLIPS}:a", "b": f"{page_story.CLIPS}:b"}
CLIPS = "[...document.querySelector('[data-testid=stBidiComponentIsolated]').shadowRoot.querySelectorAll('video')]"


def navigation(visit: Visit) -> list[str]:
    return [link.inner_text().strip() for link in visit.page.get_by_test_id("stTopNavLink").all()]


# How it is started


def test_streamlit_run_works_as_well(workspace: Workspace, tab: Tab, tmp_path: Path) -> None:
    """`streamlit run workbench.py`: the first page asked for is a comparison; only this machine can reach it."""
    with driver.served(workspace.root, tmp_path / "log.txt", by_streamlit=True) as server:
        visit = tab()
        page = visit.open(server.url("compare", **ARMS))
        assert page.get_by_text("On 14 series B raises face consistency").is_visible()
        assert navigation(visit) == ["Runs", "Write", "Launch", "Compare", "Review", "Promote", "Scorers", "Search"]
        assert listening_on(server.port) == {"0100007F"}


def test_only_this_machine_can_reach_the_app(server: Server) -> None:
    """The app has no log-in, so it listens on 127.0.0.1 and nowhere else."""
    assert listening_on(server.port) == {"0100007F"}


def listening_on(port: int) -> set[str]:
    """Return the addresses, as the kernel writes them, on which this machine listens to a port."""
    tables = [Path("/proc/net/tcp"), Path("/proc/net/tcp6")]
    if not tables[0].exists():
        pytest.skip("this system does not list its sockets")
    rows = [line.split() for table in tables if table.exists() for line in table.read_text().splitlines()[1:]]
    return {row[1].split(":")[0] for row in rows if row[3] == "0A" and int(row[1].split(":")[1], 16) == port}


# What the pages do


def test_clips_play_together(server: Server, tab: Tab) -> None:
    """Both clips are loaded, run, and stay in step; a step moves both by one frame."""
    page = tab().open(server.url("case", **CLIP_ARMS, case="series-2-clip-2"))
    page.wait_for_function(f"{CLIPS}.length === 2 && {CLIPS}.every(clip => clip.readyState >= 2 && clip.currentTime > 0.2)")
    page.get_by_role("button", name="One frame on").click()
    page.wait_for_function(f"{CLIPS}.every(clip => clip.paused && !clip.seeking)")
    first, second = page.evaluate(f"{CLIPS}.map(clip => clip.currentTime)")
    assert first == pytest.approx(second, abs=0.02)


def test_sounds_play_together_and_one_is_heard(server: Server, own: Workspace, tab: Tab) -> None:
    """Nothing sings by itself; both run in step, the one that is not heard as well; a step moves both."""
    page_story.add_songs(own)
    arms = {"a": f"{page_story.SONGS}:a", "b": f"{page_story.SONGS}:b"}
    page = tab().open(server.url("case", **arms, case="series-2-music-2"))
    sounds = CLIPS.replace("'video'", "'audio'")
    page.wait_for_function(f"{sounds}.length === 2 && {sounds}.every(sound => sound.readyState >= 2 && sound.paused)")
    page.get_by_role("button", name="Play or pause both").click()
    page.wait_for_function(f"{sounds}.every(sound => !sound.paused && sound.currentTime > 0.2)")
    assert page.evaluate(f"{sounds}.map(sound => sound.muted)") == [False, True]
    page.get_by_role("button", name="Hear B").click()
    assert page.evaluate(f"{sounds}.map(sound => sound.muted)") == [True, False]
    page.get_by_role("button", name="One second on").click()
    page.wait_for_function(f"{sounds}.every(sound => sound.paused && !sound.seeking)")
    first, second = page.evaluate(f"{sounds}.map(sound => sound.currentTime)")
    assert first == pytest.approx(second, abs=0.02)


def test_a_click_on_a_case_opens_it_in_the_same_tab(server: Server, tab: Tab) -> None:
    """The list of cases leads to the case; arrow keys turn the pages; the way back keeps the filter."""
    visit = tab(height=1400)
    page = visit.open(server.url("compare", **ARMS, w="changed", m="face_consistency"))
    open_tabs = len(page.context.pages)
    grid = page.get_by_test_id("stDataFrame").last
    grid.scroll_into_view_if_needed()
    box = grid.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 80, box["y"] + 36 + 42)
    page.wait_for_url("**/case?**")
    visit.settle()
    assert page.get_by_role("heading", name="series-2-shot-1").is_visible()
    page.keyboard.press("ArrowRight")
    page.get_by_text("2 of 16").wait_for()
    visit.settle()
    page.get_by_role("link", name="All cases").click()
    page.wait_for_url("**/compare?**")
    assert "w=changed" in page.url
    assert "m=face_consistency" in page.url
    # Buttons in a table do not hear the keyboard: this is the way in without a mouse.
    visit.settle()
    page.get_by_role("link", name="Look at these one by one").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/case?**case=series-2-shot-1**")
    assert len(page.context.pages) == open_tabs


def test_two_runs_ticked_can_be_compared(server: Server, tab: Tab) -> None:
    """A run is ticked, the link below leads to the comparison of its arms, in the same tab."""
    visit = tab()
    page = visit.open(server.url("", q="shots1"))
    open_tabs = len(page.context.pages)
    box = page.get_by_test_id("stDataFrame").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 16, box["y"] + 36 + 17)
    page.get_by_role("link", name="Compare shot/portrait@plain with shot/portrait@rich").click()
    page.wait_for_url("**/compare?**")
    visit.settle()
    assert page.get_by_text("On 14 series B raises face consistency").is_visible()
    assert len(page.context.pages) == open_tabs


def test_arms_are_found_by_typing_and_the_server_at_once(server: Server, tab: Tab) -> None:
    """Words of a name open an arm; no page looks for its server below its own address, which would cost it a tenth of a second."""
    visit = tab()
    page = visit.open(server.url("compare"))
    for label, words in (("A, the baseline", "shots1 PLAIN"), ("B, the challenger", "rich shots1")):
        page.get_by_role("combobox", name=label).fill(words)
        page.keyboard.press("Enter")
        visit.settle()
    assert page.get_by_text("On 14 series B raises face consistency").is_visible()
    assert dict(parse_qsl(urlsplit(page.url).query)) == ARMS
    looked = {urlsplit(url).path for url in visit.requests if "_stcore" in url}
    assert "/_stcore/health" in looked
    assert all(path.startswith("/_stcore/") for path in looked)


def test_a_run_of_the_command_line_appears_while_the_app_is_open(server: Server, own: Workspace, tab: Tab) -> None:
    """Neither side meets a lock: the run finishes, the app shows it, and both stay quiet."""
    before = len(query.runs(own).query("stage == 'script'"))
    visit = tab()
    page = visit.open(server.url("", stage="script"))
    command = [sys.executable, "workbench.py", "--workspace", str(own.root), "run", "--suite", "script"]
    command += ["--version", "script/episode@plain", "--version", "script/episode", "--limit", "3", "--seed", "9", "--format", "json"]
    with subprocess.Popen(command, cwd=driver.ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        while run.poll() is None:
            page.reload()
            visit.settle()
            page.wait_for_timeout(1500)  # a look now and then, as people do
            assert not page.get_by_test_id("stAlert").count()
            assert not page.get_by_test_id("stException").count()
        out, err = run.communicate()
    assert run.returncode == 0, err
    assert "lock" not in (out + err).casefold()
    page.reload()
    visit.settle()
    page.get_by_text(f"{before + 1} of ").wait_for()
    assert "lock" not in server.log.read_text("utf-8", "replace").casefold()
