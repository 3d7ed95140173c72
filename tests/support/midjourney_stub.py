"""Contract stubs of both ways to Midjourney, written from section 3 of the providers' reference (providers.md), not from a
real service: there is no independent server that could be installed. What the documents leave open, these leave open too.
"""

from __future__ import annotations

from typing import Any

from adapter_kit import FILM
from samples import picture
from vendor_server import Fault, Seen, Vendor


def _hosted(vendor: Vendor, name: str) -> str:
    return vendor.host(name, FILM, "video/mp4") if name.endswith(".mp4") else vendor.host(name, picture(name), "image/png")


class Youchuan(Vendor):
    """Section 3.2: jobs by number, four pictures each, headers for app and secret."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: dict[str, dict[str, Any]] = {}
        self.before = [0, 1]
        """Statuses that a job goes through before it is done."""

    def answer(self, seen: Seen) -> Any:
        if not (seen.headers.get("x-youchuan-app") and seen.headers.get("x-youchuan-secret")):
            return Fault(401, {"message": "unknown app"})
        if (seen.method, seen.path) == ("POST", "/v1/tob/diffusion"):
            return self._diffusion(seen.body["text"], "png")
        if (seen.method, seen.path) == ("POST", "/v1/tob/video-diffusion"):
            return self._diffusion(seen.body["prompt"], "mp4")
        if seen.method == "GET" and seen.path.startswith("/v1/tob/job/"):
            return self._job(seen.path.rpartition("/")[2])
        return super().answer(seen)

    def _diffusion(self, text: str, suffix: str) -> Any:
        if not 1 <= len(text) <= 8192:
            return Fault(400, {"message": "bad prompt"})
        job = {"id": f"yc-{len(self.jobs) + 1}", "status": 0, "text": text, "left": list(self.before), "urls": [], "comment": ""}
        job["suffix"] = suffix
        self.jobs[job["id"]] = job
        return {k: v for k, v in job.items() if k != "left"}

    def _job(self, job_id: str) -> Any:
        job = self.jobs.get(job_id)
        if job is None:
            return Fault(404, {"message": "no such job"})
        if job["left"]:
            job["status"] = job["left"].pop(0)
        else:
            names = [f"{job_id}-{n}.{job['suffix']}" for n in range(4)]
            job |= {"status": 2, "comment": "成功", "urls": [_hosted(self, name) for name in names]}
        return {k: v for k, v in job.items() if k != "left"}


class Proxy(Vendor):
    """Section 3.4: `/mj/submit`, HTTP 200 with a code, one grid of four a task."""

    def __init__(self) -> None:
        super().__init__()
        self.tasks: dict[str, dict[str, Any]] = {}
        self.before = ["SUBMITTED", "IN_PROGRESS"]
        self.needs: tuple[str, str] | None = None
        """Header and value without which there is a 401 in plain text."""

    def answer(self, seen: Seen) -> Any:
        if self.needs and seen.headers.get(self.needs[0]) != self.needs[1]:
            return Fault(401, "Unauthorized")
        match (seen.method, seen.path.split("/")[2:]):
            case ("POST", ["submit", "imagine"]):
                return self._made({"prompt": seen.body["prompt"], "state": seen.body.get("state")}, "IMAGINE")
            case ("POST", ["submit", "video"]):
                return self._made({"state": seen.body.get("state"), "clips": seen.body["batchSize"]}, "VIDEO")
            case ("POST", ["submit", "change"]):
                if seen.body["taskId"] not in self.tasks:
                    return {"code": 3, "description": "关联任务不存在或已失效", "properties": {}}
                return self._made({"state": seen.body.get("state"), "of": seen.body["taskId"]}, seen.body["action"])
            case ("GET", ["task", "list"]):
                return [self._shown(task) for task in list(self.tasks.values())[::-1]]
            case ("GET", ["task", task_id, "fetch"]):
                return self._fetched(self.tasks[task_id]) if task_id in self.tasks else None
        return super().answer(seen)

    def _made(self, given: dict[str, Any], action: str) -> Any:
        task = {"id": f"mj-{len(self.tasks) + 1}", "action": action, "status": "NOT_START", "left": list(self.before), **given}
        self.tasks[task["id"]] = task
        return {"code": 1, "description": "提交成功", "result": task["id"], "properties": {}}

    def _fetched(self, task: dict[str, Any]) -> Any:
        if task["left"]:
            preview = self.host("preview.webp", b"RIFF\0\0\0\0WEBPpreview", "image/webp")
            task |= {"status": task["left"].pop(0), "progress": "37%", "imageUrl": preview}
        else:
            name = f"{task['id']}.png"
            task |= {"status": "SUCCESS", "progress": "100%", "imageUrl": self.host(name, picture(name), "image/png")}
            if clips := task.get("clips"):
                task["videoUrls"] = [_hosted(self, f"{task['id']}-{n}.mp4") for n in range(clips)]
        return self._shown(task)

    def _shown(self, task: dict[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in task.items() if k != "left"}
