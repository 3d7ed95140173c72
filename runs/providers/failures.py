"""From what chat servers say went wrong to one of our error classes. HTTP status alone never decides.

The tables hold the codes of OpenAI, of DashScope in both its shapes, and of the usual gateways; a code goes before a
type, that before words of the message, that before the status.

    classify(429, {"code": "insufficient_quota", "message": "You exceeded your current quota"})    "quota", do not retry
    classify(429, {"code": "rate_limit_exceeded"})                                                  "rate_limit"
    classify(400, {"code": "Arrearage"})                                                            "quota"
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from runs.provider import ErrorClass, Failure
from runs.secrets import redact

MESSAGE_CHARS = 600

CODES: Mapping[str, ErrorClass] = {
    # OpenAI and what imitates it
    "invalid_api_key": "auth", "invalid_organization": "auth", "account_deactivated": "auth", "ip_not_authorized": "auth",
    "unsupported_country_region_territory": "auth", "permission_denied": "auth", "no_db_connection": "auth",
    "insufficient_quota": "quota", "credit_balance_exhausted": "quota", "billing_hard_limit_reached": "quota",
    "billing_not_active": "quota", "spend_limit_exceeded": "quota", "insufficient_balance": "quota", "budget_exceeded": "quota",
    "rate_limit_exceeded": "rate_limit", "requests": "rate_limit", "tokens": "rate_limit", "slow_down": "rate_limit",
    "content_policy_violation": "content_refused", "moderation_blocked": "content_refused", "content_filter": "content_refused",
    "image_content_policy_violation": "content_refused", "bio_policy": "content_refused", "cyber_policy": "content_refused",
    "responsibleaipolicyviolation": "content_refused", "sensitive_words_detected": "content_refused",
    "model_not_found": "invalid_request", "context_length_exceeded": "invalid_request", "unsupported_value": "invalid_request",
    "unsupported_parameter": "invalid_request", "invalid_prompt": "content_refused",
    "server_error": "server", "overloaded": "server", "engine_overloaded": "server", "internal_error": "server",
    # our own word for a stream without an end (`runs.providers.stream`): like a connection that breaks, it may have been billed
    "stream_cut_off": "timeout",
    # DashScope
    "invalidapikey": "auth", "accessdenied": "auth", "accessdenied.unpurchased": "auth", "access_denied": "auth",
    "arrearage": "quota", "allocationquota.freetieronly": "quota", "prepaidbilloverdue": "quota", "postpaidbilloverdue": "quota",
    "throttling": "rate_limit", "throttling.ratequota": "rate_limit", "throttling.allocationquota": "rate_limit",
    "throttling.burstrate": "rate_limit", "limit_requests": "rate_limit", "limit_burst_rate": "rate_limit",
    "throttling.user": "rate_limit", "throttling.concurrency": "concurrency", "concurrency_limit_exceeded": "concurrency",
    "datainspectionfailed": "content_refused", "data_inspection_failed": "content_refused", "inappropriate_content": "content_refused",
    "invalidparameter": "invalid_request", "invalid_parameter_error": "invalid_request", "invalidurl": "invalid_request",
    "modelnotfound": "invalid_request", "model.notexist": "invalid_request", "unsupportedoperation": "invalid_request",
    "internalerror": "server", "internalerror.algo": "server", "serviceunavailable": "server", "gatewaytimeout": "server",
    "modelservicefailed": "server", "requesttimeout": "server",
}  # fmt: skip
TYPES: Mapping[str, ErrorClass] = {
    "insufficient_quota": "quota", "image_generation_user_error": "content_refused", "authentication_error": "auth",
    "permission_error": "auth", "rate_limit_error": "rate_limit", "throttling_error": "rate_limit", "overloaded_error": "server",
    "billing_error": "quota",
}  # fmt: skip
_REFUSED = re.compile(
    r"content[_ ](management )?policy|content[_ ]filter|inappropriate content|safety[_ ](system|violations)|flagged by moderation",
    re.IGNORECASE,
)
_OUT_OF_MONEY = re.compile(
    r"free[_ -]?(tier|quota|allocated)|credit balance|out of credit|billing|overdue|insufficient (balance|credit|fund)", re.IGNORECASE
)
_TOO_FAST = re.compile(r"per (second|minute|hour|day)|\b[RT]P[MSD]\b|rate[ _-]?limit|too quickly|try again", re.IGNORECASE)
_TOKENS_A_MINUTE = "#token-limit"  # DashScope's "no quota" for tokens a minute differs from its "no money" only in this link
_TOO_MANY = re.compile(r"concurren", re.IGNORECASE)


def classify(status: int, body: Any, *, retry_after_s: float | None = None) -> ErrorClass:
    """Return the class of an error answer.

    Args:
        status: HTTP status; 0 where there is none.
        body: the decoded body, with or without its `error` envelope.
        retry_after_s: what the answer asked to wait; a server that says when to come back has not run out of money.
    """
    code, kind, message = _words(body)
    found = CODES.get(code.lower()) or TYPES.get(kind.lower())
    if found in ("quota", "rate_limit"):
        return _money_or_pace(found, code.lower(), message, retry_after_s)
    if found:
        return found
    if status in (400, 403, 422) and _REFUSED.search(f"{message} {_reasons(body)}"):
        return "content_refused"
    return _by_status(status or _number(code), message)


def failure(status: int, body: Any, headers: Mapping[str, str]) -> Failure:
    """Return the failure that an error answer means, its message without secrets."""
    wait = retry_after_s(headers)
    code, kind, message = _words(body)
    error = classify(status, body, retry_after_s=wait)
    text = redact(message).strip()[:MESSAGE_CHARS] or f"HTTP {status} without a message"
    if 300 <= status < 400:
        text = f"the server redirects elsewhere (HTTP {status}); correct base_url"
    return Failure(error, text, code=redact(code or kind)[:80] or (str(status) if status else ""), retry_after_s=wait)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that an answer asks to wait, from `retry-after-ms` or `retry-after` (seconds or a date); None without."""
    if (milliseconds := _finite(headers.get("retry-after-ms", ""))) is not None:
        return max(0.0, milliseconds / 1000)
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    if (seconds := _finite(value)) is not None:
        return max(0.0, seconds)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def _money_or_pace(found: ErrorClass, code: str, message: str, retry_after: float | None) -> ErrorClass:
    """Tell "no money" from "too fast" where a vendor uses one code for both (DashScope's insufficient_quota, AllocationQuota)."""
    broke = bool(_OUT_OF_MONEY.search(message))
    if found == "rate_limit":
        return "quota" if broke and "quota" in code else "concurrency" if _TOO_MANY.search(message) else "rate_limit"
    if code == "insufficient_quota":
        too_fast = retry_after and not broke and _TOO_FAST.search(message)
        return "rate_limit" if too_fast or _TOKENS_A_MINUTE in message else "quota"
    return "quota"


def _by_status(status: int, message: str) -> ErrorClass:
    if status == 429:
        return "concurrency" if _TOO_MANY.search(message) else "quota" if _OUT_OF_MONEY.search(message) else "rate_limit"
    if status in (401, 403, 407):
        return "auth"
    if status == 402:
        return "quota"
    if status == 408:
        return "timeout"
    if status >= 500 or status in (409, 425):
        return "server"
    return "invalid_request" if 300 <= status < 500 else "malformed"


def _words(body: Any) -> tuple[str, str, str]:
    """Return code, type and message of an error body in any of the usual shapes."""
    inner = body.get("error", body) if isinstance(body, Mapping) else body
    if not isinstance(inner, Mapping):
        return "", "", inner if isinstance(inner, str) else ""
    detail = inner.get("message") or inner.get("detail") or inner.get("error_description") or ""
    code = inner.get("code")
    return ("" if code is None else str(code)), str(inner.get("type") or ""), detail if isinstance(detail, str) else str(detail)


def _reasons(body: Any) -> str:
    """Return what a gateway says of the upstream's moderation."""
    inner = body.get("error", body) if isinstance(body, Mapping) else {}
    metadata = inner.get("metadata") if isinstance(inner, Mapping) else None
    return "flagged by moderation" if isinstance(metadata, Mapping) and (metadata.get("reasons") or metadata.get("flagged_input")) else ""


def _number(code: str) -> int:
    return int(code) if code.isdecimal() and len(code) == 3 else 0


def _finite(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
