"""A promotion in a real browser and without a mouse: asked for, refused, approved, made, and taken back, by two people at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from browser import Server, Visit
from gated import ANN, BO, TEMPLATE

from prompts import channels
from prompts.ledger import Ledger
from runs.prepare import find_version
from runs.workspace import Workspace

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow
Tab = Callable[..., Visit]


def digits(ws: Workspace) -> str:
    return next(iter(channels.load(ws.prompts)[0].gates))[:12]


def means(ws: Workspace, channel: str = "production") -> str:
    return channels.load(ws.prompts)[0].version(TEMPLATE, channel)


def visit_as(server: Server, own: Workspace, visit: Visit, who: str) -> Page:
    return visit.open(server.url("promote", template=TEMPLATE, report=digits(own), person=who))


FOCUS = """(() => {
  const e = document.activeElement;
  return [e.tagName, (e.getAttribute('aria-label') || e.innerText).trim(), e.matches(':focus-visible')];
})()"""
"""What has the focus: its tag, its name, and whether it is shown to have it."""


def tab_to(page: Page, tag: str, name: str, key: str = "Tab", most: int = 90) -> None:
    """Press Tab until something has the focus, and can be seen to have it."""
    for _ in range(most):
        page.keyboard.press(key)
        found, called, seen = page.evaluate(FOCUS)
        if found == tag and (called == name if tag == "BUTTON" else name in called):
            assert seen
            return
    raise AssertionError(f"{most} times {key} do not reach {name}")


def press(visit: Visit, fold: str, button: str, said: str, reason: str = "", key: str = "Tab") -> None:
    """Unfold a move, give a reason and press its button, by keys alone, until it is said under the button, which keeps the focus."""
    page = visit.page
    box = page.get_by_test_id("stExpander").filter(has=page.locator("summary", has_text=fold)).first
    again = box.get_by_role("button", name=button, exact=True).is_visible()
    if not again:
        tab_to(page, "SUMMARY", fold, key)
        page.keyboard.press("Enter")
        box.get_by_role("button", name=button, exact=True).wait_for()
    if reason:
        tab_to(page, "INPUT", "Reason", "Shift+Tab" if again else "Tab")
        page.keyboard.type(reason)
    if reason or not again:
        tab_to(page, "BUTTON", button)
    page.keyboard.press("Enter")
    box.get_by_test_id("stAlert").get_by_text(said).wait_for()
    visit.settle()
    assert page.evaluate(FOCUS)[:2] == ["BUTTON", button]


def test_a_promotion_is_clicked_through_and_rolled_back(server: Server, own: Workspace, tab: Tab) -> None:
    """Who ran the gate cannot approve; without approval nothing moves; whoever looks at an old page overwrites nothing."""
    before, after = means(own), find_version(own, TEMPLATE).id
    ann, bo, late = tab(), tab(), tab()
    visit_as(server, own, ann, ANN)
    press(ann, "Approve…", "Approve", "Refused, self-approved")
    press(ann, "Promote to production…", "Promote", "Refused, unapproved")
    visit_as(server, own, bo, BO)
    press(bo, "Approve…", "Approve", "Approved script/episode")
    visit_as(server, own, late, BO)
    press(ann, "Promote to production…", "Promote", f"{before[3:9]} → {after[3:9]}", "better endings")
    assert means(own) == after
    press(late, "Promote to production…", "Promote", "Refused, moved")
    press(ann, "Roll back…", "Roll back", "A reason is needed", key="Shift+Tab")
    press(ann, "Roll back…", "Roll back", f"{after[3:9]} → {before[3:9]}", "faces drift in ep. 12")
    assert means(own) == before
    told = [(e.action, e.actor, e.reason) for e in Ledger(own.prompts).entries()[-3:]]
    assert told == [("approve", BO, ""), ("promote", ANN, "better endings"), ("rollback", ANN, "faces drift in ep. 12")]
    assert ann.page.get_by_text("proved", exact=True).is_visible()
