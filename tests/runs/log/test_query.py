"""Questions to the log: every frame with all its columns and types, every number as the journals have it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import log_story as story
import orjson
import pandas as pd
import pytest

from prompts.errors import UnknownName
from runs import events as ev
from runs import query
from runs.errors import MediaError
from runs.journal import Journal
from runs.media import MediaStore
from runs.workspace import Workspace


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with one finished run of 12 jobs, and a journal with a corrupt line; only looked at."""
    ws = story.workspace(tmp_path_factory.mktemp("full"))
    story.write(ws, "a.jsonl", story.story("r", 12))
    story.write(ws, "b.jsonl", [ev.Note(run_id="other", at=story.at(-100), text="x")])
    with (ws.journals / "b.jsonl").open("ab") as file:
        file.write(b"rubbish\n")
    return ws


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace in which nothing has been done yet; only looked at."""
    return story.workspace(tmp_path_factory.mktemp("blank"))


@pytest.fixture(scope="module")
def various(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with something in as many tables as one run can have, and a corrupt line; only looked at."""
    ws = story.workspace(tmp_path_factory.mktemp("various"))
    story.write(ws, "a.jsonl", [*story.story("r", 12), story.judged("r"), ev.Note(run_id="r", at=story.at(90), text="over")])
    with (ws.journals / "a.jsonl").open("ab") as file:
        file.write(b"rubbish\n")
    return ws


ALONE = {"lineage", "chain_costs", "truths", "planted", "rated_scores", "drift"}


ARGUMENTS = {
    "errors": ("r",),
    "gaps": ("r",),
    "chain_costs": ("pilot",),
    "newest": ("r",),
    "weakest": ("r", "logic"),
    "notes": ("r",),
    "search": ("server", "errors"),
}


@pytest.mark.parametrize("name", query.COLUMNS)
def test_a_frame_has_its_columns_and_types_when_it_is_empty_and_when_it_is_not(blank: Workspace, various: Workspace, name: str) -> None:
    columns = query.COLUMNS[name]

    def ask(ws: Workspace) -> pd.DataFrame:
        return getattr(query, name)(ws, *ARGUMENTS.get(name, ()))  # type: ignore[no-any-return]

    empty, found = ask(blank), ask(various)
    assert list(empty.columns) == list(columns)
    assert len(empty) == 0
    assert len(found) > 0 or name in ALONE, "a run alone has neither ancestors, nor truth, nor votes, nor a second version of a scorer"
    assert list(found.columns)[: len(columns)] == list(columns)
    assert found.dtypes[list(columns)].to_dict() == empty.dtypes.to_dict()
    assert {name: str(dtype) for name, dtype in empty.dtypes.items()} == dict(columns)


def test_runs_are_summed_up(full: Workspace) -> None:
    row = query.runs(full).set_index("run_id").loc["r"]
    assert (row["stage"], row["suite"], row["provider"], row["models"], bool(row["simulated"])) == (
        "shot",
        "starter",
        "studio",
        "studio-1",
        True,
    )
    assert row["arms"] == "shot/keyframe@plain, shot/keyframe@rich"
    assert (row["jobs"], row["done"], row["ok"], row["failed"], row["refused"]) == (12, 12, 10, 2, 0)
    assert row["cost_usd"] == 2.5, "two of twelve cost an unknown amount, which is not 0 and not nothing"
    assert row["started_at"] == pd.Timestamp("2026-03-01 12:00:00")
    assert row["state"] == "finished"


def test_runs_of_which_little_is_known_are_listed(ws: Workspace) -> None:
    """A plan without jobs, cases or scorers, one that was given up, a run of which only a note or a score arrived: alone and together."""
    empty = replace(story.plan("no-jobs", 0), jobs=[])
    told: list[list[ev.Event]] = [
        [empty],
        [replace(empty, run_id="nothing", arms=[], versions=[], cases=[], scorers=[])],
        [replace(empty, run_id="ended", scorers=[]), ev.End(run_id="ended", at=story.at(5), state="stopped")],
        [replace(empty, run_id="scored"), story.scores("scored", 3)],
        [ev.Note(run_id="a-note", at=story.at(1), text="x")],
        [story.scores("a-score", 0)],
    ]
    for n, events in enumerate(told, start=1):
        story.write(ws, f"{n}.jsonl", events)
        assert len(query.runs(ws)) == n
    rows = query.runs(ws).set_index("run_id")
    assert rows["jobs"].fillna(-1).to_dict() == {"no-jobs": -1, "nothing": -1, "ended": -1, "scored": 1, "a-note": -1, "a-score": 1}
    assert rows["state"].to_dict() == dict.fromkeys(rows.index, "interrupted") | {"ended": "stopped"}
    assert query.progress(ws, "no-jobs")["jobs"] == 0


def test_a_mean_counts_failed_scores_as_the_worst_value(full: Workspace) -> None:
    """Jobs 3 and 10 failed; their faces count as 0."""
    faces = [0.5 + n % 10 / 20 for n in range(12) if n % 7 != 3]
    assert query.runs(full).set_index("run_id")["face"]["r"] == pytest.approx(sum(faces) / 12)
    detail = query.run_scores(full, "r").query("metric == 'face'")
    assert (detail["n"].sum(), detail["n_ok"].sum(), detail["n_failed"].sum()) == (12, 10, 2)
    assert detail["mean"].mean() == pytest.approx(sum(faces) / 12)


def test_a_run_without_scores_has_no_mean_and_one_without_costs_has_no_cost(ws: Workspace) -> None:
    story.write(ws, "a.jsonl", [story.plan("r", 1), story.generation("r", 0, cost_usd=None)])
    row = query.runs(ws).iloc[0]
    assert pd.isna(row["cost_usd"])
    assert "face" not in row


def test_a_metric_called_like_a_column_is_shown_under_another_name(ws: Workspace) -> None:
    mark = story.score("cost_usd", 0.25)
    metric: ev.MetricPlan = story.METRICS[0] | {"name": "cost_usd"}  # type: ignore[assignment]
    scorers = ev.Scorers(run_id="r", at=story.at(1), scorers=[{"name": "judge", "version": "1", "args": {}, "metrics": [metric]}])
    marks = ev.Scores(run_id="r", at=story.at(2), job_id=story.job_id("r", 0), scores=[mark])
    story.write(ws, "a.jsonl", [story.plan("r", 1), story.generation("r", 0), scorers, marks])
    assert query.runs(ws)["mean_cost_usd"][0] == 0.25


def test_generations_can_be_narrowed(full: Workspace) -> None:
    assert len(query.generations(full)) == 12
    assert len(query.generations(full, "r", arm="a")) == 6
    assert set(query.generations(full, "r", case_id="case-0")["case_id"]) == {"case-0"}
    assert len(query.generations(full, "nobody")) == 0


def test_a_failure_is_a_row_with_a_status_and_words(full: Workspace) -> None:
    failed = query.generations(full).query("status == 'failed'")
    assert set(failed["message"]) == {"HTTP 500 on request 3", "HTTP 500 on request 10"}
    assert failed["artifact"].isna().all()


def test_scores_carry_what_their_metric_means(full: Workspace) -> None:
    found = query.scores(full, "r", "logic")
    assert len(found) == 12
    assert found[["direction", "unit", "worst", "lo"]].drop_duplicates().values.tolist() == [["down", "rules", 10.0, 0.0]]
    assert found["hi"].isna().all(), "an open scale"
    failed = query.scores(full, "r", "face").query("status == 'failed'")
    assert len(failed) == 2
    assert failed["value"].isna().all()


def test_findings_name_the_rule_and_quote_the_line(full: Workspace) -> None:
    found = query.findings(full, "r")
    assert len(found) == 4
    assert found[["check", "severity", "where", "quote", "message"]].drop_duplicates().values.tolist() == [
        ["C01", "block", '["s1","l2"]', "He walks.", "He is dead."]
    ]


def test_one_generation_tells_everything(full: Workspace) -> None:
    job = story.job_id("r", 0)
    one = query.generation(full, "r", job)
    assert (one["job_id"], one["arm"], one["series"], one["case_id"], one["seed"]) == (job, "a", "series-0", "case-0", 2**63)
    assert one["messages"] == [{"role": "user", "content": "Draw shot 0 – 镜头 \U0001f3ac"}]
    assert (one["wire_request"], one["wire_response"], one["truth"]) == ({"prompt": "Draw shot 0"}, {"id": 0}, {"identity": [0.5, 0.25]})
    assert (one["inputs"], one["parameters"]) == ({"shot": {"id": "s0"}}, {"size": "720x1280"})
    assert one["references"]["mei"][0]["media_type"] == "image/png"
    assert one["artifacts"] == [{"kind": "image", "media_type": "image/png", "sha256": "0" * 64, "bytes": 100}]
    assert [(s["metric"], s["value"]) for s in one["scores"]] == [("detail", 0.5), ("face", 0.5), ("logic", 1.0)]
    assert one["scores"][1]["evidence"] == {"faces": [{"character": "mei", "match": 0.5}]}
    assert [(f["check"], f["where"], f["metric"]) for f in one["findings"]] == [("C01", ["s1", "l2"], "logic")]
    assert one["usage"]["input_tokens"] == 10
    assert one["created_at"] == dt.datetime(2026, 3, 1, 12, 0, 2)
    assert query.generation(full, "r", job[:12]) == one
    assert query.generation(full, "r", story.job_id("r", 3))["artifact"] is None


def test_a_run_event_is_put_together_again_as_it_was_written(full: Workspace) -> None:
    assert query.run_plan(full, "r") == orjson.loads(orjson.dumps(story.plan("r", 12).to_dict()))


def test_versions_and_their_sources_outlive_their_files(full: Workspace) -> None:
    frame = query.versions(full)
    assert set(frame["ref"]) == {"shot/keyframe@plain", "shot/keyframe@rich"}
    assert query.version_source(full, "v1:" + "b" * 64) == {"prompts/shot/keyframe@rich.j2": "A shot, rich."}
    assert query.version_source(full, "bbbbbb") == query.version_source(full, "v1:bbbbbb")
    assert list(query.stored_versions(full, "shot/keyframe")) == ["v1:" + "a" * 64, "v1:" + "b" * 64]
    assert query.stored_versions(full, "shot/other") == {}


@pytest.mark.parametrize(
    "ask",
    [
        lambda ws: query.run_plan(ws, "nobody"),
        lambda ws: query.run_plan(ws, "other"),
        lambda ws: query.progress(ws, "nobody"),
        lambda ws: query.generation(ws, "r", "nothing"),
        lambda ws: query.generation(ws, "nobody", story.job_id("r", 0)),
        lambda ws: query.version_source(ws, "abcdef"),
        lambda ws: query.version_source(ws, "b"),
        lambda ws: query.find_run(ws, "nobody"),
    ],
)
def test_what_is_not_there_is_an_unknown_name(full: Workspace, ask: Callable[[Workspace], object]) -> None:
    with pytest.raises(UnknownName):
        ask(full)


def test_a_run_is_found_by_id_by_its_beginning_and_as_the_last(ws: Workspace) -> None:
    for n, run in enumerate(["20260301-aa", "20260301-ab", "20260302-x", "20260301"]):
        story.write(ws, f"{n}.jsonl", story.story(run, 1, 100 * n))
    assert query.find_run(ws) == query.find_run(ws, "20260301") == "20260301"
    assert query.find_run(ws, "20260302") == "20260302-x"
    assert query.find_run(ws, "20260301-a" + "b") == "20260301-ab"
    with pytest.raises(UnknownName, match=r"20260301-a[ab] or 20260301-a[ab]"):
        query.find_run(ws, "20260301-a")


def test_errors_that_differ_only_in_numbers_are_one(full: Workspace) -> None:
    found = query.errors(full, "r")
    assert found[["who", "status", "error", "count"]].values.tolist() == [["a", "failed", "server", 1], ["b", "failed", "server", 1]]
    story.write(
        full, "c.jsonl", [story.generation("r", n, 500, status="failed", error="server", message=f"HTTP 500 on {n}") for n in (0, 2, 4)]
    )
    top = query.errors(full, "r").iloc[0]
    assert (top["count"], top["example"]) == (3, max(story.job_id("r", n) for n in (0, 2, 4)))
    assert (top["arm"], top["case_id"]) == tuple(query.generation(full, "r", top["example"])[name] for name in ("arm", "case_id"))


def test_the_weakest_outcomes_come_first_and_those_without_a_value_before_them(full: Workspace) -> None:
    found = query.weakest(full, "r", "logic", limit=5)
    scores = query.scores(full, "r", "logic")
    scores = scores.assign(good=scores["value"] * (1 if scores["direction"].iloc[0] == "up" else -1))
    scores = scores.sort_values(["good", "job_id"], na_position="first").head(5)
    assert list(zip(found["job_id"], found["scored"], strict=True)) == list(zip(scores["job_id"], scores["status"], strict=True))
    assert set(found["metric"]) == {"logic"}


def test_the_newest_outcomes_come_first_and_no_more_than_asked_for(full: Workspace) -> None:
    found = query.newest(full, "r", limit=3)
    assert list(found["created_at"]) == sorted(query.generations(full, "r")["created_at"], reverse=True)[:3]
    assert query.newest(full, "other").empty
    assert list(query.notes(full, "other")["text"]) == ["x"]


def test_a_broken_scorer_is_among_the_errors(ws: Workspace) -> None:
    mark = story.score("face", None) | {"status": "error", "reason": "model file is broken"}
    marks = ev.Scores(run_id="r", at=story.at(9), job_id=story.job_id("r", 0), scores=[mark])  # type: ignore[list-item]
    story.write(ws, "a.jsonl", [story.plan("r", 1), story.generation("r", 0), marks])
    assert query.errors(ws, "r")[["kind", "who", "status", "message"]].values.tolist() == [
        ["score", "judge", "error", "model file is broken"]
    ]


def test_corrupt_lines_are_listed(full: Workspace) -> None:
    found = query.ingest_errors(full)
    assert found[["file", "length", "reason"]].values.tolist() == [["b.jsonl", 7, "not a journal line"]]


def test_progress_of_a_run_under_way(ws: Workspace) -> None:
    with Journal(ws, "r") as journal:
        journal.append(story.plan("r", 10), *(story.generation("r", n, 2 * n) for n in range(6)))
        now = query.progress(ws, "r")
        assert (now["state"], now["jobs"], now["done"], now["ok"], now["failed"]) == ("running", 10, 6, 5, 1)
        assert (now["rate_per_s"], now["eta_s"]) == (0.5, 8.0)
        assert (now["cost_usd"], now["budget_usd"]) == (1.25, 5.0)
    assert query.progress(ws, "r")["state"] == "interrupted"
    assert query.progress(ws, "r")["eta_s"] is None


def test_progress_of_a_run_that_has_only_been_planned(ws: Workspace) -> None:
    story.write(ws, "a.jsonl", [story.plan("r", 10)])
    now = query.progress(ws, "r")
    assert (now["jobs"], now["done"], now["rate_per_s"], now["eta_s"], now["cost_usd"]) == (10, 0, None, None, None)


def end(state: ev.EndState, second: float) -> ev.End:
    return ev.End(run_id="r", at=story.at(second), state=state)


def test_the_state_of_a_run(ws: Workspace) -> None:
    """Running while its writer lives; then what its end says, unless a later journal broke off; once finished, always finished."""

    def state() -> str:
        return str(query.runs(ws)["state"][0])

    story.write(ws, "1.jsonl", [story.plan("r", 2, 0)])
    assert state() == "interrupted"
    story.write(ws, "2.jsonl", [story.generation("r", 0, 10), end("stopped", 20)])
    assert state() == "stopped"
    story.write(ws, "3.jsonl", [story.generation("r", 1, 30)])
    assert state() == "interrupted"
    with Journal(ws, "r") as journal:
        assert state() == "running"
        journal.append(end("finished", 40))
        assert state() == "finished"
    story.write(ws, "9.jsonl", [story.scores("r", 0, 50)])
    assert state() == "finished", "scoring again that broke off does not undo it"


def test_the_file_of_an_artifact(ws: Workspace) -> None:
    media = MediaStore(ws).put(b"x", "image/png")
    assert query.media_path(ws, media.sha256) == media.path
    with pytest.raises(MediaError):
        query.media_path(ws, "0" * 64)


def test_costs_of_a_copy_that_nobody_has_edited_are_its_own(ws: Workspace) -> None:
    """It is the same version; each run says by which name it was asked for."""
    for run_id, name in (("first", "keyframe"), ("second", "copy")):
        plan = story.plan(run_id, 2)
        arms: list[ev.ArmPlan] = [{**arm, "ref": arm["ref"].replace("keyframe", name)} for arm in plan.arms]
        story.write(ws, f"{run_id}.jsonl", [replace(plan, arms=arms), *(story.generation(run_id, n, n) for n in range(2))])
    found = query.costs(ws, "template").set_index("template")
    assert found["calls"].to_dict() == {"shot/keyframe": 2, "shot/copy": 2}
