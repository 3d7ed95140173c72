"""Every page in every state of a workspace: nothing there yet, a run that goes on, a run that broke off, a long log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import big_log
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


def visited(app: Open, ws: Workspace, run_id: str = "r1") -> Mapping[str, str]:
    """Return what each page says, opened one after the other in one session."""
    at, told = app(of=ws), {}
    for page, address in PAGES.items():
        at.switch_page(page)
        at.query_params.clear()
        at.query_params.update({key: value.replace("r1", run_id) for key, value in address.items()})
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


def test_a_long_log_is_shown_on_each_page(app: Open, tmp_path: Path) -> None:
    """Sixty runs with thirty thousand scores; `tests/bench/pages.py` goes to ten million."""
    ws = big_log.make(tmp_path / "long", runs=60, scores=30_000)
    told = visited(app, ws, big_log.run_id(4))
    assert "50 of 50" in told["watch.py"]
    assert "metric 0 ↑" in told["compare.py"]
    assert len(told["home.py"].splitlines()) > 60
    assert not [page for page, text in told.items() if "Unknown" in text]
