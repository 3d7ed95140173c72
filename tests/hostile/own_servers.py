"""Bytes sent to our own servers: the prompts server and the embedded studio, both on loopback in this process."""

# ruff: noqa: E501  data

from __future__ import annotations

import functools
import os
import select
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from patience import HANGS_S

Case = tuple[Callable[[Path], object], str]
TOKEN = "t" * 24


@functools.cache
def _port(which: str) -> int:
    import uvicorn

    app: Any
    if which == "prompts":
        from prompts.serving import application

        app = application(Path(tempfile.mkdtemp()), {TOKEN: frozenset({"production"})})
    elif which == "app":
        app = _app()
    else:
        from runs.studio_http import application as studio

        app = studio()
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
    threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True).start()
    while not server.started:
        time.sleep(0.01)
    return int(listening.getsockname()[1])


def _app() -> Any:
    """The app's own routes: media by hash, and small pictures of them."""
    from starlette.applications import Starlette

    from pages.serve import routes
    from runs.media import MediaStore
    from runs.workspace import Workspace

    root = Path(tempfile.mkdtemp())
    (root / "workbench.toml").write_text("")
    os.environ["WORKBENCH_WORKSPACE"] = str(root)
    ws = Workspace(root)
    ws.ensure_writable()
    MediaStore(ws).put(b"hello", "text/plain")
    (root / "runs" / "secret.txt").write_text("planted-9c41")
    return Starlette(routes=routes())


def _send(which: str, data: bytes) -> Callable[[Path], object]:
    def case(_: Path) -> object:
        with socket.create_connection(("127.0.0.1", _port(which)), timeout=HANGS_S) as client:
            answer = b""
            try:
                client.sendall(data)
                while piece := client.recv(1 << 16):
                    answer += piece
                    client.settimeout(1 if _stays_open(answer) else HANGS_S)
            except TimeoutError:
                return answer.decode("latin-1") or "no answer"
            except ConnectionError as error:
                return answer.decode("latin-1") or f"closed {type(error).__name__}"
        return answer.decode("latin-1") or "closed"

    return case


def _stays_open(answer: bytes) -> bool:
    """Say whether a server has begun an answer and not announced that it closes the connection: there may be more, or nothing."""
    return b"\r\n\r\n" in answer and b"connection: close" not in answer.lower()


def _get(path: str, *headers: str, method: str = "GET", host: str = "127.0.0.1", body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


AUTH = f"Authorization: Bearer {TOKEN}"
_PROMPTS: dict[str, tuple[bytes, str]] = {
    "no token": (_get("/v1/prompts"), "^HTTP/1.1 401"),
    "a wrong token": (_get("/v1/prompts", "Authorization: Bearer x"), "^HTTP/1.1 401"),
    "a token of odd bytes": (_get("/v1/prompts", "Authorization: Bearer \xff\xfe"), "^HTTP/1.1 401"),
    "two tokens": (_get("/v1/prompts", "Authorization: Bearer x", AUTH), "^HTTP/1.1 (400|401)"),
    "basic": (_get("/v1/prompts", "Authorization: Basic eDp4"), "^HTTP/1.1 401"),
    "traversal": (_get("/v1/prompts/../../etc/passwd", AUTH), "^HTTP/1.1 404"),
    "encoded traversal": (_get("/v1/prompts/shot/..%2f..%2fetc%2fpasswd?channel=production", AUTH), "^HTTP/1.1 404"),
    "twice encoded": (_get("/v1/prompts/shot/%252e%252e?channel=production", AUTH), "^HTTP/1.1 404"),
    "a zero byte": (_get("/v1/prompts/shot/a%00b?channel=production", AUTH), "^HTTP/1.1 404"),
    "half a character": (_get("/v1/prompts/shot/%ed%a0%80?channel=production", AUTH), "^HTTP/1.1 404"),
    "an unknown channel": (_get("/v1/prompts/shot/a?channel=../x", AUTH), "^HTTP/1.1 (400|403|404)"),
    "a long path": (_get("/v1/prompts/shot/" + "a" * 20_000, AUTH), "^HTTP/1.1 (400|404|414)|^closed"),
    "a huge header": (_get("/v1/prompts", "X-Big: " + "a" * 200_000), "^HTTP/1.1 (400|431)|^closed"),
    "ten thousand headers": (_get("/v1/prompts", *["X-A: b"] * 10_000), "^HTTP/1.1 (400|401|431)|^closed"),
    "POST": (_get("/v1/prompts", AUTH, method="POST"), "^HTTP/1.1 405"),
    "DELETE": (_get("/v1/prompts/shot/a", AUTH, method="DELETE"), "^HTTP/1.1 405"),
    "TRACE": (_get("/v1/prompts", AUTH, method="TRACE"), "^HTTP/1.1 405"),
    "an invented method": (_get("/v1/prompts", AUTH, method="PROMOTE"), "^HTTP/1.1 (400|405)"),
    "no HTTP": (b"\x16\x03\x01\x02\0\x01\0" + bytes(200) + b"\r\n\r\n", "^HTTP/1.1 400|^closed"),
    "smuggling": (_get("/healthz", "Content-Length: 5", "Transfer-Encoding: chunked", body=b"0\r\n\r\nGET /x HTTP/1.1\r\n\r\n"), "^HTTP/1.1 (200|400)(?!.*HTTP/1.1 200)"),
    "a negative length": (_get("/healthz", "Content-Length: -1"), "^HTTP/1.1 400|^closed"),
    "another page": (_get("/admin", AUTH), "^HTTP/1.1 404"),
}  # fmt: skip
CASES: dict[str, Case] = {f"prompts: {name}": (_send("prompts", data), words) for name, (data, words) in _PROMPTS.items()}


def _post(path: str, body: bytes, *headers: str, host: str = "127.0.0.1") -> bytes:
    kind = [] if any(h.startswith("Content-Type") for h in headers) else ["Content-Type: application/json"]
    return _get(path, *kind, f"Content-Length: {len(body)}", *headers, method="POST", host=host, body=body)


CHAT, PICTURE = "/v1/chat/completions", "/v1/images/generations"
_STUDIO: dict[str, tuple[bytes, str]] = {
    "a foreign host": (_get("/v1/models", host="evil.example"), "^HTTP/1.1 403"),
    "a host that looks like ours": (_get("/v1/models", host="127.0.0.1.evil.example"), "^HTTP/1.1 403"),
    "a foreign origin": (_get("/v1/models", "Origin: https://evil.example"), "^HTTP/1.1 403"),
    "no body": (_post(CHAT, b""), "^HTTP/1.1 400"),
    "no JSON": (_post(CHAT, b"{"), "^HTTP/1.1 400"),
    "deep JSON": (_post(CHAT, b"[" * 100_000), "^HTTP/1.1 400"),
    "a number": (_post(CHAT, b"5"), "^HTTP/1.1 400"),
    "messages of text": (_post(CHAT, b'{"model": "x", "messages": "hello"}'), "^HTTP/1.1 (400|404)"),
    "messages of null": (_post(CHAT, b'{"model": "studio-1", "messages": [null]}'), "^HTTP/1.1 (400|404)"),
    "content of nests": (_post(CHAT, b'{"messages": [{"role": "user", "content": [[[{}]]]}]}'), "^HTTP/1.1 (200|400|404)"),
    "odd bytes": (_post(CHAT, b"\xff\xfe\0"), "^HTTP/1.1 400"),
    "half a character": (_post(CHAT, b'{"messages": [{"role": "user", "content": "\\ud800"}]}'), "^HTTP/1.1 (200|400|404)"),
    "a huge length": (_get(CHAT, "Content-Length: 999999999999", method="POST"), "^HTTP/1.1 413"),
    "a negative number of pictures": (_post(PICTURE, b'{"prompt": "x", "n": -1}'), "^HTTP/1.1 (200|400)"),
    "a million pictures": (_post(PICTURE, b'{"prompt": "x", "n": 1000000}'), "^HTTP/1.1 400"),
    "a huge size": (_post(PICTURE, b'{"prompt": "x", "size": "9999x9999"}'), "^HTTP/1.1 400"),
    "a size of text": (_post(PICTURE, b'{"prompt": "x", "size": "../../x"}'), "^HTTP/1.1 (200|400)"),
    "a prompt of a list": (_post(PICTURE, b'{"prompt": ["x"]}'), "^HTTP/1.1 400"),
    "an edit without form": (_post("/v1/images/edits", b"{}"), "^HTTP/1.1 (400|415)"),
    "an edit of a broken form": (
        _post("/v1/images/edits", b"--x\r\nnonsense", "Content-Type: multipart/form-data; boundary=x"),
        "^HTTP/1.1 400",
    ),
    "a wrong method": (_get(CHAT), "^HTTP/1.1 405"),
    "traversal": (_get("/v1/../../etc/passwd"), "^HTTP/1.1 404"),
}
CASES |= {f"studio: {name}": (_send("studio", data), words) for name, (data, words) in _STUDIO.items()}


HASH = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
_APP: dict[str, tuple[bytes, str]] = {
    "what is there": (_get(f"/blob/{HASH}"), "^HTTP/1.1 200.*nosniff.*hello$"),
    "traversal": (_get("/blob/../../secret.txt"), "^HTTP/1.1 404"), "encoded traversal": (_get("/blob/..%2f..%2fsecret.txt"), "^HTTP/1.1 404"),
    "backslashes": (_get("/blob/..%5c..%5csecret.txt"), "^HTTP/1.1 404"), "a zero byte": (_get(f"/blob/{HASH}%00"), "^HTTP/1.1 404"), "an absolute path": (_get("/blob//etc/passwd"), "^HTTP/1.1 404"),
    "a hash in capitals": (_get(f"/blob/{HASH.upper()}"), "^HTTP/1.1 404"), "a hash with its ending": (_get(f"/blob/{HASH}.txt"), "^HTTP/1.1 404"), "a long name": (_get("/blob/" + "a" * 30_000), "^HTTP/1.1 (400|404|414)"),
    "a part beyond the end": (_get(f"/blob/{HASH}", "Range: bytes=99-"), "^HTTP/1.1 416"), "parts without number": (_get(f"/blob/{HASH}", "Range: bytes=" + "0-0," * 5000), "^HTTP/1.1 (200|206|400|416|431)"),
    "a part of nonsense": (_get(f"/blob/{HASH}", "Range: bytes=a-b"), "^HTTP/1.1 (200|400|416)"), "POST": (_get(f"/blob/{HASH}", method="POST"), "^HTTP/1.1 405"), "PUT": (_get(f"/blob/{HASH}", "Content-Length: 0", method="PUT"), "^HTTP/1.1 405"),
    "a poster of a text": (_get(f"/poster/{HASH}"), "^HTTP/1.1 (404|415)"), "a poster of a path": (_get("/poster/..%2fsecret.txt"), "^HTTP/1.1 404"),
}  # fmt: skip
CASES |= {f"app: {name}": (_send("app", data), words) for name, (data, words) in _APP.items()}

# --- heads that two servers could read in two ways, and connections that never get on; for each of the servers
_FINE = {"prompts": "/healthz", "studio": "/v1/models", "app": f"/blob/{HASH}"}
_HEADS: dict[str, tuple[Callable[[str], bytes], str]] = {
    "two lengths": (lambda p: _get(p, "Content-Length: 0", "Content-Length: 5"), "^HTTP/1.1 400|^closed"),
    "a length in words": (lambda p: _get(p, "Content-Length: five"), "^HTTP/1.1 400|^closed"), "a length with a plus": (lambda p: _get(p, "Content-Length: +0"), "^HTTP/1.1 400|^closed"),
    "a length and chunks": (lambda p: _get(p, "Content-Length: 0", "Transfer-Encoding: chunked", body=b"0\r\n\r\nGET /x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"), "^HTTP/1.1 (200|400)(?!.*HTTP/1.1 (200|404))"),
    "chunks of chunks": (lambda p: _get(p, "Transfer-Encoding: chunked, identity"), "^HTTP/1.1 (400|501)|^closed"), "chunks in capitals": (lambda p: _get(p, "Transfer-Encoding: xchunked"), "^HTTP/1.1 (400|501)|^closed"),
    "a folded header": (lambda p: _get(p, "X-A: b\r\n c"), "^HTTP/1.1 (200|400)|^closed"), "a header with a space": (lambda p: _get(p, "Content-Length : 5"), "^HTTP/1.1 400|^closed"), "a header without a colon": (lambda p: _get(p, "nonsense"), "^HTTP/1.1 400|^closed"),
    "a bare line end": (lambda p: f"GET {p} HTTP/1.1\nHost: 127.0.0.1\nConnection: close\n\n".encode(), "^HTTP/1.1 (200|400)|^closed"), "a zero byte in a header": (lambda p: _get(p, "X-A: a\0b"), "^HTTP/1.1 400|^closed"),
    "no host": (lambda p: f"GET {p} HTTP/1.1\r\nConnection: close\r\n\r\n".encode(), "^HTTP/1.1 400|^closed"), "two hosts": (lambda p: _get(p, "Host: evil.example"), "^HTTP/1.1 (400|403)|^closed"),
    "a whole address": (lambda p: _get(f"http://evil.example{p}"), "^HTTP/1.1 (200|400|403|404)"), "a method of 5,000": (lambda p: _get(p, method="G" * 5000), "^HTTP/1.1 (400|405|414)|^closed"), "a method of signs": (lambda p: _get(p, method="G{}T"), "^HTTP/1.1 (400|405)|^closed"),
    "a header of 1 MB": (lambda p: _get(p, "X-A: " + "b" * (1 << 20)), "^HTTP/1.1 (400|431)|^closed"), "an old HTTP": (lambda p: f"GET {p} HTTP/0.9\r\n\r\n".encode(), "^HTTP/1.1 (200|400|403)|^closed|^<"), "an HTTP to come": (lambda p: f"GET {p} HTTP/2.0\r\n\r\n".encode(), "^HTTP/1.1 (200|400|403|505)|^closed"),
    "an upgrade": (lambda p: _get(p, "Upgrade: websocket", "Sec-WebSocket-Key: x"), r"^HTTP/1.1 (200|400|403|404)"),
}  # fmt: skip
CASES |= {
    f"{which}: {name}": (_send(which, head(_FINE[which])), words)
    for which in _FINE
    for name, (head, words) in _HEADS.items()
    if (which, name) != ("prompts", "two hosts")
}


def _beside_slow_ones(which: str, begun: bytes) -> Callable[[Path], object]:
    """A hundred clients that begin a request and send a byte now and then; somebody else is served all the same."""

    def case(ws: Path) -> object:
        port = _port(which)
        slow = [socket.create_connection(("127.0.0.1", port), timeout=HANGS_S) for _ in range(100)]
        try:
            for _ in range(3):
                for client in slow:
                    client.sendall(begun[:1])
                said = str(_send(which, _get(_FINE[which]))(ws))
                if select.select(slow, [], [], 0)[0]:  # answered, or closed
                    return f"served after the slow ones: {said}"
            return said
        finally:
            for client in slow:
                client.close()

    return case


CASES |= {f"{which}: a hundred slow ones": (_beside_slow_ones(which, b"GET / HTTP/1.1\r\n"), "^HTTP/1.1 200") for which in _FINE}
_SLOW_BODY = f"POST {CHAT} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{{".encode()


def _beside_slow_bodies(ws: Path) -> object:
    """As many unfinished bodies as the studio draws at once, and more: they must not take its turns."""
    slow = [socket.create_connection(("127.0.0.1", _port("studio")), timeout=HANGS_S) for _ in range(20)]
    try:
        for client in slow:
            client.sendall(_SLOW_BODY)
        time.sleep(0.2)
        return _send("studio", _get("/v1/models"))(ws)
    finally:
        for client in slow:
            client.close()


CASES["studio: twenty slow bodies"] = (_beside_slow_bodies, "^HTTP/1.1 200")
