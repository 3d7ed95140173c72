"""Bytes sent to our own servers: the prompts server and the embedded studio, both on loopback in this process."""

# ruff: noqa: E501  data

from __future__ import annotations

import functools
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Case = tuple[Callable[[Path], object], str]
TOKEN = "t" * 24


@functools.cache
def _port(which: str) -> int:
    import uvicorn

    app: Any
    if which == "prompts":
        from prompts.serving import application

        app = application(Path(tempfile.mkdtemp()), {TOKEN: frozenset({"production"})})
    else:
        from runs.studio_http import application as studio

        app = studio()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="critical"))
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.01)
    return port


def _send(which: str, data: bytes) -> Callable[[Path], object]:
    def case(_: Path) -> object:
        with socket.create_connection(("127.0.0.1", _port(which)), timeout=5) as client:
            client.settimeout(5)
            answer = b""
            try:
                client.sendall(data)
                while piece := client.recv(1 << 16):
                    answer += piece
            except (ConnectionError, TimeoutError) as error:
                return answer.decode("latin-1") or f"closed {type(error).__name__}"
        return answer.decode("latin-1") or "closed"

    return case


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
