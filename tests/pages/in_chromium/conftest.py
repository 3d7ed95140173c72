"""One Chromium and one app for all tests in a browser: over a workspace that has everything, which tests may add to."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import browser as driver
import page_story
import pytest
from browser import Server, Visit

from runs.log import catch_up
from runs.workspace import Workspace

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

Tab = Callable[..., Visit]
BROKEN = "shot/broken"


@pytest.fixture(scope="package")
def own(workspace: Workspace, passed: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """All that pages can show: runs of scripts, shots and clips, a candidate that passed a gate, and a template full of traps."""
    root = Path(shutil.copytree(workspace.root, tmp_path_factory.mktemp("browser") / "drama"))
    # The other workspace's journals are folded in; its log is not wanted.
    shutil.copytree(passed.root, root, dirs_exist_ok=True, ignore=shutil.ignore_patterns("log.duckdb*"))
    ws = Workspace(root)
    (ws.prompts / f"{BROKEN}.j2").write_text(f"---\nstage: shot\n---\n{page_story.HOSTILE}\n{{{{ 1 + }}}}\n")
    catch_up(ws)
    return ws


@pytest.fixture(scope="package")
def chromium(own: Workspace) -> Iterator[Browser]:
    # Playwright keeps an event loop running in this thread while it is open: workspaces are made before, with loops of their own,
    # and it is not kept longer than this folder.
    with driver.chromium() as found:
        yield found


@pytest.fixture(scope="package")
def server(own: Workspace, chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with driver.served(own.root, tmp_path_factory.mktemp("server") / "log.txt") as found:
        yield found


@pytest.fixture(scope="package")
def usual(chromium: Browser) -> Iterator[BrowserContext]:
    """A profile that all tests share which do not say otherwise: what it has loaded once it does not load again."""
    with driver.profile(chromium) as found:
        yield found


@pytest.fixture
def tab(chromium: Browser, usual: BrowserContext) -> Iterator[Tab]:
    """Open tabs; `fresh` ones have an empty profile, as have those of another look."""
    with contextlib.ExitStack() as stack:

        def new(*, fresh: bool = False, dark: bool = False, width: int = 1400, height: int = 900) -> Visit:
            own_profile = fresh or dark
            context = stack.enter_context(driver.profile(chromium, dark=dark)) if own_profile else usual
            visit = driver.visit(context)
            visit.page.set_viewport_size({"width": width, "height": height})
            stack.callback(visit.page.close)
            return visit

        yield new
