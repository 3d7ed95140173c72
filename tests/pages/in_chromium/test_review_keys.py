"""The blind queue in a real browser: no key is lost or counted twice, whatever the pace, and nothing shows which arm is which."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import page_story
import pytest
from browser import Server, Visit

from runs import query
from runs.compare import find_arms
from runs.ratings import begin, view
from runs.workspace import Workspace

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow
KEYS = "131243123414"
CHOICES = {"1": "left", "2": "tie", "3": "right", "4": "both_bad"}
SHADOW = "document.querySelector('[data-testid=stBidiComponentIsolated]').shadowRoot"
Tab = Callable[..., Visit]


def make(ws: Workspace, run: str = page_story.SHOTS, rubric: tuple[str, ...] = ()) -> str:
    return begin(ws, *find_arms(ws, f"{run}:a", f"{run}:b"), actor="chief", seed=5, rubric=rubric)


def open_queue(server: Server, visit: Visit, queue: str, person: str = "ann") -> Page:
    page = visit.open(server.url("review", queue=queue, person=person))
    page.get_by_text("judged", exact=False).first.wait_for()
    return page


def saved(page: Page) -> None:
    """Wait until the server has said that all is on disk."""
    page.wait_for_function(f"{SHADOW}.querySelector('.saved').textContent === 'saved'")


def votes(ws: Workspace, queue: str, rater: str = "ann") -> list[str]:
    return [row.choice for row in query.ratings(ws, queue, rater).itertuples() if row.choice]


@pytest.mark.parametrize("gap", [0, 60, 150])
def test_twelve_fast_keys_are_twelve_votes_in_order(server: Server, own: Workspace, tab: Tab, gap: int) -> None:
    """However fast: no key is lost, merged, or counted for the item before."""
    queue = make(own)
    page = open_queue(server, tab(), queue)
    for key in KEYS:
        page.keyboard.press(key)
        page.wait_for_timeout(gap)
    assert "12 of 17 judged" in page.evaluate(f"{SHADOW}.querySelector('.progress').textContent")
    saved(page)
    assert votes(own, queue) == [CHOICES[key] for key in KEYS]
    assert list(query.ratings(own, queue, "ann")["item"]) == [f"i{n:04d}" for n in range(1, 13)]


def test_undo_flag_and_resuming_after_the_tab_was_closed(server: Server, own: Workspace, tab: Tab) -> None:
    """U looks at the last one again, F passes over one; a new tab goes on where the first one stopped."""
    queue = make(own)
    page = open_queue(server, tab(), queue)
    page.keyboard.type("13uf1?")
    assert page.evaluate(f"{SHADOW}.querySelector('dialog').open")
    page.keyboard.press("1")
    page.keyboard.press("Escape")
    saved(page)
    rows = query.ratings(own, queue, "ann")
    assert list(zip(rows["item"], rows["choice"], rows["flagged"], strict=True)) == [
        ("i0001", "left", False),
        ("i0002", "", True),
        ("i0003", "left", False),
    ]
    again = open_queue(server, tab(), queue)
    assert again.evaluate(f"{SHADOW}.querySelector('.progress').textContent") == "2 of 17 judged · 1 flagged"
    again.keyboard.press("4")
    saved(again)
    assert votes(own, queue)[-1] == "both_bad"
    assert query.ratings(own, queue, "ann")["item"].iloc[-1] == "i0004"


def test_votes_survive_a_server_that_did_not_hear_them(server: Server, own: Workspace, tab: Tab) -> None:
    """The connection is gone while somebody votes; the page is loaded again, and the votes arrive."""
    queue = make(own)
    visit = tab()
    page = open_queue(server, visit, queue)
    page.context.set_offline(True)
    page.evaluate("window.dispatchEvent(new Event('offline'))")
    page.keyboard.type("13")
    page.wait_for_timeout(300)
    page.context.set_offline(False)
    page.reload()
    visit.settle()
    saved(page)
    assert votes(own, queue) == ["left", "right"]


def test_typing_a_name_is_not_voting(server: Server, own: Workspace, tab: Tab) -> None:
    queue = make(own)
    visit = tab()
    page = open_queue(server, visit, queue)
    field = page.get_by_label("You judge as")
    field.fill("li 1234")
    field.press("Enter")
    page.wait_for_url("**person=li*")
    visit.settle()
    page.keyboard.type("f")
    assert query.ratings(own, queue).empty


def test_nothing_on_the_page_names_an_arm(server: Server, own: Workspace, tab: Tab) -> None:
    """Neither the document, the component's own tree, nor any address that was asked for."""
    visit = tab()
    page = open_queue(server, visit, make(own))
    whole = page.content() + page.evaluate(f"{SHADOW}.innerHTML") + " ".join(visit.requests)
    assert "Which one would you keep?" in whole
    for told in ("portrait", "studio-1", page_story.SHOTS, "SIM", "rich"):
        assert told not in whole, told


def test_clips_start_together_stay_in_step_and_are_both_silent(server: Server, own: Workspace, tab: Tab) -> None:
    """A and D let one be heard; the next pair is loaded before it is shown."""
    visit = tab()
    page = open_queue(server, visit, make(own, page_story.CLIPS))
    clips = f"[...{SHADOW}.querySelectorAll('video')]"
    page.wait_for_function(f"{clips}.length === 2 && {clips}.every(clip => clip.currentTime > 0.2)")
    first, second = page.evaluate(f"{clips}.map(clip => clip.currentTime)")
    assert first == pytest.approx(second, abs=0.1)
    assert page.evaluate(f"{clips}.every(clip => clip.muted)")
    page.keyboard.press("d")
    assert page.evaluate(f"{clips}.map(clip => clip.muted)") == [True, False]
    page.wait_for_function(f"{clips}.every(clip => clip.currentTime < 0.2)")
    page.wait_for_function(f"{clips}.every(clip => clip.currentTime > 0.2)")
    page.keyboard.press("1")
    assert page.evaluate(f"{clips}.every(clip => clip.readyState >= 2 && clip.muted)")


def test_marks_are_given_by_keys_as_well(server: Server, own: Workspace, tab: Tab) -> None:
    """M, a digit for each side, Enter, and the vote: the digits were marks, and then a vote."""
    queue = make(own, rubric=("face",))
    page = open_queue(server, tab(), queue)
    page.keyboard.type("m52")
    page.keyboard.press("1")
    saved(page)
    told = query.ratings(own, queue, "ann").iloc[0]
    left, right = ("a", "b") if told["left_arm"] == "a" else ("b", "a")
    assert told["choice"] == "left"
    assert json.loads(told["rubric"]) == {"face": {left: 5, right: 2}}


def test_who_won_is_said_at_the_end_and_not_before(server: Server, own: Workspace, tab: Tab) -> None:
    """The last vote can still be taken back; Enter shows the result; from then on there is no way back."""
    queue = make(own)
    shown = view(query.queue(own, queue), "ann")
    page = open_queue(server, tab(), queue)
    for item in shown:
        page.keyboard.press("1" if item.left_arm == "b" else "3")
    saved(page)
    assert page.get_by_text("People prefer").count() == 0
    page.keyboard.press("u")
    page.keyboard.press("2")
    saved(page)
    page.keyboard.press("Enter")
    page.get_by_text("People prefer B, shot/portrait@rich").wait_for()
    page.keyboard.press("u")
    assert votes(own, queue) == ["left" if item.left_arm == "b" else "right" for item in shown[:-1]] + ["tie"]


def test_two_people_judge_at_once_each_with_their_own_sides(server: Server, own: Workspace, tab: Tab) -> None:
    queue = make(own)
    ann, bo = open_queue(server, tab(), queue, "ann"), open_queue(server, tab(), queue, "bo")
    for _ in range(6):
        ann.keyboard.press("1")
        bo.keyboard.press("3")
    saved(ann)
    saved(bo)
    assert (votes(own, queue, "ann"), votes(own, queue, "bo")) == (["left"] * 6, ["right"] * 6)
    assert set(query.ratings(own, queue)["value"]) == {1.0, -1.0}
