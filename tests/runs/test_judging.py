"""A run is judged by a model behind a real server: answers become scores, calls are logged and paid once, and a crash loses nothing."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import chat_server
import pytest
from aiohttp import web

from evals.judge.rubric import load_rubric
from prompts.errors import InputError, UnknownName
from runs import harness, query
from runs.calibrating import calibrate
from runs.judging import Order, collect, plan_judging
from runs.plan import Plan
from runs.prepare import Order as RunOrder
from runs.prepare import find_version, prepare
from runs.pricing import Pricing
from runs.providers import get, reference
from runs.settings import load
from runs.starting import initialise
from runs.workspace import Workspace

pytestmark = pytest.mark.slow
TOML = """
[providers.bench]
type = "chat"
base_url = "{url}"
model = "judge-1"
capabilities = {{ seed = true }}
[[prices]]
provider = "bench"
model = "judge-1"
kind = "tokens"
input = 1.0
output = 2.0
"""
LINE = re.compile(r"^\[(?P<id>[^\]]+)\] (?:[A-Z0-9_.\- ]+(?: \([^)]*\))?: )?(?P<text>.+)$", re.MULTILINE)


def reply(body: Any) -> str:
    """Answer as a judge that reads: quote a real line; say yes to a hook if the script is long. Every fifth call makes a quote up."""
    user = body["messages"][-1]["content"]
    fences = re.findall(r"<(script|first|second)-[0-9a-f]{12}>\n(.*?)\n</\1", user, re.DOTALL)
    found = {name: list(LINE.finditer(text))[2] for name, text in fences}
    if "script" not in found:
        sides = {name: {"quote": m["text"], "where": m["id"]} for name, m in found.items()}
        return json.dumps({**sides, "reason": "it opens a question", "better": "first"}, ensure_ascii=False)
    names = re.findall(r"^- (\w+) \(yes", user, re.MULTILINE)
    line = found["script"]
    quotes = {name: "nobody ever said this sentence here" if name == "voice" else line["text"] for name in names}
    rows = [{"criterion": n, "quote": quotes[n], "where": line["id"], "reason": "r", "answer": "yes"} for n in names]
    return "```json\n" + json.dumps({"answers": rows}, ensure_ascii=False) + "\n```"


@pytest.fixture(scope="module")
def server() -> Iterator[chat_server.ChatServer]:
    with chat_server.serve() as running:

        async def answer(request: web.Request) -> web.StreamResponse:
            message = {"role": "assistant", "content": reply(await request.json())}
            usage = {"prompt_tokens": 1000, "completion_tokens": 100}
            choice = {"index": 0, "finish_reason": "stop", "message": message}
            return web.json_response({"id": "c", "object": "chat.completion", "model": "judge-1-0815", "choices": [choice], "usage": usage})

        running.reply = answer
        yield running


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory, server: chat_server.ChatServer) -> tuple[Workspace, str]:
    """A workspace with a run of both script versions on two cases."""
    ws = initialise(tmp_path_factory.mktemp("judging") / "drama")
    ws.config.write_text(TOML.format(url=server.base_url))
    studio = get("studio", load(ws.root))
    order = RunOrder(
        versions=("script/episode@plain", "script/episode"), suite="script", models=("studio",), limit=2, seed=3, scorers=("cost",)
    )
    plan = prepare(ws, order, reference(studio))
    assert harness.run(ws, plan, studio).state == "finished"
    return ws, plan.run_id


def plan_of(ws: Workspace, run_id: str, **more: Any) -> Plan:
    provider = get("bench", load(ws.root))
    rubric = load_rubric("screenplay", ws.evals / "rubrics")
    version = find_version(ws, "judge/pairwise" if more.get("pair") else "judge/screenplay")
    return plan_judging(ws, Order(run_id, rubric, version, "judge-1", reference(provider), **more))


def ask(ws: Workspace, plan: Plan) -> harness.RunResult:
    settings = load(ws.root)
    return harness.run(ws, plan, get("bench", settings), harness.Options(pricing=Pricing(partial(settings.price, "bench")), scoring=False))


def test_answers_become_scores_with_judge_rubric_and_cost(judged: tuple[Workspace, str], server: chat_server.ChatServer) -> None:
    ws, run_id = judged
    plan = plan_of(ws, run_id)
    before = len(server.seen)
    result = ask(ws, plan)
    assert (result.state, result.counts.ok, len(server.seen) - before) == ("finished", 8, 8)
    keys = [s.headers.get("Idempotency-Key") for s in server.seen[before:]]
    assert len({*keys}) == 8 and None not in keys
    assert result.counts.spent_usd == pytest.approx(8 * 0.0012)
    done = collect(ws, plan.run_id)
    assert (done.run_id, done.scored, done.dropped) == (run_id, 4, pytest.approx(1 / 6))
    frame = query.scores(ws, run_id)
    mine = frame[frame["scorer"] == "judge/screenplay@judge-1"]
    hook = mine[mine["metric"] == "screenplay.hook@judge-1"]
    assert hook["value"].tolist() == [1.0] * 4
    assert not mine["primary"].any(), "without calibration no metric of a judge is a primary one"
    voice = mine[mine["metric"] == "screenplay.voice@judge-1"]
    assert set(voice["status"]) == {"not_scoreable"}
    assert query.runs(ws).set_index("run_id").loc[run_id, "state"] == "finished"
    whole = query.generation(ws, run_id, hook.iloc[0]["job_id"])
    (score,) = [s for s in whole["scores"] if s["metric"] == "screenplay.hook@judge-1"]
    facts = score["evidence"]["judge"]
    assert (facts["model"], facts["provider"], facts["replies"][0]["model_resolved"]) == ("judge-1", "bench", "judge-1-0815")
    assert facts["rubric_hash"].startswith(score["scorer_version"])
    assert len(score["evidence"]["answers"]) == 2
    again = collect(ws, plan.run_id)
    assert again.scored == 4


def test_a_judge_that_ran_out_of_money_is_resumed_and_nothing_is_asked_twice(
    judged: tuple[Workspace, str], server: chat_server.ChatServer
) -> None:
    ws, run_id = judged
    settings, plan = load(ws.root), plan_of(ws, run_id, seed=9, repeats=3)
    before = len(server.seen)
    pricing = Pricing(partial(settings.price, "bench"))
    small = harness.run(ws, plan, get("bench", settings), harness.Options(budget_usd=0.02, pricing=pricing, scoring=False))
    asked = len(server.seen) - before
    assert (small.state, 0 < asked < 12) == ("stopped", True)
    partly = collect(ws, plan.run_id)
    assert partly.dropped == pytest.approx(1 / 6), "what was not asked is not counted as answered badly"
    harness.resume(ws, plan.run_id, get("bench", settings), harness.Options(pricing=pricing, scoring=False))
    assert len(server.seen) - before == 12
    assert collect(ws, plan.run_id).dropped == pytest.approx(1 / 6)


def test_a_judge_that_favours_a_place_finds_only_ties(judged: tuple[Workspace, str]) -> None:
    ws, run_id = judged
    plan = plan_of(ws, run_id, pair=("a", "b"))
    assert len(plan.jobs) == 2 * 6 * 2 * 2  # cases, criteria, orders, repeats
    ask(ws, plan)
    collect(ws, plan.run_id)
    frame = query.scores(ws, run_id, metric="screenplay.hook-pair@judge-1")
    assert frame["value"].tolist() == [0.5] * 4
    assert "a tie" in frame.iloc[0]["reason"]


def test_what_cannot_be_judged_is_one_clear_error(judged: tuple[Workspace, str]) -> None:
    ws, run_id = judged
    with pytest.raises(InputError, match="at least 2 times"):
        plan_of(ws, run_id, repeats=1)
    with pytest.raises(InputError, match="nothing to judge"):
        plan_of(ws, run_id, pair=("a", "z"))
    with pytest.raises(InputError, match="no run of `workbench judge`"):
        collect(ws, run_id)


def ratings(path: Path, rows: list[tuple[str, str, str, str]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("job_id", "criterion", "rater", "answer"), *rows])
    return path


def test_calibration_reads_peoples_ratings_and_says_what_is_missing(judged: tuple[Workspace, str], tmp_path: Path) -> None:
    ws, run_id = judged
    ask(ws, plan := plan_of(ws, run_id, seed=21))
    collect(ws, plan.run_id)
    jobs = sorted(set(query.scores(ws, run_id)["job_id"]))
    rows = [(job[:12], "hook", who, "no" if n == 0 else "yes") for n, job in enumerate(jobs) for who in ("wu", "li")]
    rows += [(jobs[1][:12], "hook", "wang", "no")]
    (told,) = calibrate(ws, run_id, "judge/screenplay@judge-1", ratings(tmp_path / "r.csv", rows))
    assert (told["criterion"], told["items"], told["agreement"], told["judge_rate"]) == ("hook", 4, 0.75, 1.0)
    assert not told["calibrated"] and "4 of 40 rated scripts" in told["reason"]
    assert told["people_alpha"] is not None
    with pytest.raises(UnknownName, match="judge of this run"):
        calibrate(ws, run_id, "judge/none", tmp_path / "r.csv")
    with pytest.raises(InputError, match=":2: 'maybe' is no answer"):
        calibrate(ws, run_id, "judge/screenplay@judge-1", ratings(tmp_path / "b.csv", [(jobs[0], "hook", "wu", "maybe")]))
    (tmp_path / "c.csv").write_text("job,answer\n")
    with pytest.raises(InputError, match="lacks the column"):
        calibrate(ws, run_id, "judge/screenplay@judge-1", tmp_path / "c.csv")
