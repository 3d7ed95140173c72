"""Whatever a gateway answers, an adapter says in our words what it means: it never raises, and never takes nonsense for an output."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, get_args

import calling
import comfy_stub
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import picture

from runs.errors import ProviderError
from runs.provider import Asset, ErrorClass, Failure, Kind, Outcome, TaskState
from runs.providers import http
from runs.settings import ProviderSettings

ADAPTERS: dict[str, tuple[Kind, dict[str, Any]]] = {
    "youchuan": ("image", {"accept_terms": True}),
    "midjourney-proxy": ("image", {"accept_terms": True, "images": "upscale"}),
    "fal": ("video", {}),
    "replicate": ("video", {}),
    "comfyui": ("image", {"workflow": "still.json", "slots": {"prompt": "Positive.text", "seed": "Sampler.seed"}}),
    "suno": ("audio", {}),
    "suno-cookie": ("audio", {}),
    "suno-newapi": ("audio", {}),
}
KEYS = """
    code status data result id jobId taskId urls url imageUrl failReason comment description properties bannedWord message msg error
    error_type detail type loc status_url response_url video output metrics predict_time completed_at data_removed model version response
    sunoData audioUrl audio_url duration errorCode errorMessage fail_reason prompt_id outputs images filename node_errors errors messages
    status_str queue_running queue_pending task-1
"""
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**20), 10**20), st.floats(), st.text(max_size=8),
    st.sampled_from((
        0, 1, 2, 3, 21, 22, 200, 404, 429, "SUCCESS", "FAILURE", "MODAL", "COMPLETED", "succeeded", "failed", "complete", "error",
        "IN_PROGRESS", "SENSITIVE_WORD_ERROR", "task-1", "task_not_exist", "file:///etc/passwd", "http://169.254.169.254/", "http://[::1",
        "https://queue.fal.run/a/../b", "data:image/png;base64,????", "\ud800", "x" * 5000,
    )),
)  # fmt: skip
BODIES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS.split()), inner, max_size=5), max_leaves=25
)
ANSWERS = st.lists(
    st.tuples(st.sampled_from((200, 200, 200, 201, 202, 302, 400, 401, 403, 404, 422, 429, 500, 502)), BODIES), min_size=1, max_size=3
)


class Answering:
    """A client whose server says what it is told to, the last answer for ever."""

    base_url = "http://127.0.0.1:9"

    def __init__(self, answers: list[tuple[int, Any]]) -> None:
        self.answers = list(answers)

    def url(self, path: str) -> str:
        return self.base_url + path

    async def call(self, method: str, path: str, *, expect: str = "json", **_: Any) -> http.Reply:
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return http._reply(status, {}, json.dumps(body).encode(), expect, {"method": method}, http.MAX_ANSWER)


class Fetching:
    async def fetch(self, url: str, kind: Kind) -> Asset | Failure:
        return Failure("malformed", "nothing is fetched here")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workspace")
    (folder / "still.json").write_text(json.dumps(comfy_stub.WORKFLOW))
    return folder


def made(kind: str, root: Path, answers: list[tuple[int, Any]]) -> Any:
    config = ProviderSettings(type=kind, base_url=Answering.base_url, model="V5" if "suno" in kind else "a/b", options=ADAPTERS[kind][1])
    config._root = root
    provider = calling._factory(kind)(kind, config)
    provider.client, provider.downloads = Answering(answers), Fetching()
    return provider


def sane(failure: Failure) -> None:
    assert failure.error in get_args(ErrorClass)
    assert failure.message.strip()
    assert len(failure.message) < 2000


@pytest.mark.parametrize("kind", ADAPTERS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(answers=ANSWERS)
def test_every_answer_means_something(root: Path, kind: str, answers: list[tuple[int, Any]]) -> None:
    asked = calling.request("rain", ADAPTERS[kind][0], seed=3)

    async def both() -> tuple[str | Failure, TaskState]:
        return await made(kind, root, answers).submit(asked), await made(kind, root, answers).poll("task-1", asked)

    submitted, state = asyncio.run(both())
    if isinstance(submitted, Failure):
        sane(submitted)
    else:
        assert submitted
    if state.outcome is not None:
        assert state.outcome.assets == (), "nothing that was answered is a file"
        assert state.outcome.failure is not None
        sane(state.outcome.failure)
        json.dumps([dict(state.outcome.wire_request), dict(state.outcome.wire_response)], allow_nan=False)
    else:
        assert state.state in ("queued", "running", "lost", "cancelled", "needs_input")


@settings(max_examples=60, deadline=None)
@given(answers=ANSWERS)
def test_every_answer_of_elevenlabs_means_something(answers: list[tuple[int, Any]]) -> None:
    provider = calling._factory("elevenlabs")("elevenlabs", ProviderSettings(type="elevenlabs", base_url=Answering.base_url))
    provider.client = Answering(answers)
    outcome: Outcome = asyncio.run(provider.generate(calling.request("rain", "audio", stage="music")))
    assert outcome.assets == () and outcome.failure is not None
    sane(outcome.failure)


def test_a_picture_is_still_an_output(root: Path) -> None:
    """The test above could not fail if nothing ever came through."""
    provider = made("replicate", root, [(200, {"status": "succeeded", "output": ["https://replicate.delivery/x.png"]})])

    class Found(Fetching):
        async def fetch(self, url: str, kind: Kind) -> Asset | Failure:
            return Asset("image", "image/png", picture())

    provider.downloads = Found()
    state = asyncio.run(provider.poll("task-1", calling.request("rain", "image")))
    assert state.outcome and state.outcome.assets


@pytest.mark.parametrize("kind", [k for k in ADAPTERS if k != "suno-cookie"])
def test_a_provider_without_an_address_says_so(root: Path, kind: str) -> None:
    config = ProviderSettings(type=kind, options=ADAPTERS[kind][1])
    config._root = root
    with pytest.raises(ProviderError, match="base_url"):
        calling.submitted(calling._factory(kind)(kind, config), calling.request())
