"""Models that think (Qwen's): asked for as a stream or with thinking off, and what single models of a server can do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from adapter_kit import KEY, error_of, generate, provider, request
from vendor_server import Fault, Seen, Vendor, serve

from prompts.errors import WorkspaceError
from runs.providers.stream import assemble

REFUSED = {
    "error": {
        "code": "invalid_parameter_error",
        "type": "invalid_request_error",
        "message": "parameter.enable_thinking must be set to false for non-streaming calls",
    }
}
USAGE = {"prompt_tokens": 9, "completion_tokens": 40, "completion_tokens_details": {"reasoning_tokens": 30}}


def events(*data: Any, done: bool = True) -> bytes:
    lines = [f"data: {json.dumps(d)}\n\n" for d in data]
    return "".join([*lines, "data: [DONE]\n\n" if done else ""]).encode()


def delta(reason: str | None = None, **given: Any) -> dict[str, Any]:
    return {"id": "c1", "model": "qwq-plus-2026", "choices": [{"index": 0, "delta": given, "finish_reason": reason}]}


INSPECTED = {"error": {"code": "DataInspectionFailed", "message": "Output data may contain inappropriate content."}}


class Qwen(Vendor):
    """Section 2.2: a thinking model refuses what is no stream; the usage stands in the last event."""

    def answer(self, seen: Seen) -> Any:
        if not seen.body.get("stream"):
            thinks = seen.body.get("enable_thinking", True)
            choice = {"finish_reason": "stop", "message": {"content": "done", "role": "assistant"}}
            return Fault(400, REFUSED) if thinks else {"model": "q", "choices": [choice], "usage": USAGE}
        told = {"usage": USAGE, "choices": []} if seen.body["stream_options"]["include_usage"] else {"choices": []}
        thoughts = (delta(role="assistant", content=None, reasoning_content="hold "), delta(reasoning_content="on"))
        texts = (delta(content="The "), delta(content="gate"), delta("stop", content=""))
        return Fault(200, events(*thoughts, *texts, told), {"Content-Type": "text/event-stream;charset=utf-8"})


@pytest.fixture
def qwen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Qwen]:
    monkeypatch.setenv("DASHSCOPE_API_KEY", KEY)
    with serve(Qwen()) as running:
        yield running


def ask(folder: Path, server: Vendor, model: str, table: Any = None, **given: Any) -> Any:
    return generate(provider(folder, "qwen", server.base_url, **(table or {})), request("text", "write as JSON", model=model, **given))


def test_thinking_is_off_unless_it_is_wanted(tmp_path: Path, qwen: Qwen) -> None:
    assert ask(tmp_path, qwen, "qwen-plus").assets[0].data == b"done"
    outcome = ask(tmp_path, qwen, "qwen-plus", parameters={"enable_thinking": True})
    assert error_of(outcome) == ("invalid_request", "invalid_parameter_error")
    assert "stream = true in [providers.qwen.capabilities]" in outcome.failure.message


def test_a_model_that_always_thinks_is_asked_for_a_stream(tmp_path: Path, qwen: Qwen) -> None:
    outcome = ask(tmp_path, qwen, "qwq-plus")
    assert "enable_thinking" not in qwen.seen[0].body
    assert [(a.media_type, a.data) for a in outcome.assets] == [("text/plain", b"The gate")]
    assert (outcome.usage.input_tokens, outcome.usage.output_tokens, outcome.usage.reasoning_tokens) == (9, 40, 30)
    assert outcome.model_resolved == "qwq-plus-2026"
    kept = outcome.wire_response["body"]
    assert (kept["choices"][0]["message"]["reasoning_content"], kept["events"]) == ("hold on", 6)


def test_any_model_can_be_made_to_stream(tmp_path: Path, qwen: Qwen) -> None:
    outcome = ask(tmp_path, qwen, "qwen-plus", {"capabilities": {"stream": True}}, parameters={"enable_thinking": True})
    assert outcome.assets[0].data == b"The gate"


@pytest.mark.parametrize(
    ("model", "kind"), [("qwen-plus", "json_object"), ("qwen3.7-plus", "json_schema"), ("qwen3.8-max-2026-10-01", "json_schema")]
)
def test_structure_is_asked_for_as_each_model_can(tmp_path: Path, qwen: Qwen, model: str, kind: str) -> None:
    ask(tmp_path, qwen, model, schema={"type": "object"}, schema_name="outline")
    assert qwen.seen[0].body["response_format"]["type"] == kind


def test_a_pattern_of_the_workspace_goes_on_top(tmp_path: Path, qwen: Qwen) -> None:
    table = {"options": {"models": {"qwen-plus": {"structured": "tool_call", "seed": False}}}}
    ask(tmp_path, qwen, "qwen-plus", table, schema={"type": "object"}, schema_name="outline", seed=3)
    assert qwen.seen[0].body["tool_choice"]["function"]["name"] == "outline"
    assert "seed" not in qwen.seen[0].body
    with pytest.raises(WorkspaceError, match=r"options\.models\.q\.structurd: unknown key"):
        provider(tmp_path, "qwen", qwen.base_url, options={"models": {"q": {"structurd": "plain"}}})


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (events(delta(content="half a scr"), done=False), ("timeout", "stream_cut_off")),
        (events(delta(content="a"), INSPECTED), ("content_refused", "DataInspectionFailed")),
        (events(delta(content="a"), delta("length")), ("malformed", "length")),
        (events(delta(content="a"), delta("content_filter")), ("content_refused", "content_filter")),
        (events(delta("stop", refusal="I cannot")), ("content_refused", "refusal")),
        (events(delta("stop", reasoning_content="hm")), ("malformed", "empty")),
        (b"", ("malformed", "")),
        (b"data: {broken\n\n", ("malformed", "")),
        (b": keep-alive\n\ndata: [DONE]\n\n", ("malformed", "")),
    ],
)  # fmt: skip
def test_streams_that_give_no_answer(tmp_path: Path, qwen: Qwen, data: bytes, expected: Any) -> None:
    qwen.fault("POST /", Fault(200, data, {"Content-Type": "text/event-stream"}))
    assert error_of(ask(tmp_path, qwen, "qwq-plus")) == expected


def test_tool_calls_come_in_pieces() -> None:
    first = {"tool_calls": [{"index": 0, "id": "t", "function": {"name": "outline", "arguments": '{"a"'}}]}
    second = {"tool_calls": [{"index": 0, "function": {"arguments": ": 1}"}}, "odd"]}
    body = assemble(events(delta(**first), delta(**second), delta("tool_calls")))
    assert body["choices"][0]["message"]["tool_calls"][0]["function"] == {"name": "outline", "arguments": '{"a": 1}'}
