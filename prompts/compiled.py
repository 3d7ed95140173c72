"""One version, compiled by Jinja and rendered to chat messages; in the process that calls it and without a time bound.

`prompts.worker` uses it inside a process that can be killed, for templates that are being written. `prompts.store` uses it in
production, for templates that have been through a gate.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import DictLoader

from prompts.environment import PromptEnvironment, RoleMark


class OutOfSpace(Exception):
    """The output bound passed."""


class Stray(Exception):
    """Text outside the role blocks of a template that has some."""


class Prompt:
    """One version, compiled: its files, and the distance of each body's lines from the file's."""

    def __init__(self, entry: str, files: Mapping[str, tuple[str, int]]) -> None:
        self.entry = entry
        self.offsets = {path: offset for path, (_, offset) in files.items()}
        self.environment = PromptEnvironment(DictLoader({path: body for path, (body, _) in files.items()}))

    def messages(self, inputs: Mapping[str, Any], limit: int) -> list[tuple[str, str]]:
        """Render to (role, text) pairs; text of a template without role blocks is one user message."""
        template = self.environment.get_template(self.entry)
        context = template.new_context(dict(inputs))
        messages: list[tuple[str, list[str]]] = []
        outside: list[str] = []
        pieces = outside
        size = 0
        for piece in template.root_render_func(context):
            if type(piece) is RoleMark:
                pieces = outside
                if piece.opens:
                    pieces = []
                    messages.append((piece.role, pieces))
                continue
            size += len(piece.encode("utf-8"))
            if size > limit:
                raise OutOfSpace
            pieces.append(piece)
        return _assembled(messages, "".join(outside).strip())


def _assembled(messages: list[tuple[str, list[str]]], outside: str) -> list[tuple[str, str]]:
    if not messages:
        return [("user", outside)] if outside else []
    if outside:
        raise Stray(outside[:60])
    texts = ((role, "".join(pieces).strip()) for role, pieces in messages)
    return [(role, text) for role, text in texts if text]
