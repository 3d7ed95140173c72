"""Every page in every state of a workspace: nothing there yet, one run, one that goes on, that broke off, that failed, a long log."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import big_log
import log_story
import pytest

from runs import events as ev
from runs.journal import Journal
from runs.starting import initialise
from runs.workspace import Workspace

if TYPE_CHECKING:
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
WORDS: Mapping[str, Mapping[str, str]] = {
    "empty": {
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
    },
    "one": {
        "home.py": "● finished",
        "write.py": "shot/keyframe",
        "launch.py": "face consistency",
        "compare.py": "face\u00a0↑",
        "examine.py": "face ↑",
        "watch.py": "8 of 8",
        "review.py": "Which one?",
        "promote.py": "shot/keyframe",
        "calibrate.py": "No simulated",
        "search.py": "8 hits",
    },
    "running": {"home.py": "◐ running", "watch.py": "4 of 8", "review.py": "No queue yet", "search.py": "4 hits"},
    "interrupted": {"home.py": "◌ interrupted", "watch.py": "4 of 8", "review.py": "No queue yet", "search.py": "4 hits"},
    "failed": {
        "home.py": "✗ failed",
        "compare.py": "No metric has a value in both arms yet",
        "examine.py": "case-0",
        "watch.py": "HTTP 500",
        "review.py": "No queue yet",
        "calibrate.py": "Nothing has been scored yet",
        "search.py": "8 hits",
    },
    "huge": {
        "home.py": "\n59,",
        "compare.py": "metric 0\u00a0↑",
        "examine.py": "metric 0 ↑",
        "watch.py": "50 of 50",
        "review.py": "No queue yet",
        "search.py": "1 to 25",
    },
}
"""What each page says in each state; where a state says nothing of a page, it says what it does with one run."""


def said(at: AppTest) -> str:
    """Return headings, texts, errors, figures, what is drawn as HTML, and the cells of all tables."""
    words = [str(element.value) for kind in ("header", "text", "error", "metric") for element in getattr(at, kind)]
    words += [str(element.value) for element in at.get("html")]
    words += [frame.value.to_csv() for frame in at.dataframe]
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


def failed(jobs: int) -> Iterator[ev.Event]:
    """Tell of a run in which nothing came out and which gave up."""
    yield log_story.plan("r1", jobs)
    for n in range(jobs):
        yield log_story.generation("r1", n, n + 1, status="failed", error="server", message=f"HTTP 500 on request {n}", artifacts=())
    yield ev.End(run_id="r1", at=log_story.at(60), state="failed")


def grid(app: Open, folder: Path) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield each state and what all pages say in it."""
    yield "empty", visited(app, log_story.workspace(folder / "empty"))
    ws, whole = initialise(folder / "one"), list(log_story.story("r1", jobs=8))
    with Journal(ws, "r1") as journal:
        journal.append(*whole[:13])
        yield "running", visited(app, ws)
    yield "interrupted", visited(app, ws)
    with Journal(ws, "r1") as journal:
        journal.append(*whole[13:])
    yield "one", visited(app, ws)
    ws = log_story.workspace(initialise(folder / "failed").root)
    log_story.write(ws, "r1.jsonl", list(failed(8)))
    yield "failed", visited(app, ws)
    # Sixty runs with thirty thousand scores; tests/bench/pages.py goes to ten million.
    yield "huge", visited(app, big_log.make(initialise(folder / "huge").root, runs=60, scores=30_000), big_log.run_id(4))


def test_every_page_says_what_there_is_in_every_state(app: Open, tmp_path: Path) -> None:
    states = set()
    for state, told in grid(app, tmp_path):
        states.add(state)
        wanted = WORDS[state] if state == "empty" else {**WORDS["one"], **WORDS[state]}
        wrong = {page: told[page][:800] for page, words in wanted.items() if words not in told[page]}
        assert not wrong, state
    assert states == set(WORDS)


def test_no_page_is_left_out() -> None:
    """A page that is new in the router has a row in the tables before it is merged."""
    router = Path(__file__).parents[2] / "pages" / "router.py"
    assert set(re.findall(r'st\.Page\("(\w+\.py)"', router.read_text("utf-8"))) == set(PAGES) == set(WORDS["empty"]) == set(WORDS["one"])
