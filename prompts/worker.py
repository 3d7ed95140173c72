"""The process that renders: started with nothing but sources and data in its pipe, and killed when it takes too long.

Run as `python -m prompts.worker`. It reads and writes frames (four bytes of length, then JSON) on stdin and stdout; see
`prompts.process` for the other end. A request holds the files of one version (or the key of one sent before), the inputs
and the bounds; an answer holds the messages or one named error with its file and line. There is no file access in here:
the loader knows the files of the request only, and the limits forbid to open any.
"""

from __future__ import annotations

import codecs
import importlib
import json
import os
import resource
import signal
import struct
import sys
import types
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, BinaryIO

from jinja2 import TemplateNotFound, TemplateRuntimeError
from jinja2 import TemplateSyntaxError as JinjaSyntaxError

from prompts.compiled import OutOfSpace, Prompt, Stray
from prompts.environment import MissingName, SecurityError, Unprintable

KEPT_VERSIONS = 32
# What Jinja and templates load on demand; looked up before the limits are set, for nothing can be opened afterwards.
CODECS = ("ascii", "latin-1", "unicode-escape", "utf-8", "utf-16", "idna", "punycode")
MODULES = ("html", "jinja2.debug", "pprint", "textwrap", "traceback", "unicodedata")
BALLAST_BYTES = 4 << 20
Answer = dict[str, Any]


class OutOfTime(BaseException):
    """The time bound passed; no base of it is caught by anything that a template can reach."""


class Server:
    """Answers requests one after the other until the pipe is closed."""

    def __init__(self) -> None:
        self.kept: OrderedDict[str, Prompt] = OrderedDict()
        self.ballast: bytearray | None = bytearray(BALLAST_BYTES)

    def answer(self, request: Mapping[str, Any]) -> Answer:
        """Return the answer to one request; an error is an answer too."""
        if request["files"] is None and request["key"] not in self.kept:
            return {"forgotten": True}
        try:
            return self._attempt(request)
        except OutOfTime as late:  # it ran out while another error was being described
            return _describe(late, request, self.kept.get(request["key"]))

    def _attempt(self, request: Mapping[str, Any]) -> Answer:
        prompt: Prompt | None = None
        try:
            Clock.start(request["seconds"])
            prompt = self._prompt(request)
            return {"messages": prompt.messages(request["inputs"], request["bytes"])}
        except BaseException as error:  # noqa: BLE001  whatever a template raises is an answer
            Clock.stop()
            if isinstance(error, MemoryError):
                self.ballast = None  # what is left to write the answer with: the frames still hold whatever the template made
            described = _describe(error, request, prompt)
            error.__traceback__ = error.__context__ = None
            return described
        finally:
            Clock.stop()

    def _prompt(self, request: Mapping[str, Any]) -> Prompt:
        key = request["key"]
        if request["files"] is not None:
            self.kept[key] = Prompt(request["entry"], request["files"])
            if len(self.kept) > KEPT_VERSIONS:
                self.kept.popitem(last=False)
        self.kept.move_to_end(key)
        return self.kept[key]


def _describe(error: BaseException, request: Mapping[str, Any], prompt: Prompt | None) -> Answer:
    """Name an error, with its place in the user's files."""
    kind, message, more = _named(error, request)
    path, line = _place(error)
    offset = prompt.offsets.get(path, 0) if prompt else 0
    return {"error": kind, "message": message, "path": path or request["entry"], "line": line + offset if line else None, **more}


def _named(error: BaseException, request: Mapping[str, Any]) -> tuple[str, str, Answer]:
    if isinstance(error, MissingName):
        known = sorted(request["inputs"]) if error.is_variable else error.known
        return "undefined", error.message or "", {"name": error.name, "known": list(known), "is_variable": error.is_variable}
    if isinstance(error, OutOfTime):
        return "time", "", {"leaves": True}
    if isinstance(error, MemoryError):
        return "memory", "", {"leaves": True}
    if isinstance(error, RecursionError):
        return "recursion", "", {"leaves": True}
    kinds: tuple[tuple[type[BaseException], str], ...] = (
        (JinjaSyntaxError, "syntax"),
        (TemplateNotFound, "include"),
        (SecurityError, "security"),
        (OutOfSpace, "size"),
        (Stray, "stray"),
        (Unprintable, "value"),
        (UnicodeEncodeError, "surrogate"),
    )
    found = next((kind for known, kind in kinds if isinstance(error, known)), "value")
    if isinstance(error, TemplateRuntimeError) and str(error).startswith("No "):  # an unknown filter or test in a branch
        found = "syntax"
    text = error.message or "" if isinstance(error, JinjaSyntaxError) else str(error)
    named = type(error).__name__ if found == "value" and not isinstance(error, Unprintable) else ""
    return found, text[:500], {"type": named}


def _place(error: BaseException) -> tuple[str, int]:
    """Return the innermost template and line that a traceback passes through."""
    if isinstance(error, JinjaSyntaxError):
        return error.name or "", error.lineno
    path, line = "", 0
    trace: types.TracebackType | None = error.__traceback__
    while trace is not None:
        template = trace.tb_frame.f_globals.get("__jinja_template__")
        if template is not None:
            path, line = template.name, template.get_corresponding_lineno(trace.tb_lineno)
        trace = trace.tb_next
    return path, line


class Clock:
    """Bounds the processor time: an exception at the bound, and the kernel's kill soon after for code that no exception reaches."""

    running = False

    @classmethod
    def start(cls, seconds: float) -> None:
        """Start to count."""
        cls.running = True
        signal.setitimer(signal.ITIMER_PROF, seconds)
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds * 1.25 + 0.25)

    @classmethod
    def stop(cls) -> None:
        """Stop; a signal that is already on its way is ignored."""
        cls.running = False
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    @classmethod
    def ring(cls, _number: int, _frame: types.FrameType | None) -> None:
        """Handle the signal of the timer."""
        if cls.running:
            cls.running = False
            raise OutOfTime


def limit(memory: int) -> None:
    """Give up what rendering never needs: memory beyond a bound, new files, longer files, core dumps."""
    for kind, bound in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 3),
    ):
        try:
            resource.setrlimit(kind, (bound, bound))
        except (ValueError, OSError):  # macOS refuses some; the time and output bounds hold everywhere
            continue


def _read(pipe: BinaryIO) -> Any:
    head = pipe.read(4)
    if len(head) < 4:
        return None
    (size,) = struct.unpack(">I", head)
    body = pipe.read(size)
    return json.loads(body) if len(body) == size else None


def _framed(answer: Answer) -> bytes:
    body = json.dumps(answer).encode()
    return struct.pack(">I", len(body)) + body


def _write(pipe: BinaryIO, said: bytearray) -> None:
    pipe.write(said)
    pipe.flush()
    said.clear()


def main() -> None:
    """Serve until stdin is closed, or until an error after which a fresh process is wiser."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program in front
    signal.signal(signal.SIGPROF, Clock.ring)
    requests, answers = os.fdopen(0, "rb"), os.fdopen(1, "wb")
    for name in CODECS:
        codecs.lookup(name)
    for name in MODULES:
        importlib.import_module(name)
    limit(int(sys.argv[1]))
    server = Server()
    said, more = bytearray(_framed({"ready": os.getpid()})), False
    while True:
        if not more:
            _write(answers, said)
        if (request := _read(requests)) is None:
            return
        answer = server.answer(request)
        said += _framed(answer)
        more = request.get("more", False)
        if answer.get("leaves"):
            _write(answers, said)
            return


if __name__ == "__main__":
    main()
