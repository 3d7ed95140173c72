"""A stub of Kling's interface, written from section 4 of the design's providers.md.

There is no independent server or client of it that could be installed, and it was never compared with the real service: it
is our reading of that document, and no more. It checks what the document says of credentials and of the uniqueness of
`external_task_id`, counts tasks, and keeps elements.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
from adapter_kit import FILM, png, provider, reference
from vendor_server import Fault, Seen, Vendor

ACCESS, SECRET, STATIC = "access-key-planted-01", "secret-key-planted-0123456789-abcdef", "api-key-kling-planted-0123456789"
ELEMENTS = "/v1/general/advanced-custom-elements"


@dataclass
class Task:
    """A task: the states that it goes through, one a poll, and what it gives in the end."""

    id: str
    seen: Seen
    states: list[str]
    result: dict[str, Any]
    message: str = ""
    units: str | None = None
    fileless: int = 0
    external: str = ""


@dataclass
class Kling(Vendor):
    """`next_*` script the task that is submitted next."""

    tasks: dict[str, Task] = field(default_factory=dict)
    elements: list[dict[str, Any]] = field(default_factory=list)
    next_states: list[str] = field(default_factory=lambda: ["submitted", "processing", "succeed"])
    next_message: str = ""
    next_units: str | None = "0.6"
    next_fileless: int = 0

    def __post_init__(self) -> None:
        super().__init__()

    def answer(self, seen: Seen) -> Any:
        """Answer as the service does."""
        if (refusal := self._who(seen)) is not None:
            return refusal
        if seen.path.startswith(ELEMENTS):
            return self._element(seen)
        if seen.method == "POST":
            return self._submit(seen)
        if "pageNum" in seen.query and not seen.path.startswith(ELEMENTS):
            tasks = [t for t in self.tasks.values() if t.seen.path == seen.path]
            return envelope([{"task_id": t.id, "task_status": t.states[0]} for t in tasks])
        create, _, task_id = seen.path.rpartition("/")
        by_name = (t for t in self.tasks.values() if task_id in (t.id, t.external))
        task = next((t for t in by_name if t.seen.path == create), None)
        return self._state(task) if task else error(404, 1203, "resource not found")

    def _who(self, seen: Seen) -> Fault | None:
        token = seen.headers.get("Authorization", "").removeprefix("Bearer ")
        if not token:
            return error(401, 1001, "Authorization is empty")
        if token == STATIC:
            return None
        try:
            claims = jwt.decode(token, SECRET, algorithms=["HS256"], options={"require": ["iss", "exp", "nbf"]})
        except jwt.ImmatureSignatureError:
            return error(401, 1003, "Authorization is not yet valid")
        except jwt.ExpiredSignatureError:
            return error(401, 1004, "Authorization has expired")
        except jwt.PyJWTError as wrong:
            return error(401, 1002, f"Authorization is invalid: {wrong}")
        assert set(claims) == {"iss", "exp", "nbf"} and claims["exp"] - claims["nbf"] == 1805
        assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
        return None if claims["iss"] == ACCESS else error(401, 1002, "unknown access key")

    def _submit(self, seen: Seen) -> Any:
        external = seen.body.get("external_task_id", "")
        if external and any(t.external == external for t in self.tasks.values()):
            return error(400, 1201, f"external_task_id {external} already exists")
        video = seen.path.startswith("/v1/videos/")
        n = len(self.tasks) + 1
        if video:
            url = self.host(f"{n}.mp4", FILM, "video/mp4")
            result: dict[str, Any] = {"videos": [{"id": f"v{n}", "url": url, "duration": seen.body.get("duration", "5") + ".1"}]}
        else:
            urls = [self.host(f"{n}-{k}.png", png(), "image/png") for k in range(seen.body.get("n", 1))]
            result = {"images": [{"index": k, "url": url} for k, url in enumerate(urls)]}
        task = Task(f"k-{n}", seen, list(self.next_states), result, self.next_message, self.next_units, self.next_fileless, external)
        self.tasks[task.id] = task
        return envelope({"task_id": task.id, "task_status": "submitted", "task_info": {"external_task_id": external}, "created_at": 1})

    def _state(self, task: Task) -> Any:
        state = task.states.pop(0) if len(task.states) > 1 else task.states[0]
        data: dict[str, Any] = {"task_id": task.id, "task_status": state, "task_info": {"external_task_id": task.external}}
        if task.message:
            data["task_status_msg"] = task.message
        if state == "succeed":
            ready = task.fileless <= 0
            task.fileless -= 1
            data["task_result"] = task.result if ready else {}
        if state in ("succeed", "failed") and task.units is not None:
            data["final_unit_deduction"] = task.units
        return envelope(data)

    def _element(self, seen: Seen) -> Any:
        if seen.method == "POST":
            element = {**seen.body, "task_id": f"e-{len(self.elements) + 1}", "element_id": 9007199254740993 + len(self.elements)}
            self.elements.append(element)
            return envelope({"task_id": element["task_id"], "task_status": "submitted"})
        tail = seen.path.removeprefix(ELEMENTS).strip("/")
        if not tail:
            rows = [{"element_id": e["element_id"], "element_name": e["element_name"]} for e in self.elements]
            page, size = int(seen.query["pageNum"]), int(seen.query["pageSize"])
            return envelope([{"task_result": {"elements": [row]}} for row in rows[(page - 1) * size : page * size]])
        found = next(e for e in self.elements if e["task_id"] == tail)
        made = {"elements": [{"element_id": found["element_id"], "element_name": found["element_name"]}]}
        return envelope({"task_id": tail, "task_status": "succeed", "task_result": made})


def envelope(data: Any) -> dict[str, Any]:
    return {"code": 0, "message": "SUCCEED", "request_id": "r", "data": data}


def error(status: int, code: int, message: str) -> Fault:
    return Fault(status, {"code": code, "message": message, "request_id": "r"})


PERSON = png("blue", (400, 600))


def made(folder: Path, kling: Kling, **table: Any) -> Any:
    """Make a provider of the stub, with quick polls."""
    options = {"poll_s": 0.01, **table.pop("options", {})}
    return provider(folder, "kling", kling.base_url, options=options, **table)


def person(folder: Path, name: str = "mei", data: bytes = PERSON) -> Any:
    """Refer to a picture that Kling takes."""
    return reference(folder, name, data)
