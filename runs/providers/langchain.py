"""Any other chat model, by its LangChain name: `anthropic:claude-sonnet-4-5`, `google_genai:gemini-…`, `groq:…`.

What LangChain would hide is kept: no retries, no cache, no parsing of its own; text, reasoning and usage come back as the
model gave them. What it does hide is the body that goes over the wire, so `wire_request` says what LangChain was asked.
Structure is asked for in the prompt only (the template's business); every vendor's own way of it loses the raw text.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from runs import secrets
from runs.errors import ProviderError
from runs.provider import ErrorClass, Failure, Kind, Outcome, Request, Usage
from runs.providers import failures, wire
from runs.providers.answers import count, mapping, text_asset
from runs.providers.body import MAX_TOKENS, RESERVED
from runs.providers.transport import api_key, causes, may_have_arrived, no_answer
from runs.settings import ProviderSettings

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel
    from langchain_core.messages import AIMessage

CUT_OFF = frozenset({"length", "max_tokens", "model_length", "max_output_tokens", "error_toxic_length"})
REFUSED = frozenset({
    "content_filter", "content_filtered", "refusal", "safety", "prohibited_content", "blocklist", "recitation", "spii",
    "image_safety", "guardrail_intervened", "error_toxic",
})  # fmt: skip
"""Why an answer ended, in the words of the vendors that LangChain passes on (lower case)."""


class LangChainProvider:
    """All models behind `init_chat_model`; one is built for each name and set of parameters, and kept."""

    simulated = False
    kinds: frozenset[Kind] = frozenset({"text"})

    def __init__(self, name: str, config: ProviderSettings) -> None:
        self.name = name
        self.config = config
        self.concurrency = config.concurrency
        self._key: str | None = None
        self._models: dict[str, BaseChatModel] = {}
        self._http: Any = None

    async def __aenter__(self) -> Self:
        """Check the key, and build the configured model, so that a missing package is found before the first call.

        Raises:
            ProviderError: no key, no such model, or its package is not installed.
        """
        self._key = api_key(self.name, self.config)
        secrets.guard_logging()
        if self.config.model:
            await asyncio.to_thread(self._model, self.config.model, self.config.parameters)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._models.clear()
        http, self._http = self._http, None
        if http is not None:
            await http.aclose()

    async def generate(self, request: Request) -> Outcome:
        """Make one call; a failure of any kind is an outcome."""
        name = request.model or self.config.model
        parameters = {k: v for k, v in {**self.config.parameters, **request.parameters}.items() if v is not None}
        parameters = {k: v for k, v in parameters.items() if k not in self.config.capabilities.drop}
        if not name:
            return Outcome(failure=Failure("invalid_request", "no model is named; give --model, such as anthropic:claude-sonnet-4-5"))
        if taken := sorted(RESERVED & parameters.keys()):
            return Outcome(failure=Failure("invalid_request", f"the parameter {taken[0]!r} is set by the workbench and cannot be given"))
        messages = [(m.role, m.content) for m in request.messages]
        seed: dict[str, Any] = {"seed": request.seed} if request.seed is not None and self.config.capabilities.seed else {}
        sent = wire.clean({"via": "langchain", "model": name, "parameters": {**parameters, **seed}, "messages": messages})
        try:
            model = self._model(name, parameters)
            async with asyncio.timeout(self.config.timeout_s):
                message = await model.ainvoke(messages, **seed)
        except ProviderError as error:
            return Outcome(failure=Failure("invalid_request", str(error)), wire_request=sent)
        except TimeoutError:
            return Outcome(failure=no_answer(self.config.timeout_s), wire_request=sent)
        except Exception as error:  # noqa: BLE001 (each integration raises its own; all of them are answers)
            failure, got = _explain(error, self.config.timeout_s)
            return Outcome(failure=failure, wire_request=sent, wire_response=got)
        return _outcome(message, sent, structured=request.schema is not None)

    def _model(self, name: str, parameters: Mapping[str, Any]) -> BaseChatModel:
        signature = json.dumps([name, dict(parameters)], sort_keys=True, default=str)
        if signature not in self._models:
            given = {**self._common(), **_renamed(parameters)}
            model = _build(name, given)
            if "http_async_client" in type(model).model_fields and "http_async_client" not in given:
                # These share one client between all event loops of a process, which breaks with the second loop.
                model = _build(name, {**given, "http_async_client": self._own_http()})
            self._models[signature] = model
        return self._models[signature]

    def _own_http(self) -> Any:
        if self._http is None:
            from openai import DefaultAioHttpClient

            from runs.providers.openai_client import BOUNDED

            self._http = DefaultAioHttpClient(follow_redirects=False, event_hooks=BOUNDED)
        return self._http

    def _common(self) -> dict[str, Any]:
        given: dict[str, Any] = {"max_retries": 0, "timeout": self.config.timeout_s, "cache": False, **self.config.options}
        if self._key:
            given["api_key"] = self._key
        if self.config.base_url:
            given["base_url"] = self.config.base_url
        return given


def _renamed(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {"max_tokens" if k in MAX_TOKENS else k: v for k, v in parameters.items()}


def _build(name: str, given: Mapping[str, Any]) -> BaseChatModel:
    from langchain.chat_models import init_chat_model
    from pydantic import ValidationError

    try:
        model: BaseChatModel = init_chat_model(name, **given)
    except ImportError as error:
        named = re.search(r"pip install ([\w.\-\[\]]+)", str(error))
        package = named[1] if named else str(error.name or "its integration package")
        raise ProviderError(f"The model {name!r} needs the package {package}.", hint=f"Install it: pip install {package}") from None
    except ValidationError as error:
        # The error's own text holds the values, a key among them.
        fields = ", ".join(sorted({".".join(str(p) for p in e["loc"]) or e["type"] for e in error.errors(include_input=False)}))
        raise ProviderError(f"The model {name!r} cannot be set up: {fields}.", hint="Check parameters, options and key.") from None
    except Exception as error:  # noqa: BLE001 (each integration raises its own)
        first = secrets.redact(str(error)).strip().split("\n", 1)[0][:300]
        raise ProviderError(f"The model {name!r} cannot be set up: {first}", hint="Write it as vendor:model.") from None
    return model


def _outcome(message: AIMessage, sent: Mapping[str, Any], *, structured: bool) -> Outcome:
    metadata = message.response_metadata
    usage = _usage(message)
    got = wire.clean({
        "content": message.content, "additional_kwargs": message.additional_kwargs, "response_metadata": metadata,
        "usage_metadata": message.usage_metadata, "id": message.id,
    })  # fmt: skip
    failure = _failure(message, usage)
    return Outcome(
        assets=() if failure else (text_asset(str(message.text), structured=structured),),
        failure=failure, usage=usage, model_resolved=secrets.redact(str(metadata.get("model_name") or metadata.get("model") or "")),
        wire_request=sent, wire_response=got,
    )  # fmt: skip


def _failure(message: AIMessage, usage: Usage) -> Failure | None:
    refusal = message.additional_kwargs.get("refusal")
    reason = _reason(message.response_metadata)
    if isinstance(refusal, str) and refusal.strip():
        return Failure("content_refused", secrets.redact(refusal).strip()[: failures.MESSAGE_CHARS], code="refusal")
    if reason in REFUSED:
        return Failure("content_refused", "the provider's filter stopped the answer", code=reason)
    if reason in CUT_OFF:
        spent = f" after {usage.output_tokens} tokens" if usage.output_tokens is not None else ""
        return Failure("malformed", f"the answer was cut off{spent}; raise max_tokens", code="length")
    if reason in ("failed", "cancelled"):
        return Failure("server", "the provider broke off while answering", code=reason)
    return None if str(message.text).strip() else Failure("malformed", "the model gave nothing", code="empty")


def _reason(metadata: Mapping[str, Any]) -> str:
    """Return why an answer ended, in lower case. OpenAI's newer interface has a status for it, and a reason beneath that."""
    if reason := metadata.get("finish_reason") or metadata.get("stop_reason"):
        return str(reason).lower()
    status, details = str(metadata.get("status") or "").lower(), metadata.get("incomplete_details")
    if status != "incomplete":
        return status
    return str((details.get("reason") if isinstance(details, Mapping) else "") or "length").lower()


def _usage(message: AIMessage) -> Usage:
    used: Mapping[str, Any] = message.usage_metadata or {}
    return Usage(
        input_tokens=count(used.get("input_tokens")),
        output_tokens=count(used.get("output_tokens")),
        cached_tokens=count(mapping(used.get("input_token_details")).get("cache_read")),
        reasoning_tokens=count(mapping(used.get("output_token_details")).get("reasoning")),
    )


def _explain(error: Exception, timeout_s: float) -> tuple[Failure, dict[str, Any]]:
    """Return the failure that an exception means, and what can be kept of the answer beneath it."""
    status, body, headers = _answer_of(error)
    got = {"status": status, "headers": wire.headers(headers), "body": wire.clean(body)} if status else {}
    if status:
        return failures.failure(status, body or str(error), headers), got
    if isinstance(error, ValueError) and error.args and isinstance(error.args[0], Mapping):
        # How LangChain hands on an error that stands inside an answer of success.
        inside = {"error": dict(error.args[0])}
        return failures.failure(0, inside, {}), {"status": 200, "body": wire.clean(inside)}
    from runs.providers.openai_client import TooLarge

    if any(isinstance(cause, TooLarge) for cause in causes(error)):
        return TooLarge.failure, got
    kind = _class_of(error)
    text = secrets.redact(f"{type(error).__name__}: {error}")[: failures.MESSAGE_CHARS]
    if kind != "timeout":
        return Failure(kind, text), got
    # First whether it was connected at all: a transport may call a refused connection a timeout.
    if not may_have_arrived(error):
        return Failure("server", f"cannot connect: {secrets.redact(str(causes(error)[-1]))[:200]}", code="connect"), got
    return no_answer(timeout_s), got


def _class_of(error: Exception) -> ErrorClass:
    from langchain_core import exceptions as lc

    table: tuple[tuple[type[Exception], ErrorClass], ...] = (
        (lc.ModelAuthenticationError, "auth"), (lc.ModelPermissionDeniedError, "auth"), (lc.ModelRateLimitError, "rate_limit"),
        (lc.ModelNotFoundError, "invalid_request"), (lc.ModelInvalidRequestError, "invalid_request"),
        (lc.ContextOverflowError, "invalid_request"), (lc.ModelTimeoutError, "timeout"), (lc.ModelConnectionError, "timeout"),
        (lc.ModelAPIError, "server"), (lc.OutputParserException, "malformed"), (ConnectionError, "timeout"), (OSError, "timeout"),
        # What breaks while an integration reads an answer of a shape that it did not expect.
        (ValueError, "malformed"), (TypeError, "malformed"), (LookupError, "malformed"), (AttributeError, "malformed"),
    )  # fmt: skip
    if isinstance(error, TypeError) and "unexpected keyword argument" in str(error):
        return "invalid_request"
    return next((kind for cls, kind in table if isinstance(error, cls)), "internal")


def _answer_of(error: Exception) -> tuple[int, Any, Mapping[str, str]]:
    """Return status, body and headers of the HTTP answer that an exception carries; status 0 if it carries none."""
    for source in causes(error):
        response = getattr(source, "response", None)
        status = getattr(source, "status_code", None) or getattr(response, "status_code", None)
        if isinstance(status, int) and not isinstance(status, bool):
            headers = getattr(response, "headers", None)
            return status, getattr(source, "body", None), headers if isinstance(headers, Mapping) else {}
    return 0, None, {}
