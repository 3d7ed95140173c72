"""The app of a team: who comes in, and as whom they act."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pages.ui import people
from runs.errors import Forbidden
from runs.workspace import Workspace

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

pytestmark = pytest.mark.slow
Open = Callable[..., "AppTest"]
LISTS = """[ui]
viewers = ["*@example.com"]
engineers = ["chen@example.com"]
approvers = ["li@example.com"]
"""


@pytest.fixture
def team(workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """The workspace with people listed."""
    ws = Workspace(Path(shutil.copytree(workspace.root, tmp_path / "drama")))
    text = (ws.root / "workbench.toml").read_text("utf-8")
    assert "\n[ui]\n" in text
    (ws.root / "workbench.toml").write_text(text.replace("[ui]\n", LISTS), "utf-8")
    monkeypatch.setenv("WORKBENCH_WORKSPACE", str(ws.root))
    monkeypatch.setenv("WORKBENCH_ACTOR", "somebody-else")
    return ws


def sign_in(monkeypatch: pytest.MonkeyPatch, **claims: Any) -> None:
    monkeypatch.setattr(people, "claims", lambda: claims)


def verified(email: str) -> dict[str, Any]:
    return {"is_logged_in": True, "email": email, "email_verified": True}


def words(at: AppTest) -> str:
    return "\n".join(str(element.value) for kind in ("text", "error", "caption") for element in getattr(at, kind))


@pytest.mark.parametrize("page", ["home.py", "compare.py", "examine.py"])
def test_nobody_sees_a_page_before_signing_in(app: Open, team: Workspace, monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    """Every page is one button and nothing of the log."""
    sign_in(monkeypatch, is_logged_in=False)
    at = app(page, of=team)
    assert [button.label for button in at.button] == ["Sign in"]
    assert not at.dataframe
    assert not at.selectbox


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        (verified("eve@example.org"), "eve@example.org is in no list"),
        ({**verified("chen@example.com"), "email_verified": False}, "without a verified email"),
        ({}, "the log-in itself is not set up"),
    ],
)
def test_strangers_stay_outside(app: Open, team: Workspace, monkeypatch: pytest.MonkeyPatch, claims: dict[str, Any], said: str) -> None:
    """Whoever is in no list, has no verified address, or comes while the log-in is not set up, is told so and sees nothing."""
    sign_in(monkeypatch, **claims)
    at = app(of=team)
    assert said in words(at)
    assert not at.dataframe


def test_members_see_the_pages_and_who_they_are(app: Open, team: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of the page names them, with a way out."""
    sign_in(monkeypatch, **verified("chen@example.com"))
    at = app(of=team)
    assert at.dataframe
    assert "chen@example\\.com · viewer, engineer" in words(at)
    assert at.button[-1].label == "Sign out"


@pytest.mark.usefixtures("team")
def test_an_action_is_refused_where_it_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard stands in the action: it returns who acts, or refuses, whatever a page had offered."""
    sign_in(monkeypatch, **verified("chen@example.com"))
    assert people.require("launch") == "chen@example.com"
    assert not people.may("approve")
    with pytest.raises(Forbidden, match="to approve takes a role of approver"):
        people.require("approve")
    sign_in(monkeypatch, is_logged_in=False)
    with pytest.raises(Forbidden, match="Nobody has no role here"):
        people.require("look")


def test_the_name_in_the_ledger_is_the_signed_in_one(team: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """WORKBENCH_ACTOR, git and the login name count only where there is no log-in."""
    sign_in(monkeypatch, **verified("li@example.com"))
    assert people.require("look") == "li@example.com"
    text = (team.root / "workbench.toml").read_text("utf-8").replace(LISTS, "[ui]\n")
    (team.root / "workbench.toml").write_text(text, "utf-8")
    assert people.require("look") == "somebody-else"
    assert people.may("approve")


def test_who_is_struck_off_the_list_can_do_no_more(team: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists are read at each action, not at the log-in."""
    sign_in(monkeypatch, **verified("li@example.com"))
    assert people.require("freeze") == "li@example.com"
    path = team.root / "workbench.toml"
    path.write_text(path.read_text("utf-8").replace("li@example.com", "wu@example.com"), "utf-8")
    with pytest.raises(Forbidden):
        people.require("freeze")
