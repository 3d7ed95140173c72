"""Keys: read from the environment or the workspace's `.env`, and removed from everything that is written or shown.

    >>> redact({"url": "https://host/v1?api_key=0123456789", "headers": {"Authorization": "Bearer abc"}})
    {'url': 'https://host/v1?api_key=[redacted]', 'headers': {'Authorization': '[redacted]'}}

Two nets: values that this process has read as keys are removed wherever they stand, also JSON- or URL-escaped; and what
looks like a key or stands under a name such as `Authorization` is removed even if we never knew it.
"""

from __future__ import annotations

import io
import json
import logging
import os
import re
import traceback
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from prompts.errors import WorkspaceError

MASK = "[redacted]"
SHORTEST = 8
"""Shorter values are not searched for in texts: they would be found inside ordinary words. No real key is so short."""
ENV_BYTES = 1 << 20
REMEMBERED = 1 << 16
"""Characters of the longest text whose redaction is kept for the next time."""

_SECRET_NAME = re.compile(r"(^|_)(api_?key|secret|secret_key|token|password|passwd|credentials?)$", re.IGNORECASE)
_SECRET_FIELD = re.compile(
    r"^(proxy-)?authorization$|^(set-)?cookie$|^(x|xi)-api-key$|^api[-_]?key$|^(access|refresh|auth|id)[-_]token$"
    r"|^(client|app)[-_]secret$|^secret[-_]key$|^x-[\w-]*(secret|token)$|^password$",
    re.IGNORECASE,
)
_PREFIXES = ("sk", "pk", "rk", "gsk", "xai", "hf", "r8", "ghp", "gho", "github_pat", "glpat", "lsv2", "tvly", "key")
# One pattern a prefix, each beginning with a literal, which the engine finds at the speed of memchr; what stands before the
# prefix is looked at afterwards. One pattern for all of them costs fifty times as much on a page of prose.
_SHAPES = tuple(
    (prefix, re.compile(pattern))
    for prefix, pattern in (
        *((p, rf"{p}(?<![A-Za-z0-9]{p})[-_][A-Za-z0-9_\-]{{16,}}") for p in _PREFIXES),
        ("AKIA", r"AKIA(?<![A-Za-z0-9]AKIA)[0-9A-Z]{16}\b"),
        ("AIza", r"AIza(?<![A-Za-z0-9]AIza)[\w-]{30,}"),
        ("eyJ", r"eyJ(?<![A-Za-z0-9]eyJ)[\w-]{10,}\.[\w-]{10,}\.[\w-]+"),
    )
)
# `_NAMED` is only tried on texts that hold one of these.
_HINTS = (
    "authorization", "bearer ", "basic ", "api_key", "api-key", "apikey", "access_token", "access-token", "client_secret",
    "client-secret", "secret_key", "secret-key", "key=", "token=", "sig=", "signature=", "://",
)  # fmt: skip
_NAMED = re.compile(
    r"""(?ix) (\b(?:proxy-)?authorization["']?\s*[:=]\s*["']?(?:(?:bearer|basic|key|token)\s+)?
          | \b(?:bearer|basic)\s+(?=[\w\-.+/=]{16})
          | \b(?:x-|xi-)?(?:api[-_]?key|access[-_]token|client[-_]secret|secret[-_]key)["']?\s*[:=]\s*["']?
          | [?&](?:key|token|sig|signature)=
          | ://[^/\s:@]+:(?=[^/\s@]+@))
        ([^\s"'&,;}<>@]{3,})"""
)


class Redacted(dict[str, Any]):
    """A mapping without secrets; `known` is how many forms of keys were looked for in it."""

    __slots__ = ("known",)
    known: int


class _Vault:
    """The values that this process has read as keys, in every form in which they may turn up, and one pattern for all."""

    def __init__(self) -> None:
        self.forms: set[str] = set()
        self.pattern: re.Pattern[str] | None = None

    def add(self, values: Iterable[str]) -> None:
        forms: set[str] = set()
        for value in values:
            if len(value) >= SHORTEST:
                forms |= {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], quote(value, safe="")}
        if not forms <= self.forms:
            self.forms |= forms
            self.pattern = re.compile("|".join(re.escape(v) for v in self.longest_first()))

    def longest_first(self) -> list[str]:
        # So that a key that contains another is not left half masked.
        return sorted(self.forms, key=len, reverse=True)


_vault = _Vault()
_env_file: dict[str, str] = {}


def read_env_file(root: Path) -> Mapping[str, str]:
    """Read `.env` of a workspace, replacing what an earlier call read; the environment goes before it and is not changed.

    Raises:
        WorkspaceError: the file is there and cannot be read as UTF-8 text.
    """
    from dotenv import dotenv_values

    path = root / ".env"
    _env_file.clear()
    if path.is_file():
        try:
            with path.open("rb") as file:
                raw = file.read(ENV_BYTES + 1)
            if len(raw) > ENV_BYTES:
                raise WorkspaceError(
                    f"{path} is larger than {ENV_BYTES >> 10} KB.", hint="It holds NAME=value a line; is it the right file?"
                )
            values = dotenv_values(stream=io.StringIO(raw.decode("utf-8-sig")))
            _env_file.update({k: v for k, v in values.items() if v is not None})
        except (OSError, UnicodeDecodeError) as error:
            # The cause is left out: a decoding error carries the file's bytes.
            raise WorkspaceError(f"Cannot read {path}: {type(error).__name__}.", hint="It must be UTF-8 text, NAME=value a line.") from None
    _learn_from_environment()
    return dict(_env_file)


def environment() -> dict[str, str]:
    """Return the environment with the workspace's `.env` beneath it."""
    return {**_env_file, **os.environ}


def secret(name: str) -> str | None:
    """Return the value of an environment variable that holds a key, and remember it for `redact`; None if unset or empty."""
    value = environment().get(name, "").strip()
    if not value:
        return None
    remember(value)
    return value


def remember(*values: str) -> None:
    """Add values that `redact` shall remove wherever they stand."""
    _vault.add(values)


def redact(value: Any, *, patterns: bool = True) -> Any:
    """Return a copy of text or JSON-like data without secrets; mappings, lists and tuples are followed, other values kept.

    Args:
        value: text, bytes or any nesting of mappings and sequences.
        patterns: also remove what only looks like a key. Off for artifacts, which must stay as they came.
    """
    if isinstance(value, str):
        remembered = _redact_text if len(value) <= REMEMBERED else _redact_text.__wrapped__
        return remembered(value, patterns, len(_vault.forms))
    if value is None or isinstance(value, (int, float)):
        return value
    if isinstance(value, bytes):
        return _redact_bytes(value)
    if is_redacted(value):
        return value
    # Looking for `dict` first: asking whether something is a `Mapping` costs ten times as much.
    if isinstance(value, (dict, Mapping)):
        return {redact(k, patterns=patterns): _field(k, v, patterns) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(redact(v, patterns=patterns) for v in value)
    return value


def redacted(value: Mapping[str, Any]) -> Redacted:
    """Return a copy of a mapping without secrets that is known to have none: `redact` gives it back as it is, until a key is learned.

    For what is written as it was made; nothing may be put into it afterwards.
    """
    if is_redacted(value):
        return cast("Redacted", value)
    clean = Redacted(redact(value))
    clean.known = len(_vault.forms)
    return clean


def is_redacted(value: Any) -> bool:
    """Say whether a value is known to hold none of the secrets that are known now."""
    return isinstance(value, Redacted) and value.known == len(_vault.forms)


def hint(value: str) -> str:
    """Return the last four characters of a key for a health report, or less of a short one."""
    return f"…{value[-4:]}" if len(value) >= 2 * SHORTEST else "…"


def guard_logging() -> None:
    """Have every log record of this process redacted as it is made, those of libraries too; calling it again changes nothing."""
    make = logging.getLogRecordFactory()
    if getattr(make, "redacts", False):
        return

    def factory(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        record.msg, record.args = redact(record.getMessage()), None
        if record.exc_info and record.exc_info[0]:
            # A formatter uses `exc_text` where it is set, and so never formats the exception itself.
            record.exc_text = redact("".join(traceback.format_exception(*record.exc_info)).rstrip())
        return record

    factory.redacts = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(factory)


def looks_like_key(text: str) -> bool:
    """Say whether a setting's value looks like a key: a known prefix, or a long run of mixed letters and digits."""
    if any(shape.search(text) for _, shape in _SHAPES) or "PRIVATE KEY" in text:
        return True
    if re.search(r"[\s/\\{}]|://", text):
        return False
    return any(len(p) >= 24 and re.search(r"\d", p) and re.search(r"[A-Za-z]", p) for p in re.split(r"[^A-Za-z0-9+=]+", text))


@lru_cache(maxsize=1024)
def is_secret_field(name: str) -> bool:
    """Say whether a header or field of that name holds a key."""
    return bool(_SECRET_FIELD.match(name))


def _field(key: Any, value: Any, patterns: bool) -> Any:
    if patterns and value and isinstance(value, str) and isinstance(key, str) and is_secret_field(key):
        return MASK
    return redact(value, patterns=patterns)


# The same texts come by again and again: a prompt for each repeat, an answer once from the adapter and once from the journal.
@lru_cache(maxsize=256)
def _redact_text(text: str, patterns: bool, known: int) -> str:  # noqa: ARG001 (a new key makes old answers stale)
    # Looking for a literal costs a hundredth of trying a pattern, and nearly every text holds none of them.
    if _vault.pattern and any(form in text for form in _vault.forms):
        text = _vault.pattern.sub(MASK, text)
    if not patterns:
        return text
    for prefix, shape in _SHAPES:
        if prefix in text:
            text = shape.sub(MASK, text)
    lower = text.lower()
    return _NAMED.sub(rf"\1{MASK}", text) if any(h in lower for h in _HINTS) else text


def _redact_bytes(value: bytes) -> bytes:
    for known in _vault.longest_first():
        value = value.replace(known.encode(), MASK.encode())
    return value


def _learn_from_environment() -> None:
    # A workspace's .env is written for us: `…_KEY` is a key there. In the environment at large it may be anything.
    remember(*(v.strip() for k, v in _env_file.items() if _SECRET_NAME.search(k) or k.upper().endswith("KEY")))
    remember(*(v.strip() for k, v in os.environ.items() if _SECRET_NAME.search(k)))
