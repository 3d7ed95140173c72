"""Search: words in all that runs were sent, gave and were told, page by page."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import page_story
import pytest

from pages.ui.hits import marked
from runs import query
from runs.query.of_search import ALL_KINDS
from runs.workspace import Workspace

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

pytestmark = pytest.mark.slow
Open = Callable[..., "AppTest"]


def html(at: AppTest) -> str:
    return "\n".join(element.value for element in at.get("html"))


def test_without_words_the_page_says_what_it_looks_through(app: Open) -> None:
    at = app("search.py")
    assert "Looks through the prompts" in at.text[0].value
    assert not html(at)


def test_a_prompt_is_found_by_its_words_in_any_order_and_case(app: Open, workspace: Workspace) -> None:
    """All words have to be there; the hit leads to its case, and the words are marked."""
    sent = query.generation(workspace, *_job(workspace))
    word, other = re.findall(r"[\u4e00-\u9fff]{2}|[A-Za-z]{5,}", sent["messages"][-1]["content"])[:2]
    found = query.search(workspace, f"{other.upper()} {word}", "prompts", limit=100)
    assert sent["job_id"] in set(found["job_id"])
    at = app("search.py", q=word, kind="prompts")
    assert f">{word}</span>" in html(at)
    assert re.search(r'href="/case\?a=[^"]+&amp;case=', html(at))
    assert query.search(workspace, f"{word} nowhere-at-all", "prompts").empty


def test_words_of_another_kind_are_a_click_away(app: Open, workspace: Workspace) -> None:
    """Nobody has to try one kind after the other."""
    reason = next(text for text in query.scores(workspace, page_story.SHOTS)["reason"] if len(str(text)) > 8)
    word = next(word for word in re.findall(r"[a-z]{4,}", reason) if query.search(workspace, word, "findings").empty)
    at = app("search.py", q=word, kind="findings")
    assert not html(at)
    next(button for button in at.button if button.label == "reasons").click().run()
    assert at.query_params["kind"] in ("reasons", ["reasons"])
    assert word in html(at)
    assert "Nothing anywhere else either" in app("search.py", q="nowhere-at-all").text[-1].value


def _job(ws: Workspace) -> tuple[str, str]:
    run = query.runs(ws).query("stage == 'script'")["run_id"].iloc[0]
    return run, query.generations(ws, run)["job_id"].iloc[0]


def test_an_output_is_found_by_what_stands_in_its_file(workspace: Workspace) -> None:
    run, job = _job(workspace)
    text = query.media_path(workspace, query.generation(workspace, run, job)["artifact"]).read_text("utf-8")
    found = query.search(workspace, text[40:60].split()[0], "outputs", limit=100)
    assert job in set(found["job_id"])
    assert found["text"].str.len().max() <= 280


def test_pages_follow_each_other_without_gap_or_repeat(workspace: Workspace) -> None:
    """Three pages hold what one long one holds, newest first."""
    whole = query.search(workspace, "bold", "reasons", limit=60)
    parts = [query.search(workspace, "bold", "reasons", limit=20, offset=n)[["run_id", "job_id", "source"]] for n in (0, 20, 40)]
    assert [row for part in parts for row in part.values.tolist()] == whole[["run_id", "job_id", "source"]].values.tolist()
    assert whole["at"].is_monotonic_decreasing


def test_the_page_turns(app: Open) -> None:
    at = app("search.py", q="bold", kind="reasons")
    assert "1 to 25, newest first" in [text.value for text in at.text]
    next(button for button in at.button if button.label == "older ▶").click().run()
    assert "26 to 50, newest first" in [text.value for text in at.text]
    assert "26 to 50, newest first" in [text.value for text in app("search.py", q="bold", kind="reasons", page="2").text]
    at.text_input[0].set_value("onerror").run()
    assert "1 to 25, newest first" in [text.value for text in at.text]
    assert "Nothing more." in [text.value for text in app("search.py", q="bold", kind="reasons", page="99").text]


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_every_kind_can_be_searched_for_what_is_not_there(app: Open, kind: str) -> None:
    """Signs that SQL, patterns and markup read are words like others."""
    at = app("search.py", q="%_'\\\"--;[a-z]* zzz", kind=kind)
    assert not html(at)
    assert "Nothing in" in at.text[0].value


def test_errors_are_found_and_hostile_text_stays_text(app: Open) -> None:
    at = app("search.py", q="onerror", kind="reasons")
    assert "&lt;img src=" in html(at)
    assert not re.search(r"<img|<script|!\[p\]\(http[^)]*\)\Z", html(at))
    assert page_story.FOREIGN in html(at)


def test_words_are_marked_wherever_they_stand() -> None:
    shown = marked("A <b>red</b> Red rose", "red rose")
    assert shown.count("<span") == 3
    assert "&lt;b&gt;" in shown
    assert marked("<i>", "") == "&lt;i&gt;"
