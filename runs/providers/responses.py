"""OpenAI's newer interface, `POST /responses`: another body and another answer for the same call.

    {"model": "gpt-5.4-mini", "input": [{"role": "user", "content": "write"}], "store": false}
    {"status": "completed", "output": [{"type": "message", "content": [{"type": "output_text", "text": "INT. WELL"}]}], "usage": {…}}

| answer | outcome |
|---|---|
| `output_text` of its messages; the arguments of a function call that was asked for | a text asset |
| a `refusal` part; `incomplete` for `content_filter` | `content_refused` |
| `incomplete` for anything else | `malformed`, code `length` |
| `failed` or `cancelled`, an `error` | what the error's code says, else `server` |
| `queued`, `in_progress`, nothing but reasoning | `malformed` |

Nothing is kept at the server (`store` is false) unless the parameters say so or the call is made in the background
(`runs.providers.background`); there is no seed here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from runs.provider import Failure, Request, Usage
from runs.providers import failures, stream
from runs.providers.answers import Answer, count, cut_off, filtered, mapping, model_of, nothing, refused, text_asset
from runs.providers.body import MAX_TOKENS, is_strict, marked, messages_for, parameters_for
from runs.secrets import redact
from runs.settings import ProviderSettings

PATH = "/responses"
RESERVED = frozenset({
    "input", "model", "stream", "stream_options", "background", "conversation", "previous_response_id", "tools", "tool_choice", "text",
})  # fmt: skip
"""What this adapter decides itself, or what would make an answer depend on more than the request."""
LAST = frozenset({"response.completed", "response.incomplete", "response.failed", "response.cancelled"})
"""Events that hold the whole answer; a stream without one of them was cut off."""


def build(request: Request, config: ProviderSettings, model: str) -> dict[str, Any] | Failure:
    """Return the JSON body of a request to a model, or why it cannot be sent. Chat's names of parameters are translated."""
    given = parameters_for(request, config, model, RESERVED)
    if isinstance(given, Failure):
        return given
    wants_json = request.schema is not None and config.capabilities.structured == "json_object"
    body: dict[str, Any] = {"model": model, "input": messages_for(request, name_json=wants_json)}
    background = config.capabilities.background
    if "store" not in config.capabilities.drop:
        # What is made in the background and not kept is gone after minutes, although it was paid.
        body["store"] = background
    text: dict[str, Any] = {}
    for name, value in given.items():
        if name == "reasoning_effort":
            body["reasoning"] = {**mapping(given.get("reasoning")), "effort": value}
        elif name == "verbosity":
            text["verbosity"] = value
        elif name != "reasoning" or "reasoning_effort" not in given:
            body["max_output_tokens" if name in MAX_TOKENS else name] = value
    if background:
        body |= {"background": True, "metadata": marked(body.get("metadata"), request)}
    elif config.capabilities.stream:
        body["stream"] = True
    if request.schema is not None:
        _ask_for_structure(body, text, request.schema_name or "answer", dict(request.schema), config.capabilities.structured)
    return {**body, "text": text} if text else body


def assemble(data: bytes) -> dict[str, Any]:
    """Return the answer that a stream of events amounts to: what its last event holds.

    A stream that breaks off says so as an error, with the text so far.

    Raises:
        ValueError: there is no event in it, or one is not JSON.
    """
    text, seen = "", 0
    items: list[Mapping[str, Any]] = []
    begun: Mapping[str, Any] = {}
    for event in stream.events(data):
        seen += 1
        kind, inner = event.get("type"), event.get("response")
        if kind in LAST and isinstance(inner, Mapping):
            # Some servers leave the output to the events before.
            return {**inner, "events": seen, "output": inner.get("output") or items}
        if kind == "error" or event.get("error"):
            return {**begun, "events": seen, "error": event.get("error") or {k: event.get(k) for k in ("code", "message")}}
        if isinstance(inner, Mapping):
            begun = inner
        if kind == "response.output_item.done" and isinstance(event.get("item"), Mapping):
            items.append(event["item"])
        if kind == "response.output_text.delta" and isinstance(event.get("delta"), str):
            text += event["delta"]
    if not seen:
        raise ValueError("no events")
    return {**begun, "events": seen, "text_so_far": text, "error": stream.CUT_OFF}


def read(body: Mapping[str, Any], request: Request) -> Answer:
    """Read the decoded body of an HTTP 200."""
    usage = read_usage(body.get("usage"))
    result = _result(body, request, usage)
    if isinstance(result, Failure):
        return Answer(failure=result, usage=usage, model=model_of(body))
    return Answer(assets=(text_asset(result, structured=request.schema is not None),), usage=usage, model=model_of(body))


def read_usage(usage: Any) -> Usage:
    """Return token counts of a `usage` object; what is missing or no count is None."""
    given = mapping(usage)
    return Usage(
        input_tokens=count(given.get("input_tokens")),
        output_tokens=count(given.get("output_tokens")),
        cached_tokens=count(mapping(given.get("input_tokens_details")).get("cached_tokens")),
        reasoning_tokens=count(mapping(given.get("output_tokens_details")).get("reasoning_tokens")),
    )


def _result(body: Mapping[str, Any], request: Request, usage: Usage) -> str | Failure:
    if body.get("error"):
        return failures.failure(0, body, {})
    parts = list(_parts(body.get("output")))
    refusal = next((said for kind, said in parts if kind == "refusal" and said.strip()), "")
    if refusal:
        return refused(refusal)
    status = str(body.get("status") or "completed")
    if status == "incomplete":
        why = mapping(body.get("incomplete_details")).get("reason")
        return filtered() if why == "content_filter" else cut_off(usage)
    if status in ("failed", "cancelled"):
        return Failure("server", "the provider broke off while answering", code=status)
    if status != "completed":
        return Failure("malformed", f"the answer is not finished: {redact(status)[:40]}", code="unfinished")
    text = "".join(said for kind, said in parts if kind == "output_text")
    if not text.strip() and request.schema is not None:
        text = next((said for kind, said in parts if kind == "function_call"), "")
    return text if text.strip() else nothing(thought=any(kind == "reasoning" for kind, _ in parts))


def _parts(output: Any) -> Iterator[tuple[str, str]]:
    """Yield what an answer's items say: their kind, and the text, refusal or arguments."""
    for item in output if isinstance(output, list) else ():
        if not isinstance(item, Mapping):
            continue
        content = item.get("content")
        if item.get("type") in ("function_call", "reasoning"):
            said = item.get("arguments")
            yield str(item["type"]), said if isinstance(said, str) else ""
        for part in content if isinstance(content, list) and item.get("type", "message") == "message" else ():
            said = part.get("text", part.get("refusal")) if isinstance(part, Mapping) else None
            if isinstance(said, str):
                yield str(part.get("type")), said


def _ask_for_structure(body: dict[str, Any], text: dict[str, Any], name: str, schema: dict[str, Any], way: str) -> None:
    strict = is_strict(schema)
    if way == "json_schema":
        text["format"] = {"type": "json_schema", "name": name, "schema": schema, "strict": strict}
    elif way == "json_object":
        text["format"] = {"type": "json_object"}
    elif way == "tool_call":
        body["tools"] = [{"type": "function", "name": name, "parameters": schema, "strict": strict}]
        body["tool_choice"] = {"type": "function", "name": name}
