"""OpenAI's newer interface: what is sent, and what each answer becomes. `test_chat_aimock.py` asks a server that others wrote."""

from __future__ import annotations

import json
from typing import Any

import pytest
from adapter_kit import KEY, error_of, generate, request
from chat_server import ChatServer

from runs.provider import Outcome
from runs.providers.chat import ChatProvider
from runs.settings import Capabilities, ProviderSettings

SCHEMA = {"type": "object", "properties": {"title": {"type": "string"}, "note": {"type": "string", "default": ""}}}

USAGE = {
    "input_tokens": 90, "output_tokens": 40, "input_tokens_details": {"cached_tokens": 64, "cache_write_tokens": 0},
    "output_tokens_details": {"reasoning_tokens": 30},
}  # fmt: skip
THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": []}


def message(*parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "message", "role": "assistant", "content": list(parts), **more}


def said(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": []}


def answer(*output: Any, status: str = "completed", **more: Any) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "model": "m-1",
        "status": status,
        "error": None,
        "output": list(output),
        "usage": USAGE,
        **more,
    }


def ask(base_url: str, given: dict[str, Any] | None = None, **config: Any) -> Outcome:
    settings = ProviderSettings(**{"type": "chat", "base_url": base_url, "model": "m", "timeout_s": 20, **config})
    return generate(ChatProvider("house", settings), request("text", "write as JSON", **(given or {})))


def newer(**more: Any) -> Capabilities:
    return Capabilities(**{"api": "responses", **more})


def events(*data: dict[str, Any]) -> bytes:
    return b"".join(f"event: {d.get('type')}\ndata: {json.dumps(d)}\n\n".encode() for d in data)


BEGUN = {"type": "response.created", "response": {"id": "resp_1", "model": "m-1", "status": "in_progress", "output": []}}
PIECE = {"type": "response.output_text.delta", "delta": "INT. "}
ENDED = {"type": "response.completed", "response": answer(message(said("INT. WELL")))}


def test_the_same_request_goes_out_under_the_newer_names(server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOUSE_KEY", KEY)
    server.answer(answer(THOUGHT, message(said("INT. "), said("WELL"))))
    given = {"max_tokens": 50, "reasoning_effort": "low", "verbosity": "low", "temperature": 0.3}
    outcome = ask(server.base_url, given={"parameters": given, "seed": 3}, api_key_env="HOUSE_KEY", capabilities=newer(seed=True))
    (seen,) = server.seen
    assert seen.path == "/v1/responses"
    assert seen.headers["Idempotency-Key"] == "job-1"
    assert seen.body == {
        "model": "m", "store": False, "max_output_tokens": 50, "temperature": 0.3, "reasoning": {"effort": "low"},
        "text": {"verbosity": "low"},
        "input": [{"role": "user", "content": "write as JSON"}],
    }  # fmt: skip
    assert outcome.wire_request["body"] == seen.body
    assert outcome.wire_request["url"].endswith("/responses")
    assert KEY not in repr(outcome)
    assert [(a.media_type, a.data) for a in outcome.assets] == [("text/plain", b"INT. WELL")]
    used = outcome.usage
    assert (used.input_tokens, used.output_tokens, used.cached_tokens, used.reasoning_tokens) == (90, 40, 64, 30)
    assert outcome.model_resolved == "m-1"


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        ("json_schema", {"text": {"format": {"type": "json_schema", "name": "outline", "schema": SCHEMA, "strict": False}}}),
        ("json_object", {"text": {"format": {"type": "json_object"}}}),
        (
            "tool_call",
            {
                "tools": [{"type": "function", "name": "outline", "parameters": SCHEMA, "strict": False}],
                "tool_choice": {"type": "function", "name": "outline"},
            },
        ),
        ("plain", {}),
    ],
)
def test_structure_is_asked_for_in_the_way_that_the_endpoint_has(server: ChatServer, way: str, expected: dict[str, Any]) -> None:
    call = {"type": "function_call", "name": "outline", "arguments": '{"title": 1}', "status": "completed"}
    server.answer(answer(THOUGHT, call if way == "tool_call" else message(said('{"title": 1}'))))
    outcome = ask(
        server.base_url, given={"schema": SCHEMA, "schema_name": "outline"}, capabilities=newer(structured=way, drop=("store",))
    )  # fmt: skip
    assert {k: v for k, v in server.seen[0].body.items() if k not in ("input", "model")} == expected
    assert outcome.assets[0].data == b'{"title": 1}', "raw, also where it breaks the schema"


def test_what_makes_an_answer_depend_on_more_than_the_request_is_refused(server: ChatServer) -> None:
    for name in ("background", "previous_response_id", "text"):
        assert error_of(ask(server.base_url, given={"parameters": {name: "x"}}, capabilities=newer()))[0] == "invalid_request"
    assert server.seen == []


def test_one_model_of_a_server_can_be_asked_through_the_newer_interface(server: ChatServer) -> None:
    server.answer(answer(message(said("x"))))
    ask(server.base_url, given={"model": "gpt-5.5-pro"}, options={"models": {"*-pro": {"api": "responses"}}})
    server.say("x")
    ask(server.base_url, given={"model": "gpt-5.5"}, options={"models": {"*-pro": {"api": "responses"}}})
    assert [seen.path for seen in server.seen] == ["/v1/responses", "/v1/chat/completions"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (answer(message({"type": "refusal", "refusal": "I cannot."})), ("content_refused", "refusal")),
        (answer(message(said("INT. ")), status="incomplete", incomplete_details={"reason": "max_output_tokens"}), ("malformed", "length")),
        (answer(status="incomplete", incomplete_details={"reason": "content_filter"}), ("content_refused", "content_filter")),
        (answer(status="incomplete", incomplete_details="odd"), ("malformed", "length")),
        (answer(status="failed", error={"code": "server_error", "message": "boom"}), ("server", "server_error")),
        (answer(status="failed", error={"code": "rate_limit_exceeded", "message": "slow down"}), ("rate_limit", "rate_limit_exceeded")),
        (answer(status="failed", error={"code": "bio_policy", "message": "no"}), ("content_refused", "bio_policy")),
        (answer(status="failed", error={"code": "invalid_prompt", "message": "no"}), ("content_refused", "invalid_prompt")),
        (answer(message(said("INT. ")), status="failed"), ("server", "failed")),
        (answer(status="cancelled"), ("server", "cancelled")),
        (answer(status="queued"), ("malformed", "unfinished")),
        (answer(THOUGHT), ("malformed", "empty")),
        (answer(message(said("  "))), ("malformed", "empty")),
        (answer("odd", {"type": "message", "content": "text"}, message("odd")), ("malformed", "empty")),  # type: ignore[arg-type]
        ({"choices": [{"message": {"content": "of the older interface"}}]}, ("malformed", "empty")),
        (b"<html>", ("malformed", "")),
    ],
)
def test_answers_that_are_none(server: ChatServer, body: Any, expected: tuple[str, str]) -> None:
    server.answer(body)
    assert error_of(ask(server.base_url, capabilities=newer())) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (events(BEGUN, PIECE), ("timeout", "stream_cut_off")),
        (events(BEGUN, PIECE, {"type": "error", "code": "server_error", "message": "boom"}), ("server", "server_error")),
        (events(BEGUN, {"error": {"code": "insufficient_quota", "message": "no credit"}}), ("quota", "insufficient_quota")),
        (events(BEGUN, {"type": "response.failed", "response": answer(status="failed")}), ("server", "failed")),
        (events(BEGUN, PIECE, {"type": "response.incomplete", "response": answer(status="incomplete")}), ("malformed", "length")),
        (b": keep-alive\n\n", ("malformed", "")),
        (b"data: {broken\n\n", ("malformed", "")),
    ],
)
def test_streams_that_give_no_answer(server: ChatServer, data: bytes, expected: tuple[str, str]) -> None:
    server.answer(data, headers={"Content-Type": "text/event-stream"})
    outcome = ask(server.base_url, capabilities=newer(stream=True))
    assert error_of(outcome) == expected
    if expected[1] == "stream_cut_off":
        assert outcome.wire_response["body"]["text_so_far"] == "INT. ", "what came is kept, and taken for nothing"


def test_the_last_event_of_a_stream_is_the_answer_also_where_its_output_stands_in_the_events_before(server: ChatServer) -> None:
    done = {"type": "response.output_item.done", "item": message(said("INT. WELL"))}
    bare = {"type": "response.completed", "response": answer()}
    for data in (events(BEGUN, PIECE, ENDED), events(BEGUN, PIECE, done, bare)):
        server.answer(data, headers={"Content-Type": "text/event-stream; charset=utf-8"})
        outcome = ask(server.base_url, capabilities=newer(stream=True))
        assert (outcome.assets[0].data, outcome.usage.reasoning_tokens) == (b"INT. WELL", 30)
