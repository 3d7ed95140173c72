"""A queue hides what must be hidden, and a vote that was acknowledged is never lost and never counted twice."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import log_story as story
import pytest

from evals.votes import trust
from prompts.errors import InputError, UnknownName
from runs import query
from runs.ballots import read_table, take_in
from runs.compare import Arm, find_arms
from runs.log import catch_up, rebuild
from runs.ratings import Ballot, begin, left_arm, value_of, view
from runs.workspace import Workspace

ROOT = Path(__file__).parents[3]
CASES = 40


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Return a log with one run: two arms over 40 cases of three series; one output in seven is missing. Tests only copy it."""
    found = story.workspace(tmp_path_factory.mktemp("judged") / "drama")
    events = [story.plan("r", 2 * CASES, cases=CASES), *(story.generation("r", n, 1 + n) for n in range(2 * CASES))]
    story.write(found, "a.jsonl", events)
    catch_up(found)
    return found


@pytest.fixture
def ws(judged: Workspace, tmp_path: Path) -> Workspace:
    return Workspace(Path(shutil.copytree(judged.root, tmp_path / "drama")))


@pytest.fixture
def arms(ws: Workspace) -> tuple[Arm, Arm]:
    return find_arms(ws, "r:a", "r:b")


@pytest.fixture
def queue(ws: Workspace, arms: tuple[Arm, Arm]) -> str:
    return begin(ws, *arms, actor="ann", seed=7, rubric=["face"])


def test_every_pair_with_two_outputs_is_in_it_once_and_some_come_again(ws: Workspace, queue: str) -> None:
    items = query.queue(ws, queue)["items"]
    fresh = [i for i in items if not i["again"]]
    again = [i for i in items if i["again"]]
    made = query.generations(ws, "r")
    whole = made[made["status"] == "ok"].groupby("case_id").size()
    assert {i["case_id"] for i in fresh} == set(whole[whole == 2].index)
    assert len(fresh) == len({i["case_id"] for i in fresh})
    assert len(again) == round(len(fresh) * 0.1)
    places = {i["item"]: n for n, i in enumerate(items)}
    assert all(places[i["item"]] - places[i["again"]] >= len(fresh) // 2 for i in again)


def test_names_of_items_do_not_tell_which_come_again(ws: Workspace, queue: str) -> None:
    assert [i["item"] for i in query.queue(ws, queue)["items"]] == [f"i{n + 1:04d}" for n in range(len(query.queue(ws, queue)["items"]))]


def test_sides_are_random_by_person_proved_by_the_seed_and_swapped_the_second_time(ws: Workspace, queue: str) -> None:
    found = query.queue(ws, queue)
    ann, bo = view(found, "ann"), view(found, "bo")
    assert view(query.queue(ws, queue), "ann") == ann
    assert [s.left_arm for s in ann] != [s.left_arm for s in bo]
    counts = Counter(left_arm(7, f"i{n}", "ann") for n in range(4000))
    assert 1850 < counts["a"] < 2150
    by_item = {s.item: s for s in ann}
    for item in found["items"]:
        shown = by_item[item["item"]]
        jobs = item["job_a"], item["job_b"]
        assert (shown.left_job, shown.right_job) == (jobs if shown.left_arm == "a" else jobs[::-1])
        if item["again"]:
            assert shown.left_arm != by_item[item["again"]].left_arm


@pytest.mark.parametrize(
    ("choice", "left", "value"),
    [
        ("left", "a", -1.0),
        ("left", "b", 1.0),
        ("right", "a", 1.0),
        ("right", "b", -1.0),
        ("tie", "a", 0.0),
        ("both_bad", "b", 0.0),
        ("", "a", None),
    ],
)
def test_a_choice_is_a_preference(choice: str, left: str, value: float | None) -> None:
    assert value_of(choice, left) == value


def test_the_last_word_counts(ws: Workspace, queue: str) -> None:
    with Ballot(ws, queue, "ann") as ballot:
        ballot.cast("i0001", "left", ms=1200)
        ballot.cast("i0001", "right", ms=900, rubric={"face": {"a": 2, "b": 5}}, reason="steadier")
        ballot.cast("i0002", "tie")
        ballot.undo("i0002")
        ballot.flag("i0003", "one picture is missing")
    frame = query.ratings(ws, queue).set_index("item")
    assert frame.loc["i0001", ["choice", "ms", "reason"]].tolist() == ["right", 900, "steadier"]
    assert json.loads(str(frame.loc["i0001", "rubric"])) == {"face": {"a": 2, "b": 5}}
    assert frame["value"].notna().tolist() == [True, False, False]
    assert frame.loc["i0003", "flagged"]
    (row,) = query.queues(ws).to_dict("records")
    assert (row["rated"], row["flagged"], row["raters"]) == (1, 1, 1)
    assert trust(query.ratings(ws, queue)).votes == 1


def test_two_people_do_not_disturb_each_other_and_a_rebuilt_log_says_the_same(ws: Workspace, queue: str) -> None:
    with Ballot(ws, queue, "ann") as ann, Ballot(ws, queue, "bo") as bo:
        for n in range(1, 9):
            ann.cast(f"i{n:04d}", "left")
            bo.cast(f"i{n:04d}", "right")
        query.ratings(ws, queue)
        ann.cast("i0001", "tie")
    before = query.ratings(ws, queue)
    assert len(before) == 16
    rebuild(ws)
    assert query.ratings(ws, queue).equals(before)


@pytest.mark.parametrize(
    ("item", "choice", "rubric", "message"),
    [
        ("i9999", "left", {}, "no item"),
        ("i0001", "middle", {}, "no choice"),
        ("i0001", "left", {"hair": {"a": 1}}, "no criterion"),
        ("i0001", "left", {"face": {"a": 6}}, "no marks"),
        ("i0001", "left", {"face": 3}, "no marks"),
    ],
)
def test_what_makes_no_sense_is_refused(ws: Workspace, queue: str, item: str, choice: str, rubric: dict[str, object], message: str) -> None:
    with Ballot(ws, queue, "ann") as ballot, pytest.raises(InputError, match=message):
        ballot.cast(item, choice, rubric=rubric)
    assert len(query.ratings(ws, queue)) == 0


def test_an_unknown_queue_and_a_nameless_person_are_refused(ws: Workspace, queue: str) -> None:
    with pytest.raises(UnknownName, match="q-nope"):
        Ballot(ws, "q-nope", "ann")
    with pytest.raises(InputError, match="who rates"):
        Ballot(ws, queue, " ")


def test_a_limit_takes_as_many_series_as_there_are(ws: Workspace, arms: tuple[Arm, Arm]) -> None:
    items = query.queue(ws, begin(ws, *arms, actor="ann", limit=6, again_share=0))["items"]
    assert Counter(i["series"] for i in items) == {"series-0": 2, "series-1": 2, "series-2": 2}


def test_votes_come_from_a_spreadsheet_whole_or_not_at_all(ws: Workspace, queue: str, tmp_path: Path) -> None:
    shown = {s.item: s.left_arm for s in view(query.queue(ws, queue), "ann")}
    table = tmp_path / "votes.csv"
    table.write_text("item,rater,choice,prefer\ni0001,ann,left,\ni0002,ann,,b\ni0003,bo,,both_bad\n", "utf-8-sig")
    assert take_in(ws, queue, read_table(table)) == 3
    assert take_in(ws, queue, read_table(table)) == 0
    frame = query.ratings(ws, queue).set_index("item")
    assert frame["value"].tolist() == [1.0 if shown["i0001"] == "b" else -1.0, 1.0, 0.0]
    table.write_text("item,rater,prefer\ni0004,ann,a\ni0005,ann,c\n")
    with pytest.raises(InputError, match=r"Line 3: 'c' is no vote"):
        take_in(ws, queue, read_table(table))
    assert len(query.ratings(ws, queue)) == 3


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", 'item,rater,choice\n"i', "item,rater\ni0001,ann\n"])
def test_a_table_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    table = tmp_path / "votes.csv"
    table.write_text(text)
    with pytest.raises(InputError):
        read_table(table)


CHILD = """
import sys
from pathlib import Path
from runs.ratings import Ballot
from runs.workspace import Workspace
with Ballot(Workspace(Path(sys.argv[1])), sys.argv[2], "ann") as ballot:
    for n in range(1, 10_000):
        ballot.cast(f"i{(n - 1) % 20 + 1:04d}", "left" if n % 2 else "right", ms=n)
        print(n, flush=True)
"""


@pytest.mark.slow
def test_a_kill_loses_no_vote_that_was_acknowledged(ws: Workspace, queue: str) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(ws.root), queue], stdout=subprocess.PIPE, text=True, env=environment)
    assert child.stdout is not None
    told = [int(child.stdout.readline()) for _ in range(57)][-1]
    os.kill(child.pid, signal.SIGKILL)
    told = max([told, *(int(line) for line in child.stdout.read().split())])
    child.wait()
    last = int(query.ratings(ws, queue)["ms"].max())
    assert told <= last <= told + 1
