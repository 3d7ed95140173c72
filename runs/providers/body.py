"""The body of a chat call: messages, parameters under the names that the endpoint takes, and the way to ask for structure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from runs.provider import Failure, Request
from runs.providers import wire
from runs.settings import ProviderSettings

MAX_TOKENS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
RESERVED = frozenset({"messages", "model", "stream", "stream_options", "n", "tools", "tool_choice", "response_format"})
"""What this adapter decides itself; a template or a setting that names one would get something else than it thinks."""
MARK = "workbench_key"
"""The name in an answer's `metadata` under which the server keeps the job's key, to be looked up by."""


def build(request: Request, config: ProviderSettings, model: str) -> dict[str, Any] | Failure:
    """Return the JSON body of a request to a model, or why it cannot be sent."""
    given = parameters_for(request, config, model, RESERVED)
    if isinstance(given, Failure):
        return given
    wants_json = request.schema is not None and config.capabilities.structured == "json_object"
    body: dict[str, Any] = {"model": model, "messages": messages_for(request, name_json=wants_json)}
    for name, value in given.items():
        body[config.capabilities.max_tokens_field if name in MAX_TOKENS else name] = value
    if request.seed is not None and config.capabilities.seed and "seed" not in body:
        body["seed"] = request.seed
    if config.capabilities.stream:
        # Without this a stream says nothing of what it used.
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    if config.capabilities.stored:
        body |= {"store": True, "metadata": marked(body.get("metadata"), request)}
    if request.schema is not None:
        body |= _structure(request.schema_name or "answer", request.schema, config.capabilities.structured)
    return body


def marked(metadata: Any, request: Request) -> dict[str, Any]:
    """Return the metadata of a call with the job's key among them."""
    return {**(metadata if isinstance(metadata, Mapping) else {}), MARK: request.key}


def parameters_for(request: Request, config: ProviderSettings, model: str, reserved: Collection[str]) -> dict[str, Any] | Failure:
    """Return the parameters of a call, those of the request over those of the settings, without what the endpoint refuses."""
    if not model:
        return Failure("invalid_request", "no model is named; give --model, or model = … in the provider's table")
    parameters = {**config.parameters, **request.parameters}
    if taken := sorted(parameters.keys() & set(reserved)):
        return Failure("invalid_request", f"the parameter {taken[0]!r} is set by the workbench and cannot be given")
    return {name: value for name, value in parameters.items() if value is not None and name not in config.capabilities.drop}


def messages_for(request: Request, *, name_json: bool) -> list[dict[str, Any]]:
    """Return the messages of a request. With `name_json` one of them names JSON: servers refuse JSON mode where none does."""
    messages = [{"role": m.role, "content": m.content} for m in request.messages]
    if name_json and not any("json" in m["content"].lower() for m in messages):
        # What is added stands in the wire request.
        messages.append({"role": "user", "content": "Answer with one JSON object."})
    return messages


def is_strict(schema: Any) -> bool:
    """Say whether a JSON Schema is within what OpenAI's strict mode takes: closed objects, all properties required, no defaults."""
    if isinstance(schema, list):
        return all(is_strict(s) for s in schema)
    if not isinstance(schema, Mapping):
        return True
    properties = schema.get("properties")
    if isinstance(properties, Mapping) and (
        schema.get("additionalProperties") is not False or set(schema.get("required", ())) != set(properties)
    ):
        return False
    return "default" not in schema and all(is_strict(v) for v in schema.values())


_LATEST: list[tuple[Mapping[str, Any], str, str, dict[str, Any]]] = []
"""Schemas of late and how they were asked for: all calls of an arm have the same one, which is longer than most prompts."""


def _structure(name: str, schema: Mapping[str, Any], way: str) -> dict[str, Any]:
    """Return what of a body asks for a schema; the same object for the same one, known to be without secrets where it is."""
    for known, its_name, its_way, asked in _LATEST:
        if known is schema and (its_name, its_way) == (name, way):
            return asked
    asked = {key: _settled(value) for key, value in _asking(name, dict(schema), way).items()}
    _LATEST[:] = [(schema, name, way, asked), *_LATEST[:15]]
    return asked


def _settled(value: Any) -> Any:
    clean = wire.clean(value)
    return clean if clean == value else value


def _asking(name: str, schema: dict[str, Any], way: str) -> dict[str, Any]:
    if way == "json_schema":
        return {"response_format": {"type": "json_schema", "json_schema": {"name": name, "schema": schema, "strict": is_strict(schema)}}}
    if way == "json_object":
        return {"response_format": {"type": "json_object"}}
    if way == "tool_call":
        function = {"name": name, "parameters": schema}
        return {"tools": [{"type": "function", "function": function}], "tool_choice": {"type": "function", "function": {"name": name}}}
    return {}
