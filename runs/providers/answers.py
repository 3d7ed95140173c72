"""Reading a chat completion: text or refusal, why it ended, what it used. Nothing here trusts the shape of what came."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runs.provider import Asset, Failure, Request, Usage
from runs.providers import failures
from runs.secrets import redact


@dataclass(frozen=True, slots=True)
class Answer:
    """What one completion says."""

    assets: tuple[Asset, ...] = ()
    failure: Failure | None = None
    usage: Usage = field(default_factory=Usage)
    model: str = ""


def read(body: Mapping[str, Any], request: Request) -> Answer:
    """Read the decoded body of an HTTP 200."""
    usage = read_usage(body.get("usage"))
    model = redact(body["model"]) if isinstance(body.get("model"), str) else ""
    if body.get("error"):
        # Gateways answer 200 when the upstream fails after they have accepted the call.
        return Answer(failure=failures.failure(0, body, {}), usage=usage, model=model)
    choices = body.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], Mapping) else {}
    message = choice.get("message")
    if not isinstance(message, Mapping):
        return Answer(failure=Failure("malformed", "the answer holds no message"), usage=usage, model=model)
    result = _result(message, str(choice.get("finish_reason") or ""), request, usage)
    if isinstance(result, Failure):
        return Answer(failure=result, usage=usage, model=model)
    return Answer(assets=(text_asset(result, structured=request.schema is not None),), usage=usage, model=model)


def read_usage(usage: Any) -> Usage:
    """Return token counts of a `usage` object; what is missing or no count is None."""
    if not isinstance(usage, Mapping):
        return Usage()
    into, out = _mapping(usage.get("prompt_tokens_details")), _mapping(usage.get("completion_tokens_details"))
    return Usage(
        input_tokens=_count(usage.get("prompt_tokens")),
        output_tokens=_count(usage.get("completion_tokens")),
        cached_tokens=_count(into.get("cached_tokens")),
        reasoning_tokens=_count(out.get("reasoning_tokens")),
    )


def text_asset(text: str, *, structured: bool) -> Asset:
    """Return text as an asset: JSON by its type only where JSON was asked for and it is. Bytes are the model's own, keys apart."""
    kept: str = redact(text, patterns=False)
    return Asset("text", "application/json" if structured and _is_json(kept) else "text/plain", kept.encode("utf-8", "replace"))


def _result(message: Mapping[str, Any], reason: str, request: Request, usage: Usage) -> str | Failure:
    refusal = message.get("refusal")
    if isinstance(refusal, str) and refusal.strip():
        return Failure("content_refused", redact(refusal).strip()[: failures.MESSAGE_CHARS], code="refusal")
    if reason == "content_filter":
        return Failure("content_refused", "the provider's filter stopped the answer", code="content_filter")
    if reason == "length":
        spent = f" after {usage.output_tokens} tokens" if usage.output_tokens is not None else ""
        return Failure("malformed", f"the answer was cut off{spent}; raise max_tokens", code="length")
    if reason == "error":
        return Failure("server", "the provider broke off while answering", code="error")
    text = _text(message, structured=request.schema is not None)
    if not text.strip():
        thought = " but its reasoning" if message.get("reasoning_content") or message.get("reasoning") else ""
        return Failure("malformed", f"the model gave nothing{thought}", code="empty")
    return text


def _text(message: Mapping[str, Any], *, structured: bool) -> str:
    """Return the text of a message: its content (text or parts), else the arguments of the tool call that was asked for."""
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(str(p.get("text") or "") for p in content if isinstance(p, Mapping) and p.get("type") in ("text", "output_text"))
    if isinstance(content, str) and content.strip():
        return content
    calls = message.get("tool_calls")
    if structured and isinstance(calls, list) and calls and isinstance(calls[0], Mapping):
        arguments = _mapping(calls[0].get("function")).get("arguments")
        return arguments if isinstance(arguments, str) else ""
    return ""


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**12 else None
