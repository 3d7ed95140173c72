"""OpenAI's pictures, after section 1.3 and 1.5 of the design's providers.md: what is sent, what comes back, what is refused."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from adapter_kit import FILM, KEY, error_of, generate, png, provider, reference, request
from vendor_server import Fault, Seen, Vendor, serve

from prompts.errors import WorkspaceError


class Images(Vendor):
    """The two endpoints as section 1.3 describes them."""

    def answer(self, seen: Seen) -> Any:
        count = int(next((v for n, _, v in seen.parts if n == "n"), seen.body.get("n", 1) if seen.body else 1))
        return {
            "created": 1,
            "data": [{"b64_json": base64.b64encode(png()).decode(), "revised_prompt": "heavy rain"}] * count,
            "size": "864x1536",
            "quality": "medium",
            "output_format": "png",
            "usage": {
                "input_tokens": 70,
                "input_tokens_details": {"text_tokens": 20, "image_tokens": 50},
                "output_tokens": 1056,
                "total_tokens": 1126,
            },
        }


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Images]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with serve(Images()) as running:
        yield running


def draw(
    folder: Path, vendor: Vendor, *, model: str = "", references: Any = (), prompt: str = "rain", table: Any = None, **parameters: Any
) -> Any:
    made = provider(folder, "openai-images", vendor.base_url + "/v1", **(table or {}))
    return generate(made, request("image", prompt, model=model, parameters=parameters, references=references))


def test_a_prompt_becomes_a_vertical_picture(tmp_path: Path, vendor: Images) -> None:
    outcome = draw(tmp_path, vendor)
    (seen,) = vendor.seen
    assert seen.path == "/v1/images/generations"
    assert seen.body == {"model": "gpt-image-2", "prompt": "rain", "size": "864x1536", "quality": "medium"}
    assert (seen.headers["Authorization"], seen.headers["Idempotency-Key"]) == (f"Bearer {KEY}", "job-1")
    assert [(a.media_type, a.data) for a in outcome.assets] == [("image/png", png())]
    usage = outcome.usage
    assert (usage.input_tokens, usage.picture_tokens, usage.output_tokens, usage.images) == (70, 50, 1056, 1)
    assert outcome.model_resolved == "gpt-image-2"
    assert outcome.wire_request["body"] == seen.body
    assert outcome.wire_response["body"]["data"][0]["revised_prompt"] == "heavy rain"


def test_reference_pictures_are_parts_of_a_form(tmp_path: Path, vendor: Images) -> None:
    sheets = (reference(tmp_path, "mei"), reference(tmp_path, "zhou", png("green")))
    outcome = draw(tmp_path, vendor, references=sheets, n=2)
    (seen,) = vendor.seen
    assert seen.path == "/v1/images/edits"
    assert [(n, f, v) for n, f, v in seen.parts if f] == [("image[]", "1.png", png("blue")), ("image[]", "2.png", png("green"))]
    fields = {n: v.decode() for n, f, v in seen.parts if not f}
    assert fields == {"model": "gpt-image-2", "prompt": "rain", "size": "864x1536", "quality": "medium", "n": "2"}
    assert len(outcome.assets) == 2
    kept = outcome.wire_request["parts"]
    assert [p["name"] for p in kept] == ["image[]", "image[]"]
    assert sheets[0].sha256 in kept[0]["value"]


@pytest.mark.parametrize(
    ("model", "parameters", "size"),
    [
        ("gpt-image-1.5", {}, "1024x1536"),
        ("gpt-image-1-mini", {"aspect_ratio": "16:9"}, "1536x1024"),
        ("gpt-image-1.5", {"aspect_ratio": "1:1"}, "1024x1024"),
        ("gpt-image-2", {"aspect_ratio": "16:9"}, "1536x864"),
        ("gpt-image-2-2026-04-21", {"width": 1152, "height": 2048}, "1152x2048"),
        ("gpt-image-2.5-flare", {"size": "auto"}, "auto"),
        ("gpt-image-2.6-sunburst", {"size": "3840x2160"}, "3840x2160"),
    ],
)
def test_the_size_follows_the_model(tmp_path: Path, vendor: Images, model: str, parameters: Any, size: str) -> None:
    draw(tmp_path, vendor, model=model, **parameters)
    assert vendor.seen[0].body["size"] == size
    made = provider(tmp_path, "openai-images", vendor.base_url)
    assert made.variant(request("image", model=model, parameters=parameters)) == f"medium {size}"


@pytest.mark.parametrize(
    ("model", "parameters", "sent"),
    [
        ("gpt-image-1.5", {}, "high"),
        ("gpt-image-1.5", {"input_fidelity": "low"}, "low"),
        ("gpt-image-1-mini", {}, "low"),
        ("gpt-image-2", {}, None),
        ("gpt-image-2.5-flare", {}, None),
    ],
)
def test_references_are_kept_as_closely_as_the_model_can(tmp_path: Path, vendor: Images, model: str, parameters: Any, sent: Any) -> None:
    draw(tmp_path, vendor, model=model, references=(reference(tmp_path),), **parameters)
    assert next((v.decode() for n, _, v in vendor.seen[0].parts if n == "input_fidelity"), None) == sent
    draw(tmp_path, vendor, model=model, **parameters)
    assert "input_fidelity" not in vendor.seen[1].body


@pytest.mark.parametrize(
    ("model", "parameters", "word"),
    [
        ("gpt-image-1-mini", {"input_fidelity": "high"}, "only low"),
        ("gpt-image-2", {"input_fidelity": "high"}, "leave it out"),
        ("gpt-image-1", {}, "2026-10-23"),
        ("dall-e-3", {}, "2026-05-12"),
        ("gpt-image-1.5", {"size": "864x1536"}, "1024x1536"),
        ("gpt-image-2", {"size": "1000x1500"}, "multiples of 16"),
        ("gpt-image-2", {"size": "512x2048"}, "3 times"),
        ("gpt-image-2", {"size": "4096x2160"}, "3840x2160"),
        ("gpt-image-2", {"aspect_ratio": "tall"}, "9:16"),
        ("gpt-image-2", {"quality": "max"}, "quality"),
        ("gpt-image-2", {"n": 11}, "1 to 10"),
        ("gpt-image-2", {"output_format": "svg"}, "SVG"),
        ("gpt-image-2", {"background": "transparent", "output_format": "jpeg"}, "png or webp"),
        ("gpt-image-2", {"stream": True}, "set by the workbench"),
    ],
)
def test_what_a_model_does_not_take_is_refused_before_it_is_paid(
    tmp_path: Path, vendor: Images, model: str, parameters: Any, word: str
) -> None:
    outcome = draw(tmp_path, vendor, model=model, references=(reference(tmp_path),), **parameters)
    assert error_of(outcome)[0] == "invalid_request"
    assert word in outcome.failure.message
    assert vendor.seen == []


def test_bounds_of_prompt_and_references(tmp_path: Path, vendor: Images) -> None:
    assert "32000" in draw(tmp_path, vendor, prompt="x" * 32_001).failure.message
    assert "16" in draw(tmp_path, vendor, references=(reference(tmp_path),) * 17).failure.message
    assert "GIF" not in draw(tmp_path, vendor, references=(reference(tmp_path, media_type="image/gif"),)).failure.message
    gone = reference(tmp_path, "gone")
    gone.path.unlink()
    assert "gone" in draw(tmp_path, vendor, references=(gone,)).failure.message
    assert vendor.seen == []


def openai(code: str | None, message: str = "", kind: str = "", **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code, **more}}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, openai("content_policy_violation"), "content_refused"),
        (400, openai("moderation_blocked", "… safety_violations=[violence]", "image_generation_user_error"), "content_refused"),
        (400, openai(None, "Your request was rejected by the safety system. safety_violations=[violence]"), "content_refused"),
        (400, openai("invalid_value", "Invalid size"), "invalid_request"),
        (401, openai("invalid_api_key"), "auth"),
        (401, openai("ip_not_authorized"), "auth"),
        (403, openai("unsupported_country_region_territory"), "auth"),
        (404, openai("model_not_found"), "invalid_request"),
        (429, openai("rate_limit_exceeded"), "rate_limit"),
        (429, openai("insufficient_quota"), "quota"),
        (429, openai("credit_balance_exhausted"), "quota"),
        (500, openai("server_error"), "server"),
        (503, openai(None, "overloaded"), "server"),
    ],
)
def test_errors_row_by_row(tmp_path: Path, vendor: Images, status: int, body: Any, expected: str) -> None:
    """Section 1.5."""
    vendor.fault("POST /v1/images/generations", Fault(status, body, {"Retry-After": "7"}))
    outcome = draw(tmp_path, vendor)
    assert error_of(outcome)[0] == expected
    assert outcome.failure.retry_after_s == 7
    assert outcome.wire_response["status"] == status


def test_a_refusal_says_whether_prompt_or_picture_was_refused(tmp_path: Path, vendor: Images) -> None:
    details = {"moderation_stage": "output", "categories": ["violence", "self-harm"]}
    vendor.fault("POST /", Fault(400, openai("moderation_blocked", "rejected", moderation_details=details)))
    failure = draw(tmp_path, vendor).failure
    assert (failure.error, failure.code, failure.message) == (
        "content_refused",
        "moderation_blocked",
        "rejected (output: violence, self-harm)",
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"data": []}, ("malformed", "empty")),
        ({"data": [{}]}, ("malformed", "empty")),
        ({"data": None}, ("malformed", "empty")),
        ({"data": [{"b64_json": "###"}]}, ("malformed", "base64")),
        ({"data": [{"b64_json": base64.b64encode(FILM).decode()}]}, ("malformed", "content_type")),
        ({"error": {"message": "upstream", "code": 503}}, ("server", "503")),
        ([], ("malformed", "")),
        ("<html>", ("malformed", "")),
    ],
)
def test_an_answer_without_a_picture(tmp_path: Path, vendor: Images, body: Any, expected: Any) -> None:
    vendor.fault("POST /", Fault(200, body))
    assert error_of(draw(tmp_path, vendor)) == expected


def test_lost_answers_are_not_asked_for_again(tmp_path: Path, vendor: Images) -> None:
    vendor.fault("POST /", Fault(drop=True), Fault(cut=True, body={"data": "x" * 100}))
    assert error_of(draw(tmp_path, vendor)) == ("timeout", "disconnected")
    assert error_of(draw(tmp_path, vendor)) == ("timeout", "disconnected")
    assert len(vendor.seen) == 2


def test_a_gateway_may_give_a_link(tmp_path: Path, vendor: Images) -> None:
    url = vendor.host("a.png", png("green"), "image/png")
    vendor.fault("POST /", Fault(200, {"data": [{"url": url}]}, {"x-litellm-response-cost": "0.01"}))
    outcome = draw(tmp_path, vendor)
    assert outcome.assets[0].data == png("green")
    assert outcome.cost_usd == 0.01
    assert KEY not in str(dict(vendor.seen[1].headers))
    vendor.fault("POST /", Fault(200, {"data": [{"url": url + "?gone"}]}))
    vendor.fault("GET /files", Fault(403))
    assert error_of(draw(tmp_path, vendor)) == ("expired", "403")


def test_a_typo_in_the_settings_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match=r"options\.long_egde: unknown key") as found:
        provider(tmp_path, "openai-images", "http://127.0.0.1:1", options={"long_egde": 1})
    assert "long_edge" in str(found.value.hint)
    with pytest.raises(WorkspaceError, match=r"options\.models\.gpt-image-3\.sizes"):
        provider(tmp_path, "openai-images", "http://127.0.0.1:1", options={"models": {"gpt-image-3": {"sizes": "any"}}})


def test_the_key_is_nowhere_but_in_its_header(tmp_path: Path, vendor: Images) -> None:
    vendor.fault(
        "POST /",
        Fault(401, openai("invalid_api_key", f"Incorrect API key provided: {KEY}")),
        Fault(200, {"data": [{"b64_json": KEY}], KEY: KEY}),
    )
    assert KEY not in repr(draw(tmp_path, vendor))
    assert KEY not in repr(draw(tmp_path, vendor))
