"""Alibaba's own SDK against our stub of DashScope: what it sends is what the adapter sends, what it reads is what we read.

So stub and adapter cannot share a misunderstanding. The SDK speaks to the stub in a process of its own: it keeps sessions
and settings in globals.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from adapter_kit import KEY, error_of, generate, poll, provider, request, submit
from dashscope_server import DashScope
from patience import HANGS_S
from vendor_server import Fault

pytestmark = pytest.mark.slow
PROGRAM = """
import json, sys
import dashscope
from dashscope import ImageSynthesis, MultiModalConversation, VideoSynthesis
base, key, calls = json.load(sys.stdin)
dashscope.base_http_api_url, dashscope.api_key = base, key
services = {"video": VideoSynthesis, "image": ImageSynthesis, "chat": MultiModalConversation}
said = []
for service, method, arguments in calls:
    answer = getattr(services[service], method)(**arguments)
    said.append({"status": answer.status_code, "code": answer.code, "output": answer.output})
print(json.dumps(said, default=lambda o: dict(o)))
"""


def sdk(vendor: DashScope, *calls: tuple[str, str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Make calls with the SDK; return status, code and output of each answer."""
    given = json.dumps([vendor.base_url + "/api/v1", KEY, calls])
    done = subprocess.run([sys.executable, "-c", PROGRAM], input=given, capture_output=True, text=True, timeout=HANGS_S, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    answers: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return answers


def test_the_sdk_and_the_adapter_send_the_same(tmp_path: Path, vendor: DashScope) -> None:
    switches = {"prompt_extend": False, "watermark": False, "seed": 7}
    text, clip = [{"role": "user", "content": [{"text": "rain"}]}], {"prompt": "she turns", "duration": 5, **switches}
    frame = {"model": "wan2.6-i2v", "img_url": "https://host.example/a.png", "resolution": "720P", **clip}
    answers = sdk(
        vendor,
        ("chat", "call", {"model": "qwen-image-2.0", "messages": text, "size": "928*1664", "n": 1, **switches}),
        ("video", "async_call", {"model": "wan2.6-t2v", "size": "720*1280", **clip}),
        ("video", "async_call", frame),
        ("video", "async_call", {"model": "wan2.7-i2v", "media": [{"type": "first_frame", "url": "https://host.example/a.png"}], **clip}),
        ("image", "async_call", {"model": "wan2.5-t2i-preview", "prompt": "rain", "n": 1, "size": "752*1344", **switches}),
    )
    assert [a["status"] for a in answers] == [200] * 5
    theirs = [(s.path, s.headers.get("X-DashScope-Async"), s.body) for s in vendor.calls("POST")]
    for _, _, body in theirs:
        for field in ("function", "extend_prompt"):
            # The SDK's own: the path once more, and a deprecated name of `prompt_extend`.
            body["input"].pop(field, None)
    vendor.seen.clear()
    generate(provider(tmp_path, "qwen-image", vendor.base_url + "/api/v1"), request("image", "rain", model="qwen-image-2.0", seed=7))
    wan, wanx = (provider(tmp_path, name, vendor.base_url + "/api/v1") for name in ("wan", "wanx"))
    submit(wan, request("video", "she turns", model="wan2.6-t2v", seed=7))
    submit(wanx, request("image", "rain", seed=7))
    ours = [(s.path, s.headers.get("X-DashScope-Async"), s.body) for s in vendor.calls("POST")]
    assert [ours[0], ours[1], ours[2]] == [theirs[0], theirs[1], theirs[4]]
    # With a picture ours are data URLs; the shape around them is the SDK's.
    assert theirs[2][2]["input"] == {"prompt": "she turns", "img_url": "https://host.example/a.png"}
    assert theirs[3][2]["input"]["media"] == [{"type": "first_frame", "url": "https://host.example/a.png"}]


def test_the_sdk_and_the_adapter_read_the_same(tmp_path: Path, vendor: DashScope) -> None:
    made = provider(tmp_path, "wan", vendor.base_url + "/api/v1", model="wan2.7-t2v")
    vendor.next_states = ["SUCCEEDED"]
    task = submit(made, request("video"))
    assert isinstance(task, str)
    vendor.next_states, vendor.next_output = ["FAILED"], {"code": "DataInspectionFailed", "message": "Output data may contain…"}
    broken = submit(made, request("video"))
    done, failed, unknown, listed = sdk(
        vendor,
        ("video", "fetch", {"task": task}),
        ("video", "fetch", {"task": broken}),
        ("video", "fetch", {"task": "t-99"}),
        ("video", "list", {}),
    )
    state = poll(provider(tmp_path, "wan", vendor.base_url + "/api/v1", model="wan2.7-t2v"), task, request("video"))
    assert (done["output"]["task_status"], state.state) == ("SUCCEEDED", "succeeded")
    assert state.outcome and state.outcome.wire_response["body"]["output"]["video_url"] == done["output"]["video_url"]
    assert failed["output"]["task_status"] == "FAILED"
    assert failed["output"]["code"] == "DataInspectionFailed"
    assert (
        error_of(poll(provider(tmp_path, "wan", vendor.base_url + "/api/v1", model="wan2.7-t2v"), str(broken), request("video")))[0]
        == "content_refused"
    )
    assert (unknown["status"], unknown["output"]["task_status"]) == (200, "UNKNOWN")
    assert poll(provider(tmp_path, "wan", vendor.base_url + "/api/v1", model="wan2.7-t2v"), "t-99", request("video")).state == "lost"
    assert listed["status"] == 200


def test_errors_of_a_submit(tmp_path: Path, vendor: DashScope) -> None:
    rejected = {"code": "InvalidApiKey", "message": "Invalid API-key provided.", "request_id": "r"}
    vendor.fault("POST /", Fault(401, rejected), Fault(401, rejected))
    (theirs,) = sdk(vendor, ("video", "async_call", {"model": "wan2.7-t2v", "prompt": "she turns"}))
    ours = submit(provider(tmp_path, "wan", vendor.base_url + "/api/v1", model="wan2.7-t2v"), request("video"))
    assert (theirs["status"], theirs["code"]) == (401, "InvalidApiKey")
    assert error_of(ours) == ("auth", "InvalidApiKey")
