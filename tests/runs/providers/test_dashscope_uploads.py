"""Reference pictures put beside a call at DashScope, after section 2.1 of the design's providers.md and the vendor's own SDK."""

from __future__ import annotations

import asyncio
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from adapter_kit import KEY, error_of, generate, opened, png, provider, reference, request, run_task, submit
from dashscope_server import BUCKET, IMAGES, UPLOADS, VIDEOS, DashScope
from patience import HANGS_S
from vendor_server import Fault

SHA = hashlib.sha256(png("blue")).hexdigest()
PLACED = f"oss://dashscope-instant/{{model}}/2026-11-25/{SHA}.png"


def made(folder: Path, vendor: DashScope, name: str = "wan", **table: Any) -> Any:
    return provider(folder, name, vendor.base_url + "/api/v1", options={"references": "oss"}, **table)


def clip(folder: Path, **given: Any) -> Any:
    return request("video", "she turns", model="wan2.7-i2v", references=(reference(folder),), **given)


def test_a_picture_is_put_beside_the_call_and_named_in_it(tmp_path: Path, vendor: DashScope) -> None:
    outcome = generate(made(tmp_path, vendor, "qwen-image"), request("image", model="qwen-image-2.0", references=(reference(tmp_path),)))
    asked, put, call, _ = vendor.seen
    assert (asked.path, asked.query) == (UPLOADS, {"action": "getPolicy", "model": "qwen-image-2.0"})
    assert (put.path, put.parts[-1]) == (BUCKET, ("file", f"{SHA}.png", png("blue")))
    assert "Authorization" not in put.headers, "the account's key stays with the account's service"
    assert (call.path, call.headers["X-DashScope-OssResourceResolve"]) == (IMAGES, "enable")
    assert call.body["input"]["messages"][0]["content"][0] == {"image": PLACED.format(model="qwen-image-2.0")}
    assert outcome.failure is None
    kept = json.dumps([outcome.wire_request, outcome.wire_response])
    assert SHA in kept and "c2lnbmVk" not in kept and "cG9saWN5" not in kept


def test_a_call_without_pictures_puts_none(tmp_path: Path, vendor: DashScope) -> None:
    submit(made(tmp_path, vendor), request("video", model="wan2.7-t2v"))
    assert [(s.path, "X-DashScope-OssResourceResolve" in s.headers) for s in vendor.seen] == [(VIDEOS, False)]


def test_the_same_picture_is_put_once_and_a_permit_serves_many(tmp_path: Path, vendor: DashScope) -> None:
    async def three(it: Any) -> Any:
        other = request("video", model="wan2.7-i2v", references=(reference(tmp_path, "zhou", png("green")),))
        return await asyncio.gather(it.submit(clip(tmp_path)), it.submit(clip(tmp_path, key="job-2")), it.submit(other))

    assert len(set(opened(made(tmp_path, vendor), three))) == 3
    assert (len(vendor.calls("GET", UPLOADS)), len(vendor.calls("POST", BUCKET)), len(vendor.calls("POST", VIDEOS))) == (1, 2, 3)


def test_a_permit_that_has_run_out_is_asked_for_anew(tmp_path: Path, vendor: DashScope) -> None:
    vendor.permit = {"expire_in_seconds": 1}

    async def two(it: Any) -> Any:
        other = request("video", model="wan2.7-i2v", references=(reference(tmp_path, "zhou", png("green")),))
        return [await it.submit(clip(tmp_path)), await it.submit(other)]

    opened(made(tmp_path, vendor), two)
    assert len(vendor.calls("GET", UPLOADS)) == 2


@pytest.mark.parametrize(
    ("where", "fault", "expected"),
    [
        (f"GET {UPLOADS}", Fault(401, {"code": "InvalidApiKey", "message": "no"}), ("auth", "InvalidApiKey")),
        (f"GET {UPLOADS}", Fault(429, {"code": "Throttling", "message": "slow"}), ("rate_limit", "Throttling")),
        (f"GET {UPLOADS}", Fault(200, {"output": {}}), ("server", "no_permit")),
        (f"POST {BUCKET}", Fault(403, "<Error><Code>AccessDenied</Code></Error>"), ("server", "upload")),
        (f"POST {BUCKET}", Fault(307, "", {"Location": "http://127.0.0.1:9/"}), ("invalid_request", "307")),
        (f"POST {BUCKET}", Fault(drop=True), ("server", "disconnected")),
    ],
)
def test_what_goes_wrong_beforehand_was_not_paid_and_may_be_tried_again(
    tmp_path: Path, vendor: DashScope, where: str, fault: Fault, expected: Any
) -> None:
    vendor.fault(where, fault)
    assert error_of(submit(made(tmp_path, vendor), clip(tmp_path))) == expected
    assert vendor.calls("POST", VIDEOS) == []


def test_a_picture_that_lies_there_already_is_named(tmp_path: Path, vendor: DashScope) -> None:
    vendor.fault(f"POST {BUCKET}", Fault(409, "<Error><Code>FileAlreadyExists</Code></Error>"))
    assert submit(made(tmp_path, vendor), clip(tmp_path)) == "t-1"


@pytest.mark.parametrize("host", ["http://169.254.169.254/latest", "http://10.0.0.5/", "ftp://files.example/", "http://127.0.0.1:9/"])
def test_pictures_are_not_put_where_an_answer_has_no_business(tmp_path: Path, vendor: DashScope, host: str) -> None:
    vendor.permit = {"upload_host": host}
    assert error_of(submit(made(tmp_path, vendor), clip(tmp_path))) == ("invalid_request", "upload_host")


def test_a_task_is_polled_without_putting_its_pictures_again(tmp_path: Path, vendor: DashScope) -> None:
    """Also by a process that did not hand it in; what it writes down names the picture by its hash."""
    large = png("blue", (900, 900))
    wanted = request("video", model="wan2.7-i2v", references=(reference(tmp_path, data=large),))
    table = {"options": {"references": "oss", "poll_s": 0.01}}
    answer, _ = run_task(provider(tmp_path, "wan", vendor.base_url + "/api/v1", **table), wanted)
    assert hashlib.sha256(large).hexdigest() in json.dumps(answer.outcome.wire_request)
    assert len(vendor.calls("POST", BUCKET)) == 1


@pytest.mark.slow
def test_the_vendors_sdk_puts_a_picture_the_same_way(tmp_path: Path, vendor: DashScope) -> None:
    picture = tmp_path / f"{SHA}.png"
    picture.write_bytes(png("blue"))
    program = (
        "import json, sys, dashscope\n"
        "from dashscope.utils.oss_utils import OssUtils\n"
        "base, key, path = json.load(sys.stdin)\n"
        "dashscope.base_http_api_url, dashscope.api_key = base, key\n"
        "print(OssUtils.upload('wan2.7-i2v', path, key)[0])\n"
    )
    given = json.dumps([vendor.base_url + "/api/v1", KEY, str(picture)])
    done = subprocess.run([sys.executable, "-c", program], input=given, capture_output=True, text=True, timeout=HANGS_S, check=False)
    assert done.stdout.splitlines()[-1:] == [PLACED.format(model="wan2.7-i2v")], done.stderr[-2000:]
    theirs = [(s.method, s.path, dict(s.query), sorted(s.parts)) for s in vendor.seen]
    vendor.seen.clear()
    submit(made(tmp_path, vendor), clip(tmp_path))
    ours = [(s.method, s.path, dict(s.query), sorted(s.parts)) for s in vendor.seen[:2]]
    assert ours == theirs
    assert vendor.seen[2].body["input"]["media"][0]["url"] == PLACED.format(model="wan2.7-i2v")
