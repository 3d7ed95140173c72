"""The harness against a real server on loopback: what is retried, what is recorded, what stops a run."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import farming
import kit
import pytest
from farming import FarmDirect, FarmTasks

from prompts.errors import InputError, UndefinedVariable, UnknownName
from runs import query
from runs.errors import BudgetError, JournalError, ProviderError
from runs.events import Run
from runs.harness import Options, RunResult, only_one, resume, run
from runs.journal import Journal
from runs.plan import Plan
from runs.prices import Price
from runs.pricing import Pricing
from runs.resume import state_of
from runs.retry import Retry
from runs.workspace import Workspace

FAST = Options(retry=Retry(base_s=0.01), pricing=Pricing(free=True))


spaces = (f"space-{n}" for n in itertools.count())


class Told:
    """A run of one template that tells the farm what shall go wrong."""

    def __init__(self, ws: Workspace, port: int, fault: str, *, stage: str = "shot", shape: type[Any] = FarmDirect, cases: int = 2) -> None:
        kit.put(ws, f"{stage}/told.j2", f"---\nstage: {stage}\n---\n{{{{ series.title }}}} {{{{ episode.number }}}} FAULT:{fault}\n")
        self.ws, self.space = ws, next(spaces)
        self.provider = shape(port, space=self.space, concurrency=2)
        self.plan = kit.plan(ws, self.provider, stage, versions=[f"{stage}/told"], series=1, cases=cases)
        self.port = port

    def run(self, options: Options = FAST) -> RunResult:
        return run(self.ws, self.plan, self.provider, options)

    def rows(self) -> Any:
        return query.generations(self.ws, self.plan.run_id)

    def only(self, column: str) -> Any:
        (value,) = set(self.rows()[column])
        return value

    def asked(self) -> set[int]:
        return set(farming.asked(self.port, self.space).values())


SHAPES = pytest.mark.parametrize("shape", [FarmDirect, FarmTasks])


@SHAPES
def test_everything_of_a_run_is_in_the_log(ws: Workspace, port: int, shape: type[Any]) -> None:
    provider = shape(port, space=next(spaces))
    plan = kit.plan(ws, provider, series=3, cases=2, repeats=2)
    result = run(ws, plan, provider, FAST)
    assert (result.state, result.counts.ok, result.counts.done, result.counts.scored) == ("finished", 24, 24, 24)
    rows = query.generations(ws, plan.run_id)
    assert set(rows["job_id"]) == set(plan.by_id)
    assert Counter(rows["status"]) == {"ok": 24}
    assert rows["latency_s"].between(0.01, 30).all()
    one = query.generation(ws, plan.run_id, plan.jobs[0]["job_id"])
    assert one["messages"][0]["role"] == "system"
    assert one["wire_request"]["prompt"] == "\n\n".join(m["content"] for m in one["messages"])
    assert (one["model_resolved"], one["simulated"], one["attempts"]) == ("farm-1", False, 1)
    assert query.media_path(ws, rows["artifact"][0]).read_bytes().startswith(b'{"title"')
    assert set(query.scores(ws, plan.run_id)["metric"]) == {"cost"}


@SHAPES
def test_no_more_calls_at_once_than_the_provider_allows(ws: Workspace, shape: type[Any]) -> None:
    with farming.farm(delay_s=0.01) as port:
        provider = shape(port, concurrency=3)
        run(ws, kit.plan(ws, provider, series=5), provider, FAST)
        if shape is FarmDirect:
            assert 2 <= farming.most_at_once(port) <= 3


@SHAPES
@pytest.mark.parametrize(("fault", "calls"), [("500x2", 3), ("429x1", 2), ("409x3", 4)])
def test_what_may_pass_is_tried_again_until_it_passes(ws: Workspace, port: int, fault: str, calls: int, shape: type[Any]) -> None:
    told = Told(ws, port, fault, shape=shape)
    assert told.run().state == "finished"
    assert (told.only("status"), told.asked()) == ("ok", {calls})
    assert query.generation(ws, told.plan.run_id, told.plan.jobs[0]["job_id"])["attempts"] == calls


def test_retry_after_is_honoured(ws: Workspace, port: int) -> None:
    told = Told(ws, port, "429x1", cases=1)
    told.run(Options(retry=Retry(base_s=0.0001)))
    first, second = farming.times(port, told.space, told.plan.jobs[0]["job_id"])
    assert second - first >= 0.19


def test_a_server_that_stays_broken_is_given_up_after_four_tries(ws: Workspace, port: int) -> None:
    told = Told(ws, port, "500")
    assert told.run().state == "finished"
    assert (told.only("status"), told.only("error"), told.asked()) == ("failed", "server", {4})


def test_a_wrong_request_is_sent_once(ws: Workspace, port: int) -> None:
    told = Told(ws, port, "400")
    told.run()
    assert (told.only("status"), told.only("error"), told.asked()) == ("failed", "invalid_request", {1})


@SHAPES
def test_a_refusal_is_an_outcome_of_its_own_and_not_tried_again(ws: Workspace, port: int, shape: type[Any]) -> None:
    told = Told(ws, port, "refuse", shape=shape)
    result = told.run()
    assert (result.state, result.counts.refused, told.asked()) == ("finished", 2, {1})
    assert (told.only("status"), told.only("error")) == ("refused", "content_refused")


@pytest.mark.parametrize(
    ("fault", "stage", "message"),
    [
        ("html", "shot", "asked for image, got text/html"),
        ("empty", "shot", "empty"),
        ("truncated", "shot", "does not decode|cannot be read"),
        ("bomb", "shot", "9000 x 8000, more than 64 million pixels"),
    ],
)
def test_an_output_that_is_not_what_was_asked_for_is_a_failed_generation(
    ws: Workspace, port: int, fault: str, stage: str, message: str
) -> None:
    told = Told(ws, port, fault, stage=stage)
    told.run()
    assert (told.only("status"), told.only("error"), told.asked()) == ("failed", "malformed", {1})
    assert told.rows()["message"].str.contains(message).all()
    assert told.rows()["artifact"].isna().all()


@pytest.mark.parametrize(("fault", "why"), [("401", "refuses the key"), ("402", "has no money left")])
def test_a_wrong_key_or_an_empty_account_stops_the_run_at_once_and_keeps_its_jobs_open(
    ws: Workspace, port: int, fault: str, why: str
) -> None:
    told = Told(ws, port, fault, cases=20)
    result = told.run()
    assert result.state == "failed"
    assert why in result.reason
    assert len(farming.asked(port, told.space)) <= 2  # those that were on their way
    assert state_of(ws, told.plan.run_id).finished == {}
    (row,) = query.runs(ws).to_dict("records")
    assert (row["state"], row["done"]) == ("failed", 0)


def test_a_run_that_a_key_stopped_goes_on_when_the_key_is_right(ws: Workspace, port: int) -> None:
    told = Told(ws, port, "401x1", cases=6)
    assert told.run().state == "failed"
    while (result := resume(ws, told.plan.run_id, told.provider, FAST)).state == "failed":
        pass
    assert (result.state, result.counts.ok) == ("finished", 6)


def test_a_template_that_fails_on_one_case_is_found_before_anything_is_written(ws: Workspace, port: int) -> None:
    kit.put(ws, "shot/broken.j2", "---\nstage: shot\n---\n{{ episode.numbr }}\n")
    provider = FarmDirect(port, space=next(spaces))
    plan = kit.plan(ws, provider, "shot", versions=["shot/broken"])
    with pytest.raises(UndefinedVariable, match=r"shot/broken.j2:4.*Did you mean number"):
        run(ws, plan, provider, FAST)
    assert not ws.journals.exists()


def test_a_run_renders_from_its_plan_whatever_happens_to_the_files(ws: Workspace, port: int) -> None:
    told = Told(ws, port, "401x1", cases=1)
    told.run()
    (ws.prompts / "shot/told.j2").write_text("---\nstage: shot\n---\nsomething else\n")
    resume(ws, told.plan.run_id, told.provider, FAST)
    (message,) = query.generation(ws, told.plan.run_id, told.plan.jobs[0]["job_id"])["messages"]
    assert message["content"] == "Series 0 1 FAULT:401x1"


class TestBudget:
    PRICE = Price(model="farm", kind="call", call=0.10)

    def options(self, budget_usd: float | None) -> Options:
        return Options(budget_usd=budget_usd, pricing=Pricing(lambda *_: self.PRICE), retry=Retry(base_s=0.01))

    def test_a_run_stops_where_its_budget_ends(self, ws: Workspace, port: int) -> None:
        told = Told(ws, port, "none", cases=10)
        result = told.run(self.options(0.45))
        assert (result.state, result.counts.ok, result.counts.budget) == ("stopped", 4, 6)
        assert result.counts.spent_usd == pytest.approx(0.40)
        assert "0.45" in result.reason
        assert len(farming.asked(port, told.space)) == 4

    def test_more_money_finishes_it_and_what_was_spent_counts(self, ws: Workspace, port: int) -> None:
        told = Told(ws, port, "none", cases=10)
        told.run(self.options(0.45))
        result = resume(ws, told.plan.run_id, told.provider, self.options(0.75))
        assert (result.state, result.counts.ok) == ("stopped", 7)
        result = resume(ws, told.plan.run_id, told.provider, self.options(1.0))
        assert (result.state, result.counts.ok, told.asked()) == ("finished", 10, {1})
        assert query.generations(ws, told.plan.run_id)["cost_usd"].sum() == pytest.approx(1.0)

    def test_failed_calls_that_cost_nothing_give_their_money_back(self, ws: Workspace, port: int) -> None:
        told = Told(ws, port, "400", cases=10)
        token = Price(model="farm", kind="tokens", input=1.0, output=1.0, max_output=100_000)
        result = told.run(Options(budget_usd=0.25, pricing=Pricing(lambda *_: token)))
        assert (result.counts.failed, result.counts.spent_usd) == (10, 0.0)

    def test_a_model_without_a_price_is_refused_before_anything_is_written(self, ws: Workspace, port: int) -> None:
        told = Told(ws, port, "none")
        with pytest.raises(BudgetError, match="price of farm is unknown"):
            told.run(Options(budget_usd=5.0))
        assert not ws.journals.exists()
        assert told.asked() == set()

    def test_without_a_budget_it_runs_and_its_cost_stays_unknown(self, ws: Workspace, port: int) -> None:
        told = Told(ws, port, "none")
        result = told.run(Options())
        assert (result.counts.ok, result.counts.unpriced, result.counts.money) == (2, 2, "$0.0000 + 2 of unknown price")
        assert told.rows()["cost_usd"].isna().all()


def test_a_run_of_a_kind_that_the_provider_does_not_make_is_refused(ws: Workspace, port: int) -> None:
    kit.put(ws, "music/cue.j2", "---\nstage: music\n---\nplay\n")
    provider = FarmDirect(port)
    with pytest.raises(ProviderError, match=r"farm makes no audio.*It makes image, text"):
        run(ws, kit.plan(ws, provider, "music", versions=["music/cue"], scorers=["cost"]), provider, FAST)


def test_a_run_is_resumed_with_the_provider_it_was_begun_with(ws: Workspace, port: int) -> None:
    told = Told(ws, port, "401x1")
    told.run()
    with pytest.raises(InputError, match="is of farm http://farm, not of barn"):
        resume(ws, told.plan.run_id, FarmDirect(port, name="barn"), FAST)


def test_a_run_that_is_not_there_is_named_with_its_neighbours(ws: Workspace, port: int) -> None:
    told = Told(ws, port, "none", cases=1)
    told.run()
    with pytest.raises(UnknownName, match="Did you mean"):
        resume(ws, told.plan.run_id[:-1] + "x", told.provider, FAST)


def test_a_run_that_died_before_its_plan_was_written_cannot_be_resumed(ws: Workspace, port: int) -> None:
    Journal(ws, "early").close()
    with pytest.raises(JournalError, match="ended before it began"):
        resume(ws, "early", FarmDirect(port), FAST)


def test_resuming_a_finished_run_asks_for_nothing(ws: Workspace, port: int) -> None:
    told = Told(ws, port, "none", cases=4)
    told.run()
    before = query.scores(ws, told.plan.run_id)
    result = resume(ws, told.plan.run_id, told.provider, FAST)
    assert (result.state, result.counts.before, result.counts.ok, told.asked()) == ("finished", 4, 4, {1})
    assert query.scores(ws, told.plan.run_id).equals(before)


def test_one_process_at_a_time_works_on_a_run(ws: Workspace, port: int) -> None:
    import os

    told = Told(ws, port, "none")
    with Journal(ws, told.plan.run_id) as journal, only_one(ws, told.plan.run_id):
        journal.append(told.plan.event)
        with pytest.raises(JournalError, match=f"worked on by process {os.getpid()}"):
            resume(ws, told.plan.run_id, told.provider, FAST)


def test_a_run_in_a_thread_works_without_signals(ws: Workspace, port: int) -> None:
    from concurrent.futures import ThreadPoolExecutor

    told = Told(ws, port, "none")
    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(told.run).result().state == "finished"


def test_the_plan_in_the_journal_is_the_plan(ws: Workspace, port: int) -> None:
    told = Told(ws, port, "none")
    told.run()
    stored = state_of(ws, told.plan.run_id).plan
    assert stored is not None
    assert list(Plan(Run(**{k: v for k, v in stored.items() if k != "type"})).by_id) == list(told.plan.by_id)
