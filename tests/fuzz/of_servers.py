"""Targets: requests to our own servers, given to the applications as a web server gives them."""

# ruff: noqa: E501  data

from __future__ import annotations

import asyncio
import json
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from fuzzkit import SECRET, Target

TOKEN = "t" * 24


async def _ask(app: Any, method: str, target: str, headers: list[tuple[bytes, bytes]], body: bytes) -> tuple[int, bytes]:
    """Speak ASGI to an application; whatever it raises comes out."""
    path, _, query = target.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http", "root_path": "", "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 9),
        "path": unquote_to_bytes(path).decode("utf-8", "replace"), "raw_path": path.encode("utf-8", "replace"), "query_string": query.encode("utf-8", "replace"), "headers": headers,
    }  # fmt: skip
    answer: dict[str, Any] = {"status": 0, "body": b""}

    said = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if not said:
            await asyncio.sleep(3600)  # who asked waits for the answer
        return said.pop()

    async def send(message: dict[str, Any]) -> None:
        answer["status"] = message.get("status", answer["status"])
        answer["body"] += message.get("body", b"")

    await app(scope, receive, send)
    return answer["status"], answer["body"]


@cache
def _studio() -> Any:
    from runs import studio_http

    async def drawn(*_: object) -> bytes:
        return b"RIFF"

    # Drawing is not what is looked at here, and takes a second each.
    studio_http._drawn = drawn  # type: ignore[assignment]
    studio_http._as = lambda picture, wanted: picture  # type: ignore[assignment]
    return studio_http.application()


def _posted(path: str):  # type: ignore[no-untyped-def]
    def check(data: bytes, _: Path) -> None:
        headers = [(b"host", b"127.0.0.1"), (b"content-type", b"application/json"), (b"content-length", str(len(data)).encode())]
        status, body = asyncio.run(_ask(_studio(), "POST", path, headers, data))
        assert status in (200, 400, 413), status
        if status == 400:
            assert json.loads(body)["error"]["message"].strip()

    return check


def _form(data: bytes, _: Path) -> None:
    headers = [(b"host", b"127.0.0.1"), (b"content-type", b"multipart/form-data; boundary=x"), (b"content-length", str(len(data)).encode())]
    status, _body = asyncio.run(_ask(_studio(), "POST", "/v1/images/edits", headers, data))
    assert status in (200, 400, 413), status


def _heads(data: bytes, room: Path) -> None:
    """A first line and headers, as text; for each of our applications."""
    first, *lines = data.decode("latin-1").replace("\r", "").split("\n")
    method, _, target = first.partition(" ")
    headers = [
        (name.strip().lower().encode("latin-1"), value.strip().encode("latin-1"))
        for name, _, value in (line.partition(":") for line in lines)
        if name.strip()
    ]
    for app in (_studio(), _prompts(str(room)), _blobs(str(room))):
        status, body = asyncio.run(_ask(app, method[:20], target, headers, b""))
        assert 200 <= status < 500 or status == 503, status
        assert b"root:x:" not in body and SECRET.encode() not in body


@cache
def _prompts(room: str) -> Any:
    from prompts.serving import application

    folder = Path(room) / "served"
    folder.mkdir(exist_ok=True)
    return application(folder, {TOKEN: frozenset({"production"})})


@cache
def _blobs(room: str) -> Any:
    import os

    from starlette.applications import Starlette

    from pages.serve import routes
    from runs.media import MediaStore
    from runs.workspace import Workspace

    root = Path(room) / "studio"
    root.mkdir(exist_ok=True)
    (root / "workbench.toml").write_text("")
    os.environ["WORKBENCH_WORKSPACE"] = str(root)
    ws = Workspace(root)
    ws.ensure_writable()
    MediaStore(ws).put(b"hello", "text/plain")
    return Starlette(routes=routes())


CHAT = json.dumps(
    {"model": "studio-1", "messages": [{"role": "user", "content": [{"type": "text", "text": "A script: rain."}]}], "stream": True, "seed": 3, "stream_options": {"include_usage": True}, "response_format": {"type": "json_schema", "json_schema": {"name": "outline"}}}
).encode()  # fmt: skip
PICTURE = json.dumps(
    {
        "prompt": "rain",
        "n": 2,
        "size": "64x64",
        "seed": 1,
        "output_format": "png",
        "images": [{"image_url": "data:image/png;base64,iVBORw0KGgo="}],
    }
).encode()
FORM = b'--x\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nrain\r\n--x\r\nContent-Disposition: form-data; name="image[]"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n--x\r\nContent-Disposition: form-data; name="n"\r\n\r\n2\r\n--x--\r\n'
HASH = b"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
HEADS = (
    b"GET /v1/prompts?channel=production\nHost: 127.0.0.1:80\nAuthorization: Bearer " + TOKEN.encode(),
    b'GET /v1/prompts/shot/a?series=x\nHost: localhost\nAuthorization: Bearer ' + TOKEN.encode() + b'\nIf-None-Match: W/"x"',
    b"GET /blob/" + HASH + b"\nHost: 127.0.0.1\nRange: bytes=0-3,4-\nIf-Range: x\nIf-Modified-Since: Wed, 21 Oct 2026 07:28:00 GMT",
    b"HEAD /poster/" + HASH + b"?width=64\nHost: [::1]:8501\nOrigin: http://127.0.0.1\nCookie: a=b",
    b"POST /v1/chat/completions\nHost: 127.0.0.1\nContent-Length: 0\nIdempotency-Key: x",
)  # fmt: skip
WORDS = (
    b"bytes=-",
    b"bytes=9-1",
    b"bytes=99999999999999999999-",
    b"..%2f",
    b"%00",
    b"%ff",
    b"Host: ",
    b"evil.example",
    b"127.0.0.1.evil",
    b"@",
    b"Bearer ",
    b"/blob/",
    b"/poster/",
    b"\xff",
    b"?width=",
    b"Content-Length: -1",
)
TARGETS = (
    Target("studio chat", _posted("/v1/chat/completions"), (CHAT,), document=True),
    Target("studio pictures", _posted("/v1/images/generations"), (PICTURE,), document=True),
    Target("studio edits", _posted("/v1/images/edits"), (PICTURE,), document=True),
    Target("studio forms", _form, (FORM,), (b"--x", b"--x--", b"\r\n", b"Content-Disposition: form-data; ", b'filename=""', b"filename*=utf-8''%ff", b"Content-Transfer-Encoding: base64")),
    Target("request heads", _heads, HEADS, WORDS),
)  # fmt: skip
