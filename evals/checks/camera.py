"""S07 and S08: the words for the camera agree with what was planned, and with a vertical picture."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evals.checks.camera_words import ANGLES, CAMERA_LINE, GOES_ON, LOOSE, MOVES, OTHER_FORMAT, OTHER_RATIO, SIZES
from evals.checks.hit import Hit
from evals.checks.prompt import MOVING, PICTURES, Prompt

CLASH = {("low", "high"), ("low", "overhead"), ("low", "eye_level"), ("high", "eye_level"), ("overhead", "eye_level")}
"""Angles that one picture cannot have at once; over the shoulder and point of view go with any."""
_NEVER = re.compile("(?!)")


def contradictions(prompt: Prompt) -> Iterator[Hit]:
    """S07: the camera does what was planned and one thing only: its move in a clip, its size and angle in every picture."""
    if prompt.stage not in (*PICTURES, *MOVING) or prompt.frame is None:
        return
    text = prompt.folded
    if prompt.stage in MOVING:
        yield from _moves(prompt, text)
    sizes = {name for name, pattern in SIZES.items() if pattern.search(text)}
    if sizes and prompt.frame.size not in sizes and prompt.frame.size in SIZES:
        said = SIZES[min(sizes)].search(text)
        yield _hit(
            prompt, said.group() if said else min(sizes), f"size:{prompt.frame.size}", f"the shot is planned as {prompt.frame.size!r}"
        )
    angles = {name for name, pattern in ANGLES.items() if pattern.search(text)}
    if angles and (
        any({a, prompt.frame.angle} in map(set, CLASH) for a in angles) or any({a, b} in map(set, CLASH) for a in angles for b in angles)
    ):
        wrong = min(angles - {prompt.frame.angle} or angles)
        said = ANGLES[wrong].search(text)
        yield _hit(prompt, said.group() if said else wrong, f"angle:{prompt.frame.angle}", f"the shot is planned as {prompt.frame.angle!r}")


def _moves(prompt: Prompt, text: str) -> Iterator[Hit]:
    planned = prompt.frame.move if prompt.frame else "static"
    named = " \n ".join([*(m["text"] for m in CAMERA_LINE.finditer(text)), *(m["text"] for m in GOES_ON.finditer(text))])
    found = {name for name, pattern in MOVES.items() if pattern.search(text)}
    found |= {name for name, pattern in LOOSE.items() if pattern.search(named)}
    if planned != "static" and not found and LOOSE.get(planned, MOVES.get(planned, _NEVER)).search(text):
        found = {planned}
    wrong = found - {planned}
    if wrong:
        name = min(wrong)
        said = MOVES[name].search(text) or LOOSE[name].search(named)
        yield _hit(prompt, said.group().strip() if said else name, f"move:{name}", f"the shot is planned as {planned!r}; one move a shot")
    elif planned != "static" and planned in MOVES and not found:
        text_ = f"The shot is planned as {planned!r}, and the prompt names no camera move. Name it."
        yield Hit(prompt.where, planned, text_, f"move:{planned}")


def _hit(prompt: Prompt, said: str, cause: str, why: str) -> Hit:
    return Hit(prompt.where, said, f"The prompt says {said!r}, but {why}. Let them agree.", cause)


def aspect(prompt: Prompt) -> Iterator[Hit]:
    """S08: no word asks for another picture than the vertical one."""
    if prompt.stage not in (*PICTURES, *MOVING) or prompt.aspect != "9:16":
        return
    # A sheet shows its views side by side and may be wide.
    text = prompt.folded if prompt.stage != "character" else ""
    found = min(filter(None, (OTHER_RATIO.search(text), OTHER_FORMAT.search(text))), key=re.Match.start, default=None)
    if found:
        words = found.group().strip()
        yield Hit(prompt.where, words, f"{words!r} asks for another format than {prompt.aspect}. Take it out.", "aspect")
