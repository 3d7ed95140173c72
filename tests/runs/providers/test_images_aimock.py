"""The picture adapter against a server that others wrote (npm `@copilotkit/aimock`), over real sockets."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aimock as aimock_server
import pytest
from adapter_kit import KEY, error_of, generate, png, provider, reference, request

pytestmark = pytest.mark.slow
Start = Callable[..., aimock_server.Aimock]
CHAOS = (("drop", "server"), ("malformed", "malformed"), ("disconnect", "timeout"))
PICTURE = {"b64Json": base64.b64encode(png()).decode(), "revisedPrompt": "heavy rain"}


def draw(folder: Path, server: aimock_server.Aimock, prompt: str, **given: Any) -> Any:
    made = provider(folder, "openai-images", server.base_url)
    return generate(made, request("image", prompt, **given))


def test_generations_edits_errors_and_bad_lines(tmp_path: Path, aimock: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    refused = {"message": "rejected", "type": "image_generation_user_error", "code": "moderation_blocked"}
    limited = {"message": "slow down", "type": "requests", "code": "rate_limit_exceeded"}
    server = aimock(
        [
            {"match": {"userMessage": "rain", "endpoint": "image"}, "response": {"images": [PICTURE, PICTURE]}},
            {"match": {"userMessage": "blood", "endpoint": "image"}, "response": {"error": refused, "status": 400}},
            {"match": {"userMessage": "again", "endpoint": "image"}, "response": {"error": limited, "status": 429, "retryAfter": 3}},
            *(
                {"match": {"userMessage": name, "endpoint": "image"}, "response": {"image": PICTURE}, "chaos": {f"{name}Rate": 1}}
                for name, _ in CHAOS
            ),
        ]
    )
    drawn = draw(tmp_path, server, "rain on tin", parameters={"n": 2})
    assert [a.data for a in drawn.assets] == [png(), png()]
    assert server.journal()[-1]["path"] == "/v1/images/generations"
    # It reports no usage: unknown is not zero.
    assert (drawn.usage.input_tokens, drawn.usage.output_tokens, drawn.usage.images) == (None, None, 2)

    edited = draw(tmp_path, server, "rain on tin", references=(reference(tmp_path),))
    assert [a.media_type for a in edited.assets] == ["image/png"] * 2
    entry = server.journal()[-1]
    assert (entry["path"], entry["body"]["model"]) == ("/v1/images/edits", "gpt-image-2")
    assert entry["headers"]["content-type"].startswith("multipart/form-data")

    assert error_of(draw(tmp_path, server, "blood")) == ("content_refused", "moderation_blocked")
    limited_outcome = draw(tmp_path, server, "again")
    assert error_of(limited_outcome) == ("rate_limit", "rate_limit_exceeded")
    assert limited_outcome.failure.retry_after_s == 3
    assert error_of(draw(tmp_path, server, "nothing that it knows")) == ("invalid_request", "no_fixture_match")
    for name, expected in CHAOS:
        before = len(server.journal())
        assert error_of(draw(tmp_path, server, name))[0] == expected
        assert len(server.journal()) == before + 1, "what may have been paid is not asked for again"
