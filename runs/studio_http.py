"""The embedded studio behind OpenAI's chat and image endpoints, on loopback: real adapters run end to end without a key.

| request | answer |
|---|---|
| `GET /v1/models` | the studio's one model |
| `POST /v1/chat/completions` | an outline or a script, as the schema's name or the prompt says; streamed where that is asked for |
| `POST /v1/images/generations` | stills, or a character sheet where the prompt asks for one; base64 |
| `POST /v1/images/edits` | the same with reference pictures: parts of a form, or `data:` addresses in JSON; nothing is ever fetched |

Every answer says in its headers that it is simulated (`x-workbench-simulated`) and cost nothing. Only this machine is
served, by its own names: a web page that a browser shows under another name gets nothing. Bodies are bounded.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import re
import secrets as random_secrets
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prompts.text import estimate_tokens
from runs import pool
from runs.providers.studio import CALL_LIMIT_S, MODEL, NAME, draw, write

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

    Answering = Callable[[Request, Mapping[str, Any], list[bytes]], Awaitable[Response]]

MAX_BODY = 64 << 20
MAX_PICTURES, MAX_N, AT_ONCE = 16, 10, 4
READ_S = 60.0
"""Seconds that a request may take to arrive."""
COUNTS = frozenset(map(str, range(1, MAX_N + 1)))
HEADERS = {"x-workbench-simulated": NAME, "x-litellm-response-cost": "0", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
HERE = frozenset({"127.0.0.1", "localhost", "[::1]"})
_SHEET = re.compile(r"\b(character|model) sheet\b|turnaround|three views|三视图|设定图", re.IGNORECASE)
_SCRIPT = re.compile(r'"?scenes"?|\bscript\b|剧本', re.IGNORECASE)
_SIZE = re.compile(r"(\d{2,4})x(\d{2,4})")
_FORMATS = {"png": "PNG", "jpeg": "JPEG"}


class Refused(Exception):
    """An answer that is an error, in OpenAI's words."""

    def __init__(self, status: int, message: str, code: str = "invalid_value") -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code


def application() -> Starlette:
    """Return the web application."""
    from starlette.applications import Starlette
    from starlette.routing import Route

    turns = asyncio.Semaphore(AT_ONCE)

    def answering(answer: Answering) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            from starlette.responses import JSONResponse

            try:
                check_host(request.headers)
                # Read before anybody's turn: who sends slowly keeps nobody out.
                body, pictures = await _read(request)
                async with turns:
                    return await answer(request, body, pictures)
            except Refused as why:
                error = {"message": why.message, "type": "invalid_request_error", "param": None, "code": why.code}
                return JSONResponse({"error": error}, why.status, headers=HEADERS)

        return endpoint

    return Starlette(
        routes=[
            Route("/v1/models", answering(_models), methods=["GET"]),
            Route("/v1/chat/completions", answering(_chat), methods=["POST"]),
            Route("/v1/images/generations", answering(_generate), methods=["POST"]),
            Route("/v1/images/edits", answering(_edit), methods=["POST"]),
        ]
    )


def check_host(headers: Mapping[str, str]) -> None:
    """Refuse a request that was not meant for this machine, or comes from a web page of another.

    Raises:
        Refused: by whichever header.
    """
    for name in ("host", "origin"):
        value = headers.get(name, "").removeprefix("http://").removeprefix("https://")
        # Without its port; an IPv6 address has colons of its own.
        host = value if value in HERE else re.sub(r":\d+$", "", value)
        if host not in HERE and not (name == "origin" and not value):
            raise Refused(403, f"only this machine is served, not {name} {value[:80]!r}", "forbidden")


async def _models(_request: Request, _body: Mapping[str, Any], _pictures: list[bytes]) -> Response:
    from starlette.responses import JSONResponse

    return JSONResponse({"object": "list", "data": [{"id": MODEL, "object": "model", "owned_by": NAME}]}, headers=HEADERS)


async def _chat(request: Request, body: Mapping[str, Any], _pictures: list[bytes]) -> Response:
    from starlette.responses import JSONResponse, Response

    messages = body.get("messages")
    if not isinstance(messages, list) or not messages or not all(isinstance(m, dict) for m in messages):
        raise Refused(400, "messages is a list of messages")
    prompt = "\n\n".join(_text(m.get("content")) for m in messages)
    name = str(_mapping(_mapping(body.get("response_format")).get("json_schema")).get("name") or "")
    stage = name if name in ("outline", "script") else "script" if _SCRIPT.search(prompt) else "outline"
    data, _ = await asyncio.to_thread(write, stage, prompt, _seed(request, body))
    text = data.decode()
    into, out = estimate_tokens(prompt), estimate_tokens(text)
    usage = {"prompt_tokens": into, "completion_tokens": out, "total_tokens": into + out}
    head = {"id": f"chatcmpl-{random_secrets.token_hex(8)}", "created": int(time.time()), "model": MODEL}
    if not body.get("stream"):
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
        return JSONResponse({**head, "object": "chat.completion", "choices": [choice], "usage": usage}, headers=HEADERS)
    deltas = [({"role": "assistant", "content": text}, None), ({}, "stop")]
    chunks: list[dict[str, Any]] = [
        {**head, "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": end}]}
        for delta, end in deltas
    ]
    if _mapping(body.get("stream_options")).get("include_usage"):
        chunks.append({**head, "object": "chat.completion.chunk", "choices": [], "usage": usage})
    lines = "".join(f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n" for chunk in chunks)
    return Response(f"{lines}data: [DONE]\n\n", media_type="text/event-stream", headers=HEADERS)


async def _generate(request: Request, body: Mapping[str, Any], _given: list[bytes]) -> Response:
    return await _pictures(request, body, [])


async def _edit(request: Request, body: Mapping[str, Any], pictures: list[bytes]) -> Response:
    if not pictures:
        given = body.get("images") or []
        pictures = [_inline(one) for one in given] if isinstance(given, list) else []
    if not pictures:
        raise Refused(400, "an edit needs at least one picture: image[], or images with data: addresses")
    if len(pictures) > MAX_PICTURES:
        raise Refused(400, f"{len(pictures)} pictures; {MAX_PICTURES} are allowed")
    return await _pictures(request, body, pictures)


async def _pictures(request: Request, body: Mapping[str, Any], given: list[bytes]) -> Response:
    from starlette.responses import JSONResponse

    prompt = body.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        raise Refused(400, "prompt is a text")
    # A number in JSON, a text in a form.
    count = str(body.get("n") or 1)
    if count not in COUNTS:
        raise Refused(400, f"n is 1 to {MAX_N}")
    size = _SIZE.fullmatch(str(body.get("size") or ""))
    options = {"size": (int(size[1]), int(size[2]))} if size else {}
    stage = "character" if _SHEET.search(prompt) else "shot"
    seed, wanted = _seed(request, body), str(body.get("output_format"))
    wanted = wanted if wanted in _FORMATS else "webp"
    with tempfile.TemporaryDirectory(prefix="studio-") as scratch:
        references: list[tuple[str, str]] = []
        for number, data in enumerate(given):
            path = Path(scratch) / str(number)
            path.write_bytes(data)
            references.append(("", str(path)))
        made = [await _drawn(stage, prompt, seed + number, tuple(references), options) for number in range(int(count))]
    entries = [{"b64_json": base64.b64encode(_as(picture, wanted)).decode()} for picture in made]
    tokens = estimate_tokens(prompt)
    usage = {
        "input_tokens": tokens,
        "input_tokens_details": {"text_tokens": tokens, "image_tokens": 0},
        "output_tokens": 0,
        "total_tokens": tokens,
    }
    return JSONResponse({"created": int(time.time()), "data": entries, "output_format": wanted, "usage": usage}, headers=HEADERS)


async def _drawn(stage: str, prompt: str, seed: int, references: tuple[tuple[str, str], ...], options: Mapping[str, Any]) -> bytes:
    try:
        data, _ = await pool.shared().call(draw, stage, prompt, seed, references, options, limit_s=CALL_LIMIT_S)
    except pool.TaskFailed as error:
        raise Refused(400 if "SizeError" in error.message else 500, error.message, "invalid_value") from None
    except pool.WorkerDied as error:
        raise Refused(500, error.message, "server_error") from None
    return data


def _as(picture: bytes, wanted: str) -> bytes:
    """Return a picture in the format asked for; WebP as it is, for only that carries whose face it shows into later pictures."""
    if wanted not in _FORMATS:
        return picture
    from PIL import Image

    data = io.BytesIO()
    Image.open(io.BytesIO(picture)).convert("RGB").save(data, _FORMATS[wanted])
    return data.getvalue()


async def _read(request: Request) -> tuple[dict[str, Any], list[bytes]]:
    """Return the body of a request and the pictures of its form."""
    from starlette.requests import ClientDisconnect

    if request.method == "GET":
        return {}, []
    try:
        async with asyncio.timeout(READ_S):
            if request.headers.get("content-type", "").startswith("multipart/form-data"):
                return await _form(request)
            return await _json(request), []
    except TimeoutError:
        raise Refused(408, f"the request was not there within {READ_S:g} s", "timeout") from None
    except ClientDisconnect:
        raise Refused(400, "the request was cut off") from None


async def _form(request: Request) -> tuple[dict[str, Any], list[bytes]]:
    from starlette.datastructures import UploadFile
    from starlette.exceptions import HTTPException

    _check_length(request)
    body: dict[str, Any] = {}
    pictures: list[bytes] = []
    size = 0
    try:
        async with request.form(max_files=MAX_PICTURES + 1, max_fields=50, max_part_size=1 << 20) as form:
            for name, value in form.multi_items():
                if not isinstance(value, UploadFile):
                    body[name] = value
                elif name in ("image", "image[]"):
                    pictures.append(await value.read())
                    size += len(pictures[-1])
    except HTTPException as error:
        raise Refused(400, f"the form cannot be read: {error.detail}") from None
    if size > MAX_BODY:
        raise Refused(413, f"more than {MAX_BODY >> 20} MB", "too_large")
    return body, pictures


async def _json(request: Request) -> dict[str, Any]:
    _check_length(request)
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_BODY:
            raise Refused(413, f"more than {MAX_BODY >> 20} MB", "too_large")
    try:
        body = json.loads(bytes(data))
    except (ValueError, RecursionError):
        raise Refused(400, "the body is not JSON") from None
    if not isinstance(body, dict):
        raise Refused(400, "the body is no JSON object")
    return body


def _check_length(request: Request) -> None:
    length = request.headers.get("content-length", "")
    if not length.isdecimal():
        raise Refused(411, "a length is needed", "length_required")
    if len(length) > len(str(MAX_BODY)) or int(length) > MAX_BODY:
        raise Refused(413, f"more than {MAX_BODY >> 20} MB", "too_large")


def _inline(one: Any) -> bytes:
    url = one.get("image_url") if isinstance(one, dict) else one
    head, mark, code = str(url or "").partition(";base64,")
    if not (mark and head.startswith("data:image/")):
        raise Refused(400, "a picture is given as a data: address; nothing is fetched")
    try:
        return base64.b64decode(code, validate=True)
    except ValueError:
        raise Refused(400, "a picture is no base64") from None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _seed(request: Request, body: Mapping[str, Any]) -> int:
    """Return the call's seed: the one given, else one of its idempotency key, else any."""
    seed, key = body.get("seed"), request.headers.get("idempotency-key")
    if isinstance(seed, int) and not isinstance(seed, bool):
        return seed
    return int(sha256(key.encode()).hexdigest()[:8], 16) >> 1 if key else random_secrets.randbelow(1 << 31)
