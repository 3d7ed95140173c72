"""The script stage against an independent OpenAI-compatible server: text, usage, cost, limits and refusals, all in the log."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import aimock as aimock_server
import pytest

from runs import harness, query
from runs.plan import Plan, request_key
from runs.prepare import Order, prepare
from runs.pricing import Pricing
from runs.providers import get, reference
from runs.settings import Settings, load
from runs.starting import initialise
from runs.workspace import Workspace

pytestmark = pytest.mark.slow
Start = Callable[..., aimock_server.Aimock]
KEY = "sk-planted-0123456789abcdef"
SCRIPT = {
    "title": "The Well",
    "scenes": [
        {
            "id": "s1", "location": "well", "daypart": "night", "present": ["mei"],
            "beats": [{"id": "b1", "function": "hook", "emotion": 7, "action": "She looks down.", "actors": ["mei"]}],
        }
    ],
}  # fmt: skip
TOML = """
[providers.house]
type = "chat"
base_url = "{url}"
api_key_env = "HOUSE_KEY"
model = "writer-1"
capabilities = {{ structured = "json_schema", seed = true }}
[[prices]]
provider = "house"
model = "writer-1"
kind = "tokens"
input = 1.0
output = 2.0
"""


@pytest.fixture
def ws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("HOUSE_KEY", KEY)
    return initialise(tmp_path / "drama")


def run(ws: Workspace, server: aimock_server.Aimock, **order: Any) -> tuple[Plan, harness.RunResult]:
    ws.config.write_text(TOML.format(url=server.base_url))
    settings: Settings = load(ws.root)
    provider = get("house", settings)
    given = {"versions": ["script/episode", "script/episode@plain"], "suite": "script", "models": ["writer-1"], "limit": 1, "seed": 7}
    plan = prepare(ws, Order(**{**given, "scorers": ["schema", "cost"], **order}), reference(provider))
    options = harness.Options(pricing=Pricing(partial(settings.price, "house")))
    return plan, harness.run(ws, plan, provider, options)


def answer(text: str = "", **match: Any) -> dict[str, Any]:
    usage = {"prompt_tokens": 2000, "completion_tokens": 500}
    return {"match": {"model": "writer-1", **match}, "response": {"content": text or json.dumps(SCRIPT), "usage": usage}}


def test_text_usage_and_cost_are_in_the_log_and_the_key_is_nowhere(ws: Workspace, aimock: Start) -> None:
    server = aimock([answer()])
    plan, result = run(ws, server)
    assert (result.state, result.counts.ok) == ("finished", 2)
    frame = query.generations(ws, plan.run_id)
    assert set(frame["status"]) == {"ok"} and not frame["simulated"].any()
    assert set(frame["input_tokens"]) == {2000} and set(frame["output_tokens"]) == {500}
    assert frame["cost_usd"].tolist() == [pytest.approx(0.003)] * 2
    assert set(frame["cost_source"]) == {"price table"}
    scores = query.scores(ws, plan.run_id)
    assert set(scores["scorer"]) == {"schema", "cost"} and not (scores["status"] == "error").any()
    sent = {entry["headers"].get("idempotency-key") for entry in server.journal()}
    assert sent == {request_key(plan.run_id, job["job_id"]) for job in plan.jobs}
    one = query.generation(ws, plan.run_id, plan.jobs[0]["job_id"])
    assert one["wire_request"]["body"]["messages"] == one["messages"]
    for path in ws.root.rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes(), path


def test_a_limit_is_waited_for_and_tried_again(ws: Workspace, aimock: Start) -> None:
    limited = {"error": {"message": "slow down", "type": "rate_limit_error", "code": "rate_limit_exceeded"}, "status": 429, "retryAfter": 1}
    server = aimock([{"match": {"model": "writer-1", "sequenceIndex": 0}, "response": limited}, answer()])
    began = time.monotonic()
    plan, result = run(ws, server, versions=["script/episode"])
    assert (result.state, result.counts.ok, result.counts.retries) == ("finished", 1, 1)
    assert time.monotonic() - began >= 1
    assert len(server.journal()) == 2
    assert query.generation(ws, plan.run_id, plan.jobs[0]["job_id"])["attempts"] == 2


def test_a_refusal_is_an_outcome_and_not_tried_again(ws: Workspace, aimock: Start) -> None:
    refused = {"error": {"message": "rejected by our safety system", "code": "content_policy_violation"}, "status": 400}
    server = aimock([{"match": {"model": "writer-1"}, "response": refused}])
    plan, result = run(ws, server)
    assert (result.state, result.counts.refused) == ("finished", 2)
    frame = query.generations(ws, plan.run_id)
    assert set(frame["status"]) == {"refused"} and set(frame["error"]) == {"content_refused"}
    assert len(server.journal()) == 2
    scores = query.scores(ws, plan.run_id)
    assert set(scores[scores["scorer"] == "schema"]["status"]) == {"failed"}


def test_a_wrong_key_stops_the_run_after_one_call_and_it_can_be_resumed(ws: Workspace, aimock: Start) -> None:
    wrong = {"error": {"message": f"Incorrect API key provided: {KEY}", "code": "invalid_api_key"}, "status": 401}
    server = aimock([{"match": {"model": "writer-1", "sequenceIndex": 0}, "response": wrong}, answer()])
    plan, result = run(ws, server, limit=4)
    assert result.state == "failed"
    assert "refuses the key" in result.reason and "HOUSE_KEY" in result.reason and KEY not in result.reason
    provider = get("house", load(ws.root))
    assert harness.resume(ws, plan.run_id, provider).counts.ok == len(plan.jobs)
