"""The taxonomy of errors, row by row: HTTP status alone never decides."""

from __future__ import annotations

from typing import Any

import pytest

from runs.providers.failures import classify, failure


def openai(code: str = "", message: str = "", kind: str = "") -> dict[str, Any]:
    return {"error": {"message": message, "type": kind or None, "param": None, "code": code or None}}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        # OpenAI
        (400, openai("content_policy_violation"), "content_refused"),
        (400, openai("moderation_blocked", "… safety_violations=[violence]", "image_generation_user_error"), "content_refused"),
        (400, openai("context_length_exceeded"), "invalid_request"),
        (400, openai("", "Unknown parameter: 'moderation'."), "invalid_request"),
        (401, openai("invalid_api_key"), "auth"),
        (403, openai("unsupported_country_region_territory"), "auth"),
        (404, openai("model_not_found"), "invalid_request"),
        (429, openai("rate_limit_exceeded"), "rate_limit"),
        (429, openai("insufficient_quota", "You exceeded your current quota, please check your plan and billing details."), "quota"),
        (429, openai("credit_balance_exhausted"), "quota"),
        (429, openai("billing_hard_limit_reached"), "quota"),
        (429, openai("spend_limit_exceeded", "Your organization has reached its monthly spend limit."), "quota"),
        (401, openai("ip_not_authorized", "Your IP is not authorised."), "auth"),
        (400, openai("bio_policy"), "content_refused"),
        (400, openai("image_content_policy_violation"), "content_refused"),
        (400, openai("image_too_large"), "invalid_request"),
        (400, openai("failed_to_download_image"), "invalid_request"),
        (500, openai(kind="server_error"), "server"),
        (503, openai("", "The engine is currently overloaded"), "server"),
        # Azure and gateways
        (400, openai("content_filter", "triggering Azure OpenAI's content management policy"), "content_refused"),
        (
            403,
            {"error": {"code": 403, "message": "blocked", "metadata": {"reasons": ["violence"], "flagged_input": "x"}}},
            "content_refused",
        ),
        (402, {"error": {"code": 402, "message": "Insufficient credits"}}, "quota"),
        (429, {"error": {"code": "429", "message": "", "type": "throttling_error"}}, "rate_limit"),
        (408, openai("", "Timeout"), "timeout"),
        # DashScope, compatible and native shapes
        (401, openai("invalid_api_key", "Incorrect API key provided."), "auth"),
        (401, {"code": "InvalidApiKey", "message": "Invalid API-key provided.", "request_id": "r"}, "auth"),
        (403, {"code": "AccessDenied.Unpurchased", "message": ""}, "auth"),
        (400, {"code": "Arrearage", "message": "Access denied, please make sure your account is in good standing."}, "quota"),
        (403, {"code": "AllocationQuota.FreeTierOnly", "message": "The free tier of the model has been exhausted."}, "quota"),
        (429, {"code": "Throttling", "message": "Requests throttling triggered."}, "rate_limit"),
        (429, {"code": "Throttling.RateQuota", "message": "Requests rate limit exceeded, please try again later."}, "rate_limit"),
        (
            429,
            {"code": "Throttling.AllocationQuota", "message": "Allocated quota exceeded, please increase your quota limit."},
            "rate_limit",
        ),
        (429, {"code": "Throttling.AllocationQuota", "message": "Free allocated quota exceeded."}, "quota"),
        (429, openai("insufficient_quota", "You exceeded your current quota … see https://host/error-code#token-limit"), "rate_limit"),
        (429, {"code": "Throttling", "message": "Too many concurrent requests"}, "concurrency"),
        (400, {"code": "DataInspectionFailed", "message": "Input data may contain inappropriate content."}, "content_refused"),
        (400, openai("data_inspection_failed", "Output data may contain inappropriate content."), "content_refused"),
        (400, {"code": "InvalidParameter", "message": "enable_thinking must be set to false for non-streaming calls"}, "invalid_request"),
        (404, {"code": "ModelNotFound", "message": ""}, "invalid_request"),
        (404, {"code": "Model.NotExist", "message": ""}, "invalid_request"),
        (500, {"code": "InternalError", "message": ""}, "server"),
        (503, {"code": "ServiceUnavailable", "message": ""}, "server"),
        (504, {"code": "GatewayTimeout", "message": ""}, "server"),
        # Ollama, vLLM, FastAPI, and no shape at all
        (404, {"error": "model 'x' not found, try pulling it first"}, "invalid_request"),
        (400, {"object": "error", "message": "maximum context length", "type": "BadRequestError", "code": 400}, "invalid_request"),
        (422, {"detail": [{"loc": ["body"], "msg": "field required"}]}, "invalid_request"),
        (405, {"detail": "Method Not Allowed"}, "invalid_request"),
        (413, "<html>Request Entity Too Large</html>", "invalid_request"),
        (502, "<html>Bad gateway</html>", "server"),
        (401, "<html>Unauthorized</html>", "auth"),
        (403, {"detail": "no"}, "auth"),
        (407, "", "auth"),
        (500, None, "server"),
        (429, [], "rate_limit"),
        (307, "", "invalid_request"),
        # HTTP 200 with the error inside: the code stands in for the status
        (0, {"error": {"code": 503, "message": "no instances"}}, "server"),
        (0, {"error": {"message": "odd"}}, "malformed"),
    ],
)
def test_row(status: int, body: Any, expected: str) -> None:
    assert classify(status, body) == expected


def test_a_quota_that_says_when_to_come_back_is_only_a_pace() -> None:
    body = openai("insufficient_quota", "Token rate limit per minute reached")
    assert classify(429, body, retry_after_s=3) == "rate_limit"
    assert classify(429, body) == "quota"


def test_the_message_is_short_and_says_something() -> None:
    assert len(failure(400, openai("x", "a" * 10_000), {}).message) <= 600
    assert failure(500, None, {}).message == "HTTP 500 without a message"
    assert failure(429, openai("", "wait"), {"retry-after": "-5"}).retry_after_s == 0
    assert failure(429, openai("", "wait"), {"retry-after": "inf"}).retry_after_s is None
    assert failure(429, openai("", "wait"), {"retry-after-ms": "1500", "retry-after": "9"}).retry_after_s == 1.5


def test_the_code_is_the_servers_own_or_else_the_status() -> None:
    assert [failure(500, body, {}).code for body in (openai("odd_code"), openai(kind="odd_type"), None)] == ["odd_code", "odd_type", "500"]
