"""Answers that a chat server keeps: a call that died with its process is looked for by the job's key before it is made again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import calling
import kit
import pytest
from openai_stub import OpenAi
from vendor_server import Fault, serve

from runs import query
from runs.events import Handing
from runs.harness import Options, resume, run
from runs.journal import Journal, files, read
from runs.plan import Plan
from runs.prices import Price
from runs.pricing import Pricing
from runs.provider import Request
from runs.requests import Requests
from runs.retry import Retry
from runs.settings import Capabilities
from runs.settling import doubtful, settle
from runs.workspace import Workspace

ASKED = calling.request("Write an outline.", "text", key="job-1", stage="outline")
PRICE = Price(model="m-1", kind="tokens", input=1, output=2, as_of="2026-11-26")
FAST = Options(retry=Retry(base_s=0.01), pricing=Pricing(lambda _model, _variant: PRICE), scoring=False)


def chat(base_url: str, *, resend: bool | None = None, **can: Any) -> Any:
    return calling.provider(
        "chat", base_url, name="house", model="m-1", timeout_s=1, resend=resend, capabilities=Capabilities(**{"stored": True, **can}),
        options={"look_s": 0.05},
    )  # fmt: skip


def planned(ws: Workspace, provider: Any) -> tuple[Plan, Request]:
    plan = kit.plan(ws, provider, versions=["script/episode@plain"], series=1, cases=1, scorers=())
    return plan, Requests(ws, plan).of(plan.jobs[0])


def killed(ws: Workspace, plan: Plan) -> None:
    """Leave the journal of a process that was killed while the job's call was on its way."""
    job = plan.jobs[0]["job_id"]
    with Journal(ws, plan.run_id) as journal:
        journal.append(plan.event, Handing(run_id=plan.run_id, job_id=job))


def call(provider: Any, request: Request) -> None:
    calling.within(provider, lambda p: p.generate(request))


def notes(ws: Workspace) -> list[str]:
    return [record.event["text"] for path in files(ws) for record in read(path, 0).records if record.event["type"] == "note"]


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return kit.workspace(tmp_path)


def test_an_answer_is_kept_with_the_jobs_key_and_found_by_it() -> None:
    with serve(OpenAi()) as openai:
        made = chat(openai.base_url, max_tokens_field="max_completion_tokens")
        first = calling.within(made, lambda p: p.generate(ASKED))
        (seen,) = openai.calls("POST")
        found = calling.within(made, lambda p: p.recall(ASKED))
        missing = calling.within(made, lambda p: p.recall(calling.request("Write.", "text", key="job-2")))
    assert (seen.body["store"], seen.body["metadata"]) == (True, {"workbench_key": "job-1"})
    assert openai.calls("GET")[0].query["metadata[workbench_key]"] == "job-1"
    assert (found.assets, found.usage, found.model_resolved) == (first.assets, first.usage, "m-1")
    assert found.wire_request == first.wire_request
    assert missing is None


def test_a_list_that_knows_no_such_filter_gives_nobody_elses_answer() -> None:
    with serve(OpenAi()) as openai:
        made = chat(openai.base_url)
        call(made, ASKED)
        others = calling.request("Write an outline.", "text", key="job-2", stage="outline")
        openai.fault("GET /chat/completions", Fault(body={"data": ["odd", {"metadata": None}, openai._stored[0]]}))
        assert calling.within(made, lambda p: p.recall(others)) is None


def test_a_list_that_cannot_be_had_finds_nothing() -> None:
    with serve(OpenAi()) as openai:
        openai.fault("GET /chat/completions", *(Fault(500, "<html>") for _ in range(100)))
        assert calling.within(chat(openai.base_url), lambda p: p.recall(ASKED)) is None
        assert calling.within(chat(openai.base_url, stored=False), lambda p: p.recall(ASKED)) is None


@pytest.mark.parametrize("resend", [None, False])
def test_a_call_that_died_with_its_process_is_taken_and_not_paid_again(ws: Workspace, resend: bool | None) -> None:
    """Also where such calls are left to a person otherwise."""
    with serve(OpenAi()) as openai:
        made = chat(openai.base_url, resend=resend)
        plan, request = planned(ws, made)
        call(made, request)
        killed(ws, plan)
        result = resume(ws, plan.run_id, made, FAST)
    assert (result.counts.ok, len(openai.orders)) == (1, 1)
    (row,) = query.generations(ws, plan.run_id).to_dict("records")
    assert row["cost_usd"] > 0 and row["status"] == "ok"
    assert row["latency_s"] != row["latency_s"], "how long it took, nobody measured"


def test_what_is_not_found_is_left_to_a_person_unless_the_settings_say_otherwise(ws: Workspace) -> None:
    """That a server lists no answer does not say that it has made none, and billed none."""
    with serve(OpenAi()) as openai:
        for resend, expected in ((None, (0, 1, 0)), (False, (0, 1, 0)), (True, (1, 0, 1))):
            made = chat(openai.base_url, resend=resend)
            plan, _ = planned(ws, made)
            killed(ws, plan)
            counts = resume(ws, plan.run_id, made, FAST).counts
            assert (counts.ok, counts.unknown, len(openai.orders)) == expected


def test_an_answer_that_did_not_come_in_time_is_looked_up_at_once(ws: Workspace) -> None:
    with serve(OpenAi()) as openai:
        openai.fault("POST /chat/completions", Fault(after=True))
        made = chat(openai.base_url)
        plan, _ = planned(ws, made)
        assert run(ws, plan, made, FAST).counts.ok == 1
    assert len(openai.orders) == 1


def test_a_server_that_honours_keys_is_asked_again_and_bills_once(ws: Workspace) -> None:
    """So nothing is said of calls that may be paid twice, and no budget counts them."""
    with serve(OpenAi(honours_keys=True)) as openai:
        made = chat(openai.base_url, stored=False, idempotent=True)
        plan, request = planned(ws, made)
        call(made, request)
        killed(ws, plan)
        assert resume(ws, plan.run_id, made, FAST).counts.ok == 1
    assert (len(openai.calls("POST")), len(openai.orders)) == (2, 1)
    assert notes(ws) == []


def test_a_call_that_was_made_and_whose_answer_is_gone_is_not_made_again_at_a_persons_word(ws: Workspace) -> None:
    with serve(OpenAi()) as openai:
        made = chat(openai.base_url, stored=False)
        plan, request = planned(ws, made)
        call(made, request)
        killed(ws, plan)
        resume(ws, plan.run_id, made, FAST)
        (row,) = doubtful(ws, plan.run_id)
        assert row.key == request.key == openai.orders[0].key
        settle(ws, plan.run_id, [row.code], who="mei", why="on the bill", task_id=openai.orders[0].id)
        result = resume(ws, plan.run_id, made, FAST)
    assert (result.state, len(openai.orders)) == ("finished", 1)
    (row,) = query.generations(ws, plan.run_id).to_dict("records")
    assert row["status"] == "expired" and "cannot be fetched" in row["message"]


def test_looking_up_says_so(ws: Workspace) -> None:
    with serve(OpenAi()) as openai:
        made = chat(openai.base_url, resend=True)
        plan, request = planned(ws, made)
        call(made, request)
        killed(ws, plan)
        resume(ws, plan.run_id, made, FAST)
    assert ["looked up, and where nothing is found asked again" in text for text in notes(ws)] == [True]
