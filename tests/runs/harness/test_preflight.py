"""What a run will take, before it begins; and what each job's request is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kit
import pytest

from prompts.errors import TemplateError
from runs.errors import BudgetError, MediaError, ProviderError
from runs.plan import Plan
from runs.preflight import check, examine
from runs.prices import Price
from runs.pricing import Pricing
from runs.provider import Outcome, Request, Usage
from runs.providers.chat import ChatProvider
from runs.providers.studio import StudioProvider
from runs.requests import Prompts, Requests
from runs.settings import ProviderSettings
from runs.workspace import Workspace

STUDIO = StudioProvider()
PER_CALL = Price(model="*", kind="call", call=0.02)
TOKENS = Price(model="*", kind="tokens", input=2.0, output=8.0)


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return kit.workspace(tmp_path)


def priced(price: Price | None) -> Pricing:
    return Pricing(lambda *_: price)


def test_jobs_tokens_and_the_range_of_the_cost_are_known_before_anything_is_sent(ws: Workspace) -> None:
    plan = kit.plan(ws, STUDIO, repeats=3, parameters={"max_tokens": 500})
    estimate = examine(ws, plan, priced(TOKENS))
    assert (estimate.jobs, estimate.unpriced) == (36, ())
    assert 36 * 20 < estimate.prompt_tokens < 36 * 80
    assert estimate.low_usd == pytest.approx(estimate.prompt_tokens * 2e-6)
    assert estimate.high_usd is not None
    assert estimate.high_usd > 36 * 500 * 8e-6
    assert not ws.runs.exists()


def test_a_price_for_each_call_has_no_range(ws: Workspace) -> None:
    estimate = examine(ws, kit.plan(ws, STUDIO), priced(PER_CALL))
    assert estimate.low_usd == pytest.approx(0.24) == estimate.high_usd


def test_a_clip_is_planned_as_long_as_its_shot_so_that_seconds_have_a_price(ws: Workspace) -> None:
    """No `--set` is needed; a template or a run that says otherwise goes first; an adapter says what variant it will ask for."""
    kit.put(ws, "clip/move.j2", "---\nstage: clip\n---\npan\n")
    prices = {"720P": 0.1, "1080P": 0.2}
    pricing = Pricing(
        lambda _model, variant: Price(model="m", kind="second", second=prices[variant]),
        variant_of=lambda request: str(request.parameters.get("resolution", "720P")),
    )

    def high(**parameters: Any) -> float | None:
        plan = kit.plan(ws, STUDIO, "clip", versions=["clip/move"], series=1, cases=2, parameters=parameters)
        for case in plan.event.cases:
            case["inputs"]["shot"] = {"duration": 3.5}  # type: ignore[index]
        assert Requests(ws, plan).of(plan.jobs[0]).parameters["duration" if "seconds" not in parameters else "seconds"]
        return examine(ws, plan, pricing).high_usd

    assert high() == pytest.approx(2 * 4 * 0.1)
    assert high(resolution="1080P") == pytest.approx(2 * 4 * 0.2)
    assert high(duration=10) == pytest.approx(2 * 10 * 0.1)
    assert high(seconds=2) == pytest.approx(2 * 2 * 0.1)


def test_jobs_that_are_done_cost_nothing_more(ws: Workspace) -> None:
    plan = kit.plan(ws, STUDIO)
    assert examine(ws, plan, priced(PER_CALL), done=[j["job_id"] for j in plan.jobs[:5]]).jobs == 7
    everything = examine(ws, plan, priced(PER_CALL), done=plan.by_id)
    assert (everything.jobs, everything.high_usd) == (0, 0.0)


def test_what_an_estimate_renders_is_at_hand_for_the_calls_of_a_long_run_for_its_first(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = kit.plan(ws, STUDIO)

    def at_hand() -> list[bool]:
        prompts = Prompts()
        examine(ws, plan, priced(PER_CALL), prompts=prompts)
        return [Requests(ws, plan, prompts=prompts).at_hand(job) is not None for job in plan.jobs]

    assert at_hand() == [True] * len(plan.jobs)
    monkeypatch.setattr("runs.requests.REMEMBERED", 1000)
    kept = sum(at_hand())
    assert 0 < kept < len(plan.jobs)
    assert at_hand() == [True] * kept + [False] * (len(plan.jobs) - kept)


@pytest.mark.parametrize("repeats", [1, 2])
def test_a_prompt_is_let_go_with_its_call_where_no_repeat_follows(ws: Workspace, repeats: int) -> None:
    plan = kit.plan(ws, STUDIO, repeats=repeats)
    prompts = Prompts()
    examine(ws, plan, priced(None), prompts=prompts)
    requests = Requests(ws, plan, prompts=prompts)
    first = [requests.at_hand(job) for job in plan.jobs]
    assert None not in first
    assert [requests.at_hand(job) for job in plan.jobs] == (first if repeats > 1 else [None] * len(plan.jobs))
    assert [requests.of(job) for job in plan.jobs] == first, "whoever needs it again has it rendered again"


@pytest.mark.parametrize("price", [None, TOKENS])
def test_an_unknown_price_or_an_answer_without_a_bound_is_said_plainly(ws: Workspace, price: Price | None) -> None:
    estimate = examine(ws, kit.plan(ws, STUDIO), priced(price))
    assert (estimate.low_usd, estimate.high_usd, estimate.unpriced) == (None, None, ("offline-studio",))
    told = "the price of offline-studio is unknown" if price is None else "nothing bounds how long an answer of offline-studio gets"
    with pytest.raises(BudgetError, match=told):
        check(kit.plan(ws, STUDIO), STUDIO, estimate, budget_usd=5.0)
    check(kit.plan(ws, STUDIO), STUDIO, estimate, budget_usd=None)


def test_a_free_provider_needs_no_price(ws: Workspace) -> None:
    estimate = examine(ws, kit.plan(ws, STUDIO), Pricing(free=True))
    assert (estimate.low_usd, estimate.high_usd) == (0.0, 0.0)


def test_the_first_prompt_that_does_not_render_is_an_error_with_file_and_line(ws: Workspace) -> None:
    kit.put(ws, "script/broken.j2", "---\nstage: script\n---\nfine\n{{ 1 / (episode.number - 2) }}\n")
    with pytest.raises(TemplateError, match=r"script/broken.j2:5: .*ZeroDivisionError"):
        examine(ws, kit.plan(ws, STUDIO, versions=["script/broken"]), Pricing(free=True))


def test_a_stage_whose_kind_the_provider_does_not_make_is_refused(ws: Workspace) -> None:
    chat = ChatProvider("house", ProviderSettings(type="chat", base_url="http://house/v1"))
    kit.put(ws, "music/cue.j2", "---\nstage: music\n---\nplay\n")
    plan = kit.plan(ws, chat, "music", versions=["music/cue"])
    with pytest.raises(ProviderError, match="house makes no audio"):
        check(plan, chat, examine(ws, plan, Pricing(free=True)), None)


class TestPricing:
    REQUEST = Request("k", "script", "text", (), "m")

    def test_money_that_the_provider_reports_goes_first(self) -> None:
        assert priced(PER_CALL).cost_usd(self.REQUEST, Outcome(cost_usd=0.5)) == (0.5, "reported")

    def test_then_the_price_table(self) -> None:
        outcome = Outcome(usage=Usage(input_tokens=1000, output_tokens=100))
        assert priced(TOKENS).cost_usd(self.REQUEST, outcome) == (pytest.approx(0.0028), "price table")

    @pytest.mark.parametrize("price", [None, TOKENS])
    def test_what_nobody_knows_stays_unknown(self, price: Price | None) -> None:
        assert priced(price).cost_usd(self.REQUEST, Outcome()) == (None, "")

    def test_a_model_that_was_resolved_to_a_snapshot_keeps_its_price(self) -> None:
        pricing = Pricing(lambda model, _variant: PER_CALL if model == "m" else None)
        assert pricing.cost_usd(self.REQUEST, Outcome(model_resolved="m-turbo-internal"))[0] == 0.02


class TestRequests:
    def of(self, ws: Workspace, plan: Plan, arm: str) -> Request:
        job = next(j for j in plan.jobs if j["arm"] == arm)
        return Requests(ws, plan).of(job)

    def test_a_request_is_the_rendered_version_with_everything_that_decides_the_output(self, ws: Workspace) -> None:
        plan = kit.plan(ws, STUDIO, models=["m1"], parameters={"temperature": 0.3})
        request = self.of(ws, plan, "b")
        assert [m.role for m in request.messages] == ["system", "user"]
        assert request.messages[0].content.startswith("You write vertical microdramas. Return JSON only.")
        assert (request.stage, request.kind, request.model, request.parameters) == ("script", "text", "m1", {"temperature": 0.3})
        assert (request.schema_name, request.schema is not None and request.schema["title"]) == ("script", "Script")
        job = plan.by_id[request.job_id]
        assert request.seed == job["seed"]

    def test_reference_pictures_go_along_where_the_template_asks_for_them(self, ws: Workspace, tmp_path: Path) -> None:
        picture = tmp_path / "mei.png"
        picture.write_bytes(b"\x89PNG\r\n\x1a\n")
        plan = kit.plan(ws, STUDIO, "shot", versions=["shot/keyframe@plain", "shot/keyframe@reference"], references={"mei": (picture,)})
        assert self.of(ws, plan, "a").references == ()
        (reference,) = self.of(ws, plan, "b").references
        assert (reference.name, reference.media_type, reference.path.read_bytes()) == ("Mei", "image/png", b"\x89PNG\r\n\x1a\n")

    def test_a_reference_picture_that_is_gone_is_named(self, ws: Workspace, tmp_path: Path) -> None:
        picture = tmp_path / "mei.png"
        picture.write_bytes(b"\x89PNG\r\n\x1a\n")
        plan: Any = kit.plan(ws, STUDIO, "shot", versions=["shot/keyframe@reference"], references={"mei": (picture,)})
        next(p for p in ws.media.rglob("*.png")).unlink()
        with pytest.raises(MediaError, match="No artifact"):
            self.of(ws, plan, "a")
        assert examine(ws, plan, Pricing(free=True)).jobs == 6  # an estimate needs no pictures
