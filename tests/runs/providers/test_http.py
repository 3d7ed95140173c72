"""One call over HTTP: what was sent, what came back, and what a call that broke may have done."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from vendor_server import Fault, Vendor, serve

from runs import secrets
from runs.providers.http import Client, Part, Reply, bearer, header

KEY = "planted-key-0123456789"


class Echo(Vendor):
    def answer(self, seen: Any) -> Any:
        return {"path": seen.path, "got": seen.body}


@pytest.fixture
def vendor() -> Iterator[Echo]:
    with serve(Echo()) as running:
        yield running


def call(base_url: str, *args: Any, auth: Any = None, timeout_s: float = 60.0, max_answer: int = 1 << 20, **given: Any) -> Reply:
    async def once() -> Reply:
        async with Client(base_url, auth=auth or bearer(KEY), timeout_s=timeout_s, max_answer=max_answer) as client:
            return await client.call(*args, **given)

    return asyncio.run(once())


def error_of(reply: Reply) -> tuple[str, str]:
    assert reply.failure and not reply.ok
    return reply.failure.error, reply.failure.code


def test_the_key_travels_in_its_header_and_is_not_kept(vendor: Echo) -> None:
    reply = call(f"{vendor.base_url}/api", "POST", "/v1/x", json={"prompt": "雨 \ud800"}, params={"page": "1"})
    (seen,) = vendor.seen
    assert (seen.path, seen.query, seen.headers["Authorization"]) == ("/api/v1/x", {"page": "1"}, f"Bearer {KEY}")
    assert seen.body == {"prompt": "雨 ?"}
    assert reply.ok and reply.body["path"] == "/api/v1/x"
    assert (reply.sent["method"], reply.sent["params"]) == ("POST", {"page": "1"})
    assert KEY not in repr(reply)


def test_a_key_may_have_a_header_of_its_own(vendor: Echo) -> None:
    call(vendor.base_url, "GET", "/x", auth=header("xi-api-key", KEY))
    assert vendor.seen[0].headers["xi-api-key"] == KEY
    assert "Authorization" not in vendor.seen[0].headers


def test_files_are_kept_as_size_and_hash(vendor: Echo) -> None:
    import base64
    import hashlib

    data = bytes(range(256)) * 20
    reply = call(vendor.base_url, "POST", "/x", json={"image": base64.b64encode(data).decode()})
    expected = f"[{len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}]"
    assert reply.sent["body"] == {"image": expected}
    assert reply.got["body"]["got"] == {"image": expected}
    reply = call(vendor.base_url, "POST", "/x", parts=[Part("n", "2"), Part("image[]", data, "a.png", "image/png")])
    assert vendor.seen[1].parts == [("n", "", b"2"), ("image[]", "a.png", data)]
    assert reply.sent["parts"][1] == {"name": "image[]", "filename": "a.png", "media_type": "image/png", "value": expected}


def test_nobody_listens_so_nothing_was_sent() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert error_of(call(f"http://127.0.0.1:{port}", "POST", "/x", json={})) == ("server", "connect")


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(drop=True), ("timeout", "disconnected")),
        (Fault(cut=True, body={"id": "a" * 100}), ("timeout", "disconnected")),
        (Fault(delay=60), ("timeout", "timeout")),
        (Fault(body="<html>maintenance</html>"), ("malformed", "")),
        (Fault(body={"x": "a" * 3000}), ("malformed", "too_large")),
        (Fault(body={}, declare=3 << 30), ("malformed", "too_large")),
        (Fault(307, {}, {"Location": "/elsewhere"}), ("invalid_request", "307")),
    ],
)
def test_an_answer_that_is_none(vendor: Echo, fault: Fault, expected: tuple[str, str]) -> None:
    vendor.fault("POST /x", fault)
    assert error_of(call(vendor.base_url, "POST", "/x", json={}, timeout_s=0.5, max_answer=2000)) == expected
    assert len(vendor.seen) == 1


def test_an_error_is_an_answer_for_the_tables_to_read(vendor: Echo) -> None:
    vendor.fault("GET /x", Fault(429, {"code": 1102}, {"Retry-After": "3"}), Fault(503, "<html>down</html>"))
    reply = call(vendor.base_url, "GET", "/x")
    assert (reply.ok, reply.failure, reply.status, reply.body, reply.headers["retry-after"]) == (False, None, 429, {"code": 1102}, "3")
    assert call(vendor.base_url, "GET", "/x").body == "<html>down</html>"


def test_bytes_are_taken_as_they_are_where_they_are_wanted(vendor: Echo) -> None:
    vendor.fault("POST /x", Fault(body=b"ID3\xff\xfe", headers={"Content-Type": "audio/mpeg"}))
    reply = call(vendor.base_url, "POST", "/x", expect="bytes")
    assert (reply.ok, reply.data) == (True, b"ID3\xff\xfe")
    assert reply.got["body"].startswith("[5 bytes, sha256")


def test_the_key_is_not_told_to_another_server_that_an_answer_names(vendor: Echo) -> None:
    with serve(Echo()) as other:
        assert error_of(call(vendor.base_url, "GET", f"{other.base_url}/steal"))[0] == "malformed"
        assert other.seen == vendor.seen == []
    assert call(vendor.base_url, "GET", f"{vendor.base_url}/status/1").body["path"] == "/status/1"


def test_a_number_that_json_has_no_word_for_is_refused_before_it_is_sent(vendor: Echo) -> None:
    assert error_of(call(vendor.base_url, "POST", "/x", json={"cfg": float("nan")}))[0] == "invalid_request"
    assert vendor.seen == []


def test_a_server_that_repeats_the_key_is_not_quoted(vendor: Echo) -> None:
    secrets.remember(KEY)
    vendor.fault("GET /x", Fault(401, {"message": f"bad key {KEY}", KEY: KEY}, {"x-request-id": KEY}))
    assert KEY not in repr(call(vendor.base_url, "GET", "/x").got)
