"""Fountain: plain text that screenwriters' tools read. What it has no words for goes into notes, which are never printed.

    INT. pier - NIGHT #s1#

    [[scene {"story_day": 1, "present": ["mei"]}]]

    [[beat {"id": "b1", "function": "hook", "emotion": 6, "lines": [{"id": "l1", "speaker": "mei"}]}]]

    !She throws the ring into the harbour.

    @MEI
    (quietly)
    Then we are enemies.

With notes a script comes back as it went; without them (for actors) the ids and declared changes are lost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from prompts.story import Beat, Line, Scene, Script
from runs.screenplay.elements import Element

_EXTENSIONS = {"vo": "V.O.", "os": "O.S."}
NARRATOR = "NARRATOR"
_BONEYARD = re.compile(r"/\*.*?\*/", re.DOTALL)
_NOTE = re.compile(r"\[\[(.*?)\]\]", re.DOTALL)
_HEADING = re.compile(r"^(?:\d+[.、]\s*)?(?:(?:INT|EXT|EST|I/E)[. /]|内景|外景|内外景)", re.IGNORECASE)
_NUMBER = re.compile(r"\s*#([^#\s]+)#\s*$")
_TITLE = re.compile(r"^([A-Za-z][A-Za-z ]*):\s*(.*)$")
_SKIPPED = re.compile(r"^(?:={1,2}[^=]|={3,}\s*$|#|>.*[^<]$|[A-Z .]+ TO:$)")
_CHINESE_CUE = re.compile(r"^([^\s，。！？；：:,.!?]{1,8}(?:[（(][^（）()]*[）)])?)：\s*(\S.*)$")


def read(text: str) -> tuple[str, list[Element]]:
    """Return the title and the elements of a Fountain text; never raises for what it holds.

    screenplay-tools takes headings and cues of Latin letters only and reads ` #3` as a tag, so reading is done here; what it
    reads is the reference of the tests. Beside Fountain's own, the usual Chinese forms are read: `内景 码头 夜` and `梅：走。`.
    """
    # Notes keep their place as lines of their own; those inside a paragraph are taken out of it.
    kept: list[str] = []
    plain = _each(_BONEYARD, "*/", "", text.lstrip("\ufeff").replace("\r\n", "\n"))

    def put_aside(found: re.Match[str]) -> str:
        kept.append(found[1])
        return f"\x00{len(kept) - 1}\x00"

    marked = _each(_NOTE, "]]", put_aside, plain.replace("\x00", ""))
    title, lines = _title_page(marked.split("\n"))
    return title, list(_Blocks(lines, kept))


def _each(pattern: re.Pattern[str], closing: str, put: str | Callable[[re.Match[str]], str], text: str) -> str:
    """Replace every pair; what opens after the last closing is not looked for to the end of the text, again and again."""
    end = text.rfind(closing) + len(closing) if closing in text else 0
    return pattern.sub(put, text[:end]) + text[end:]


def _title_page(lines: list[str]) -> tuple[str, list[str]]:
    if not lines or not _TITLE.match(lines[0]):
        return "", lines
    end = next((i for i, line in enumerate(lines) if not line.strip()), len(lines))
    found: dict[str, list[str]] = {}
    key = ""
    for line in lines[:end]:
        head = _TITLE.match(line)
        key = head[1].casefold() if head else key
        found.setdefault(key, []).append(head[2] if head else line)
    return " ".join(" ".join(found.get("title", [])).strip("_* ").split()), lines[end:]


class _Blocks:
    """Yields the elements of lines, block by block: blank lines part blocks."""

    def __init__(self, lines: list[str], notes: list[str]) -> None:
        self._lines, self._notes = lines, notes

    def __iter__(self) -> Iterator[Element]:
        block: list[str] = []
        # Two blanks keep a line in its speech.
        for line in [*self._lines, ""]:
            if line.strip() or (block and line == "  "):
                block.append(line.strip())
            elif block:
                yield from self._block(block)
                block = []

    def _block(self, block: list[str]) -> Iterator[Element]:
        lines = []
        for line in block:
            for number in re.findall(r"\x00(\d+)\x00", line):
                yield Element("note", self._notes[int(number)])
            bare = re.sub(r"\x00\d+\x00", "", line).strip()
            if bare:
                lines.append(bare)
        if not lines:
            return
        first = lines[0]
        if first.startswith("@") or (len(lines) > 1 and _is_cue(first)):
            yield Element("cue", first.removeprefix("@").rstrip("^ "))
            yield from _speech(lines[1:])
        elif _is_heading(first):
            number = _NUMBER.search(first)
            yield Element("heading", _NUMBER.sub("", first).removeprefix("."), number[1] if number else "")
            yield from _actions(lines[1:])
        else:
            yield from _actions(lines)


def _is_heading(line: str) -> bool:
    return (line.startswith(".") and not line.startswith("..")) or bool(_HEADING.match(line))


def _is_cue(line: str) -> bool:
    name = re.sub(r"\([^)]*\)", "", line)
    return name.upper() == name and name.lower() != name and not _SKIPPED.match(line) and not line.startswith(("!", "."))


def _speech(lines: list[str]) -> Iterator[Element]:
    for number, line in enumerate(lines):
        # A parenthesis with nothing after it is what is said.
        how = line.startswith(("(", "（")) and line.endswith((")", "）")) and number < len(lines) - 1
        yield Element("manner" if how else "speech", line.removeprefix("~").strip())


def _actions(lines: list[str]) -> Iterator[Element]:
    paragraph: list[str] = []
    for line in lines:
        said = _CHINESE_CUE.match(line)
        if said and not line.startswith("!"):
            if paragraph:
                yield Element("action", " ".join(paragraph))
            paragraph = []
            yield from (Element("cue", said[1]), Element("speech", said[2]))
        elif line.startswith("!") or not _SKIPPED.match(line):
            paragraph.append(line.removeprefix("!").removeprefix(">").removesuffix("<").strip() if line[0] in "!>" else line)
    if paragraph:
        yield Element("action", " ".join(paragraph))


def write(script: Script, people: Mapping[str, str] | None = None, places: Mapping[str, str] | None = None, *, notes: bool = True) -> str:
    """Return a script as Fountain.

    Args:
        script: the script.
        people: names by id, for cues; ids where there is none.
        places: names by id, for headings.
        notes: keep ids, functions and changes in notes, so that it can be read back whole.
    """
    out = [f"Title: {_one_line(script.title)}", ""]
    for scene in script.scenes:
        place = (places or {}).get(scene.location, scene.location)
        flashback = " (FLASHBACK)" if scene.flashback else ""
        # The number of the scene is its id.
        out += ["", f"INT. {_one_line(place)} - {scene.daypart.upper()}{flashback} #{scene.id}#", ""]
        if notes:
            out += [_note("scene", _scene_facts(scene)), ""]
        for beat in scene.beats:
            out += _beat(beat, people or {}, notes)
    return "\n".join(out).strip() + "\n"


def _scene_facts(scene: Scene) -> dict[str, Any]:
    return scene.model_dump(mode="json", exclude={"beats"}, exclude_none=True)


def _beat(beat: Beat, people: Mapping[str, str], notes: bool) -> Iterator[str]:
    if notes:
        lines = [x.model_dump(mode="json", exclude={"text", "manner"}, exclude_defaults=True) for x in beat.lines]
        facts = beat.model_dump(mode="json", exclude={"action", "lines"}, exclude_defaults=True) | {"actors": beat.actors, "lines": lines}
        yield from (_note("beat", facts), "")
    if beat.action.strip():
        yield from (f"!{_one_line(beat.action)}", "")
    for line in beat.lines:
        yield from _line(line, people)


def _line(line: Line, people: Mapping[str, str]) -> Iterator[str]:
    name = people.get(line.speaker, line.speaker) if line.speaker else NARRATOR
    extension = f" ({_EXTENSIONS[line.kind]})" if line.kind in _EXTENSIONS else ""
    # The sign makes any line a cue: Chinese has no capitals.
    yield f"@{_one_line(name).upper()}{extension}"
    if line.manner.strip():
        yield f"({_one_line(line.manner)})"
    yield from (_one_line(line.text), "")


def _note(kind: str, facts: Mapping[str, Any]) -> str:
    text = json.dumps(facts, ensure_ascii=False).replace("]]", "]\\u005d").replace("[[", "[\\u005b")
    return f"[[{kind} {text}]]"


def _one_line(text: str) -> str:
    # What would be read as a note or a comment is written apart: Fountain has no other way.
    return re.sub(r"(?<=\[)(?=\[)|(?<=/)(?=\*)", " ", " ".join(text.replace("\x00", "").split()))
