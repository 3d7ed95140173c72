"""Watch: a run that goes on, one that ended, one that is in doubt, and one whose process has only just begun."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import log_story
import page_story
import pandas as pd
import pytest

from pages.ui import live
from runs import events as ev
from runs import launching, query
from runs.journal import Journal
from runs.media import MediaStore
from runs.workspace import Workspace

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

pytestmark = pytest.mark.slow
Open = Callable[..., "AppTest"]


def words(at: AppTest) -> str:
    return "\n".join(element.value for element in at.text)


def figures(at: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in at.metric}


def buttons(at: AppTest) -> list[str]:
    return [button.label for button in at.button if button.label != "Export…"]


def test_a_running_run_shows_how_far_it_is_and_can_be_stopped(app: Open, tmp_path: Path) -> None:
    """Done, failed, queued, spend and speed; what went wrong with a link; when it ends, Stop goes."""
    ws = log_story.workspace(tmp_path / "live")
    with Journal(ws, "r1") as journal:
        journal.append(*list(log_story.story("r1", jobs=8))[:13])
        at = app("watch.py", of=ws, id="r1")
        assert figures(at).items() >= {"Done": "4 of 8", "Failed": "1", "Queued": "4"}.items()
        assert buttons(at) == ["Stop"]
        wrong = at.dataframe[0].value.iloc[0]
        assert (wrong["Times"], wrong["What"]) == (1, "failed · server")
        assert wrong["Latest"].startswith("/case?a=r1%3A")
        assert len(at.dataframe[1].value) == 4
        journal.append(*list(log_story.story("r1", jobs=8))[13:])
    at = app("watch.py", of=ws, id="r1")
    assert figures(at)["Done"] == "8 of 8"
    assert buttons(at) == ["Retry failed"]


def test_a_run_that_broke_off_can_be_resumed(app: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing, or what failed as well; a run without a failure offers only the first."""
    ws = log_story.workspace(tmp_path / "broken")
    log_story.write(ws, "r1.jsonl", list(log_story.story("r1", jobs=8))[:13])
    at = app("watch.py", of=ws, id="r1")
    assert buttons(at) == ["Resume", "Retry failed"]
    asked: list[bool] = []
    monkeypatch.setattr(launching, "resume", lambda _ws, run_id, *, retry_failed=False: asked.append(retry_failed))
    for label in buttons(at):
        at.button(key=f"{label} r1").click().run()
    assert asked == [False, True]


def test_pictures_are_posters_and_texts_begin(app: Open, workspace: Workspace) -> None:
    """The newest twelve, newest first; what failed says why; nothing of it is markup."""
    frame = app("watch.py", id=page_story.SHOTS, by="newest").dataframe[-1].value
    assert len(frame) == 12
    assert frame["Output"].dropna().str.startswith("/poster/").all()
    assert frame["At"].is_monotonic_decreasing
    script = query.runs(workspace).query("stage == 'script'")["run_id"].iloc[0]
    frame = app("watch.py", id=script, by="newest").dataframe[-1].value
    assert "Output" not in frame
    assert frame["Beginning"].str.len().between(20, live.TEXT_CHARS).all()


def test_of_a_run_that_has_ended_the_weakest_outputs_come_first_with_the_reason(app: Open) -> None:
    """By any of its metrics; what cannot be looked at has no score."""
    for metric in ("expression", "face_consistency"):
        frame = app("watch.py", id=page_story.SHOTS, by=metric).dataframe[-1].value
        assert frame["Score"].dropna().is_monotonic_increasing
        assert frame["Why"].iloc[-1].startswith(page_story.HOSTILE[:20])


def test_a_job_in_doubt_comes_with_the_commands_that_settle_it_or_ask_again(
    app: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = log_story.workspace(tmp_path / "doubt")
    lost = log_story.generation("r1", 0, status="unknown_submission", error="lost", message="No answer came.")
    log_story.write(ws, "r1.jsonl", [log_story.plan("r1", 2), lost, ev.End(run_id="r1", state="stopped", at=log_story.at(50))])
    at = app("watch.py", of=ws, id="r1")
    command = at.code[0].value
    assert "nobody knows whether they were made" in words(at)
    assert re.search(r"workbench settle r1 wb\w+ --made TASK", command)
    assert command.endswith("workbench run --resume r1 --resend")
    assert at.dataframe[1].value["Message"].iloc[0] == "No answer came."
    asked: list[dict[str, bool]] = []
    monkeypatch.setattr(launching, "resume", lambda _ws, run_id, **given: asked.append(given))
    at.button(key="Ask again r1").click().run()
    assert asked == [{"resend": True}]


def test_notes_stand_below(app: Open, tmp_path: Path) -> None:
    ws = log_story.workspace(tmp_path / "noted")
    log_story.write(ws, "r1.jsonl", [*log_story.story("r1", jobs=2), ev.Note(run_id="r1", at=log_story.at(60), text=page_story.HOSTILE)])
    at = app("watch.py", of=ws, id="r1")
    assert page_story.HOSTILE in words(at)
    assert not any("![p]" in element.value for element in at.markdown)


@pytest.mark.parametrize("address", [{}, {"id": "nothing"}, {"id": "../../etc/passwd"}, {"id": "20260101-000000-abcdef"}])
def test_an_address_that_names_no_run_is_explained(app: Open, address: dict[str, str]) -> None:
    at = app("watch.py", **address)
    assert len(at.error) == 1


def test_a_process_that_could_not_begin_says_why(app: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no such run in the log: what its process printed is shown, without keys."""
    ws = log_story.workspace(tmp_path / "begun")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-abcdefghijklmnopqrstuv")
    path = launching.output_path(ws, "20260101-000000-abcdef")
    path.parent.mkdir(parents=True)
    path.write_text("Error: sk-abcdefghijklmnopqrstuv is refused.\n")
    at = app("watch.py", of=ws, id="20260101-000000-abcdef")
    assert "ended before it began" in at.error[0].value
    assert at.code[0].value == "Error: [redacted] is refused."


@pytest.mark.parametrize(("seconds", "said"), [(26.0, "26 s"), (600.0, "10 min"), (7200.0, "2.0 h")], ids=["seconds", "minutes", "hours"])
def test_times_are_said_in_a_readable_unit(seconds: float, said: str) -> None:
    assert live.duration(seconds) == said


@pytest.mark.parametrize(("per_s", "said"), [(1.44, "1.4 / s"), (0.5, "30 / min"), (0.01, "36 / h")])
def test_speeds_are_said_in_a_readable_unit(per_s: float, said: str) -> None:
    assert live.speed(per_s) == said


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('```json\n{"id": "s1", "title": "描皮笔之夜", "action": "She turns.\\nAnd", "n": 1', r"描皮笔之夜 · She turns.\nAnd"),
        ('{"id": "s1"}', '{"id": "s1"}'),
        ("INT. HALL\n  She turns.", "INT. HALL She turns."),
    ],
)
def test_a_text_is_shown_by_the_words_that_people_read(workspace: Workspace, text: str, told: str) -> None:
    """Also where only its beginning was read, and where it is no JSON after all."""
    stored = MediaStore(workspace).put(text.encode(), "application/json")
    assert live.words(workspace, stored.sha256) == told
    assert not live.words(workspace, "0" * 64)
    assert live.words(workspace, stored.sha256, 3).endswith(" …")


def test_an_unknown_spend_is_never_zero() -> None:
    assert live.spent({"cost_usd": None, "budget_usd": 2.0, "done": 1}) == "unknown of $2.00"
    assert live.spent({"cost_usd": None, "budget_usd": None, "done": 0}) == "–", "nothing has come back yet"
    assert live.spent({"cost_usd": 0.81, "budget_usd": 2.0}) == "$0.81 of $2.00"
    assert live.spent({"cost_usd": 0.0, "budget_usd": None}) == "$0.00"


def test_models_are_named_once_where_all_have_the_same() -> None:
    same = pd.DataFrame({"ref": ["x@a", "x"], "model": ["m", "m"]})
    assert live.arms(same) == "x@a → x · m"
    assert live.arms(same.assign(model=["m", "n"])) == "x@a · m → x · n"
