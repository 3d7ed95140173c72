"""The embedded studio as a provider, from plan to log."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path
from typing import Any

import kit
import pytest
from PIL import Image

from runs import pool, query
from runs.harness import Options, run
from runs.media import MediaStore
from runs.pricing import Pricing
from runs.provider import KIND_OF_STAGE, Message, Outcome, Reference, Request
from runs.providers.studio import NAME, StudioProvider
from runs.settings import ProviderSettings
from runs.workspace import Workspace

SMALL = {"width": 144, "height": 256}
SHORT = {**SMALL, "seconds": 0.5, "fps": 6}
FREE = Options(pricing=Pricing(free=True))
PROMPT = "Mei, a young woman with long black hair, joy, close-up."


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return kit.workspace(tmp_path)


def asked(stage: str, prompt: str = PROMPT, parameters: dict[str, Any] | None = None, seed: int = 1, **given: Any) -> Request:
    messages = (Message("user", prompt),)
    return Request(f"{stage}-{seed}", stage, KIND_OF_STAGE[stage], messages, "studio", parameters or {}, seed, **given)


def made(*requests: Request) -> list[Outcome]:
    async def main() -> list[Outcome]:
        async with StudioProvider() as provider:
            return list(await asyncio.gather(*map(provider.generate, requests)))

    return asyncio.run(main())


def test_scripts_are_written_judged_and_logged_as_simulated(ws: Workspace) -> None:
    provider = StudioProvider()
    plan = kit.plan(ws, provider, series=4, cases=2, scorers=("schema", "logic", "cost", "latency"))
    result = run(ws, plan, provider, FREE)
    assert (result.state, result.counts.ok, result.counts.scored) == ("finished", 16, 16)
    rows = query.generations(ws, plan.run_id)
    assert set(rows["provider"]) == {NAME}
    assert rows["simulated"].all()
    assert (rows["cost_usd"] == 0).all()
    assert (rows["input_tokens"] > 20).all()
    assert (rows["output_tokens"] > 100).all()
    scores = query.scores(ws, plan.run_id)
    assert not set(scores["status"]) & {"error", "unavailable"}
    one = query.generation(ws, plan.run_id, plan.jobs[0]["job_id"])
    assert one["truth"]["kind"] == "script"
    assert one["wire_request"]["prompt"].startswith("You write vertical microdramas.")


def test_the_same_run_gives_the_same_bytes_again(ws: Workspace) -> None:
    def artifacts() -> dict[str, str]:
        provider = StudioProvider()
        plan = kit.plan(ws, provider, series=2, cases=2)
        run(ws, plan, provider, FREE)
        rows = query.generations(ws, plan.run_id)
        return dict(zip(rows["job_id"], rows["artifact"], strict=True))

    assert artifacts() == artifacts()


@pytest.mark.slow
def test_stills_are_drawn_in_worker_processes_with_the_plan_s_reference_pictures(ws: Workspace, tmp_path: Path) -> None:
    (sheet,) = made(asked("character", parameters={"width": 288, "height": 192}))
    picture = tmp_path / "mei.webp"
    picture.write_bytes(sheet.assets[0].data)
    provider = StudioProvider()
    plan = kit.plan(
        ws, provider, "shot", versions=["shot/keyframe@plain", "shot/keyframe@reference"], series=1, cases=1,
        references={"mei": (picture,)}, parameters=SMALL,
    )  # fmt: skip
    assert run(ws, plan, provider, FREE).counts.ok == 2
    rows = query.generations(ws, plan.run_id)
    assert set(rows["media_type"]) == {"image/webp"}
    with Image.open(query.media_path(ws, rows["artifact"][0])) as still:
        assert still.size == (144, 256)
    sent = {r["arm"]: query.generation(ws, plan.run_id, r["job_id"])["wire_request"]["references"] for r in rows.to_dict("records")}
    (reference,) = {m["sha256"] for c in plan.event.cases for m in c["references"]["mei"]}
    assert sent == {"a": [], "b": [{"name": "Mei", "sha256": reference}]}
    assert pool.shared().pids == (), "a run leaves no process behind"


@pytest.mark.slow
def test_every_stage_gives_what_it_says(tmp_path: Path) -> None:
    outline, script, sheet, still, clip = made(
        asked("outline"), asked("script"), asked("character", parameters=SMALL), asked("shot", parameters=SMALL),
        asked("clip", parameters=SHORT),
    )  # fmt: skip
    kinds = [(o.assets[0].kind, o.assets[0].media_type) for o in (sheet, still, clip)]
    assert kinds == [("image", "image/webp"), ("image", "image/webp"), ("video", "video/mp4")]
    assert {o.assets[0].kind for o in (outline, script)} == {"text"}
    assert all(o.truth and o.cost_usd == 0 and o.usage.input_tokens for o in (outline, script, sheet, still, clip))
    assert (still.usage.images, clip.usage.seconds) == (1, 0.5)
    assert clip.assets[0].data[4:8] == b"ftyp"
    assert Image.open(io.BytesIO(still.assets[0].data)).size == (144, 256)
    assert json.loads(json.dumps(clip.truth)) == clip.truth


def test_judging_is_not_offered() -> None:
    (outcome,) = made(asked("judge"))
    assert outcome.failure is not None
    assert outcome.failure.error == "invalid_request"
    assert "the studio makes no" in outcome.failure.message


@pytest.mark.parametrize(
    ("stage", "parameters", "message"),
    [
        ("shot", {"width": 144}, "go together"),
        ("shot", {"width": "144", "height": 256}, "is a number, not '144'"),
        ("shot", {"width": True, "height": 256}, "is a number, not True"),
        ("shot", {"width": 145, "height": 256}, "SizeError"),
        ("clip", {**SMALL, "seconds": 99}, "ClipError"),
    ],
)
def test_a_parameter_that_the_studio_does_not_take_is_a_wrong_request(stage: str, parameters: dict[str, Any], message: str) -> None:
    (outcome,) = made(asked(stage, parameters=parameters))
    assert outcome.failure is not None
    assert outcome.failure.error == "invalid_request"
    assert message in outcome.failure.message


@pytest.mark.slow
def test_a_reference_that_is_gone_fails_its_own_picture_only(tmp_path: Path) -> None:
    gone = Reference("Mei", "0" * 64, "image/webp", tmp_path / "gone.webp")
    bad, good = made(asked("shot", parameters=SMALL, references=(gone,)), asked("shot", parameters=SMALL, seed=2))
    assert bad.failure is not None
    assert bad.failure.error == "internal"
    assert good.assets


def test_its_concurrency_keeps_two_processes_busy_and_no_more() -> None:
    def of(n: int) -> int:
        return StudioProvider("studio", ProviderSettings(type="studio", concurrency=n)).concurrency

    assert [of(1), of(3), of(64)] == [2, 3, 4]


def test_the_store_holds_what_the_provider_gave(ws: Workspace) -> None:
    provider = StudioProvider()
    plan = kit.plan(ws, provider, series=1, cases=1)
    run(ws, plan, provider, FREE)
    assert list(MediaStore(ws).verify()) == []
