"""Who may do what, asked where it is done: pages here offer everything to everybody, and are pressed by somebody of one role."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import log_story
import pytest
import streamlit as st

from pages.ui import acting, judge, people
from pages.ui.judging import Sitting
from pages.ui.moves import Hand
from runs import launching, promotions
from runs.journal import Journal
from runs.people import ACTIONS, ROLES
from runs.workspace import Workspace

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

pytestmark = pytest.mark.slow
Open = Callable[..., "AppTest"]
LISTS = "[ui]\n" + "".join(f'{role}s = ["{role}@example.com", "all@example.com"]\n' for role in ROLES)
SCRIPTS = {"suite": "script", "v": ["script/episode@plain", "script/episode"], "limit": "2"}
VERSION = "v1:" + "a" * 64
MOVES: dict[str, tuple[str, Callable[[Hand], None]]] = {
    "approve": ("approve", lambda hand: hand.approve(Path("report.json"), "")),
    "promote": ("promote", lambda hand: hand.promote("t", VERSION, "production", {"production": ""}, None, "")),
    "override": ("override", lambda hand: hand.override("t", VERSION, "why")),
    "rollback": ("roll back", lambda hand: hand.rollback("t", "production", VERSION, "why")),
    "freeze": ("freeze", lambda hand: hand.freeze("production", "t", False, "why", thaw=False)),
    "thaw": ("freeze", lambda hand: hand.freeze("production", "t", False, "why", thaw=True)),
    "pin": ("pin", lambda hand: hand.pin("t", "series", "why")),
    "unpin": ("pin", lambda hand: hand.unpin("t", "series", "why")),
    "canary": ("pin", lambda hand: hand.canary("t", VERSION, 5.0, "why")),
}
"""What the page Promote can do: the method of the board that does it, the action that a role has to allow, and the button's call."""
RUNS = {"Stop": "launch", "Resume": "launch", "Retry failed": "launch", "Start": "launch"}
ELSEWHERE = {"look": "test_people.py, at the door"}


@pytest.fixture
def team(workspace: Workspace, tmp_path: Path) -> Workspace:
    """A copy of the workspace with one person for each role, and one with all of them."""
    ws = Workspace(Path(shutil.copytree(workspace.root, tmp_path / "drama")))
    (ws.root / "workbench.toml").write_text((ws.root / "workbench.toml").read_text("utf-8").replace("[ui]\n", LISTS), "utf-8")
    return ws


def sign_in(monkeypatch: pytest.MonkeyPatch, who: str) -> None:
    monkeypatch.setattr(people, "may", lambda _action: True)  # what a page offers is a courtesy; it must not be what protects
    monkeypatch.setattr(people, "claims", lambda: {"is_logged_in": True, "email": f"{who}@example.com", "email_verified": True})


def test_every_action_that_a_role_is_needed_for_is_asked_for_here() -> None:
    """A new action stands in one of the tables below, or here with where it is tested."""
    assert {action for action, _ in MOVES.values()} | set(RUNS.values()) | {"rate", "queue"} | set(ELSEWHERE) == set(ACTIONS)


@pytest.mark.parametrize("role", ROLES)
def test_moves_of_channels_are_made_by_those_whose_role_allows_them(team: Workspace, monkeypatch: pytest.MonkeyPatch, role: str) -> None:
    monkeypatch.setenv("WORKBENCH_WORKSPACE", str(team.root))
    session: dict[str, Any] = {}
    monkeypatch.setattr(st, "session_state", session)
    sign_in(monkeypatch, role)
    reached: list[str] = []
    monkeypatch.setattr(promotions, "board_of", lambda _ws, _name: reached.append(move) or _Stop.now())
    for move, (action, press) in MOVES.items():
        with pytest.raises(_Stop) if role in ACTIONS[action] else _nothing():  # type: ignore[index]
            acting.attempt(lambda press=press: press(Hand(team, f"{role}@example.com")))
        assert (reached[-1:] == [move]) == (role in ACTIONS[action]), move  # type: ignore[index]
        if role not in ACTIONS[action]:  # type: ignore[index]
            assert f"to {action} takes a role of" in session["acting/said"].message


@pytest.mark.parametrize("role", ["approver", "engineer"])
def test_runs_are_started_and_stopped_by_engineers(app: Open, team: Workspace, monkeypatch: pytest.MonkeyPatch, role: str) -> None:
    """Start on Launch; a gate on Promote; Stop, Resume and Retry failed on a run's page."""
    done: list[str] = []
    for name in ("launch", "launch_gate", "stop", "resume"):
        monkeypatch.setattr(launching, name, lambda *_, told=name, **__: done.append(told))
    sign_in(monkeypatch, role)
    pages = [(app("launch.py", of=team, **SCRIPTS), ["Start"])]
    promote = app("promote.py", of=team, template="script/episode")
    promote.session_state["fold/gate/script/episode"] = True
    pages.append((promote.run(), ["Start the gate"]))
    log_story.write(team, "r1.jsonl", list(log_story.story("r1", jobs=8))[:13])
    pages.append((app("watch.py", of=team, id="r1"), ["Resume", "Retry failed"]))
    with Journal(team, "r2") as journal:
        journal.append(*list(log_story.story("r2", jobs=8))[:13])
        pages.append((app("watch.py", of=team, id="r2"), ["Stop"]))
        for at, labels in pages:
            for label in labels:
                (button,) = (one for one in at.button if one.label == label)
                button.click().run()
                assert not at.exception
                refused = any("to launch takes a role of engineer" in error.value for error in at.error)
                assert refused == (role not in ACTIONS["launch"])
                at.run()
    assert done == (["launch", "launch_gate", "resume", "resume", "stop"] if role == "engineer" else [])


@pytest.mark.parametrize("role", ROLES)
def test_votes_are_cast_by_those_who_may_rate(team: Workspace, monkeypatch: pytest.MonkeyPatch, role: str) -> None:
    """The browser sends what was pressed; whoever may not vote is told so, and nothing is written down."""
    monkeypatch.setenv("WORKBENCH_WORKSPACE", str(team.root))
    sitting = Sitting(team, {"queue": "q-1", "question": "?", "rubric": []}, f"{role}@example.com", [{"id": "i1"}], {})
    taken: list[Any] = []
    monkeypatch.setattr(Sitting, "take", lambda _self, commands: taken.extend(commands))
    sent = [{"tab": "t", "n": 1, "item": "i1", "do": "left"}]

    def component(*, key: str, data: Any, on_commands_change: Callable[[], None], on_reveal_change: Callable[[], None]) -> Any:
        monkeypatch.setattr(st, "session_state", {key: {"commands": {"list": sent}}})
        on_commands_change()
        return SimpleNamespace(reveal=None)

    monkeypatch.setattr(judge, "_component", lambda: component)
    sign_in(monkeypatch, role)
    judge.judge(sitting)
    assert taken == (sent if role in ACTIONS["rate"] else [])
    assert ("takes a role of reviewer" in sitting.problem) == (role not in ACTIONS["rate"])


@pytest.mark.parametrize("role", ["reviewer", "engineer"])
def test_queues_are_made_by_those_who_may(app: Open, team: Workspace, monkeypatch: pytest.MonkeyPatch, role: str) -> None:
    import page_story

    made: list[str] = []
    monkeypatch.setattr("pages.ui.queues.begin", lambda *_, actor, **__: made.append(actor) or _Stop.now())
    sign_in(monkeypatch, role)
    at = app("review.py", of=team, a=f"{page_story.SHOTS}:a", b=f"{page_story.SHOTS}:b")
    (button,) = (one for one in at.button if one.label == "Make the queue")
    button.click().run()
    assert bool(made) == (role in ACTIONS["queue"])
    assert bool(made) == bool(at.exception), "whoever may is stopped only by this test"
    if not made:
        assert "to queue takes a role of" in at.error[0].value


class _Stop(Exception):
    """Ends what was reached, so that nothing is really done."""

    @staticmethod
    def now() -> Any:
        raise _Stop


def _nothing() -> Any:
    import contextlib

    return contextlib.nullcontext()
