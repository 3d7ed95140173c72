"""A chain: each stage made from what the one before gave, frozen, resumable, with its lineage in the log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import farming
import maker
import pytest

from evals.chain import load_chain
from prompts.errors import InputError, UnknownName
from runs import query
from runs.chain import StageResult, walk
from runs.chain_cases import Cases, Output
from runs.media import MediaStore
from runs.provider import Failure, Request
from runs.resume import state_of
from runs.workspace import Workspace


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with farming.farm(delay_s=0.0) as port:
        yield port


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, port: int) -> tuple[Workspace, list[StageResult]]:
    """A chain of two episodes that has run through."""
    ws = maker.workspace(tmp_path_factory.mktemp("chain") / "drama")
    return ws, walk(ws, chain(ws), maker.Seen(port, "done"))


def chain(ws: Workspace) -> Any:
    return load_chain("pilot", ws.evals / "chains")


def by_stage(results: list[StageResult]) -> dict[str, StageResult]:
    return {r.stage: r for r in results}


def plan_of(ws: Workspace, result: StageResult) -> dict[str, Any]:
    plan = state_of(ws, result.run_id).plan
    assert plan is not None
    return plan


def test_every_stage_is_an_ordinary_run_that_is_finished(done: tuple[Workspace, list[StageResult]]) -> None:
    ws, results = done
    assert [(r.stage, r.state, r.counts.ok == r.counts.jobs > 0, dict(r.skipped)) for r in results] == [
        (stage, "finished", True, {}) for stage in maker.STAGES
    ]
    listed = query.runs(ws)
    assert set(listed["run_id"]) == {r.run_id for r in results}
    assert set(listed["state"]) == {"finished"}


def test_the_script_is_written_from_the_outline_that_was_made(done: tuple[Workspace, list[StageResult]]) -> None:
    ws, results = done
    stages = by_stage(results)
    outlines = query.generations(ws, stages["outline"].run_id).set_index("series")["artifact"]
    for case in plan_of(ws, stages["script"])["cases"]:
        made = json.loads(MediaStore(ws).read(outlines[case["series"]]))
        assert case["inputs"]["episode"]["outline"]["title"] == made["title"]
        assert [u["sha256"] for u in case["upstream"]] == [outlines[case["series"]]]


def test_sheets_feed_shots_and_a_shots_picture_feeds_its_clip(done: tuple[Workspace, list[StageResult]]) -> None:
    ws, results = done
    stages = by_stage(results)
    sheets = query.generations(ws, stages["character"].run_id).set_index("case_id")["artifact"]
    shots = query.generations(ws, stages["shot"].run_id).set_index("case_id")["artifact"]
    seen = 0
    for case in plan_of(ws, stages["shot"])["cases"]:
        for who, pictures in case["references"].items():
            assert [p["sha256"] for p in pictures] == [sheets[f"{case['series']}-{who}"]]
            seen += 1
    assert seen
    for case in plan_of(ws, stages["clip"])["cases"]:
        assert case["frame"]["sha256"] == shots[case["case_id"].removesuffix("-clip")]
        assert case["inputs"]["shot"]["duration"] >= 3


def test_a_clip_is_sent_its_frame_first_and_the_planned_length(done: tuple[Workspace, list[StageResult]]) -> None:
    from runs.harness import plan_of as whole
    from runs.requests import Requests

    ws, results = done
    plan = whole(state_of(ws, by_stage(results)["clip"].run_id))
    request: Request = Requests(ws, plan).of(plan.jobs[0])
    assert [r.role for r in request.references][:2] == ["frame", "character"]
    assert request.parameters["duration"] == plan.cases[plan.jobs[0]["case_id"]]["inputs"]["shot"]["duration"]


def test_the_log_tells_what_fed_what_back_to_the_first_stage(done: tuple[Workspace, list[StageResult]]) -> None:
    ws, results = done
    stages = by_stage(results)
    clip = query.generations(ws, stages["clip"].run_id).iloc[0]
    back = query.ancestry(ws, stages["clip"].run_id, clip["job_id"])
    assert {("clip", "shot"), ("clip", "character"), ("clip", "script"), ("shot", "character"), ("script", "outline")} <= set(
        zip(back["stage"], back["from_stage"], strict=True)
    )
    assert set(back["series"]) == {clip["series"]}
    first = back.iloc[-1]
    made = query.descendants(ws, first["from_run_id"], first["from_job_id"])
    assert (made["job_id"] == clip["job_id"]).any(), "what is upstream of the clip has the clip downstream"
    assert query.descendants(ws, stages["clip"].run_id, "none").empty
    there = query.place(ws, stages["clip"].run_id, clip["job_id"])
    assert there is not None
    assert there["case_id"] == clip["case_id"]
    assert query.place(ws, "none", "none") is None
    fed = query.lineage(ws, from_run_id=stages["outline"].run_id)
    assert set(fed["stage"]) == {"script"}
    assert set(fed["chain"]) == {"pilot"}
    artifacts = set(query.generations(ws)["artifact"])
    assert set(query.lineage(ws)["artifact"]) <= artifacts


def test_the_same_call_again_makes_nothing(done: tuple[Workspace, list[StageResult]], port: int) -> None:
    ws, results = done
    before = farming.asked(port, "done")
    again = walk(ws, chain(ws), maker.Seen(port, "done"))
    assert [(r.run_id, r.reused) for r in again] == [(r.run_id, True) for r in results]
    assert farming.asked(port, "done") == before
    assert set(before.values()) == {1}


def test_one_stage_is_an_ab_with_all_before_it_frozen(done: tuple[Workspace, list[StageResult]], port: int) -> None:
    ws, results = done
    again = walk(ws, chain(ws), maker.Seen(port, "ab"), until="shot", versions=["shot/keyframe", "shot/keyframe@plain"])
    assert [r.reused for r in again] == [True, True, True, False]
    frozen, both = plan_of(ws, by_stage(results)["shot"]), plan_of(ws, again[-1])
    assert both["cases"] == frozen["cases"]
    assert [a["ref"] for a in both["arms"]] == ["shot/keyframe", "shot/keyframe@plain"]
    assert again[-1].counts.ok == 2 * len(frozen["cases"])


def test_a_changed_stage_is_made_again_and_so_is_what_comes_after_it_but_nothing_before(tmp_path: Path, port: int) -> None:
    ws = maker.workspace(tmp_path / "drama", maker.CHAIN.replace(", painted-skin/e01", ""))
    first = walk(ws, chain(ws), maker.Seen(port, "changed"))
    file = ws.evals / "chains" / "pilot.yaml"
    file.write_text(file.read_text("utf-8").replace("shot/keyframe,", "shot/keyframe@plain,"), "utf-8")
    again = walk(ws, chain(ws), maker.Seen(port, "changed"))
    # Music is made from the script alone.
    assert [r.reused for r in again] == [True, True, True, False, False, True]
    assert [a.run_id == b.run_id for a, b in zip(first, again, strict=True)] == [True, True, True, False, False, True]
    assert all(r.reused is False for r in walk(ws, chain(ws), maker.Seen(port, "fresh"), again="all"))


class Refusing(maker.Tasks):
    """Refuses one picture, and has no money for another kind of work."""

    async def submit(self, request: Request) -> str | Failure:
        if request.stage == "character" and "scholar" not in request.prompt and self.refusals:
            self.refusals -= 1
            return Failure("content_refused", "not this face")
        return await super().submit(request)

    refusals = 1


def test_what_hangs_on_a_failed_output_is_left_out_and_named_and_the_rest_goes_on(tmp_path: Path, port: int) -> None:
    ws = maker.workspace(tmp_path / "drama")
    driver = maker.with_sheets_by(Refusing(port, space="refused", name="tasks"), maker.Seen(port, "refused"))
    results = by_stage(walk(ws, chain(ws), driver))
    assert results["character"].counts.refused == 1
    left_out = {**results["shot"].skipped, **results["clip"].skipped}
    assert left_out
    assert all("stage gave nothing for" in why for why in left_out.values())
    assert results["music"].counts.ok == 2


def test_a_script_that_plays_elsewhere_is_told_so(done: tuple[Workspace, list[StageResult]]) -> None:
    """A script whose places or people are not the series' gives no shots and no sheets: the message says which they are."""
    ws, _ = done
    one = chain(ws)
    beat = {"id": "b1", "function": "hook", "emotion": 5, "action": "x", "actors": ["nobody"]}
    scene = {"id": "s1", "location": "the-moon", "daypart": "night", "present": [], "beats": [beat]}
    text = json.dumps({"title": "T", "scenes": [scene]}).encode()
    cases = Cases(ws, one, {"s" * 64: text, "o" * 64: b""})
    names = [episode.replace("/", "-") for episode in one.episodes]
    outline = by_stage(done[1])["outline"]
    made = {row["case_id"]: row for row in query.generations(ws, outline.run_id).to_dict("records")}
    outputs = {
        "outline": {c: Output("outline", outline.run_id, row["job_id"], row["artifact"], row["media_type"]) for c, row in made.items()},
        "script": {f"{name}-script": Output("script", "r", "j", "s" * 64, "application/json") for name in names},
    }
    for stage, why in (("shot", "plays at the-moon, and the series has "), ("character", "nobody of the series' cast")):
        told = cases.of(stage, outputs)
        assert told[0] == [] and len(told[1]) == len(names)
        assert all(why in said for said in told[1].values()), told[1]


def test_a_budget_bounds_the_chain_as_a_whole(tmp_path: Path, port: int) -> None:
    from runs.prices import Price
    from runs.pricing import Pricing

    ws = maker.workspace(tmp_path / "drama", maker.CHAIN.replace("shots: 2", "shots: 2\nbudget_usd: 0.45"))
    priced = Pricing(lambda *_: Price(model="*", kind="call", call=0.1))
    results = walk(ws, chain(ws), maker.Seen(port, "budget", options={"pricing": priced}))
    assert [r.state for r in results] == ["finished", "finished", "stopped"]
    assert sum(r.counts.spent_usd for r in results) == pytest.approx(0.4)
    assert sum(farming.asked(port, "budget").values()) == 4


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (("appeal-below/e03", "appeal-below/e99"), "Unknown episode of appeal-below 'e99'"),
        (("appeal-below/e03", "appeal-belov/e03"), "Unknown series 'appeal-belov'"),
        (("appeal-below/e03", "painted-skin/e01"), r"pilot.yaml:2: .*stands there twice"),
        (("shots: 2", "shots: 0"), r"pilot.yaml:3: shots"),
        (("  clip:", "  film:"), r"pilot.yaml:\d+: stages.film"),
        (("name: pilot", "name: other"), r"pilot.yaml:1: name: The file of the chain other is other.yaml"),
    ],
)
def test_a_chain_that_makes_no_sense_is_refused_with_its_line(tmp_path: Path, port: int, change: tuple[str, str], error: str) -> None:
    ws = maker.workspace(tmp_path / "drama", maker.CHAIN.replace(*change))
    with pytest.raises((InputError, UnknownName), match=error):
        walk(ws, chain(ws), maker.Seen(port, "wrong"))
    assert farming.asked(port, "wrong") == {}


@pytest.mark.slow
def test_the_starter_chain_runs_offline_on_the_studio(tmp_path: Path) -> None:
    """Small pictures and a short clip; everything else as a user gets it."""
    from runs.chain import Driver
    from runs.harness import Options
    from runs.providers.studio import StudioProvider
    from runs.starting import initialise

    ws = initialise(tmp_path / "drama")
    small = {"width": 96, "height": 160}
    options = Options(scoring=False)

    def driver(stage: Any) -> Driver:
        of_clip = {"seconds": 0.5, "fps": 8} if stage.version.startswith("clip") else {}
        return Driver(StudioProvider(), "studio", {**small, **of_clip}, options)

    results = walk(ws, chain(ws), driver)
    assert [(r.stage, r.state, r.counts.ok == r.counts.jobs > 0) for r in results] == [(s, "finished", True) for s in maker.STAGES]
    assert query.runs(ws)["simulated"].all()
