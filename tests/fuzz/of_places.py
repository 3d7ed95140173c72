"""Targets: addresses, headers and dates that a server says."""

# ruff: noqa: E501  data

from __future__ import annotations

import asyncio
import ipaddress
import json
import math
from pathlib import Path

from fuzzkit import SECRET, Target
from yarl import URL

LINKS = (
    b"http://127.0.0.1/x.png", b"https://x.example/a.png?sig=1#f", b"http://[::ffff:10.0.0.1]:80/", b"http://user:pw@10.0.0.1/", b"http://2130706433/", b"http://0x7f.1/",
    b"http://[64:ff9b::a00:1]/", b"http://[2002:a00:1::]/x", b"data:image/png;base64,iVBORw0KGgo=", b"//10.0.0.1/x", b"http://\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.0.0.1/",
    b"http://[::127.0.0.1]/", b"http://[64:ff9b:1::a00:1]/", b"http://[2001:0:7f00:1::]/", b"http://[::10.0.0.1]/", b"http://[fe80::1%25eth0]/", f"https://x.example/?key={SECRET}".encode(),
)  # fmt: skip
HOSTS = (
    b"127.0.0.1",
    b"[::1]",
    b"localhost",
    b"169.254.169.254",
    b"%2e",
    b"%00",
    b"\\",
    b"@",
    b"[",
    b"]",
    b"::",
    b"0177.0.0.1",
    b"0x7f",
    b":99999",
    b"xn--",
    b"\xe3\x80\x82",
    b"\t",
)


class _Refusing:
    """A session that would connect, but stops where it is told to: what it was told is kept."""

    def __init__(self) -> None:
        self.asked: list[URL] = []

    def get(self, url: URL, **_: object) -> object:
        self.asked.append(url)
        raise ConnectionRefusedError("nothing is connected to here")


def _link(data: bytes, _: Path) -> None:
    from runs.provider import Failure
    from runs.providers.download import Downloads
    from runs.providers.links import links

    text = data.decode("utf-8", "replace")
    session = _Refusing()
    downloads = Downloads("https://api.example", timeout_s=5)
    downloads._session = downloads._proxied = session  # type: ignore[assignment]
    got = asyncio.run(downloads.fetch(text, "image"))
    if isinstance(got, Failure):
        assert got.message.strip() and SECRET not in got.message
    for url in session.asked:
        _public(url)
    links({"video": {"url": text}, "images": [text, {"url": text, "content_type": text}]}, "video")


def _public(url: URL) -> None:
    """An address that is one, however written, must be public: the connector does not look those up."""
    host = url.host or ""
    try:
        ip = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return
    assert ip.is_global, f"{host} would be connected to"
    if isinstance(ip, ipaddress.IPv6Address):
        # IPv4 inside of IPv6, in each form that a gateway or a kernel may take for it.
        forms = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
        if (
            ip in ipaddress.ip_network("::/96")
            or ip in ipaddress.ip_network("64:ff9b::/96")
            or ip in ipaddress.ip_network("64:ff9b:1::/48")
        ):
            forms.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
        assert all(inner is None or inner.is_global for inner in forms), f"{host} would be connected to"


def _headers(data: bytes, _: Path) -> None:
    from runs.providers import failures
    from runs.providers.kling_auth import Tokens
    from runs.providers.openai_client import reported_cost
    from runs.providers.wire import headers

    for text in (data.decode("latin-1"), data.decode("utf-8", "replace")):
        for name in ("retry-after", "retry-after-ms"):
            wait = failures.retry_after_s({name: text})
            assert wait is None or (wait >= 0 and math.isfinite(wait))
            failure = failures.failure(429, {"code": text, "message": text}, {name: text})
            assert SECRET not in failure.message and SECRET not in failure.code
        cost = reported_cost({"x-litellm-response-cost": text})
        assert cost is None or (cost >= 0 and math.isfinite(cost))
        json.dumps(headers({"retry-after": text, "x-request-id": text}), allow_nan=False)
        tokens = Tokens("a" * 10, "b" * 40)
        tokens.renew(text)
        tokens()


def _data_url(data: bytes, _: Path) -> None:
    from runs.provider import Asset
    from runs.providers import inline

    text = data.decode("utf-8", "replace")
    got = inline.read(text, "image", limit=1 << 16)
    if isinstance(got, Asset):
        assert inline.read(inline.data_url(got.data, got.media_type), "image") == got


TARGETS = (
    Target("download links", _link, LINKS, HOSTS),
    Target(
        "headers", _headers,
        (b"120", b"Wed, 21 Oct 2026 07:28:00 GMT", b"1.5", b"Thu, 01 Jan 1970 00:00:00 +9999", b"0.0023", b"2026-11-26T00:00:00Z"),
        (b"GMT", b"+2400", b"-9999", b"99999", b"Feb 30", b":61", b"nan", b"inf", b"1e400", b"-", b"31 Dec 9999 23:59:59"),
    ),
    Target("data urls", _data_url, (b"data:image/png;base64,iVBORw0KGgo=", b"data:image/gif;charset=x;base64,R0lGODlh", b"R0lGODlhAQABAAAAACw="), (b"=", b";base64,", b"data:", b"\n")),
)  # fmt: skip
