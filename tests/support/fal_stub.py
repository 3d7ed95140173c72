"""A contract stub of fal's queue, written from section 6 of the providers' reference (providers.md). Beside it the tests use
aimock, which others wrote: see test_fal_aimock.py.
"""

from __future__ import annotations

from typing import Any

from samples import film
from vendor_server import Fault, Seen, Vendor


class Fal(Vendor):
    """The queue: addresses of another host, without the model's sub-path; 202 until a request is complete."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: dict[str, dict[str, Any]] = {}
        self.before = ["IN_QUEUE", "IN_PROGRESS"]

    def answer(self, seen: Seen) -> Any:
        parts = seen.path.strip("/").split("/")
        if not seen.headers.get("Authorization", "").startswith("Key "):
            return Fault(401, {"detail": "Cannot access application. Authentication is required to access this application."})
        if seen.method == "POST":
            return self._submit(parts, seen.body)
        request = self.requests.get(parts[3]) if len(parts) > 3 else None
        if request is None or parts[:2] != request["app"]:
            return Fault(404, {"detail": "Request not found"})
        return self._status(request) if parts[4:] == ["status"] else self._result(request)

    def _submit(self, parts: list[str], body: Any) -> Any:
        request_id = f"fal-{len(self.requests) + 1}"
        self.requests[request_id] = {"id": request_id, "app": parts[:2], "input": body, "left": list(self.before)}
        place = f"https://queue.fal.run/{'/'.join(parts[:2])}/requests/{request_id}"
        return {
            "request_id": request_id, "status_url": f"{place}/status", "response_url": place, "cancel_url": f"{place}/cancel",
            "queue_position": 0,
        }  # fmt: skip

    def _status(self, request: dict[str, Any]) -> Any:
        if request["left"]:
            return Fault(202, {"status": request["left"].pop(0), "queue_position": 0, "logs": None})
        return {"status": "COMPLETED", "logs": None, "metrics": {"inference_time": 81.2}}

    def _result(self, request: dict[str, Any]) -> Any:
        url = self.host(f"{request['id']}.mp4", film(), "video/mp4")
        body = {"video": {"url": url, "content_type": "video/mp4", "file_name": "output.mp4", "file_size": len(film())}}
        return Fault(200, body, {"x-fal-billable-units": "5"})
