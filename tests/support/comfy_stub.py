"""A contract stub of ComfyUI's server, written from section 8 of the providers' reference (providers.md): the real one is no package,
and needs a model of several gigabytes.
"""

from __future__ import annotations

import json
from typing import Any

from samples import film, picture, song
from vendor_server import Fault, File, Seen, Vendor

CLASSES = {"KSampler", "CLIPTextEncode", "LoadImage", "SaveImage", "CheckpointLoaderSimple", "PreviewImage", "SaveVideo"}
WORKFLOW: dict[str, Any] = {
    "3": {"class_type": "KSampler", "inputs": {"seed": 1, "steps": 20, "positive": ["6", 0]}, "_meta": {"title": "Sampler"}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["4", 1]}, "_meta": {"title": "Positive"}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "bad", "clip": ["4", 1]}, "_meta": {"title": "Negative"}},
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd.safetensors"}, "_meta": {"title": "Model"}},
    "9": {"class_type": "SaveImage", "inputs": {"images": ["3", 0]}, "_meta": {"title": "Save"}},
}
FACE = {"12": {"class_type": "LoadImage", "inputs": {"image": "example.png"}, "_meta": {"title": "Face"}}}


class Comfy(Vendor):
    """One server: a prompt is pending, then running, then in the history; the same id is taken as often as it is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.prompts: list[dict[str, Any]] = []
        self.uploads: dict[str, bytes] = {}
        self.steps = 1
        """Questions after which a prompt goes on by one step."""
        self.outputs: dict[str, Any] = {"9": {"images": [{"filename": "out_1_.png", "subfolder": "s", "type": "output"}]}}
        self.views = {"out_1_.png": File(picture("out"), "image/png")}
        self.views |= {"out.mp4": File(film(), "video/mp4"), "out.mp3": File(song(), "audio/mpeg")}
        self.ends: dict[str, Any] = {"status_str": "success", "completed": True, "messages": []}

    def answer(self, seen: Seen) -> Any:
        match (seen.method, seen.path.strip("/").split("/")):
            case ("POST", ["prompt"]):
                return self._prompt(seen.body)
            case ("GET", ["history", prompt_id]):
                found = next((p for p in self.prompts[::-1] if p["id"] == prompt_id and p["left"] <= 0), None)
                return {prompt_id: {"prompt": [], "outputs": self.outputs, "status": self.ends}} if found else {}
            case ("GET", ["system_stats"]):
                return {"system": {"os": "posix", "comfyui_version": "0.3.60"}, "devices": []}
            case ("GET", ["queue"]):
                return self._queue()
            case ("GET", ["object_info", name]):
                return {name: {"input": {}}} if name in CLASSES else {}
            case ("POST", ["upload", "image"]):
                return self._upload({name: (filename, data) for name, filename, data in seen.parts})
            case ("GET", ["view"]):
                return self.views.get(seen.query["filename"]) or Fault(404, "")
        return super().answer(seen)

    def _prompt(self, body: Any) -> Any:
        if unknown := [n["class_type"] for n in body["prompt"].values() if n["class_type"] not in CLASSES]:
            return Fault(400, {"error": {"type": "invalid_prompt", "message": f"Cannot execute: {unknown[0]}"}, "node_errors": {}})
        self.prompts.append({"id": body["prompt_id"], "graph": body["prompt"], "left": 2 * self.steps})
        return {"prompt_id": body["prompt_id"], "number": len(self.prompts), "node_errors": {}}

    def _queue(self) -> Any:
        lists: dict[str, list[Any]] = {"queue_running": [], "queue_pending": []}
        for number, prompt in enumerate(self.prompts):
            if prompt["left"] > 0:
                lists["queue_pending" if prompt["left"] > self.steps else "queue_running"].append([number, prompt["id"], {}, {}, []])
            prompt["left"] -= 1
        return json.loads(json.dumps(lists))

    def _upload(self, form: dict[str, tuple[str, bytes]]) -> Any:
        filename, data = form["image"]
        self.uploads[filename] = data
        return {"name": filename, "subfolder": form["subfolder"][1].decode(), "type": form["type"][1].decode()}
