"""A contract stub of OpenAI's chat and images, written from sections 1 and 2 of the providers' reference (providers.md).

What it writes comes from the studio, so that a chain can go on with it; pictures are small. The tests use others' servers for the
protocol itself (`aimock`); this one is for counting under kills.
"""

from __future__ import annotations

import base64
import re
import time
from typing import Any

from samples import picture
from vendor_server import Fault, Seen, Vendor

from runs.providers.studio import write

_SCRIPT = re.compile(r'"?scenes"?|\bscript\b|剧本', re.IGNORECASE)


class OpenAi(Vendor):
    """Answers after `takes_s`, so that there is something to be killed in."""

    def __init__(self, takes_s: float = 0.02) -> None:
        super().__init__()
        self.takes_s = takes_s

    def answer(self, seen: Seen) -> Any:
        time.sleep(self.takes_s)
        if (seen.method, seen.path) == ("POST", "/chat/completions"):
            return self._chat(seen.body)
        if seen.method == "POST" and seen.path in ("/images/generations", "/images/edits"):
            return self._images(seen)
        return Fault(404, {"error": {"message": f"no route {seen.path}", "type": "invalid_request_error"}})

    def _chat(self, body: Any) -> Any:
        prompt = "\n\n".join(str(message["content"]) for message in body["messages"])
        stage = "script" if _SCRIPT.search(prompt) else "outline"
        text = write(stage, prompt, int(body.get("seed") or 0))[0].decode()
        message = {"role": "assistant", "content": text}
        usage = {"prompt_tokens": len(prompt) // 4, "completion_tokens": len(text) // 4}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        return {"id": "c", "object": "chat.completion", "created": 1, "model": body["model"], "choices": [choice], "usage": usage}

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
