"""What a provider may answer: bodies of any shape, and links that lead into the house."""

# ruff: noqa: E501  data

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

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
