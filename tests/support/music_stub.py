"""Contract stubs of the gateways to Suno and of ElevenLabs Music, written from section 5 of the providers' reference (providers.md),
not from real services: there is no independent server that could be installed.
"""

from __future__ import annotations

from typing import Any

from samples import song
from vendor_server import Fault, File, Seen, Vendor


class SunoApi(Vendor):
    """Section 5.1: HTTP 200 with a code in the body, two songs a task, a stream before the file."""

    def __init__(self) -> None:
        super().__init__()
        self.tasks: dict[str, dict[str, Any]] = {}
        self.before = ["PENDING", "TEXT_SUCCESS", "FIRST_SUCCESS"]

    def answer(self, seen: Seen) -> Any:
        if not seen.headers.get("Authorization", "").startswith("Bearer "):
            return {"code": 401, "msg": "You do not have access permissions"}
        if (seen.method, seen.path) == ("POST", "/api/v1/generate"):
            if "callBackUrl" not in seen.body:
                return {"code": 400, "msg": "Please enter callBackUrl."}
            task = f"suno-{len(self.tasks) + 1}"
            self.tasks[task] = {"left": list(self.before), "param": seen.body}
            return {"code": 200, "msg": "success", "data": {"taskId": task}}
        if (seen.method, seen.path) == ("GET", "/api/v1/generate/record-info"):
            task = seen.query["taskId"]
            return self._record(task) if task in self.tasks else {"code": 404, "msg": "Task not found", "data": None}
        return super().answer(seen)

    def _record(self, task: str) -> Any:
        left = self.tasks[task]["left"]
        status = left.pop(0) if left else "SUCCESS"
        done = status == "SUCCESS"
        stream = self.host("stream.mp3", b"not final", "audio/mpeg")
        songs = [
            {
                "id": f"{task}-{n}", "audioUrl": self.host(f"{task}-{n}.mp3", song() + bytes([n]), "audio/mpeg") if done else "",
                "streamAudioUrl": stream, "imageUrl": "", "prompt": "la", "modelName": "chirp-v5", "title": "Rain", "tags": "pop",
                "createTime": 1, "duration": 61.5 if done else None,
            }
            for n in range(2)
        ]  # fmt: skip
        data = {"taskId": task, "status": status, "errorCode": None, "errorMessage": None, "response": {"sunoData": songs}}
        return {"code": 200, "msg": "success", "data": data}


class SunoCookie(Vendor):
    """Section 5.2: a list of clips, polled by their ids."""

    def __init__(self) -> None:
        super().__init__()
        self.clips: dict[str, dict[str, Any]] = {}
        self.before = ["submitted", "queued", "streaming"]

    def answer(self, seen: Seen) -> Any:
        if seen.method == "POST" and seen.path in ("/api/generate", "/api/custom_generate"):
            made = [{"id": f"clip-{len(self.clips) + n}", "left": list(self.before), "status": "submitted"} for n in range(2)]
            self.clips |= {clip["id"]: clip for clip in made}
            return [self._shown(clip) for clip in made]
        if seen.method == "GET" and seen.path == "/api/get_limit":
            return {"credits_left": 50, "period": "day", "monthly_limit": 50, "monthly_usage": 0}
        if seen.method == "GET" and seen.path == "/api/get":
            return [self._next(self.clips[i]) for i in seen.query["ids"].split(",") if i in self.clips]
        return super().answer(seen)

    def _next(self, clip: dict[str, Any]) -> dict[str, Any]:
        clip["status"] = clip["left"].pop(0) if clip["left"] else "complete"
        name = f"{clip['id']}.mp3"
        final = clip["status"] == "complete"
        clip["audio_url"] = self.host(name if final else "stream.mp3", song() if final else b"not final", "audio/mpeg")
        clip |= {"duration": "60.0", "model_name": "chirp-v4"}
        return self._shown(clip)

    def _shown(self, clip: dict[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in clip.items() if k != "left"}


class SunoNewApi(Vendor):
    """Section 5.3: a task by its id, clips inside it."""

    def __init__(self) -> None:
        super().__init__()
        self.tasks: dict[str, list[str]] = {}

    def answer(self, seen: Seen) -> Any:
        match (seen.method, seen.path.strip("/").split("/")):
            case ("POST", ["suno", "submit", "music"]):
                task = f"na-{len(self.tasks) + 1}"
                self.tasks[task] = ["SUBMITTED", "QUEUED", "IN_PROGRESS"]
                return {"code": "success", "message": "", "data": task}
            case ("GET", ["suno", "fetch", task]) if task in self.tasks:
                status = self.tasks[task].pop(0) if self.tasks[task] else "SUCCESS"
                clip = {
                    "id": "c",
                    "audio_url": self.host("c.mp3", song(), "audio/mpeg"),
                    "metadata": {"duration": 30},
                    "model_name": "chirp-v4",
                }
                return {"code": "success", "data": {"task_id": task, "status": status, "data": [clip] if status == "SUCCESS" else None}}
            case ("GET", ["suno", "fetch", _]):
                return Fault(400, {"code": "task_not_exist", "message": "task_not_exist", "data": None})
        return super().answer(seen)


class ElevenLabs(Vendor):
    """Section 5.4: the song is the answer."""

    def answer(self, seen: Seen) -> Any:
        if not seen.headers.get("xi-api-key"):
            return Fault(
                401, {"detail": {"status": "needs_authorization", "message": "Neither authorization header nor xi-api-key received"}}
            )
        if (seen.method, seen.path) == ("POST", "/v1/music"):
            return File(song(), "audio/mpeg")
        if (seen.method, seen.path) == ("GET", "/v1/user/subscription"):
            return {"tier": "creator", "character_count": 0, "character_limit": 100_000, "status": "active"}
        return super().answer(seen)
