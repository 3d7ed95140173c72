"""What went over the wire, fit for a journal: JSON that any strict writer takes, without keys, of bounded depth."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from runs.secrets import redact

DEPTH = 64
TEXT_CHARS = 4000
KEPT_HEADERS = (
    "content-type", "idempotency-key", "x-request-id", "openai-processing-ms", "openai-version", "retry-after", "retry-after-ms",
    "x-should-retry", "x-ratelimit-limit-requests", "x-ratelimit-limit-tokens", "x-ratelimit-remaining-requests",
    "x-ratelimit-remaining-tokens", "x-ratelimit-reset-requests", "x-ratelimit-reset-tokens", "x-litellm-response-cost",
    "x-dashscope-call-gateway",
)  # fmt: skip
"""Headers worth keeping. A list of what is kept, not of what is removed: a new secret header is not kept by default."""


def headers(given: Mapping[str, str]) -> dict[str, str]:
    """Return the headers worth keeping, names in lower case."""
    lower = {k.lower(): v for k, v in given.items()}
    return {name: redact(lower[name]) for name in KEPT_HEADERS if name in lower}


def clean(value: Any) -> Any:
    """Return JSON-like data without secrets and without what strict JSON cannot hold (NaN, lone surrogates, endless depth)."""
    return redact(_strict(value, DEPTH))


def decode(data: bytes) -> Any:
    """Parse the bytes of an answer as JSON.

    Raises:
        ValueError: it is not JSON.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        # The lenient parser takes what some servers send: NaN, lone surrogates. `clean` removes both.
        try:
            return json.loads(data.decode("utf-8", "replace"))
        except RecursionError:
            raise ValueError("nested too deep") from None


def text_of(data: bytes) -> str:
    """Return the beginning of an answer that is not JSON, without secrets."""
    text: str = redact(data[: 2 * TEXT_CHARS].decode("utf-8", "replace"))
    return text[:TEXT_CHARS]


def _strict(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode() if not value.isascii() else value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else float(value) if abs(value) < 10**300 else None
    if value is None:
        return None
    if depth == 0:
        return "[nested too deep]"
    if isinstance(value, Mapping):
        return {_strict(str(k), depth): _strict(v, depth - 1) for k, v in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        return [_strict(v, depth - 1) for v in value]
    return _strict(str(value), depth)
