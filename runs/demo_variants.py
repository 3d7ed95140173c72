"""Variants for the demo's race, made from the starter's script template as people make them: a part left out, a line added.

Each is written into the workspace once; one that is there already, edited or not, stays as it is.
"""

from __future__ import annotations

import re

from prompts.errors import InputError
from prompts.files import write_whole
from runs.workspace import Workspace

SOURCE = "episode.j2"
CUTS = {
    "no-continuity": (r"连贯：\n.*?\n\n(?=台词：)", r"Continuity\n.*?\n\n(?=Dialogue\n)"),
    "no-beats": (r"节拍：\n.*?\n\n(?=连贯：)", r"Beats\n.*?\n\n(?=Continuity\n)"),
}
"""What each variant leaves out, in both languages."""
LINE = ("只输出一个 JSON 对象", "Return one JSON object")
TERSE = ("句子要短。\n", "Keep every sentence short.\n")


def written(ws: Workspace) -> tuple[str, ...]:
    """Write the variants that are missing; return the names of all that race, the starter's own version first.

    Raises:
        InputError: The starter's template is not what it was, so nothing can be left out of it.
    """
    folder = ws.prompts / "script"
    text = (folder / SOURCE).read_text("utf-8")
    for name, changed in (*((name, _without(text, cuts)) for name, cuts in CUTS.items()), ("terse", _terse(text))):
        path = folder / f"episode@{name}.j2"
        if not path.exists():
            if changed == text:
                raise InputError(f"The variant {name} cannot be made: script/{SOURCE} was changed.", hint="Try the demo in a new folder.")
            write_whole(path, changed.encode())
    return ("script/episode", *(f"script/episode@{name}" for name in (*CUTS, "terse")))


def _without(text: str, cuts: tuple[str, ...]) -> str:
    for cut in cuts:
        text = re.sub(cut, "", text, count=1, flags=re.DOTALL)
    return text


def _terse(text: str) -> str:
    for line, added in zip(LINE, TERSE, strict=True):
        text = text.replace(line, added + line, 1)
    return text
