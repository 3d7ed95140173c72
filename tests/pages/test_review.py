"""Review: what the browser is given is blind, what it sends is written down in order and once, and who won is said at the end."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import page_story
import pandas as pd
import pytest

from pages.ui import queues, reveal
from pages.ui.judging import Sitting, sit
from prompts.errors import InputError, UnknownName
from runs import query
from runs.compare import find_arms
from runs.errors import JournalError
from runs.ratings import Ballot, begin, view
from runs.workspace import Workspace

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

ANN = "ann@studio"
Open = Callable[..., "AppTest"]


@pytest.fixture(scope="module")
def shared(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A copy of the workspace, which tests add queues to."""
    return Workspace(Path(shutil.copytree(workspace.root, tmp_path_factory.mktemp("review") / "drama")))


@pytest.fixture
def queue(shared: Workspace) -> str:
    return make(shared)


def make(ws: Workspace, **more: Any) -> str:
    arms = find_arms(ws, f"{page_story.SHOTS}:a", f"{page_story.SHOTS}:b")
    return begin(ws, *arms, actor="chief", **{"seed": 5, "rubric": ["face"], **more})


def command(sitting: Sitting, n: int, do: str, *, at: int | None = None, tab: str = "t1", **more: Any) -> dict[str, Any]:
    item = sitting.items[n - 1 if at is None else at]["id"]
    return {"tab": tab, "n": n, "item": item, "do": do, "ms": 900, **more}


def votes(ws: Workspace, queue: str, rater: str = ANN) -> list[tuple[str, str]]:
    rows = query.ratings(ws, queue, rater)
    return [(row.item, row.choice) for row in rows.itertuples() if row.choice]


# What the browser is given


def test_nothing_that_is_given_tells_an_arm_from_the_other(shared: Workspace, queue: str) -> None:
    """No version, arm, run, job, model or score; an item that comes again has the same keys as any other."""
    data = json.dumps(sit(shared, queue, ANN).data())
    found = query.queue(shared, queue)
    jobs = {item[side] for item in found["items"] for side in ("job_a", "job_b")}
    for told in ("portrait", "plain", "rich", "studio-1", page_story.SHOTS, "again", "simulated", *jobs):
        assert told not in data, told
    assert len({tuple(item) for item in sit(shared, queue, ANN).items}) == 1


def test_sides_are_those_that_the_seed_drew(shared: Workspace, queue: str) -> None:
    """Left and right are where `runs.ratings.view` puts them, for this person."""
    outputs = query.queue_outputs(shared, queue)
    for shown, item in zip(view(query.queue(shared, queue), ANN), sit(shared, queue, ANN).items, strict=True):
        assert item["left"] == {"kind": "image", "url": f"/blob/{outputs[shown.item][shown.left_arm]['sha256']}"}
        assert item["left"] != item["right"]


def test_an_unknown_queue_and_nobody_are_explained(shared: Workspace, queue: str) -> None:
    with pytest.raises(UnknownName):
        sit(shared, "q-none", ANN)
    with pytest.raises(InputError, match="who judges"):
        sit(shared, queue, "  ")


# What it sends


def test_commands_are_written_in_order_and_what_was_heard_is_skipped(shared: Workspace, queue: str) -> None:
    """The list grows until it is acknowledged; each command counts once."""
    sitting = sit(shared, queue, ANN)
    sent = [command(sitting, n, do) for n, do in enumerate(("left", "tie", "right", "both_bad"), start=1)]
    for upto in (2, 2, 4, 3):
        sitting.take(sent[:upto])
    assert votes(shared, queue) == [(item["item"], item["do"]) for item in sent]
    assert sitting.data()["heard"] == {"t1": 4}
    lines = [line for path in shared.journals.iterdir() for line in path.read_bytes().splitlines() if queue.encode() in line]
    assert sum(b'"type":"rating"' in line for line in lines) == 4


def test_a_vote_is_on_disk_before_it_is_acknowledged(shared: Workspace, queue: str) -> None:
    """Another process, with its own connection, reads it while the sitting goes on."""
    sitting = sit(shared, queue, ANN)
    sitting.take([command(sitting, 1, "left")])
    assert votes(shared, queue) == [(sitting.items[0]["id"], "left")]


def test_undo_flag_and_going_on_elsewhere(shared: Workspace, queue: str) -> None:
    """A vote that was taken back is open again; a flag counts for nobody; the next sitting begins where this one ended."""
    sitting = sit(shared, queue, ANN)
    sitting.take(
        [command(sitting, 1, "left"), command(sitting, 2, "flag"), command(sitting, 3, "right"), command(sitting, 4, "undo", at=2)]
    )
    later = sit(shared, queue, ANN)
    assert later.said == sitting.said == {sitting.items[0]["id"]: "left", sitting.items[1]["id"]: "flag"}
    assert votes(shared, queue) == [(sitting.items[0]["id"], "left")]
    assert sit(shared, queue, "bo").said == {}


def test_saying_all_of_it_again_in_a_new_session_changes_nothing(shared: Workspace, queue: str) -> None:
    """The tab lost its session, not its memory: it sends what was not acknowledged."""
    first = sit(shared, queue, ANN)
    sent = [command(first, 1, "left"), command(first, 2, "right"), command(first, 3, "undo", at=1)]
    first.take(sent)
    second = sit(shared, queue, ANN)
    second.take(sent)
    assert second.said == first.said
    assert votes(shared, queue) == [(first.items[0]["id"], "left")]


def test_marks_of_left_and_right_become_marks_of_arms(shared: Workspace, queue: str) -> None:
    sitting = sit(shared, queue, ANN)
    sitting.take([command(sitting, 1, "left", marks={"face": {"left": 5, "right": 2}})])
    told = query.ratings(shared, queue, ANN).iloc[0]
    other = "b" if told["left_arm"] == "a" else "a"
    assert json.loads(told["rubric"]) == {"face": {told["left_arm"]: 5, other: 2}}


@pytest.mark.parametrize(
    "bad", [{"do": "win"}, {"item": "i9999"}, {"marks": {"face": {"left": 9}}}, {"marks": {"face": 3}}, {"marks": [1]}, {"ms": "x"}]
)
def test_what_no_page_of_ours_sends_is_passed_over(shared: Workspace, queue: str, bad: dict[str, Any]) -> None:
    """It holds up nothing that follows."""
    sitting = sit(shared, queue, ANN)
    sitting.take([{**command(sitting, 1, "left"), **bad}, command(sitting, 2, "right"), {"do": "left"}])
    assert votes(shared, queue) == [(sitting.items[1]["id"], "right")]
    assert sitting.heard == {"t1": 2}


def test_a_vote_that_cannot_be_written_is_asked_for_again(shared: Workspace, queue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said what is wrong, nothing is acknowledged, and when there is room again the same list is taken."""
    sitting = sit(shared, queue, ANN)
    sent = [command(sitting, 1, "left"), command(sitting, 2, "right")]

    def full(*_: object, **__: object) -> None:
        raise JournalError("The disk is full.", hint="Free some space.")

    with monkeypatch.context() as broken:
        broken.setattr(Ballot, "cast", full)
        sitting.take(sent)
    assert sitting.problem == "The disk is full. Free some space."
    assert (sitting.heard, sitting.said) == ({}, {})
    sitting.take(sent)
    assert (sitting.problem, votes(shared, queue)) == ("", [(c["item"], c["do"]) for c in sent])


# Who won


def judged(ws: Workspace, queue: str, rater: str, for_b: float) -> None:
    """Let a person judge all: the first share of the items for B, the others for A."""
    items = view(query.queue(ws, queue), rater)
    with Ballot(ws, queue, rater) as ballot:
        for n, shown in enumerate(items):
            wanted = "b" if n < for_b * len(items) else "a"
            ballot.cast(shown.item, "left" if shown.left_arm == wanted else "right", ms=200 if n == 0 else 2000)


def test_the_reveal_says_whom_people_prefer_and_how_far_to_trust_it(shared: Workspace, queue: str) -> None:
    judged(shared, queue, ANN, 1.0)
    judged(shared, queue, "bo", 1.0)
    everybody = query.ratings(shared, queue)
    row = reveal.row(everybody, "plain", "rich").iloc[0]
    assert (row["verdict"], row["gain"]) == ("better", 1.0)
    assert row["sentence"] == "People prefer B, rich, to A, plain: 14 series for B, 0 for A, 0 for neither."
    facts = {what: value for what, value, _ in reveal.facts(everybody, everybody[everybody["rater"] == ANN])}
    assert facts["Votes"] == "30 by 2 people"
    assert facts["You agree with yourself"].startswith("100% of 2")
    assert facts["Your votes at a glance"] == "1 of 17"


def test_a_close_result_is_called_unclear(shared: Workspace, queue: str) -> None:
    judged(shared, queue, ANN, 0.5)
    row = reveal.row(query.ratings(shared, queue), "plain", "rich").iloc[0]
    assert row["verdict"] == "unclear"
    assert "not clear" in row["sentence"]


def test_without_a_vote_there_is_no_row(shared: Workspace, queue: str) -> None:
    assert reveal.row(query.ratings(shared, queue), "plain", "rich").empty


def test_the_list_hides_what_a_queue_compares_until_it_is_judged(shared: Workspace) -> None:
    """Who knows that v12 is in it looks for v12."""
    frame = query.queues(shared).iloc[:0]
    row = {"queue": "q", "stage": "shot", "a": "r:a", "b": "r:b", "question": "?", "actor": "x", "items": 3, "raters": 1, "rated": 3}
    frame = pd.concat([frame, pd.DataFrame([row])]).astype(frame.dtypes)
    for own, told in ((2, queues.HIDDEN), (3, "plain  ·  rich")):
        assert queues.table(frame, pd.Series({"q": own}), {"r:a": "plain", "r:b": "rich"})["Compares"].tolist() == [told]


# The page


@pytest.mark.slow
def test_without_a_queue_there_is_a_way_to_one(app: Open) -> None:
    """The list is empty: the page says what a queue is, and has the form for one."""
    at = app("review.py")
    assert "No queue yet" in "\n".join(text.value for text in at.text)
    assert [box.label for box in at.selectbox] == ["One arm (the baseline)", "The other arm (the challenger)"]


@pytest.mark.slow
def test_a_queue_is_made_of_two_arms(app: Open, shared: Workspace) -> None:
    at = app("review.py", of=shared, a=f"{page_story.SHOTS}:a", b=f"{page_story.SHOTS}:b")
    at.text_input(key="person").set_value("chief")
    at.number_input[0].set_value(4)
    at.button[0].click().run()
    assert not at.exception
    newest = query.queues(shared).iloc[0]
    assert (newest["items"], newest["actor"], at.query_params["queue"]) == (4, "chief", newest["queue"])


@pytest.mark.slow
def test_one_arm_twice_is_explained(app: Open, shared: Workspace) -> None:
    at = app("review.py", of=shared, a=f"{page_story.SHOTS}:a", b=f"{page_story.SHOTS}:a")
    at.button[0].click().run()
    assert "same arm" in at.error[0].value


@pytest.mark.slow
def test_an_unknown_queue_is_explained_on_the_page(app: Open) -> None:
    at = app("review.py", queue="q-none")
    assert "queue" in at.error[0].value


@pytest.mark.slow
def test_a_queue_that_was_judged_shows_what_came_of_it(app: Open, shared: Workspace, queue: str) -> None:
    judged(shared, queue, ANN, 1.0)
    at = app("review.py", of=shared, queue=queue, person=ANN)
    told = "\n".join(text.value for text in at.text)
    assert "People prefer B, shot/portrait@rich" in told
    cases = at.dataframe[0].value
    assert len(cases) == 15
    assert set(cases["You"]) == {"B"}
