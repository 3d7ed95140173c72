"""Every page in every state of a workspace: nothing there yet, a run that goes on, a run that broke off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import log_story
import pytest

from runs.journal import Journal
from runs.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from streamlit.testing.v1 import AppTest

pytestmark = pytest.mark.slow
Open = Callable[..., "AppTest"]
ARMS = {"a": "r1:a", "b": "r1:b"}
PAGES: Mapping[str, Mapping[str, str]] = {
    "home.py": {},
    "write.py": {},
    "launch.py": {},
    "compare.py": ARMS,
    "examine.py": ARMS,
    "watch.py": {"id": "r1"},
    "review.py": {"person": "ann"},
    "promote.py": {},
    "calibrate.py": {},
    "search.py": {"q": "draw"},
}
EMPTY = {
    "home.py": "No runs yet",
    "write.py": "There is no template",
    "launch.py": "There is no suite",
    "compare.py": "Unknown arm",
    "examine.py": "Unknown arm",
    "watch.py": "Unknown run",
    "review.py": "No queue yet",
    "promote.py": "No template yet",
    "calibrate.py": "Nothing has been scored yet",
    "search.py": "Nothing in the newest",
}


def said(at: AppTest) -> str:
    """Return texts, errors, figures, and the cells of the first table."""
    words = [str(element.value) for kind in ("text", "error", "metric") for element in getattr(at, kind)]
    words += [frame.value.to_csv() for frame in at.dataframe[:1]]
    return "\n".join(words).replace("\\", "")


def visited(app: Open, ws: Workspace) -> Mapping[str, str]:
    """Return what each page says, opened one after the other in one session."""
    at, told = app(of=ws), {}
    for page, address in PAGES.items():
        at.switch_page(page)
        at.query_params.clear()
        at.query_params.update(address)
        at.run()
        assert not at.exception, page
        told[page] = said(at)
    return told


def test_an_empty_workspace_says_on_each_page_what_is_not_there(app: Open, tmp_path: Path) -> None:
    told = visited(app, log_story.workspace(tmp_path / "empty"))
    for page, words in EMPTY.items():
        assert words in told[page], page


def test_a_run_is_shown_on_each_page_while_it_runs_and_when_it_broke_off(app: Open, tmp_path: Path) -> None:
    """Four of eight generations are done, one of them failed; a writer that is gone without an end is an interrupted run."""
    ws = log_story.workspace(tmp_path / "one")
    with Journal(ws, "r1") as journal:
        journal.append(*list(log_story.story("r1", jobs=8))[:13])
        running = visited(app, ws)
    broken = visited(app, ws)
    assert "◐ running" in running["home.py"]
    assert "◌ interrupted" in broken["home.py"]
    for told in (running, broken):
        assert "4 of 8" in told["watch.py"]
        assert not [page for page, text in told.items() if "Unknown" in text]
