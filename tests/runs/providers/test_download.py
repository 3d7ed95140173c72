"""Fetching what an answer points to: only from where it may, only what was asked for, whole or not at all."""

from __future__ import annotations

import asyncio
import base64
import io
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image
from vendor_server import Fault, Vendor, serve

from runs.provider import Asset, Failure
from runs.providers import inline
from runs.providers.addresses import AddressRefused, Trusted, check, why_not
from runs.providers.download import Downloads
from runs.providers.http import bearer

KEY = "planted-key-0123456789"
FILM = b"\0\0\0\x18ftypisom" + b"\0" * 2000


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, "PNG")
    return out.getvalue()


PICTURE = png()


@pytest.fixture
def cdn() -> Iterator[Vendor]:
    with serve(Vendor()) as running:
        yield running


def fetch(url: str, kind: Any = "image", *, base_url: str, keep: bool = False, **given: Any) -> Asset | Failure:
    async def once() -> Asset | Failure:
        async with Downloads(base_url, **given) as downloads:
            return await (downloads.keep(url, kind) if keep else downloads.fetch(url, kind))

    return asyncio.run(once())


def error_of(got: Asset | Failure) -> tuple[str, str]:
    assert isinstance(got, Failure)
    return got.error, got.code


def test_a_file_is_what_its_bytes_say(cdn: Vendor) -> None:
    url = cdn.host("a", PICTURE, "image/webp")
    assert fetch(url, base_url=cdn.base_url) == Asset("image", "image/png", PICTURE)
    url = cdn.host("v", FILM, "application/octet-stream")
    assert fetch(url, "video", base_url=cdn.base_url) == Asset("video", "video/mp4", FILM)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(403, b"<Error>AccessDenied</Error>"), ("expired", "403")),
        (Fault(404), ("expired", "404")),
        (Fault(410), ("expired", "410")),
        (Fault(503), ("server", "503")),
        (Fault(429, headers={"Retry-After": "2"}), ("rate_limit", "429")),
        (Fault(400), ("malformed", "400")),
        (Fault(drop=True), ("server", "cut_off")),
        (Fault(body=PICTURE, cut=True), ("server", "cut_off")),
        (Fault(body=PICTURE, declare=3 << 30), ("malformed", "too_large")),
        (Fault(body={"error": "gone"}), ("malformed", "content_type")),
        (Fault(body="<html>log in</html>"), ("malformed", "content_type")),
        (Fault(body=b"<html>log in</html>", headers={"Content-Type": "image/png"}), ("malformed", "content_type")),
        (Fault(body=FILM, headers={"Content-Type": "image/png"}), ("malformed", "content_type")),
        (Fault(body=b"", headers={"Content-Type": "image/png"}), ("malformed", "empty")),
        (Fault(302), ("malformed", "redirect")),
    ],
)
def test_what_is_no_file(cdn: Vendor, fault: Fault, expected: tuple[str, str]) -> None:
    cdn.fault("GET /files/a", fault, fault)
    assert error_of(fetch(f"{cdn.base_url}/files/a", base_url=cdn.base_url)) == expected


def test_a_stream_without_a_declared_size_is_bounded_too(cdn: Vendor) -> None:
    url = cdn.host("a", PICTURE + b"\0" * 5000, "image/png")
    assert error_of(fetch(url, base_url=cdn.base_url, limits={"image": 1000})) == ("malformed", "too_large")


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.7/a.png",
        "http://192.168.1.1/a.png",
        "http://172.16.0.1/a.png",
        "http://100.64.0.1/a.png",
        "http://[::1]/a.png",
        "http://[fe80::1]/a.png",
        "http://[fd00::1]/a.png",
        "http://[::ffff:127.0.0.1]/a.png",
        "http://[64:ff9b::a9fe:a9fe]/a.png",
        "http://[2002:7f00:1::]/a.png",
        "http://0.0.0.0/a.png",
        "http://localhost:1/a.png",
        "http://127.0.0.1:1/a.png",
        "http://2130706433/a.png",
        "http://127.1/a.png",
        "http://user:pass@127.0.0.1/a.png",
        "http://user@8.8.8.8/a.png",
        "http://:pass@8.8.8.8/a.png",
        "file:///etc/passwd",
        "ftp://127.0.0.1/a.png",
        "gopher://127.0.0.1/",
    ],
)
@pytest.mark.parametrize("redirected", [False, True], ids=["named", "redirected"])
def test_an_answer_cannot_send_us_into_the_house(cdn: Vendor, target: str, redirected: bool) -> None:
    cdn.fault("GET /files/a", Fault(302, headers={"Location": target}))
    url = f"{cdn.base_url}/files/a" if redirected else target
    got = fetch(url, base_url=cdn.base_url)
    assert error_of(got)[0] == "malformed"
    assert error_of(got)[1] in ("address_refused", "redirect")
    assert len(cdn.seen) == (1 if redirected else 0)


def test_a_redirect_to_another_server_of_the_house_does_not_reach_it(cdn: Vendor) -> None:
    with serve(Vendor()) as inner:
        url = inner.host("a", PICTURE, "image/png")
        cdn.fault("GET /files/a", Fault(302, headers={"Location": url}), Fault(302, headers={"Location": url}))
        assert error_of(fetch(f"{cdn.base_url}/files/a", base_url=cdn.base_url)) == ("malformed", "address_refused")
        assert inner.seen == []
        place = inner.base_url.removeprefix("http://")
        assert isinstance(fetch(f"{cdn.base_url}/files/a", base_url=cdn.base_url, hosts=(place,)), Asset)


def test_the_key_goes_to_the_provider_and_no_further(cdn: Vendor) -> None:
    with serve(Vendor()) as other:
        cdn.fault("GET /files/a", Fault(302, headers={"Location": other.host("a", PICTURE, "image/png")}))
        got = fetch(f"{cdn.base_url}/files/a", base_url=cdn.base_url, hosts=("127.0.0.1",), auth=bearer(KEY))
        assert isinstance(got, Asset)
        assert cdn.seen[0].headers["Authorization"] == f"Bearer {KEY}"
        assert KEY not in str(dict(other.seen[0].headers))


def test_redirects_end(cdn: Vendor) -> None:
    cdn.fault("GET /files/a", *[Fault(302, headers={"Location": "/files/a"})] * 9)
    assert error_of(fetch(f"{cdn.base_url}/files/a", base_url=cdn.base_url)) == ("malformed", "redirect")
    assert len(cdn.seen) == 6


def test_the_address_that_was_checked_is_the_one_that_is_connected_to(cdn: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that says "public" to one look-up and "127.0.0.1" to the next gets one look-up only."""
    looked_up: list[str] = []
    port = int(cdn.base_url.rpartition(":")[2])

    async def getaddrinfo(self: Any, host: str, *args: Any, **given: Any) -> Any:
        looked_up.append(host)
        # The connection to it is what the guard of these tests refuses.
        address = "8.8.8.8" if len(looked_up) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    import network_guard

    got = fetch(f"http://rebind.test:{port}/files/a", base_url="http://provider.test")
    assert error_of(got)[0] == "server"
    assert looked_up == ["rebind.test"]
    assert network_guard.attempts == ["8.8.8.8"] and cdn.seen == []
    network_guard.attempts.clear()


def test_a_name_that_leads_into_the_house_is_refused(cdn: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    async def getaddrinfo(self: Any, host: str, *args: Any, **given: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, 80)) for a in ("8.8.8.8", "10.1.2.3")]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    got = fetch("http://cdn.test/a.png", base_url=cdn.base_url)
    assert error_of(got) == ("malformed", "address_refused")
    assert "10.1.2.3" in str(got) and "asset_hosts" in str(got)


def test_behind_a_proxy_the_name_is_still_looked_up_first(cdn: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", cdn.base_url)
    monkeypatch.setenv("no_proxy", "")
    assert error_of(fetch("http://localhost:9/a.png", base_url="http://provider.test")) == ("malformed", "address_refused")
    assert cdn.seen == []
    cdn.fault("GET /", Fault(body=PICTURE, headers={"Content-Type": "image/png"}))
    assert isinstance(fetch("http://8.8.8.8/a.png", base_url="http://provider.test"), Asset)


def test_public_addresses_are_public() -> None:
    assert [why_not(a) for a in ("8.8.8.8", "2606:4700::1111", "47.88.1.2")] == ["", "", ""]
    asyncio.run(check(__import__("yarl").URL("https://8.8.8.8/x"), Trusted.of("")))
    with pytest.raises(AddressRefused):
        asyncio.run(check(__import__("yarl").URL("https://127.0.0.1/x"), Trusted.of("http://127.0.0.1:9")))


def test_what_is_paid_is_fetched_again_and_then_given_up_for_good(cdn: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runs.providers.download.PAUSE_S", 0.01)
    url = cdn.host("a", PICTURE, "image/png")
    cdn.fault("GET /files/a", Fault(503), Fault(body=PICTURE, cut=True))
    assert isinstance(fetch(url, base_url=cdn.base_url, keep=True), Asset)
    cdn.fault("GET /files/a", *[Fault(503)] * 3)
    assert error_of(fetch(url, base_url=cdn.base_url, keep=True)) == ("expired", "503")
    assert len(cdn.seen) == 6


# --- files inside JSON


@pytest.mark.parametrize("head", ["", "data:image/png;base64,", "data:;base64,", "DATA:image/jpeg;charset=x;base64,"])
def test_base64_with_and_without_its_head(head: str) -> None:
    code = base64.encodebytes(PICTURE).decode().rstrip("=\n")
    assert inline.read(head + code, "image") == Asset("image", "image/png", PICTURE)


def test_what_is_no_base64() -> None:
    assert error_of(inline.read("not base64!", "image")) == ("malformed", "base64")
    assert error_of(inline.read("data:image/svg+xml,<svg/>", "image")) == ("malformed", "base64")
    assert error_of(inline.read("", "image")) == ("malformed", "empty")
    assert error_of(inline.read(base64.b64encode(b"<html>").decode(), "image")) == ("malformed", "content_type")
    assert error_of(inline.read("A" * 10_000, "image", limit=1000)) == ("malformed", "too_large")


def test_a_data_url_is_fetched_without_a_connection() -> None:
    assert fetch(inline.data_url(PICTURE, "image/png"), base_url="") == Asset("image", "image/png", PICTURE)
