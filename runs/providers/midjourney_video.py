"""Clips by Midjourney: a picture that begins to move. What is asked for, in the words of both ways to it.

    wish = wish_of(request, {"resolution": "720P"})       # Wish("she turns", frame, "720P", motion="", loop=False, n=1)

A clip begins with a picture: the frame of the shot where there is one, else the one reference. Its shape is the picture's,
and it has one length; a longer shot is refused, since a clip can be cut and not stretched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runs.provider import Failure, Reference, Request
from runs.providers import wanted
from runs.providers.midjourney_prompt import plain

LENGTH_S = 5
RESOLUTIONS = ("480P", "720P")
MOTIONS = ("low", "high")
BATCHES = (1, 2, 4)
TAKEN = wanted.SHAPE | wanted.LENGTH | {"resolution", "motion", "loop", "n"}


@dataclass(frozen=True, slots=True)
class Wish:
    """One clip or several of the same picture; `motion` is empty where it is Midjourney's to choose."""

    text: str
    frame: Reference
    resolution: str
    motion: str
    loop: bool
    n: int

    @property
    def line(self) -> str:
        """Return text and switches as a prompt says them, without the picture's address, which stands first."""
        return " ".join(
            [*filter(None, [self.text]), *([f"--motion {self.motion}"] if self.motion else []), *(["--loop"] if self.loop else [])]
        )


def wish_of(request: Request, given: Mapping[str, Any]) -> Wish | Failure:
    """Return what a request for a clip asks for, or why it cannot be asked."""
    if unknown := sorted(given.keys() - TAKEN):
        named = ", ".join(sorted(TAKEN - wanted.SHAPE - wanted.LENGTH))
        return Failure("invalid_request", f"a clip of Midjourney has no parameter {unknown[0]!r}; it has {named}", code="unknown_parameter")
    text, frame, length = plain(request.prompt), _frame(request), wanted.seconds(given, LENGTH_S)
    for part in (text, frame, length):
        if isinstance(part, Failure):
            return part
    if isinstance(long := wanted.next_length(float(length), (LENGTH_S,)), Failure):  # type: ignore[arg-type]
        return long
    resolution, motion, n = str(given.get("resolution", RESOLUTIONS[0])), str(given.get("motion", "")), given.get("n", 1)
    choices = (("resolution", resolution, RESOLUTIONS), ("motion", motion, ("", *MOTIONS)), ("n", n, BATCHES))
    for name, value, known in choices:
        if value not in known:
            said = ", ".join(str(k) for k in known if k)
            return Failure("invalid_request", f"{name} is one of {said}, not {str(value)[:40]!r}", code="bad_parameter")
    assert isinstance(text, str) and isinstance(frame, Reference)  # noqa: S101 - seen above
    return Wish(text, frame, resolution, motion, bool(given.get("loop")), int(n))


def _frame(request: Request) -> Reference | Failure:
    frames = [r for r in request.references if r.role == "frame"] or list(request.references)
    if len(frames) == 1:
        return frames[0]
    said = "none goes along" if not frames else f"{len(frames)} go along, none of them the shot's own"
    return Failure("invalid_request", f"a clip of Midjourney begins with one picture, and {said}", code="no_frame")
