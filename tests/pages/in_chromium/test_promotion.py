"""A promotion in a real browser: asked for, refused, approved, made, and taken back, by two people at once."""

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


def press(visit: Visit, popover: str, button: str, reason: str = "") -> str:
    """Open a popover, give a reason, press its button; return what the page says then."""
    page = visit.page
    page.get_by_role("button", name=popover).first.click()
    box = page.get_by_test_id("stPopoverBody")
    if reason:
        box.get_by_label("Reason", exact=False).fill(reason)
    box.get_by_role("button", name=button, exact=True).click()
    page.get_by_test_id("stAlert").wait_for()
    visit.settle()
    told = page.get_by_test_id("stAlert").inner_text()
    page.keyboard.press("Escape")
    return told


def test_a_promotion_is_clicked_through_and_rolled_back(server: Server, own: Workspace, tab: Tab) -> None:
    """Who ran the gate cannot approve; without approval nothing moves; whoever looks at an old page overwrites nothing."""
    before, after = means(own), find_version(own, TEMPLATE).id
    ann, bo, late = tab(), tab(), tab()
    visit_as(server, own, ann, ANN)
    assert "Refused, self-approved" in press(ann, "Approve…", "Approve")
    assert "Refused, unapproved" in press(ann, "Promote to production…", "Promote")
    visit_as(server, own, bo, BO)
    assert "Approved script/episode" in press(bo, "Approve…", "Approve")
    visit_as(server, own, late, BO)
    assert f"production of script/episode: {before[3:9]} → {after[3:9]}" in press(
        ann, "Promote to production…", "Promote", "better endings"
    )
    assert means(own) == after
    assert "Refused, moved" in press(late, "Promote to production…", "Promote")
    assert "A reason is needed" in press(ann, "Roll back…", "Roll back")
    assert f"production of script/episode: {after[3:9]} → {before[3:9]}" in press(ann, "Roll back…", "Roll back", "faces drift in ep. 12")
    assert means(own) == before
    told = [(e.action, e.actor, e.reason) for e in Ledger(own.prompts).entries()[-3:]]
    assert told == [("approve", BO, ""), ("promote", ANN, "better endings"), ("rollback", ANN, "faces drift in ep. 12")]
    assert ann.page.get_by_text("proved", exact=True).is_visible()
