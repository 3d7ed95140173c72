"""A stub of DashScope's picture and video services, written from section 2 of the design's providers.md.

It was never compared with the real service. The vendor's own SDK drives it too (`test_dashscope_sdk.py`), so that stub and
adapter cannot share a misunderstanding of the wire.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapter_kit import FILM, png, provider
from vendor_server import Fault, Seen, Vendor

IMAGES = "/api/v1/services/aigc/multimodal-generation/generation"
OLD_IMAGES = "/api/v1/services/aigc/text2image/image-synthesis"
UPLOADS = "/api/v1/uploads"
BUCKET = "/bucket"
VIDEOS = "/api/v1/services/aigc/video-generation/video-synthesis"


@dataclass
class Task:
    """A task: the states that it goes through, one a poll, and what it gives in the end."""

    id: str
    seen: Seen
    states: list[str]
    output: dict[str, Any] = field(default_factory=dict)


class DashScope(Vendor):
    """`next_states` and `next_output` script the task that is submitted next."""

    def __init__(self) -> None:
        super().__init__()
        self.tasks: dict[str, Task] = {}
        self.next_states = ["PENDING", "RUNNING", "SUCCEEDED"]
        self.next_output: dict[str, Any] | None = None
        self.permit: dict[str, Any] = {"expire_in_seconds": 300}

    def answer(self, seen: Seen) -> Any:
        """Answer as the service does."""
        path = seen.path.rstrip("/")
        if seen.method == "POST" and path == IMAGES:
            return self._images(seen)
        if seen.method == "POST" and path in (OLD_IMAGES, VIDEOS):
            return self._submit(seen, path)
        if seen.method == "POST" and path.endswith("/cancel"):
            return self._cancel(path.split("/")[-2])
        if path == UPLOADS and seen.query.get("action") == "getPolicy":
            return {"request_id": "r", "output": self._permit(seen.query["model"])}
        if path == BUCKET:
            return Fault(200, b"", {"Content-Type": "text/plain"})
        if path == "/api/v1/tasks":
            listed = [{"task_id": t.id, "model_name": t.seen.body["model"], "status": t.states[0]} for t in self.tasks.values()]
            wanted = seen.query.get("model_name")
            tasks = [t for t in listed if wanted in (None, t["model_name"])]
            return {"request_id": "r", "tasks": tasks, "total": len(tasks), "page_no": 1, "page_size": 50}
        if path.startswith("/api/v1/tasks/"):
            return self._poll(path.rpartition("/")[2])
        return Fault(404, {"code": "NotFound", "message": path, "request_id": "r"})

    def _permit(self, model: str) -> dict[str, Any]:
        signed = {"oss_access_key_id": "STS.temporary", "signature": "c2lnbmVk", "policy": "cG9saWN5"}
        rules = {"x_oss_object_acl": "private", "x_oss_forbid_overwrite": "true", "max_file_size_mb": 100}
        place = {"upload_dir": f"dashscope-instant/{model}/2026-11-25", "upload_host": self.base_url + BUCKET}
        return {**signed, **rules, **place, **self.permit}

    def _images(self, seen: Seen) -> Any:
        if seen.headers.get("X-DashScope-Async"):
            return Fault(403, {"code": "AccessDenied", "message": "current user api does not support asynchronous calls"})
        count = seen.body["parameters"].get("n", 1)
        contents = [{"image": self.host(f"{len(self.files)}.png", png(), "image/png")} for _ in range(count)]
        choice = {"finish_reason": "stop", "message": {"role": "assistant", "content": contents}}
        return {"output": {"choices": [choice]}, "usage": {"image_count": count, "width": 928, "height": 1664}, "request_id": "r"}

    def _submit(self, seen: Seen, path: str) -> Any:
        if seen.headers.get("X-DashScope-Async") != "enable":
            return Fault(403, {"code": "AccessDenied", "message": "current user api does not support synchronous calls"})
        prompt = seen.body["input"]["prompt"]
        task = Task(f"t-{len(self.tasks) + 1}", seen, list(self.next_states))
        if self.next_output is not None:
            task.output = self.next_output
        elif path == VIDEOS:
            task.output = {"video_url": self.host(f"{task.id}.mp4", FILM, "video/mp4"), "orig_prompt": prompt, "actual_prompt": prompt}
        else:
            urls = [self.host(f"{task.id}-{n}.png", png(), "image/png") for n in range(seen.body["parameters"].get("n", 1))]
            task.output = {"results": [{"url": url, "orig_prompt": prompt} for url in urls]}
        self.tasks[task.id] = task
        return {"output": {"task_id": task.id, "task_status": "PENDING"}, "request_id": "r"}

    def _cancel(self, task_id: str) -> Any:
        task = self.tasks.get(task_id)
        if task is None or task.states[0] != "PENDING":
            return Fault(400, {"code": "UnsupportedOperation", "message": "only PENDING", "request_id": "r"})
        task.states = ["CANCELED"]
        return {"request_id": "r"}

    def _poll(self, task_id: str) -> Any:
        task = self.tasks.get(task_id)
        if task is None:
            return {"output": {"task_id": task_id, "task_status": "UNKNOWN"}, "request_id": "r"}
        state = task.states.pop(0) if len(task.states) > 1 else task.states[0]
        output = {"task_id": task.id, "task_status": state, "submit_time": "2026-11-25 10:00:00.000"}
        body: dict[str, Any] = {"request_id": "r", "output": output}
        if state in ("SUCCEEDED", "FAILED"):
            output |= task.output
        if state == "SUCCEEDED":
            video = task.seen.path.endswith("video-synthesis")
            seconds = task.seen.body["parameters"].get("duration", 5)
            made = len([r for r in task.output.get("results", []) if "url" in r])
            body["usage"] = {"duration": seconds, "output_video_duration": seconds, "video_count": 1} if video else {"image_count": made}
        return body


def made(folder: Path, vendor: DashScope, name: str, **table: Any) -> Any:
    """Make a provider; clips by the model that needs no picture unless the test names another."""
    if name == "wan":
        table = {"model": "wan2.7-t2v", **table}
    options = {"poll_s": 0.01, **table.pop("options", {})}
    extra = options if name != "qwen-image" else {k: v for k, v in options.items() if k != "poll_s"}
    return provider(folder, name, vendor.base_url + "/api/v1", options=extra, **table)
