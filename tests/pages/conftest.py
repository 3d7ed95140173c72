"""What the tests of the pages share: one small workspace, and the app run over it without a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import gated
import page_story
import pytest

from prompts.promotion import Board
from runs.prepare import find_version
from runs.workspace import Workspace

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parents[2]
Open = Callable[..., "AppTest"]


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with a run of scripts, one of shots and one of clips; tests only read it."""
    return page_story.build(tmp_path_factory.mktemp("pages") / "drama")


@pytest.fixture(scope="session")
def passed(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace in which a candidate has passed a gate against what two people brought to production; tests only copy it."""
    ws = gated.build(tmp_path_factory.mktemp("gated") / "drama")
    plain = find_version(ws, gated.BASE)
    for who in (gated.ANN, gated.BO):
        Board(ws.prompts, who).override(plain, reason="the first one")
    return ws


def start() -> AppTest:
    from streamlit.testing.v1 import AppTest

    return AppTest.from_file(str(ROOT / "pages" / "router.py"), default_timeout=60)


@pytest.fixture(scope="session")
def found(workspace: Workspace) -> AppTest:
    """The app after its first run, which tells which pages there are and looks for components; no other needs to be told again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_WORKSPACE", str(workspace.root))
        at = start().run()
    assert not at.exception, at.exception
    return at


@pytest.fixture
def app(workspace: Workspace, found: AppTest, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Open a page of the app over the workspace, or over another, with what its address says."""

    def visit(page: str = "home.py", /, of: Workspace = workspace, **parameters: str) -> AppTest:
        monkeypatch.setenv("WORKBENCH_WORKSPACE", str(of.root))
        at = start()
        at._registered_pages, at._bidi_component_manager = found._registered_pages, found._bidi_component_manager
        if page != "home.py":
            at.switch_page(page)
        at.query_params.update(parameters)
        at.run()
        assert not at.exception, at.exception
        return at

    return visit
