"""From a job of the plan to the request that a provider is sent: rendered, with parameters, schema and reference pictures.

Everything comes from the plan, which holds the versions' sources and the cases' inputs: a run that is resumed next year
sends the same requests, whatever has happened to the files in the workspace.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from prompts.render import render_all
from prompts.story import SCHEMAS
from prompts.version import Version, from_closure
from runs.events import CasePlan, JobPlan, VersionPlan
from runs.media import MediaStore
from runs.plan import Plan, request_key
from runs.provider import KIND_OF_STAGE, Message, Reference, Request
from runs.workspace import Workspace

REMEMBERED = 4 << 20
"""Characters of prompts that are kept, from a run's estimate for its calls and for further repeats of their cases."""


class Prompts:
    """The prompts of one plan, rendered when they are first asked for; the latest are kept. Safe to use from several threads."""

    def __init__(self) -> None:
        self._versions: dict[str, Version] = {}
        self._latest: OrderedDict[tuple[str, str], tuple[Message, ...]] = OrderedDict()
        self._rules: dict[str, str] = {}
        self._characters = 0
        self._mutex = threading.Lock()

    def of(self, version: VersionPlan, case: CasePlan) -> tuple[Message, ...]:
        """Return a version's prompt for a case, rendered or remembered: repeats have the same one, and come soon after each other.

        Raises:
            TemplateError, InputError: the template cannot be rendered with the case.
        """
        messages = self._latest.get((version["version"], case["case_id"]))
        return self._made([(version, case)])[0] if messages is None else messages

    def ahead(self, cells: Iterable[tuple[VersionPlan, CasePlan]]) -> None:
        """Render prompts that will be asked for, where they are not remembered: together they take half the time. Errors as `of`."""
        missing = {key: cell for cell in cells if (key := (cell[0]["version"], cell[1]["case_id"])) not in self._latest}
        self._made(list(missing.values()))

    def _made(self, cells: Sequence[tuple[VersionPlan, CasePlan]]) -> list[tuple[Message, ...]]:
        made = []
        wanted = [(self._version(version), case["inputs"]) for version, case in cells]
        for (version, case), rendered in zip(cells, render_all(wanted), strict=True):
            key = version["version"], case["case_id"]
            # The rules are the same text before each case of a version: kept once.
            rules = self._rules.setdefault(version["version"], rendered.messages[0].content)
            messages = tuple(Message(m.role, rules if m.content == rules else m.content) for m in rendered.messages)
            made.append(messages)
            with self._mutex:
                if key not in self._latest:
                    self._latest[key] = messages
                    self._characters += _length(messages)
                while self._characters > REMEMBERED:
                    self._characters -= _length(self._latest.popitem(last=False)[1])
        return made

    def at_hand(self, version: VersionPlan, case: CasePlan, *, last: bool = False) -> tuple[Message, ...] | None:
        """Return a prompt if it was rendered of late; forget it where nobody will ask for it again."""
        key = version["version"], case["case_id"]
        if not last:
            return self._latest.get(key)
        with self._mutex:
            messages = self._latest.pop(key, None)
            self._characters -= _length(messages or ())
        return messages

    def _version(self, version: VersionPlan) -> Version:
        known = self._versions.get(version["version"])
        if known is None:
            known = from_closure(version["template"], version["version"], version["closure"])
            self._versions[version["version"]] = known
        return known


class Requests:
    """Makes the requests of one plan. Safe to use from several threads.

    Args:
        ws: the workspace whose media store holds the reference pictures.
        plan: the plan.
        with_references: find their files in the media store; for an estimate they are named without, for it must not need them.
        again: how often failed jobs were opened once more, by their ids.
        prompts: the plan's prompts, where some are rendered already.
    """

    def __init__(
        self,
        ws: Workspace,
        plan: Plan,
        *,
        with_references: bool = True,
        again: Mapping[str, int] | None = None,
        prompts: Prompts | None = None,
    ) -> None:
        self._plan = plan
        self._prompts = prompts or Prompts()
        self._again = again or {}
        self._with_references = with_references
        self._once = len(plan.jobs) <= len(plan.versions) * len(plan.cases)
        self._store = MediaStore(ws)

    def again(self, job_id: str) -> int:
        """Return how often a job was opened again after it had failed."""
        return self._again.get(job_id, 0)

    def of(self, job: JobPlan) -> Request:
        """Return the request of a job.

        Raises:
            TemplateError, InputError: the template cannot be rendered with the case.
            MediaError: a reference picture is gone from the media store.
        """
        return self._of(job, self._prompts.of(*self._place(job)))

    def ahead(self, jobs: Iterable[JobPlan]) -> None:
        """Render the prompts of jobs whose requests will be asked for; errors as `of`."""
        self._prompts.ahead(map(self._place, jobs))

    def at_hand(self, job: JobPlan) -> Request | None:
        """Return the request of a job where nothing has to be waited for: another repeat was rendered of late, no pictures go along."""
        version, case = self._place(job)
        if "frame" in case or version["front_matter"].get("references"):
            return None
        messages = self._prompts.at_hand(version, case, last=self._once)
        if messages is None:
            return None
        return self._of(job, messages)

    def _place(self, job: JobPlan) -> tuple[VersionPlan, CasePlan]:
        plan = self._plan
        return plan.versions[plan.arms[job["arm"]]["version"]], plan.cases[job["case_id"]]

    def _of(self, job: JobPlan, messages: tuple[Message, ...]) -> Request:
        plan = self._plan
        arm, case = plan.arms[job["arm"]], plan.cases[job["case_id"]]
        version = plan.versions[arm["version"]]
        front = version["front_matter"]
        schema = str(front.get("output") or "")
        return Request(
            key=request_key(plan.run_id, job["job_id"], self.again(job["job_id"])),
            job_id=job["job_id"],
            stage=plan.event.stage,
            kind=KIND_OF_STAGE[plan.event.stage],
            messages=messages,
            model=arm["model"],
            parameters=_planned(plan.event.stage, case["inputs"], plan.parameters_of(job)),
            seed=job["seed"],
            schema_name=schema,
            schema=_schema(schema) if schema else None,
            references=self._references(case, shown=bool(front.get("references"))),
        )

    def _references(self, case: CasePlan, *, shown: bool) -> tuple[Reference, ...]:
        """Return the frame that a clip begins with, and the characters' pictures where the template wants them."""
        frame = case.get("frame")
        first = [Reference("first frame", frame["sha256"], frame["media_type"], self._path(frame["sha256"]), "frame")] if frame else []
        if not shown:
            return tuple(first)
        names = {person["id"]: person["name"] for person in case["inputs"].get("characters") or ()}
        return (
            *first,
            *(
                Reference(names.get(who, who), picture["sha256"], picture["media_type"], self._path(picture["sha256"]))
                for who, pictures in case["references"].items()
                for picture in pictures
            ),
        )

    def _path(self, sha256: str) -> Path:
        return self._store.path(sha256) if self._with_references else Path(sha256)


def _planned(stage: str, inputs: Mapping[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
    """Return a call's parameters with what the production plan says: a clip is as long as its shot, unless they say otherwise."""
    seconds = (inputs.get("shot") or {}).get("duration") if stage == "clip" else None
    return parameters if seconds is None or parameters.keys() & {"duration", "seconds"} else {"duration": seconds, **parameters}


def _length(messages: tuple[Message, ...]) -> int:
    return sum(len(message.content) for message in messages)


@cache
def _schema(name: str) -> Mapping[str, Any]:
    return SCHEMAS[name].model_json_schema()
