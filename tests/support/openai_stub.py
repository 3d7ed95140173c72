"""A contract stub of OpenAI's chat, responses and images, written from sections 1 and 2 of the providers' reference (providers.md).

What it writes comes from the studio, so that a chain can go on with it; pictures are small. The tests use others' servers for the
protocol itself (`aimock`); this one is for counting under kills: `orders` is the account's list of what was paid.
"""

from __future__ import annotations

import base64
import re
import time
from dataclasses import dataclass
from typing import Any, Literal

from samples import picture
from vendor_server import Fault, Seen, Vendor

from runs.providers.studio import write

_SCRIPT = re.compile(r'"?scenes"?|\bscript\b|剧本', re.IGNORECASE)
_MARK = "metadata[workbench_key]"


@dataclass(frozen=True)
class Order:
    """Something paid: what it was, under which key it was asked for, and the id that the vendor lists it under."""

    kind: Literal["texts", "pictures"]
    key: str
    id: str


class OpenAi(Vendor):
    """Answers after `takes_s`, so that there is something to be killed in; with `honours_keys` a key is paid once."""

    def __init__(self, takes_s: float = 0.02, *, honours_keys: bool = False) -> None:
        super().__init__()
        self.takes_s = takes_s
        self.honours_keys = honours_keys
        self.orders: list[Order] = []
        self.before = ["queued", "in_progress"]
        self.responses: dict[str, dict[str, Any]] = {}
        self.states: dict[str, list[str]] = {}
        self._stored: list[dict[str, Any]] = []
        self._answered: dict[str, Any] = {}

    def answer(self, seen: Seen) -> Any:
        if seen.method == "GET":
            return self._asked(seen)
        time.sleep(self.takes_s)
        key = seen.headers.get("Idempotency-Key", "")
        if self.honours_keys and key in self._answered:
            return self._answered[key]
        kind = {"/chat/completions": self._chat, "/responses": self._response}.get(seen.path)
        if seen.method == "POST" and kind:
            said = kind(self._ordered("texts", key), seen.body)
        elif seen.method == "POST" and seen.path in ("/images/generations", "/images/edits"):
            self._ordered("pictures", key)
            said = self._images(seen)
        else:
            return Fault(404, {"error": {"message": f"no route {seen.path}", "type": "invalid_request_error"}})
        self._answered[key] = said
        return said

    def _ordered(self, kind: Literal["texts", "pictures"], key: str) -> str:
        self.orders.append(Order(kind, key, f"{kind}-{len(self.orders) + 1}"))
        return self.orders[-1].id

    def _asked(self, seen: Seen) -> Any:
        if seen.path == "/chat/completions":
            wanted = seen.query.get(_MARK)
            found = [one for one in self._stored if wanted in (None, one["metadata"].get("workbench_key"))]
            return {"object": "list", "data": found, "has_more": False}
        name = seen.path.removeprefix("/responses/")
        if name not in self.responses:
            return Fault(404, {"error": {"message": f"Response with id '{name}' not found.", "type": "invalid_request_error"}})
        left = self.states[name]
        return {**self.responses[name], "status": left.pop(0), "output": []} if left else self.responses[name]

    def _chat(self, name: str, body: Any) -> Any:
        text, used = self._write(body["messages"], int(body.get("seed") or 0))
        usage = {"prompt_tokens": used[0], "completion_tokens": used[1]}
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
        said = {"id": name, "object": "chat.completion", "created": 1, "model": body["model"], "choices": [choice], "usage": usage}
        if body.get("store"):
            self._stored.append({**said, "metadata": body.get("metadata") or {}})
        return said

    def _response(self, name: str, body: Any) -> Any:
        text, used = self._write(body["input"], 0)
        message = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text, "annotations": []}]}
        said = {
            "id": name, "object": "response", "model": body["model"], "status": "completed", "error": None, "output": [message],
            "background": bool(body.get("background")), "metadata": body.get("metadata") or {},
            "usage": {"input_tokens": used[0], "output_tokens": used[1]},
        }  # fmt: skip
        if not body.get("background"):
            return said
        self.responses[name], self.states[name] = said, list(self.before)
        return {**said, "status": "queued", "output": [], "usage": None}

    def _write(self, messages: Any, seed: int) -> tuple[str, tuple[int, int]]:
        prompt = "\n\n".join(str(message["content"]) for message in messages)
        text = write("script" if _SCRIPT.search(prompt) else "outline", prompt, seed)[0].decode()
        return text, (len(prompt) // 4, len(text) // 4)

    def _images(self, seen: Seen) -> Any:
        fields = {name: data for name, _, data in seen.parts} if seen.parts else seen.body
        prompt = fields["prompt"].decode() if isinstance(fields["prompt"], bytes) else fields["prompt"]
        data = base64.b64encode(picture(prompt, (320, 480))).decode()
        usage = {
            "input_tokens": 9,
            "output_tokens": 100,
            "total_tokens": 109,
            "input_tokens_details": {"text_tokens": 9, "image_tokens": 0},
        }
        return {"created": 1, "data": [{"b64_json": data}], "usage": usage}
