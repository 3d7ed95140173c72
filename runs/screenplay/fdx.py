"""Final Draft's FDX: XML paragraphs. Read with all their runs of text, written through screenplay-tools.

A paragraph is often cut into several `Text` elements (one word in italics, one revised); the library's reader keeps the first of
them only, so reading is done here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree as ET

from prompts.errors import InputError
from prompts.story import Script
from runs.screenplay.elements import Element, Type
from runs.screenplay.fountain import _EXTENSIONS, NARRATOR

_TYPES: dict[str, Type] = {
    "Scene Heading": "heading", "Shot": "heading", "Character": "cue", "Dialogue": "speech", "Lyrics": "speech", "Singing": "speech",
    "Parenthetical": "manner",
}  # fmt: skip
_NO_TEXT = ("Transition", "New Act", "End of Act")
_DECLARES = re.compile(r"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
# What XML 1.0 cannot hold, not even escaped; a model's script may.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read(text: str) -> tuple[str, list[Element]]:
    """Return the title and the elements of an FDX text.

    Raises:
        InputError: it is no XML, or not Final Draft's, or declares entities.
    """
    if _DECLARES.search(text):
        raise InputError("The FDX file declares a document type or entities, which Final Draft never does; it is not read.")
    try:
        root = ET.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text.lstrip("\ufeff")))  # noqa: S314
    except ET.ParseError as error:
        raise InputError(f"The FDX file is no XML: {error}.", hint="Export it from Final Draft again.") from None
    content = root.find("Content")
    if root.tag != "FinalDraft" or content is None:
        raise InputError("That is no Final Draft document: it has no FinalDraft element with a Content.")
    title = " ".join("".join(t.itertext()) for t in root.findall("./TitlePage/Content/Paragraph[@Type='Title']/Text")).strip()
    elements = []
    for paragraph in content.iter("Paragraph"):
        kind = paragraph.get("Type", "Action")
        said = "".join("".join(run.itertext()) for run in paragraph.findall("Text"))
        if said.strip() and kind not in _NO_TEXT:
            elements.append(Element(_TYPES.get(kind, "action"), said, (paragraph.get("Number") or "").strip()))
    return title, elements


def write(script: Script, people: Mapping[str, str] | None = None, places: Mapping[str, str] | None = None) -> str:
    """Return a script as FDX; names in cues and headings where they are given, ids elsewhere. What XML cannot hold is left out."""
    from screenplay_tools import screenplay as tools
    from screenplay_tools.fdx.writer import Writer

    made = tools.Script()
    for scene in script.scenes:
        place = (places or {}).get(scene.location, scene.location)
        flashback = " (FLASHBACK)" if scene.flashback else ""
        made.add_element(tools.SceneHeading(_plain(f"INT. {place.upper()} - {scene.daypart.upper()}{flashback}")))
        for beat in scene.beats:
            if beat.action.strip():
                made.add_element(tools.Action(_plain(beat.action)))
            for line in beat.lines:
                name = (people or {}).get(line.speaker, line.speaker) if line.speaker else NARRATOR
                made.add_element(tools.Character(_plain(name.upper()), _EXTENSIONS.get(line.kind)))
                if line.manner.strip():
                    made.add_element(tools.Parenthetical(_plain(line.manner)))
                made.add_element(tools.Dialogue(_plain(line.text)))
    text: str = Writer().write(made)
    return text


def _plain(text: str) -> str:
    return _NOT_XML.sub("", text)
