"""Signing in for real, with an OpenID Connect provider: roles are asked for in the action, and names are the signed-in ones."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import browser as driver
import openid
import page_story
import pytest
from browser import Server, Visit
from gated import TEMPLATE
from openid import Provider

from prompts.ledger import Ledger
from runs import query
from runs.workspace import Workspace

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow
Tab = Callable[..., Visit]
LISTS = '[ui]\nengineers = ["chen@example.com"]\nviewers = ["*@example.com"]\n'
SECRETS = """
[auth]
redirect_uri = "{redirect}"
cookie_secret = "0123456789abcdef0123456789abcdef0123456789"
client_id = "{client}"
client_secret = "{secret}"
server_metadata_url = "{provider}/.well-known/openid-configuration"
"""
ARMS = {"a": f"{page_story.SHOTS}:a", "b": f"{page_story.SHOTS}:b"}


@pytest.fixture(scope="module")
def team(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A copy of the workspace that lists people."""
    ws = Workspace(Path(shutil.copytree(workspace.root, tmp_path_factory.mktemp("team") / "drama")))
    strike(ws, "")
    return ws


def strike(ws: Workspace, who: str) -> None:
    """Take somebody off the lists."""
    path = ws.root / "workbench.toml"
    kept = "".join(line for line in path.read_text("utf-8").splitlines(keepends=True) if not line.startswith(("engineers", "viewers")))
    path.write_text(kept.replace("[ui]\n", LISTS.replace(f'"{who}"', "")), "utf-8")


@pytest.fixture(scope="module")
def provider(team: Workspace) -> Iterator[Provider]:
    with openid.serve(f"http://127.0.0.1:{driver.free_port()}/oauth2callback") as found:
        (team.root / ".streamlit").mkdir()
        (team.root / ".streamlit" / "secrets.toml").write_text(
            SECRETS.format(redirect=found.redirect_uri, client=openid.CLIENT, secret=openid.SECRET, provider=found.url)
        )
        yield found


@pytest.fixture(scope="module")
def door(team: Workspace, provider: Provider, chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    port = int(provider.redirect_uri.rpartition(":")[2].partition("/")[0])
    with driver.served(team.root, tmp_path_factory.mktemp("door") / "log.txt", port=port) as found:
        yield found


def sign_in(visit: Visit, door: Server, who: str) -> None:
    page = visit.open(door.url())
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Mail address").fill(who)
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(f"{door.url()}**")
    visit.settle()


def move(visit: Visit) -> None:
    """Let dev mean a version, and wait for what the page says to that."""
    visit.unfold("Move a version…")
    visit.page.get_by_role("button", name="Move", exact=True).click()
    visit.page.get_by_test_id("stAlert").wait_for()
    visit.settle()


def test_members_come_in_act_in_their_own_name_and_only_as_their_role_allows(
    door: Server, provider: Provider, team: Workspace, tab: Tab
) -> None:
    """Nobody sees anything before; who was struck off meanwhile is refused in the action; the log names who signed in."""
    visit = tab(fresh=True)
    page = visit.open(door.url("compare", **ARMS))
    assert page.get_by_text("This workspace is open to its team.").is_visible()
    assert not page.get_by_test_id("stDataFrame").count()
    picture = query.generations(team, page_story.SHOTS)["artifact"].dropna().iloc[0]
    assert page.request.get(door.url(f"blob/{picture}")).status == 403
    sign_in(visit, door, "chen@example.com")
    assert page.get_by_text("chen@example.com · viewer, engineer").is_visible()
    assert page.request.get(door.url(f"blob/{picture}")).status == 200
    visit.open(door.url("review", **ARMS))
    assert page.get_by_label("You judge as").input_value() == "chen@example.com"
    page.get_by_role("button", name="Make the queue").click()
    page.wait_for_url("**queue=q-**")
    assert query.queues(team)["actor"].tolist() == ["chen@example.com"]
    visit.open(door.url("promote", template=TEMPLATE))
    strike(team, "chen@example.com")
    move(visit)
    assert "to promote takes a role of engineer or approver" in page.get_by_test_id("stAlert").inner_text()
    assert not Ledger(team.prompts).entries()
    strike(team, "")
    visit.open(door.url("promote", template=TEMPLATE))
    move(visit)
    assert [(e.action, e.actor, e.channel) for e in Ledger(team.prompts).entries()] == [("promote", "chen@example.com", "dev")]
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_text("This workspace is open to its team.").wait_for()
    assert page.request.get(door.url(f"blob/{picture}")).status == 403
    assert provider.signed_in == ["chen@example.com"]
    assert not provider.refused


@pytest.mark.parametrize(
    ("who", "said"),
    [
        ("mallory@example.org", "mallory@example.org is in no list of this workspace."),
        ("unverified:chen@example.com", "You signed in, but without a verified email."),
    ],
)
def test_strangers_and_addresses_that_nobody_verified_stay_outside(door: Server, tab: Tab, who: str, said: str) -> None:
    """Whoever proves who they are need not be one of us; whoever only claims a name proves nothing."""
    visit = tab(fresh=True)
    sign_in(visit, door, who)
    assert visit.page.get_by_text(said).is_visible()
    visit.open(door.url("compare", **ARMS))
    assert not visit.page.get_by_test_id("stDataFrame").count()
