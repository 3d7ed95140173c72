"""Targets: what a provider may answer. An adapter says in our words what it means, and never raises for what was answered."""

# ruff: noqa: E501  data

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import calling
import comfy_stub
from adapter_kit import provider
from films import film, song
from fuzzkit import SECRET, Target
from samples import picture

from runs.errors import ProviderError
from runs.provider import Asset, Direct, ErrorClass, Failure, Kind, Message, Outcome, Request, TaskState, Usage
from runs.providers import answers, failures, http, responses, stream, wire

ERROR = f"Incorrect API key provided: {SECRET}"
BASE = "https://api.example"
FILE = {"image": "https://cdn.example/a.png", "video": "https://cdn.example/a.mp4", "audio": "https://cdn.example/a.mp3"}


class Answering:
    """A client whose server says what it is told to, in turn, the last answer for ever; text that is no JSON comes as it is."""

    base_url = BASE

    def __init__(self, said: list[Any]) -> None:
        self.said, self.at = said, 0

    def url(self, path: str) -> str:
        return path if path.startswith("http") else f"{self.base_url}/{path.lstrip('/')}"

    async def call(self, method: str, path: str, *, expect: str = "json", **_: Any) -> http.Reply:
        status, body, headers = self.said[min(self.at, len(self.said) - 1)]
        self.at += 1
        data = body.encode("utf-8", "replace") if isinstance(body, str) else json.dumps(body).encode()
        return http._reply(status, headers, data, expect, {"method": method}, http.MAX_ANSWER)


class Fetching:
    """Downloads that always come."""

    async def fetch(self, url: str, kind: Kind) -> Asset | Failure:
        return _asset(kind)

    keep = fetch


@cache
def _asset(kind: Kind) -> Asset:
    data, name = {"image": (picture("x", (8, 8)), "image/png"), "video": (film(), "video/mp4"), "audio": (song(), "audio/mpeg")}[kind]
    return Asset(kind, name, data)


def _said(data: bytes) -> list[Any]:
    """Read an input: `[[status, body, headers], …]`; anything else is a body of its own."""
    try:
        rows = json.loads(data)
    except (ValueError, RecursionError):
        return [(200, data.decode("utf-8", "replace"), {})]
    said = []
    for row in rows if isinstance(rows, list) else [rows]:
        if not (isinstance(row, list) and row):
            said.append((200, row, {}))
            continue
        status = row[0] if isinstance(row[0], int) and 100 <= row[0] <= 599 else 200
        headers = row[2] if len(row) > 2 and isinstance(row[2], dict) else {}
        said.append((status, row[1] if len(row) > 1 else None, {str(k): str(v) for k, v in headers.items()}))
    return said or [(200, None, {})]


def _adapter(name: str, kind: Kind, **table: Any):  # type: ignore[no-untyped-def]
    def check(data: bytes, room: Path) -> None:
        (room / "still.json").write_text(json.dumps(comfy_stub.WORKFLOW))
        said = _said(data)
        stage = {"image": "shot", "video": "clip", "audio": "music"}[kind]
        asked = calling.request("rain", kind, stage=stage, seed=3, model=table.get("model", ""))

        def made() -> Any:
            it = provider(room, name, BASE, **table)
            it.client, it.downloads = Answering(said), Fetching()
            return it

        asyncio.run(_all(made, asked))

    return check


async def _all(made: Any, asked: Request) -> None:
    it = made()
    if isinstance(it, Direct):
        _outcome(await it.generate(asked))
        return
    submitted = await made().submit(asked)
    if isinstance(submitted, Failure):
        _sane(submitted)
    else:
        assert submitted.strip(), "a task without a name"
        submitted.encode("utf-8")
    _state(await made().poll("task-1", asked))
    if isinstance(submitted, str):
        _state(await made().poll(submitted, asked))
    try:
        found = await made().find(asked)
        assert found is None or found.strip()
    except (ProviderError, LookupError) as error:
        assert SECRET not in str(error)


def _state(state: TaskState) -> None:
    assert math.isfinite(state.poll_after_s) and 0 <= state.poll_after_s < 600
    if state.outcome is not None:
        _outcome(state.outcome)
    else:
        assert state.state not in ("succeeded", "failed")


def _outcome(outcome: Outcome) -> None:
    assert bool(outcome.assets) != bool(outcome.failure), "neither an output nor a failure, or both"
    if outcome.failure:
        _sane(outcome.failure)
    kept = json.dumps([dict(outcome.wire_request), dict(outcome.wire_response), outcome.model_resolved], allow_nan=False)
    kept.encode("utf-8")
    assert SECRET not in kept
    assert outcome.cost_usd is None or (math.isfinite(outcome.cost_usd) and outcome.cost_usd >= 0)
    _usage(outcome.usage)


def _usage(usage: Usage) -> None:
    for name in Usage.__dataclass_fields__:
        value = getattr(usage, name)
        assert value is None or (math.isfinite(value) and value >= 0 and not isinstance(value, bool)), f"{name} = {value}"
        assert value is None or isinstance(value, int) or name == "seconds"


def _sane(failure: Failure) -> None:
    assert failure.error in get_args(ErrorClass)
    assert failure.message.strip()
    assert len(failure.message) < 2000 and len(failure.code) <= 100
    assert SECRET not in failure.message and SECRET not in failure.code
    assert failure.retry_after_s is None or (math.isfinite(failure.retry_after_s) and failure.retry_after_s >= 0)


def _chat(data: bytes, _: Path) -> None:
    """What a chat server answers: an object, or a stream of events; for both interfaces of OpenAI."""
    asked = Request("k", "script", "text", (Message("user", "hi"),), "m")
    for schema in (None, {"type": "object"}):
        request = Request(asked.key, asked.stage, asked.kind, asked.messages, asked.model, schema=schema)
        for assemble, read in ((stream.assemble, answers.read), (responses.assemble, responses.read)):
            for decode in (wire.decode, assemble):
                try:
                    body = decode(data)
                except ValueError:
                    continue
                json.dumps(wire.clean(wire.shortened(body)), allow_nan=False)
                if isinstance(body, dict):
                    answer = read(body, request)
                    _outcome(Outcome(answer.assets, answer.failure, answer.usage, model_resolved=answer.model))
    try:
        body = wire.decode(data)
    except ValueError:
        body = wire.text_of(data)
    for status in (0, 200, 302, 400, 401, 429, 500):
        _sane(failures.failure(status, body, {}))


def _langchain(data: bytes, _: Path) -> None:
    from langchain_core.messages import AIMessage

    from runs.providers.langchain import _outcome as outcome_of

    try:
        given = json.loads(data)
        message = AIMessage(**given)
    except Exception:  # noqa: BLE001  what LangChain itself does not take
        return
    _outcome(outcome_of(message, {}, structured=True))


def _openai_images(data: bytes, room: Path) -> None:
    """OpenAI's pictures come through its SDK: read from the decoded body on."""
    from runs.providers.images import _moderated
    from runs.providers.images import _usage as usage_of
    from runs.providers.openai_client import Said

    it = provider(room, "openai-images", BASE)
    it._downloads = Fetching()
    for status, body, headers in _said(data):
        if isinstance(body, dict):
            got = asyncio.run(it._assets(body))
            if isinstance(got, Failure):
                _sane(got)
            _usage(usage_of(body, 1))
        why = failures.failure(status, body, headers)
        moderated = _moderated(Said(failure=why, got={"body": wire.clean(body)}))
        assert moderated is not None
        _sane(moderated)


def _row(status: int, body: Any, **headers: str) -> list[Any]:
    return [status, body, {k.replace("_", "-"): v for k, v in headers.items()}]


def _seeds(*conversations: list[Any]) -> tuple[bytes, ...]:
    return tuple(json.dumps(rows).encode() for rows in conversations)


KLING = _seeds(
    [_row(200, {"code": 0, "message": "ok", "request_id": "r", "data": {"task_id": "t1", "task_status": "submitted", "task_info": {"external_task_id": "job-1"}}}),
     _row(200, {"code": 0, "data": {"task_id": "t1", "task_status": "succeed", "final_unit_deduction": "0.6", "task_result": {"videos": [{"id": "1", "url": FILE["video"], "duration": "5.1"}], "images": [{"index": 0, "url": FILE["image"]}]}}})],
    [_row(200, {"code": 0, "data": {"task_id": "t1", "task_status": "failed", "task_status_msg": ERROR}})],
    [_row(429, {"code": 1303, "message": "parallel task over resource pack limit"}, retry_after="3", date="Wed, 21 Oct 2026 07:28:00 GMT"), _row(401, {"code": 1003, "message": ERROR})],
)  # fmt: skip
DASHSCOPE = _seeds(
    [_row(200, {"output": {"task_id": "t1", "task_status": "SUCCEEDED", "video_url": FILE["video"], "results": [{"url": FILE["image"]}, {"code": "x", "message": ERROR}]}, "usage": {"video_duration": 5, "image_count": 1, "duration": 5.0}, "request_id": "r"})],
    [_row(200, {"output": {"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": [{"image": FILE["image"]}]}}]}, "usage": {"image_count": 1}})],
    [_row(400, {"code": "DataInspectionFailed", "message": ERROR, "request_id": "r"}), _row(200, {"tasks": [{"task_id": "t1", "model_name": "m", "status": "RUNNING", "start_time": "2026-11-25 10:00:00"}], "total": 1})],
)  # fmt: skip
YOUCHUAN = _seeds(
    [_row(200, {"id": "yc-1", "status": 0, "text": "rain", "urls": [], "comment": ""}), _row(200, {"id": "yc-1", "status": 2, "urls": [FILE["image"]] * 4, "comment": "成功"})],
    [_row(200, {"code": 429, "message": ERROR}), _row(200, {"data": {"jobId": 7, "status": "JobStatusFail", "comment": "sensitive"}})],
)  # fmt: skip
PROXY = _seeds(
    [_row(200, {"code": 1, "description": "提交成功", "result": "mj-1", "properties": {}}), _row(200, {"id": "mj-1", "action": "IMAGINE", "status": "SUCCESS", "imageUrl": FILE["image"], "videoUrls": [FILE["video"]], "failReason": "", "state": "job-1", "buttons": [{"customId": "MJ::JOB::upsample::1", "label": "U1"}]})],
    [_row(200, {"code": 24, "description": ERROR, "properties": {"bannedWord": "blood"}}), _row(200, [{"id": "mj-1", "state": "job-1", "status": "FAILURE", "failReason": ERROR}])],
    [_row(401, f"Unauthorized {SECRET}")],
)  # fmt: skip
FAL = _seeds(
    [_row(200, {"request_id": "f1", "status_url": f"{BASE}/a/b/requests/f1/status", "response_url": f"{BASE}/a/b/requests/f1"}), _row(200, {"status": "COMPLETED", "metrics": {"inference_time": 8.1}}), _row(200, {"video": {"url": FILE["video"], "content_type": "video/mp4"}}, x_fal_billable_units="5")],
    [_row(422, {"detail": [{"loc": ["body", "prompt"], "msg": ERROR, "type": "content_policy_violation"}]}), _row(200, {"status": "COMPLETED", "error": ERROR, "error_type": "runner_error"})],
)  # fmt: skip
REPLICATE = _seeds(
    [_row(201, {"id": "p1", "status": "starting", "output": None, "error": None, "urls": {"get": f"{BASE}/v1/predictions/p1"}}), _row(200, {"id": "p1", "status": "succeeded", "output": [FILE["video"]], "metrics": {"predict_time": 8.1}, "completed_at": "2026-11-23T10:00:00Z", "data_removed": False})],
    [_row(200, {"id": "p1", "status": "failed", "error": f"NSFW {ERROR}"}), _row(402, {"title": "x", "detail": ERROR, "status": 402})],
)  # fmt: skip
COMFY = _seeds(
    [_row(200, {"prompt_id": "task-1", "number": 1, "node_errors": {}}), _row(200, {"task-1": {"outputs": {"9": {"images": [{"filename": "a.png", "subfolder": "s", "type": "output"}]}}, "status": {"status_str": "success", "completed": True, "messages": []}}})],
    [_row(200, {"task-1": {"outputs": {}, "status": {"status_str": "error", "completed": False, "messages": [["execution_error", {"node_id": "3", "node_type": "KSampler", "exception_message": ERROR, "exception_type": "torch.OutOfMemoryError"}]]}}})],
    [_row(200, {"queue_running": [[0, "task-1", {}, {}, []]], "queue_pending": []}), _row(400, {"error": {"type": "invalid_prompt", "message": ERROR}, "node_errors": {"3": {"errors": [{"message": "x", "details": "y"}], "class_type": "KSampler"}}})],
)  # fmt: skip
SUNO = _seeds(
    [_row(200, {"code": 200, "msg": "success", "data": {"taskId": "s1"}}), _row(200, {"code": 200, "data": {"taskId": "s1", "status": "SUCCESS", "response": {"sunoData": [{"id": "a", "audioUrl": FILE["audio"], "duration": 61.5, "modelName": "chirp"}]}, "errorMessage": None}})],
    [_row(200, {"code": 413, "msg": ERROR, "data": None}), _row(200, {"code": 200, "data": {"status": "SENSITIVE_WORD_ERROR", "errorMessage": ERROR}})],
    [_row(200, [{"id": "clip-0", "status": "complete", "audio_url": FILE["audio"], "duration": "60.0", "model_name": "chirp-v4"}, {"id": "clip-1", "status": "error", "error_message": ERROR}])],
    [_row(200, {"code": "success", "message": "", "data": "t1"}), _row(200, {"code": "success", "data": {"task_id": "t1", "status": "SUCCESS", "fail_reason": "", "data": [{"id": "a", "audio_url": FILE["audio"], "metadata": {"duration": 61}}]}})],
)  # fmt: skip
ELEVEN = _seeds(
    [_row(422, {"detail": {"status": "bad_prompt", "message": ERROR, "data": {"prompt_suggestion": "softer"}}})],
    [_row(200, {"detail": [{"loc": ["body", "x"], "msg": "y"}]})],
)
PICTURES = _seeds(
    [_row(200, {"created": 1, "data": [{"b64_json": "iVBORw0KGgo="}, {"url": FILE["image"]}], "usage": {"input_tokens": 9, "output_tokens": 4160, "input_tokens_details": {"image_tokens": 0}}})],
    [_row(400, {"error": {"message": ERROR, "code": "moderation_blocked", "type": "image_generation_user_error", "moderation_details": {"moderation_stage": "input", "categories": ["x"]}}})],
)  # fmt: skip
CHATS = (
    json.dumps({"id": "c", "model": "m", "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hello", "reasoning_content": "hm", "refusal": None, "tool_calls": [{"type": "function", "function": {"name": "f", "arguments": "{}"}}]}}], "usage": {"prompt_tokens": 3, "completion_tokens": 9, "prompt_tokens_details": {"cached_tokens": 1}}}).encode(),
    json.dumps({"id": "r", "model": "m", "status": "completed", "output": [{"type": "message", "content": [{"type": "output_text", "text": "hello"}, {"type": "refusal", "refusal": "no"}]}, {"type": "function_call", "arguments": "{}"}], "usage": {"input_tokens": 3, "output_tokens": 1}, "incomplete_details": {"reason": "length"}}).encode(),
    json.dumps({"error": {"message": ERROR, "code": "invalid_api_key", "type": "x", "metadata": {"reasons": ["x"]}}}).encode(),
)  # fmt: skip
EVENTS = (
    b'data: {"choices": [{"delta": {"content": "hold", "tool_calls": [{"index": 0, "function": {"name": "f", "arguments": "{"}}]}, "finish_reason": null}]}\n\ndata: {"choices": [], "usage": {"prompt_tokens": 3}}\r\n\r\ndata: [DONE]\n\n',
    b'event: x\ndata: {"type": "response.output_text.delta", "delta": "a"}\n\ndata: {"type": "response.completed",\ndata:  "response": {"status": "completed", "output": []}}\n\n: comment\n\n',
    b'data: {"error": {"message": "' + ERROR.encode() + b'"}}\n\n',
)  # fmt: skip
MESSAGE = json.dumps({"content": [{"type": "text", "text": "hello"}], "response_metadata": {"finish_reason": "stop", "model_name": "m"}, "usage_metadata": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7, "input_token_details": {"cache_read": 1}}, "additional_kwargs": {"refusal": None}, "id": "x"}).encode()  # fmt: skip


def _targets() -> Iterator[Target]:
    mj = {"options": {"accept_terms": True}}
    graph = {"options": {"workflow": "still.json", "slots": {"prompt": "Positive.text", "seed": "Sampler.seed"}}}
    for name, kind, seeds, table in (
        ("kling", "video", KLING, {}), ("qwen-image", "image", DASHSCOPE, {}), ("wan", "video", DASHSCOPE, {"model": "wan2.7-t2v"}), ("wanx", "image", DASHSCOPE, {}),
        ("youchuan", "image", YOUCHUAN, mj), ("midjourney-proxy", "image", PROXY, {"options": {"accept_terms": True, "images": "upscale"}}), ("fal", "video", FAL, {"model": "a/b"}),
        ("replicate", "video", REPLICATE, {"model": "a/b"}), ("comfyui", "image", COMFY, graph), ("suno", "audio", SUNO, {}), ("suno-cookie", "audio", SUNO, {}), ("suno-newapi", "audio", SUNO, {}),
        ("elevenlabs", "audio", ELEVEN, {}),
    ):  # fmt: skip
        yield Target(f"answers of {name}", _adapter(name, kind, **table), seeds, document=True)  # type: ignore[arg-type]
    yield Target("answers of kling, pictures", _adapter("kling", "image"), KLING, document=True)
    yield Target("answers of openai-images", _openai_images, PICTURES, document=True)
    yield Target("answers of chat", _chat, CHATS, document=True)
    yield Target("streams of chat", _chat, EVENTS, (b"data: ", b"\n\n", b"data: [DONE]", b'{"choices":[{"delta":', b"event: "))
    yield Target("messages of langchain", _langchain, (MESSAGE,), document=True)


TARGETS = tuple(_targets())
