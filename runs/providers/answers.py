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
    usage, model = read_usage(body.get("usage")), model_of(body)
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
    into, out = mapping(usage.get("prompt_tokens_details")), mapping(usage.get("completion_tokens_details"))
    return Usage(
        input_tokens=count(usage.get("prompt_tokens")),
        output_tokens=count(usage.get("completion_tokens")),
        cached_tokens=count(into.get("cached_tokens")),
        reasoning_tokens=count(out.get("reasoning_tokens")),
    )


def text_asset(text: str, *, structured: bool) -> Asset:
    """Return text as an asset: JSON by its type only where JSON was asked for and it is. Bytes are the model's own, keys apart."""
    kept: str = redact(text, patterns=False)
    return Asset("text", "application/json" if structured and _is_json(kept) else "text/plain", kept.encode("utf-8", "replace"))


def refused(said: str) -> Failure:
    """Return the failure of a model that would not, in its own words."""
    return Failure("content_refused", redact(said).strip()[: failures.MESSAGE_CHARS], code="refusal")


def filtered() -> Failure:
    """Return the failure of an answer that the provider's filter stopped."""
    return Failure("content_refused", "the provider's filter stopped the answer", code="content_filter")


def cut_off(usage: Usage) -> Failure:
    """Return the failure of an answer that ran into its limit of tokens: half a script is no script."""
    spent = f" after {usage.output_tokens} tokens" if usage.output_tokens is not None else ""
    return Failure("malformed", f"the answer was cut off{spent}; raise max_tokens", code="length")


def nothing(*, thought: bool) -> Failure:
    """Return the failure of an empty answer; `thought` is whether there was reasoning."""
    return Failure("malformed", f"the model gave nothing{' but its reasoning' if thought else ''}", code="empty")


def model_of(body: Mapping[str, Any]) -> str:
    """Return the model that an answer says it is of."""
    return str(redact(body["model"])) if isinstance(body.get("model"), str) else ""


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a value that is a JSON object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def count(value: Any) -> int | None:
    """Return a value that is a sensible number of tokens, else None."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**12 else None


def _result(message: Mapping[str, Any], reason: str, request: Request, usage: Usage) -> str | Failure:
    refusal = message.get("refusal")
    if isinstance(refusal, str) and refusal.strip():
        return refused(refusal)
    if reason == "content_filter":
        return filtered()
    if reason == "length":
        return cut_off(usage)
    if reason == "error":
        return Failure("server", "the provider broke off while answering", code="error")
    text = _text(message, structured=request.schema is not None)
    return text if text.strip() else nothing(thought=bool(message.get("reasoning_content") or message.get("reasoning")))


def _text(message: Mapping[str, Any], *, structured: bool) -> str:
    """Return the text of a message: its content (text or parts), else the arguments of the tool call that was asked for."""
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(str(p.get("text") or "") for p in content if isinstance(p, Mapping) and p.get("type") in ("text", "output_text"))
    if isinstance(content, str) and content.strip():
        return content
    calls = message.get("tool_calls")
    if structured and isinstance(calls, list) and calls and isinstance(calls[0], Mapping):
        arguments = mapping(calls[0].get("function")).get("arguments")
        return arguments if isinstance(arguments, str) else ""
    return ""


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
