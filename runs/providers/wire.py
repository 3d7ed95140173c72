"""What went over the wire, fit for a journal: JSON that any strict writer takes, without keys, of bounded depth."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from runs.secrets import is_redacted, redact, redacted

DEPTH = 64
TEXT_CHARS = 4000
BLOB_CHARS = 1000
"""A longer run of base64 is a file; a journal keeps its hash."""
_BLOB = re.compile(r"(data:[\w.+/-]+;base64,)?[A-Za-z0-9+/_=\r\n-]+", re.ASCII)
KEPT_HEADERS = (
    "content-type", "idempotency-key", "x-request-id", "openai-processing-ms", "openai-version", "retry-after", "retry-after-ms",
    "x-should-retry", "x-ratelimit-limit-requests", "x-ratelimit-limit-tokens", "x-ratelimit-remaining-requests",
    "x-ratelimit-remaining-tokens", "x-ratelimit-reset-requests", "x-ratelimit-reset-tokens", "x-litellm-response-cost",
    "x-dashscope-call-gateway", "x-dashscope-async", "x-dashscope-ossresourceresolve", "x-fal-request-id", "x-fal-billable-units",
    "x-fal-error-type", "x-workbench-simulated", "x-fal-queue-priority", "prefer", "content-length",
)  # fmt: skip
"""Headers worth keeping. A list of what is kept, not of what is removed: a new secret header is not kept by default."""


def headers(given: Mapping[str, str]) -> dict[str, str]:
    """Return the headers worth keeping, names in lower case."""
    lower = {k.lower(): v for k, v in given.items()}
    return {name: redact(lower[name]) for name in KEPT_HEADERS if name in lower}


def clean(value: Any) -> Any:
    """Return JSON-like data without secrets and without what strict JSON cannot hold (NaN, lone surrogates, endless depth)."""
    strict = _strict(value, DEPTH)
    return redacted(strict) if isinstance(strict, dict) else redact(strict)


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


def shortened(value: Any, depth: int = DEPTH) -> Any:
    """Return JSON-like data in which files (base64, data URLs) are replaced by their size and hash."""
    if isinstance(value, str):
        return _blob_text(value) if len(value) > BLOB_CHARS and _BLOB.fullmatch(value, 0, BLOB_CHARS) and _BLOB.fullmatch(value) else value
    if depth and isinstance(value, (dict, Mapping)):
        return {k: shortened(v, depth - 1) for k, v in value.items()}
    if depth and isinstance(value, (list, tuple)):
        return [shortened(v, depth - 1) for v in value]
    return value


def blob(data: bytes) -> str:
    """Return what a journal keeps of bytes: how many, and their hash."""
    return f"[{len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}]"


def part(name: str, value: str | bytes, filename: str, media_type: str) -> dict[str, Any]:
    """Return what a journal keeps of one part of a form."""
    if isinstance(value, str):
        return {"name": name, "value": clean(shortened(value))}
    return {"name": name, "filename": redact(filename), "media_type": media_type, "value": blob(value)}


def _blob_text(text: str) -> str:
    """Name a file by the hash of its own bytes, which is also its name in the media store."""
    head, _, code = text.rpartition(",")
    try:
        return f"{head}{',' if head else ''}{blob(base64.b64decode(code, altchars=b'-_' if '-' in code or '_' in code else None))}"
    except ValueError:
        return f"{head}{',' if head else ''}[{len(code)} characters of base64]"


def _strict(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode() if not value.isascii() else value
    if value is None or value is True or value is False:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else float(value) if abs(value) < 10**300 else None
    if depth == 0:
        return "[nested too deep]"
    if isinstance(value, (dict, Mapping)):
        if is_redacted(value):  # it has been through here
            return value
        return {_strict(str(k), depth): _strict(v, depth - 1) for k, v in value.items()}
    if isinstance(value, (list, Sequence)) and not isinstance(value, (bytes, bytearray)):
        return [_strict(v, depth - 1) for v in value]
    return _strict(str(value), depth)
