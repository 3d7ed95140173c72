"""An answer that comes as events, put together to the completion that it would have been in one piece.

    data: {"choices": [{"delta": {"reasoning_content": "first "}}]}
    data: {"choices": [{"delta": {"content": "hold"}, "finish_reason": "stop"}]}
    data: {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 9}}
    data: [DONE]

It is read whole, for nobody watches it grow: some models (Qwen's that think) answer in no other way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runs.providers import wire

CUT_OFF: Mapping[str, Any] = {
    "code": "stream_cut_off",
    "message": "the stream ended before the answer did; what came is kept, and the call may be billed",
}
"""The error of a stream that breaks off. What came of it is no answer, however much like one it looks."""
_TEXTS = ("content", "reasoning_content", "reasoning", "refusal")


def assemble(data: bytes) -> dict[str, Any]:
    """Return the completion that a stream of events amounts to.

    A stream that breaks off has no `finish_reason`, and says so as an error; so does one that an error ends.

    Raises:
        ValueError: there is no event in it, or one is not JSON.
    """
    message: dict[str, Any] = {"role": "assistant"}
    whole: dict[str, Any] = {}
    calls: dict[int, dict[str, Any]] = {}
    reason, count = None, 0
    for event in events(data):
        count += 1
        if event.get("error"):
            return {**whole, "error": event["error"]}
        # The usage stands in an event of its own, or in all of them; the last one counts.
        whole.update({k: v for k, v in event.items() if k in ("id", "model", "usage", "created", "system_fingerprint") and v is not None})
        choices = event.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], Mapping) else {}
        reason = choice.get("finish_reason") or reason
        delta = choice.get("delta")
        if isinstance(delta, Mapping):
            _append(message, calls, delta)
    if not count:
        raise ValueError("no events")
    if calls:
        message["tool_calls"] = [calls[n] for n in sorted(calls)]
    if reason is None:
        whole["error"] = CUT_OFF
    return {**whole, "object": "chat.completion", "events": count, "choices": [{"index": 0, "finish_reason": reason, "message": message}]}


def events(data: bytes) -> list[Mapping[str, Any]]:
    """Return the JSON objects of a server-sent event stream (an event may be spread over several `data:` lines)."""
    found: list[Mapping[str, Any]] = []
    for block in data.replace(b"\r\n", b"\n").split(b"\n\n"):
        lines = [line[5:].strip() for line in block.split(b"\n") if line.startswith(b"data:")]
        text = b"\n".join(lines)
        if not text or text == b"[DONE]":
            continue
        event = wire.decode(text)
        if isinstance(event, Mapping):
            found.append(event)
    return found


def _append(message: dict[str, Any], calls: dict[int, dict[str, Any]], delta: Mapping[str, Any]) -> None:
    for name in _TEXTS:
        if isinstance(delta.get(name), str):
            message[name] = message.get(name, "") + delta[name]
    given = delta.get("tool_calls")
    for part in given if isinstance(given, list) else ():
        if not isinstance(part, Mapping):
            continue
        index = part.get("index")
        call = calls.setdefault(index if isinstance(index, int) else 0, {"type": "function", "function": {"name": "", "arguments": ""}})
        function = part.get("function")
        for name in ("name", "arguments"):
            if isinstance(function, Mapping) and isinstance(function.get(name), str):
                call["function"][name] += function[name]
