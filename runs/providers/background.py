"""OpenAI's `/responses` in the background: an answer that is a task, so that no kill can lose it or have it paid twice.

    POST /responses {"background": true, "store": true, …}   ->  {"id": "resp_1", "status": "queued"}     at once
    GET  /responses/resp_1                                    ->  {"status": "in_progress"} … {"status": "completed", "output": […]}

| status | state |
|---|---|
| `queued`, `in_progress` | the same |
| `completed`, `incomplete` | over: what the answer is worth is read as of a call (`runs.providers.responses`) |
| `failed` | failed: what the error's code says, else `server` |
| `cancelled` | cancelled |
| HTTP 404 | lost: never made, or no longer kept |

The answers are kept at the server (`store` is true), since without it they are gone after about ten minutes. There is no list of
them that could be searched for a job whose id was lost, so such a submit stays in doubt, unless the server honours its key.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from prompts.errors import WorkspaceError
from runs.provider import Failure, Outcome, Request, TaskState
from runs.providers import responses
from runs.providers.chat import Endpoint
from runs.providers.openai_client import Said, reported_cost
from runs.providers.tables import BETWEEN, fault
from runs.settings import ProviderSettings


class BackgroundProvider(Endpoint):
    """A chat endpoint that takes tasks."""

    def __init__(self, name: str, config: ProviderSettings) -> None:
        super().__init__(name, config)
        if odd := sorted(pattern for pattern, own in self._models.items() if not own.capabilities.background):
            raise WorkspaceError(
                f"The models {odd[0]!r} of the provider {name!r} are not asked in the background, and the others are.",
                hint=f"Give them a table of their own, with preset = {name!r}.",
            )
        # A key that the server honours finds its task, or makes it: either way there is one.
        self.look_up = config.capabilities.idempotent

    async def submit(self, request: Request) -> str | Failure:
        """Hand a call in, once; its id comes at once."""
        asked = self._asked(request)
        if isinstance(asked, Failure):
            return asked
        said = await self.post(responses.PATH, request, asked)
        if said.failure is not None or said.body is None:
            return _of_a_submit(said)
        task_id = said.body.get("id")
        if isinstance(task_id, str) and task_id:
            return task_id
        failure = responses.read(said.body, request).failure
        return failure or Failure("malformed", "the answer to the submit names no response", code="no_task_id")

    async def poll(self, task_id: str, request: Request) -> TaskState:
        """Ask how an answer stands, and read it once it is there."""
        said = await self.get(f"{responses.PATH}/{quote(task_id, safe='')}")
        if said.got.get("status") == 404:
            return TaskState("lost")
        if said.failure is not None or said.body is None:
            return fault(said.failure or Failure("malformed", "the poll was not answered"), self.options.poll_s)
        match said.body.get("status"):
            case "queued":
                return TaskState("queued", poll_after_s=self.options.poll_s)
            case "in_progress":
                return TaskState("running", poll_after_s=self.options.poll_s)
            case "cancelled":
                return TaskState("cancelled")
            case _:
                outcome = self._outcome(said, said.body, request)
                return TaskState("failed" if outcome.failure else "succeeded", outcome, self.options.poll_s)

    async def find(self, request: Request) -> str | None:
        """Return the task of a server that honours the job's key; None elsewhere: OpenAI lists no responses."""
        if not self.look_up:
            return None
        found = await self.submit(request)
        return None if isinstance(found, Failure) else found

    def _asked(self, request: Request) -> dict[str, Any] | Failure:
        model = self.model_of(request)
        return responses.build(request, self.settings_of(model), model)

    def _outcome(self, said: Said, body: Any, request: Request) -> Outcome:
        answer, asked = responses.read(body, request), self._asked(request)
        return Outcome(
            assets=answer.assets, failure=answer.failure, usage=answer.usage, cost_usd=reported_cost(said.headers),
            model_resolved=answer.model or "", wire_response=said.got,
            wire_request={} if isinstance(asked, Failure) else self.sent(responses.PATH, request, asked),
        )  # fmt: skip


def _of_a_submit(said: Said) -> Failure:
    """Return why a submit gave no task: a bare error of a proxy on the way says nothing of its fate."""
    failure = said.failure or Failure("malformed", "the submit was not answered")
    status = said.got.get("status")
    if status in BETWEEN and failure.code == str(status):
        return Failure("timeout", f"a gateway on the way gave up (HTTP {status}); the call may still be billed", failure.code)
    return failure
