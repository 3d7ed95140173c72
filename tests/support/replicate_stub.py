"""A contract stub of Replicate, written from section 7 of the providers' reference (providers.md). The vendor's own client talks to
it too (test_replicate.py), so that stub and adapter cannot share a misunderstanding.
"""

from __future__ import annotations

import re
from typing import Any

from samples import film
from vendor_server import Fault, Seen, Vendor

VERSION = "ab" * 32


class Replicate(Vendor):
    """Predictions of official models and of versions, and files."""

    def __init__(self) -> None:
        super().__init__()
        self.predictions: dict[str, dict[str, Any]] = {}
        self.before = ["starting", "processing"]
        self.output: Any = None
        """What a prediction gives; an address of a film by default."""

    def answer(self, seen: Seen) -> Any:
        if not seen.headers.get("Authorization", "").startswith("Bearer "):
            return Fault(401, {"title": "Unauthenticated", "detail": "You did not pass a valid authentication token", "status": 401})
        path = seen.path.removeprefix("/v1")
        if seen.method == "GET" and path == "/account":
            return {"type": "organization", "username": "studio", "name": "Studio", "github_url": None}
        if seen.method == "POST" and path == "/files":
            return self._file(seen)
        if seen.method == "POST" and (found := re.fullmatch(r"/models/([\w-]+)/([\w.-]+)/predictions", path)):
            return self._create(f"{found[1]}/{found[2]}", "hidden", seen.body["input"])
        if seen.method == "POST" and path == "/predictions":
            return self._create("owner/model", seen.body["version"], seen.body["input"])
        if seen.method == "GET" and (found := re.fullmatch(r"/predictions/([\w-]+)", path)):
            return self._get(found[1])
        return Fault(404, {"detail": "Not found.", "status": 404})

    def _file(self, seen: Seen) -> Any:
        name, filename, data = seen.parts[0]
        assert name == "content", name
        url = self.host(f"up-{len(self.files)}", data, "application/octet-stream")
        return Fault(201, {
            "id": "file-1", "name": filename, "content_type": "image/png", "size": len(data), "etag": "e", "checksums": {}, "metadata": {},
            "created_at": "2026-11-23T10:00:00Z", "expires_at": None, "urls": {"get": url},
        })  # fmt: skip

    def _create(self, model: str, version: str, given: Any) -> Any:
        name = f"p{len(self.predictions) + 1}"
        place = f"https://api.replicate.com/v1/predictions/{name}"
        prediction = {
            "id": name, "model": model, "version": version, "input": given, "status": "starting", "output": None, "error": None,
            "logs": "", "metrics": {}, "created_at": "2026-11-23T10:00:00Z", "source": "api",
            "urls": {"get": place, "cancel": f"{place}/cancel"},
        }  # fmt: skip
        self.predictions[name] = {**prediction, "left": list(self.before)}
        return Fault(201, prediction)

    def _get(self, name: str) -> Any:
        prediction = self.predictions.get(name)
        if prediction is None:
            return Fault(404, {"detail": "Not found.", "status": 404})
        if prediction["left"]:
            prediction["status"] = prediction["left"].pop(0)
        else:
            output = self.host(f"{name}.mp4", film(), "video/mp4") if self.output is None else self.output
            prediction |= {
                "status": "succeeded",
                "output": output,
                "metrics": {"predict_time": 12.5},
                "completed_at": "2026-11-23T10:01:00Z",
            }
        return {k: v for k, v in prediction.items() if k != "left"}
