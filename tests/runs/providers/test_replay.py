"""Replaying an older run: the same answers without calling anybody, and no guessing."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path
from typing import Any

import pytest

from prompts.errors import UnknownName
from runs.errors import ProviderError
from runs.events import Generation, Run
from runs.journal import Journal
from runs.media import MediaStore
from runs.provider import Direct, Message, Outcome, Request
from runs.providers.replay import ReplayProvider
from runs.settings import load
from runs.workspace import Workspace

MESSAGES = (Message("system", "You write."), Message("user", "第一集：井"))


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    (tmp_path / "workbench.toml").write_text('[providers.replay]\noptions = { run = "r1" }\n')
    return Workspace(tmp_path)


def journal(ws: Workspace, *generations: dict[str, Any], simulated: bool = True) -> None:
    """Write an older run of two models, whose jobs are `j0`, `j1` … with the seeds 0, 1 …"""
    arm: Any = {"arm": "a", "ref": "script/x", "template": "script/x", "version": "v1:0", "model": "m-1", "replica": 0}
    jobs: Any = [{"job_id": f"j{n}", "arm": "a", "case_id": "c", "repeat": n, "seed": n} for n in range(len(generations))]
    run = Run(
        run_id="r1", stage="script", suite={"name": "s", "hash": ""}, seed=7, arms=[arm], versions=[], cases=[], jobs=jobs,
        provider={"name": "studio", "simulated": simulated, "base_url": ""},
    )  # fmt: skip
    messages: Any = [dataclasses.asdict(m) for m in MESSAGES]
    with Journal(ws, "r1") as log:
        log.append(run)
        for n, given in enumerate(generations):
            log.append(Generation(run_id="r1", job_id=f"j{n}", messages=messages, **given))


def stored(ws: Workspace, text: str) -> list[Any]:
    media = MediaStore(ws).put(text.encode(), "text/plain")
    return [{"kind": "text", "media_type": "text/plain", "sha256": media.sha256, "bytes": len(text.encode())}]


def ask(ws: Workspace, **request: Any) -> Outcome:
    given: dict[str, Any] = {"key": "new", "stage": "script", "kind": "text", "messages": MESSAGES, "model": "m-1", "seed": 0, **request}

    async def call() -> Outcome:
        async with ReplayProvider("replay", load(ws.root).provider_settings("replay")) as provider:
            assert isinstance(provider, Direct)
            return await provider.generate(Request(**given))

    return asyncio.run(call())


def test_the_same_prompt_model_and_seed_get_the_same_answer_at_no_cost(ws: Workspace) -> None:
    usage: Any = {"input_tokens": 5, "output_tokens": 6}
    journal(
        ws,
        *(
            {"status": "ok", "artifacts": stored(ws, t), "usage": usage, "cost_usd": 0.2, "model_resolved": "m-1-0924"}
            for t in ("one", "two")
        ),
    )
    outcome = ask(ws, seed=1)
    assert [a.data for a in outcome.assets] == [b"two"]
    assert (outcome.cost_usd, outcome.usage.output_tokens, outcome.model_resolved) == (0.0, 6, "m-1-0924")
    assert outcome.wire_response["replayed"]["job_id"] == "j1"
    assert outcome.wire_response["replayed"]["cost_usd"] == 0.2
    assert ask(ws, job_id="j0", seed=99, messages=(Message("user", "whatever"),)).assets[0].data == b"one", "a job id decides alone"


def test_a_refusal_and_a_broken_answer_are_answers_too(ws: Workspace) -> None:
    journal(
        ws,
        {"status": "refused", "error": "content_refused", "message": "no"},
        {"status": "failed", "error": "malformed", "message": "cut off"},
    )
    first, second = ask(ws, seed=0).failure, ask(ws, seed=1).failure
    assert first and (first.error, first.message) == ("content_refused", "no")
    assert second and (second.error, second.message) == ("malformed", "cut off")


def test_what_is_not_there_is_said_and_not_guessed(ws: Workspace) -> None:
    journal(ws, {"status": "ok", "artifacts": stored(ws, "one")}, {"status": "failed", "error": "timeout", "message": "slow"})
    for request, words in (
        ({"messages": (Message("user", "other"),)}, "no answer to this prompt"),
        ({"model": "m-2"}, "by m-1, not by m-2"),
        ({"seed": 5}, "none for this seed"),
        ({"seed": 1}, "none for this seed"),
    ):
        failure = ask(ws, **request).failure
        assert failure and failure.error == "invalid_request"
        assert words in failure.message


def test_an_artifact_that_was_cleaned_away_is_said(ws: Workspace) -> None:
    artifacts = stored(ws, "one")
    journal(ws, {"status": "ok", "artifacts": artifacts})
    MediaStore(ws).path(artifacts[0]["sha256"]).unlink()
    failure = ask(ws).failure
    assert failure and "media store" in failure.message


@pytest.mark.parametrize("simulated", [True, False])
def test_it_is_as_simulated_as_what_it_replays(ws: Workspace, simulated: bool) -> None:
    journal(ws, {"status": "ok", "artifacts": stored(ws, "x")}, simulated=simulated)
    provider = ReplayProvider("replay", load(ws.root).provider_settings("replay"))
    assert (provider.simulated, provider.base_url) == (simulated, "replay:r1")


def test_a_run_must_be_named_and_exist(ws: Workspace) -> None:
    with pytest.raises(UnknownName, match="r1"):
        ReplayProvider("replay", load(ws.root).provider_settings("replay"))
    ws.config.write_text("")
    with pytest.raises(ProviderError, match="options"):
        ReplayProvider("replay", load(ws.root).provider_settings("replay"))
