"""The published response function as Markdown, written from the tables that the studio itself reads.

`python -m runs.studio.table docs/studio.md` brings the document up to date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from runs.studio import direction as d
from runs.studio import expression
from runs.studio.expression import EMOTIONS, Units
from runs.studio.lexicon import APPEARANCE, Entry

START, END = "<!-- response function: written by runs.studio.table -->", "<!-- end of the response function -->"


def _rows(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows])


def _phrases(english: tuple[str, ...], chinese: tuple[str, ...]) -> str:
    return ", ".join(f"`{p}`" for p in english) + ("; " + " ".join(chinese) if chinese else "")


def _words(words: d.Words) -> str:
    return _phrases(words.english, words.chinese)


def _numbers(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in values.items())


def _effect(entry: Entry) -> str:
    hinted = f"; if nothing else says: {_numbers(entry.hints)}" if entry.hints else ""
    return _numbers(entry.sets) + hinted


def _units(units: Units) -> str:
    return _numbers(expression.to_json(units)) or "all at rest"


def response_table() -> str:
    """Return every table of the response function as one piece of Markdown."""
    parts = {
        "Looks": _rows(("topic", "words", "fixes (0-1)"), ((e.topic, _phrases(e.english, e.chinese), _effect(e)) for e in APPEARANCE)),
        "Feeling": _rows(
            ("emotion", "words", "action units at full strength"), ((k, _words(w), _units(EMOTIONS[k])) for k, w in d.EMOTION_WORDS.items())
        ),
        "Acting": _rows(("direction", "words", "adds"), ((k, _words(a.words), _units(a.units)) for k, a in d.ACTING.items())),
        "Degree": _rows(("degree", "words", "amplitude"), ((k, _words(w), f"{gain:+g}") for k, (w, gain) in d.INTENSITY.items())),
        "Timing and speech": _rows(
            ("what", "words"), (("timing", _words(d.TIMING)), ("speaks", _words(d.SPEAKING)), ("is silent", _words(d.SILENT)))
        ),
        "Clothes": _rows(
            ("what", "words"),
            [
                *((f"garment: {k}", _words(w)) for k, w in d.GARMENT_WORDS.items()),
                *((f"colour: {k}", _words(w)) for k, (w, _) in d.COLOURS.items()),
            ],
        ),
        "Place": _rows(
            ("place", "words"), [*((k, _words(w)) for k, w in d.PLACES.items()), ("night", _words(d.NIGHT)), ("rain", _words(d.RAIN))]
        ),
        "Camera": _rows(
            ("what", "words", "effect"),
            [
                *((f"size: {k}", _words(w), f"face takes {share:.0%} of the width") for k, w, share in d.FRAMING),
                *((f"facing: {k}", _words(w), f"yaw {yaw:+g}°") for k, (w, yaw) in d.FACING.items()),
                *((f"angle: {k}", _words(w), f"pitch {pitch:+g}°") for k, (w, pitch) in d.ANGLES.items()),
                *((f"move: {k}", _words(w), f"growth {g:+g}, right {x:+g}, down {y:+g}") for k, (w, (g, x, y)) in d.MOVES.items()),
                *((f"{n} people", _words(w), "people alike, unless each is described") for n, w in d.COUNTS),
            ],
        ),
    }
    return "\n\n".join(f"### {title}\n\n{body}" for title, body in parts.items())


def updated(document: str) -> str:
    """Return a document with the part between the two markers written anew; raise ValueError where they are missing."""
    before, start, rest = document.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise ValueError(f"the document lacks the markers {START} and {END}")
    return f"{before}{START}\n\n{response_table()}\n\n{END}{after}"


def main(argv: list[str]) -> None:
    """Bring the document named on the command line up to date."""
    path = Path(argv[1])
    path.write_text(updated(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv)
