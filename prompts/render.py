"""Render a version with the inputs of a case: the exact messages that a provider is sent.

Example: `render(registry.resolve("shot/keyframe"), case.inputs).messages` gives `(Message("system", …), Message("user", …))`.

Rendering is pure: the same version and equal inputs give the same text in any process on any day. It happens in a
process of its own (`prompts.worker`), because a template can loop for ever or ask for ten gigabytes, and only another
process can be stopped then.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import TracebackType
from typing import Any, Literal, Self, cast

from prompts import errors
from prompts.closure import hint_of, part
from prompts.identity import canonical_json
from prompts.near import meant
from prompts.process import ProcessEnded, ProcessStuck, RenderProcess
from prompts.text import estimate_tokens
from prompts.variables import prepare
from prompts.version import Version

Role = Literal["system", "user", "assistant"]

SECONDS = 2.0
OUTPUT_BYTES = 1 << 20
MEMORY_BYTES = 512 << 20
PATIENCE_SECONDS = 20.0
"""By the wall clock, before a silent process is killed. Loops end by processor time long before; the machine may be busy."""

_TIME_SIGNALS = {-signal.SIGPROF, -signal.SIGVTALRM, -signal.SIGXCPU}


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message, without white space around it."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """What came of rendering."""

    messages: tuple[Message, ...]

    @property
    def sha256(self) -> str:
        """Return the hash of the messages, as canonical JSON of pairs of role and content."""
        return hashlib.sha256(canonical_json([[message.role, message.content] for message in self.messages])).hexdigest()

    @property
    def characters(self) -> int:
        """Return the length of all messages."""
        return sum(len(message.content) for message in self.messages)

    @property
    def tokens(self) -> int:
        """Return about how many tokens the messages are; an estimate, see `prompts.text`."""
        return sum(estimate_tokens(message.content) for message in self.messages)

    @property
    def text(self) -> str:
        """Return all messages joined by blank lines: what a picture or video model is sent."""
        return "\n\n".join(message.content for message in self.messages)

    def as_json(self) -> list[dict[str, str]]:
        """Return the messages as the log keeps them."""
        return [{"role": message.role, "content": message.content} for message in self.messages]


class Renderer:
    """A rendering process with its bounds; started when first used, restarted after a kill, safe to share among threads.

    Args:
        seconds: Processor time of one rendering.
        output_bytes: The most that may come out, in UTF-8.
        memory_bytes: The most address space that the process may take.
        patience: Seconds by the wall clock after which a silent process is killed.
    """

    def __init__(
        self,
        *,
        seconds: float = SECONDS,
        output_bytes: int = OUTPUT_BYTES,
        memory_bytes: int = MEMORY_BYTES,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self.seconds = seconds
        self.patience = patience
        self.output_bytes = output_bytes
        self.memory_bytes = memory_bytes
        self._lock = threading.Lock()
        self._process: RenderProcess | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the process; a later rendering starts a new one."""
        with self._lock:
            self._drop()

    def render(self, version: Version, inputs: Mapping[str, Any]) -> Rendered:
        """Return the messages of a version for the inputs of a case.

        Raises:
            InputError: An input has the wrong type, or is no JSON value.
            UndefinedVariable: A declared input is missing, or the template uses a name that is not there.
            TemplateSyntaxError: Jinja cannot compile it.
            RenderLimitError: Time, memory, depth or size went over the bound.
            TemplateError: Anything else that goes wrong in it, such as an attempt to leave the sandbox.
        """
        return self.render_all([(version, inputs)])[0]

    def render_all(self, wanted: Sequence[tuple[Version, Mapping[str, Any]]]) -> list[Rendered]:
        """Return what `render` gives for each: asked for together, a short prompt takes half the time. Errors are those of the first."""
        values = [(version, prepare(version, inputs)) for version, inputs in wanted]
        with self._lock:
            answers = self._ask_together(values) or [self._ask(*one) for one in values]
        return [self._rendered(version, answer) for (version, _), answer in zip(wanted, answers, strict=True)]

    def _rendered(self, version: Version, answer: dict[str, Any]) -> Rendered:
        if "messages" not in answer:
            raise _error(answer, self)
        if not answer["messages"]:
            raise errors.TemplateError("the prompt is empty.", path=version.entry, hint="Nothing but white space was rendered.")
        return Rendered(tuple(Message(cast("Role", sys.intern(role)), text) for role, text in answer["messages"]))

    def _ask_together(self, values: Sequence[tuple[Version, bytes]]) -> list[dict[str, Any]]:
        """Ask for several at once; nothing where there is but one, or where one of them brings the process down: nobody knows which."""
        if len(values) < 2:
            return []
        process = self._running()
        try:
            answers: list[dict[str, Any]] = process.ask(
                [(self._request(process, version), value) for version, value in values], self.patience
            )
        except BaseException as error:
            self._drop()
            if isinstance(error, (ProcessStuck, ProcessEnded)):
                return []
            raise
        if any(answer.get("forgotten") for answer in answers):
            process.sent.clear()
            return []
        if answers[-1].get("leaves"):
            self._drop()
        return answers

    def _ask(self, version: Version, values: bytes) -> dict[str, Any]:
        """Ask the process; a second time where it died for no fault of the template, such as a stranger's kill."""
        died = False
        while True:
            process = self._running()
            request = self._request(process, version)
            try:
                answer: dict[str, Any] = process.ask([(request, values)], self.patience)[0]
            except ProcessStuck:
                self._drop()
                return {"error": "time", "message": "", "path": version.entry, "line": None}
            except ProcessEnded as end:
                self._drop()
                if end.code in _TIME_SIGNALS:
                    return {"error": "time", "message": "", "path": version.entry, "line": None}
                if died:
                    return {"error": "crash", "message": "", "path": version.entry, "line": None}
                died = True
                continue
            except BaseException:
                self._drop()  # interrupted in the middle of a frame: what follows in the pipe would be another's answer
                raise
            if answer.get("forgotten"):  # it keeps the last few versions only
                process.sent.discard(request["key"])
                continue
            if answer.get("leaves"):
                self._drop()
            return answer

    def _running(self) -> RenderProcess:
        if self._process is not None and self._process.owner != os.getpid():
            self._process = None  # after a fork the pipe is the parent's
        if self._process is None:
            try:
                self._process = RenderProcess(self.memory_bytes)
            except (ProcessEnded, ProcessStuck, OSError) as error:
                raise errors.WorkbenchError(f"The rendering process does not start ({error}).", hint="Run `workbench doctor`.") from None
        return self._process

    def _request(self, process: RenderProcess, version: Version) -> dict[str, Any]:
        key = f"{version.id} {version.entry}"
        files = None
        if key not in process.sent:
            parts = (part(path, source) for path, source in version.closure.items())
            files = {piece.path: (piece.body, piece.offset) for piece in parts}
            process.sent.add(key)
        bounds = {"seconds": self.seconds, "bytes": self.output_bytes}
        return {"key": key, "entry": version.entry, "files": files, **bounds}

    def _drop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process = None


def _error(answer: Mapping[str, Any], renderer: Renderer) -> errors.TemplateError:
    """Return the named error for what the process answered."""
    kind, message = answer["error"], str(answer["message"]).rstrip(".")
    place: dict[str, Any] = {"path": answer["path"], "line": answer["line"]}
    if kind == "undefined":
        return _undefined(answer, place)
    if kind == "syntax":
        return errors.TemplateSyntaxError(f"{message}.", **place, hint=hint_of(message))
    limits = {
        "time": f"rendering takes more than {renderer.seconds:g} seconds.",
        "memory": f"rendering takes more than {renderer.memory_bytes >> 20} MiB of memory.",
        "size": f"the prompt is longer than {renderer.output_bytes} bytes.",
        "recursion": "the template nests or calls itself too deeply.",
        "crash": "the template brings the rendering process down.",
    }
    if kind in limits:
        return errors.RenderLimitError(limits[kind], **place, hint="Look for a loop or a macro that never ends.")
    others = {
        "security": f"not allowed in a template: {message}.",
        "stray": f"there is text outside the blocks system, user and assistant: {message!r}.",
        "include": f"there is no {message!r} to include.",
        "surrogate": "the prompt holds half a character (a lone surrogate).",
    }
    named = f"{answer['type']}: " if answer.get("type") else ""
    return errors.TemplateError(others.get(kind, f"{named}{message}."), **place)


def _undefined(answer: Mapping[str, Any], place: Mapping[str, Any]) -> errors.UndefinedVariable:
    known = [str(name) for name in answer["known"]]
    what = "The case gives" if answer["is_variable"] else "It has"
    hint = meant(str(answer["name"]), known, what) if known else ""
    return errors.UndefinedVariable(f"{answer['message']}.", **place, hint=hint)


@cache
def _shared() -> Renderer:
    renderer = Renderer()
    atexit.register(renderer.close)
    return renderer


def render(version: Version, inputs: Mapping[str, Any]) -> Rendered:
    """Render with the program's shared process and the usual bounds; see `Renderer.render`."""
    return _shared().render(version, inputs)


def render_all(wanted: Sequence[tuple[Version, Mapping[str, Any]]]) -> list[Rendered]:
    """Render several at once, as `render`; see `Renderer.render_all`."""
    return _shared().render_all(wanted)
