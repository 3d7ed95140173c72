"""What a provider may answer: bodies of any shape, and links that lead into the house."""

# ruff: noqa: E501  data

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from patience import HANGS_S

Case = tuple[Callable[[Path], object], str]


def _body(body: Mapping[str, Any], schema: bool = False) -> Callable[[Path], object]:
    def case(_: Path) -> object:
        from runs.provider import Message, Request
        from runs.providers.answers import read

        request = Request(key="k", stage="script", kind="text", messages=(Message("user", "x"),), model="m", schema={} if schema else None)
        answer = read(body, request)
        return f"{answer.failure.error}: {answer.failure.message}" if answer.failure else f"kept {len(answer.assets)} with {answer.usage}"

    return case


def _said(content: Any, **more: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"content": content}, **more}]}


_NESTED: list[Any] = []
for _ in range(5000):
    _NESTED = [_NESTED]
BODIES: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, "^malformed: "), "no choices": ({"choices": []}, "^malformed: "), "choices of text": ({"choices": "abc"}, "^malformed: "),
    "a choice of null": ({"choices": [None]}, "^malformed: "), "a message of a number": ({"choices": [{"message": 5}]}, "^malformed: "),
    "content of null": (_said(None), r"^\w+: "), "content of a number": (_said(5), r"^(malformed|kept)"), "content of nests": (_said(_NESTED), r"^\w+"),
    "content of a mapping": (_said({"a": 1}), r"^\w+"), "empty content": (_said(""), r"^malformed: "), "half a character": (_said("\ud800"), r"^(malformed|kept)"),
    "an unknown reason": (_said("x", finish_reason=["stop"]), r"^(malformed|kept)"), "filtered": (_said("", finish_reason="content_filter"), "^(refused|content)"),
    "an error of text": ({"error": "boom"}, r"^\w+: "), "an error of nests": ({"error": _NESTED}, r"^\w+: "), "an error of numbers": ({"error": {"code": 1e308, "message": 5}}, r"^\w+: "),
    "usage of text": ({**_said("x"), "usage": "many"}, "input_tokens=None"), "usage below nothing": ({**_said("x"), "usage": {"prompt_tokens": -5}}, "input_tokens=None"),
    "usage of NaN": ({**_said("x"), "usage": {"prompt_tokens": float("nan")}}, "input_tokens=None"), "usage of true": ({**_said("x"), "usage": {"prompt_tokens": True}}, "input_tokens=None"),
    "usage beyond counting": ({**_said("x"), "usage": {"prompt_tokens": 10**40}}, "^kept"), "a model of nests": ({**_said("x"), "model": _NESTED}, "^kept"),
}  # fmt: skip
CASES: dict[str, Case] = {f"chat: {name}": (_body(body), words) for name, (body, words) in BODIES.items()}


def _link(url: str) -> Callable[[Path], object]:
    def case(_: Path) -> object:
        from runs.provider import Failure
        from runs.providers.download import Downloads

        async def fetch() -> object:
            async with Downloads("https://api.example.com", timeout_s=5) as downloads:
                return await downloads.fetch(url, "image")

        got = asyncio.run(fetch())
        return f"{got.error} {got.code}: {got.message}" if isinstance(got, Failure) else "FETCHED"

    return case


LINKS = (
    "http://127.0.0.1/x.png", "http://localhost/x.png", "http://[::1]/x.png", "http://0.0.0.0/", "http://10.1.2.3/x", "http://192.168.1.1/x",
    "http://172.16.0.9/x", "http://169.254.169.254/latest/meta-data/", "http://[fd00::1]/", "http://[fe80::1]/", "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/", "http://[64:ff9b::7f00:1]/", "http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/", "http://127.1/",
    "http://[2002:7f00:1::]/", "http://100.64.0.1/", "http://224.0.0.1/", "http://255.255.255.255/", "http://user:pass@127.0.0.1/x",
    "http://127.0.0.1:22/", "http://\u2460\u2461\u2466.0.0.1/",
    "file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/", "data:image/png,", "data:text/html;base64,PGh0bWw+", "javascript:alert(1)",
    "//127.0.0.1/x", "/etc/passwd", "", "http://", "http:///x", "http://[::1", "\x00http://127.0.0.1", "http://a b/",
)  # fmt: skip
CASES |= {f"link: {url!r}": (_link(url), r"^(malformed|expired|server) \w+: (?!.*planted-9c41)") for url in LINKS}


# --- what a server on the wire may do


def zlib_bomb() -> bytes:
    """100 MB of JSON in 100 KB."""
    return gzip.compress(b'"' + b" " * (100 << 20) + b'"', 6)


class Server:
    """Answers each connection with given bytes, in pieces, and keeps what it was sent."""

    def __init__(self, answers: list[list[bytes]], pause_s: float = 0.0) -> None:
        self.answers, self.pause_s = answers, pause_s
        self.seen: list[bytes] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            self.seen.append(connection.recv(1 << 16))
            for piece in self.answers[min(len(self.seen), len(self.answers)) - 1]:
                connection.sendall(piece.replace(b"PORT", str(self.port).encode()))
                time.sleep(self.pause_s)


def _head(status: str = "200 OK", *lines: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", "Connection: close", *lines, "", ""]).encode("latin-1")


def _fetched(*answers: list[bytes], pause_s: float = 0.0, limit_s: float = HANGS_S) -> Callable[[Path], object]:
    """A download from the provider's own host; tell what came, and what else the server was sent."""

    def case(_: Path) -> object:
        from runs.provider import Failure
        from runs.providers.download import Downloads

        server = Server(list(answers), pause_s)

        async def fetch() -> object:
            base = f"http://127.0.0.1:{server.port}"
            async with Downloads(
                base, auth=lambda: {"Authorization": "Bearer planted-9c41"}, timeout_s=limit_s, limits=LIMITS
            ) as downloads:
                await downloads.fetch(f"{base}/first", "image")
                return await downloads.fetch(f"{base}/x.png", "image")

        got = asyncio.run(fetch())
        sent = b"".join(server.seen[1:]).lower()
        told = ", and it was sent a cookie" if b"cookie:" in sent else ""
        return f"{f'{got.error} {got.code}: {got.message}' if isinstance(got, Failure) else f'kept {len(got.data)} bytes'}{told}"

    return case


def _called(*answers: list[bytes], pause_s: float = 0.0, limit_s: float = HANGS_S) -> Callable[[Path], object]:
    """A call of a provider; tell what the reply is."""

    def case(_: Path) -> object:
        from runs.providers.http import Client, bearer

        server = Server(list(answers), pause_s)

        async def call() -> object:
            base = f"http://127.0.0.1:{server.port}"
            async with Client(base, auth=bearer("planted-9c41"), timeout_s=limit_s, max_answer=1 << 20) as client:
                await client.call("GET", "/first")
                return await client.call("GET", "/v1/x")

        got = asyncio.run(call())
        told = ", and it was sent a cookie" if b"cookie:" in b"".join(server.seen[1:]).lower() else ""
        why = got.failure  # type: ignore[attr-defined]
        return f"{f'{why.error} {why.code}: {why.message}' if why else f'answered {got.status}'}{told}"  # type: ignore[attr-defined]

    return case


LIMITS = {"text": 1 << 20, "image": 1 << 20, "audio": 1 << 20, "video": 1 << 20}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
KIND = "Content-Type: image/png"


def _packed(folder: Path) -> object:
    """Packed when its turn comes: all who look for tests would wait for it."""
    return _called([_head("200 OK", "Content-Type: application/json", "Content-Encoding: gzip"), zlib_bomb()])(folder)


def _redirect(to: str) -> list[bytes]:
    return [_head("302 Found", f"Location: {to}", "Content-Length: 0")]


ELSEWHERE = (
    "http://169.254.169.254/latest/meta-data/",
    "http://10.0.0.1/x",
    "http://[::1]:22/",
    "http://127.0.0.1:1/x",
    "file:///etc/passwd",
    "//192.168.1.1/x",
    "http://user:pw@127.0.0.1:PORT/",
    "gopher://127.0.0.1/",
    "\\\\10.0.0.1\\x",
    "http://[::ffff:10.0.0.1]/",
)
CASES |= {
    f"redirect to {to}": (_fetched(_redirect(to)), r"^(malformed (address_refused|redirect)|expired \d+|malformed redirect): ")
    for to in ELSEWHERE
}
ZERO = [bytes(1 << 16)] * 64
CASES |= {
    "download: redirects in a circle": (_fetched(_redirect("/x.png")), "^malformed redirect: .*more than"),
    "download: redirect to nowhere": (_fetched([_head("302 Found", "Content-Length: 0")]), "^malformed redirect: "),
    "download: 3 GB are announced": (_fetched([_head("200 OK", KIND, "Content-Length: 3221225472"), PNG]), "^malformed too_large: "),
    "download: more than announced": (_fetched([_head("200 OK", KIND, "Content-Length: 10"), PNG]), r"^(kept 10 bytes|malformed|server)"),
    "download: less than announced": (_fetched([_head("200 OK", KIND, "Content-Length: 500"), PNG]), "^server cut_off: "),
    "download: without end": (_fetched([_head("200 OK", KIND), PNG, *ZERO]), "^malformed too_large: "),
    "download: chunks of nonsense": (  # the client waits for more of them, until the limit
        _fetched([_head("200 OK", KIND, "Transfer-Encoding: chunked"), b"zz\r\nabc"], limit_s=1),
        "^server cut_off: ",
    ),
    "download: a chunk of 2^64": (
        _fetched([_head("200 OK", KIND, "Transfer-Encoding: chunked"), b"ffffffffffffffff\r\n" + PNG]),
        "^(server|malformed) ",
    ),
    "download: a negative length": (_fetched([_head("200 OK", KIND, "Content-Length: -5"), PNG]), "^(server|malformed) "),
    "download: two lengths": (_fetched([_head("200 OK", KIND, "Content-Length: 5", "Content-Length: 108"), PNG]), "^(server|malformed) "),
    "download: a length and chunks": (
        _fetched([_head("200 OK", KIND, "Content-Length: 5", "Transfer-Encoding: chunked"), b"0\r\n\r\n"]),
        "^(server|malformed) ",
    ),
    "download: cookies": (
        _fetched([_head("200 OK", KIND, "Set-Cookie: a=b; Path=/; Domain=127.0.0.1", "Content-Length: 108"), PNG]),
        "^kept 108 bytes$",
    ),
    "download: packed": (
        _fetched([_head("200 OK", KIND, "Content-Encoding: gzip", "Content-Length: 108"), PNG]),
        "^(kept 108 bytes|malformed .*)$",
    ),
    "download: no HTTP": (_fetched([b"SSH-2.0-OpenSSH_9.7\r\n"]), "^server cut_off: "),
    "download: a head without end": (_fetched([b"HTTP/1.1 200 OK\r\n", *[b"X-A: " + b"b" * 1000 + b"\r\n"] * 200]), "^server cut_off: "),
    "download: one line without end": (_fetched([b"HTTP/1.1 200 OK\r\nX-A: ", *[b"b" * 10_000] * 100]), "^server cut_off: "),
    "download: a byte at a time": (
        _fetched([_head("200 OK", KIND, "Content-Length: 999"), *[b"\0"] * 999], pause_s=0.01, limit_s=1),
        "^(server|malformed) ",
    ),
    "download: a hundred and switch": (
        _fetched([b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"]),
        "^(server|malformed) ",
    ),
    "answer: 2 MB of JSON": (
        _called([_head("200 OK", "Content-Type: application/json"), b'["', *[b"x" * (1 << 20)] * 2, b'"]']),
        "^malformed too_large: ",
    ),
    "answer: announced as 2 MB": (_called([_head("200 OK", "Content-Length: 2097152"), b"{}"]), "^malformed too_large: "),
    "answer: a bomb, packed": (
        _packed,
        "^(malformed|timeout) ",
    ),
    "answer: cookies": (_called([_head("200 OK", "Set-Cookie: session=1; Path=/", "Content-Length: 2"), b"{}"]), "^answered 200$"),
    "answer: a redirect with the key": (_called(_redirect("http://127.0.0.1:1/")), r"^\w+ \d+: the server redirects elsewhere"),
    "answer: a page": (_called([_head("200 OK", "Content-Type: text/html"), b"<html>"]), "^malformed : the answer is not JSON"),
    "answer: deep JSON": (_called([_head("200 OK"), b"[" * 100_000]), "^malformed : the answer is not JSON"),
    "answer: NaN": (_called([_head("200 OK"), b'{"a": NaN, "b": "\\ud800"}']), "^answered 200$"),
    "answer: cut off": (_called([_head("200 OK", "Content-Length: 50"), b"{"]), "^timeout "),
    "answer: the key in its words": (_called([_head("500 planted-9c41", "Content-Length: 14"), b'"planted-9c41"']), "^answered 500$"),
    "answer: a byte at a time": (_called([_head("200 OK", "Content-Length: 999"), *[b" "] * 999], pause_s=0.01, limit_s=1), "^timeout "),
    "answer: another HTTP": (_called([b"HTTP/9.9 200 OK\r\n\r\n"]), "^(timeout|server|malformed|answered)"),
}
