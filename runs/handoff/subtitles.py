"""When each line is said, and subtitles that can be read in that time.

Example: two lines in a shot of 5 s, in Chinese at 4.5 signs a second

    [Spoken(line=l1, start=0.3, end=2.1, …), Spoken(line=l2, start=2.3, end=4.0, …)]

A subtitle stays as long as its line takes to say or to read, whichever is longer; it may run on into the silence after it, into
the next shot too, never into the next line. One that still cannot be read in time is written and listed, not hidden.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from prompts.story import Line
from prompts.text import is_chinese, speech_seconds
from runs.handoff.gather import EpisodeFiles

LEAD, PAUSE, LEAST = 0.3, 0.2, 0.85
"""Seconds before the first line of a shot, between lines, and that any subtitle stays."""
READING = {"zh": 9.0, "en": 20.0}
"""Characters a second that grown-ups read, by public guides of streaming services."""
WIDTH = {"zh": 14, "en": 32}
"""Characters of one row on a 9:16 picture."""
ROWS = 2
NARRATOR = "NARRATOR"


@dataclass(frozen=True, slots=True)
class Spoken:
    """One line and its time in the episode, in seconds; `until` is where the next line begins."""

    line: Line
    shot: str
    name: str
    start: float
    end: float
    until: float


@dataclass(frozen=True, slots=True)
class Subtitle:
    """One subtitle: rows of text, time in seconds, and the characters a second that it asks for."""

    start: float
    end: float
    name: str
    rows: tuple[str, ...]
    line_id: str

    @property
    def speed(self) -> float:
        """Return characters a second, blanks between words included."""
        return sum(map(len, self.rows)) / (self.end - self.start)


def spoken(episode: EpisodeFiles) -> list[Spoken]:
    """Lay the lines of all shots out in time."""
    found: list[tuple[Line, str, float, float]] = []
    shot_start = 0.0
    for piece in episode.shots:
        found += [(line, piece.name, start, end) for line, start, end in _in_shot(piece.lines, shot_start, piece.seconds, episode)]
        shot_start += piece.seconds
    untils = [*(start for _, _, start, _ in found[1:]), shot_start][: len(found)]
    return [
        Spoken(line, shot, episode.people.get(line.speaker or "", line.speaker or NARRATOR), start, min(end, until), until)
        for (line, shot, start, end), until in zip(found, untils, strict=True)
    ]


def _in_shot(lines: Sequence[Line], at: float, seconds: float, episode: EpisodeFiles) -> Iterator[tuple[Line, float, float]]:
    """Yield the lines of one shot with start and end; a shot too short for them squeezes them."""
    needs = [max(0.4, speech_seconds(x.text, episode.language, episode.rates.get(x.speaker or ""))) for x in lines]
    pauses = LEAD + PAUSE * (len(needs) - 1)
    whole = sum(needs) + pauses
    squeeze = min(1.0, seconds / whole) if needs else 1.0
    start = at + LEAD * squeeze
    for line, need in zip(lines, needs, strict=True):
        yield line, start, start + need * squeeze
        start += (need + PAUSE) * squeeze


def subtitles(lines: Sequence[Spoken], language: str) -> list[Subtitle]:
    """Return the subtitles, long lines cut into several, each within its line's time."""
    found = []
    for said in lines:
        parts = list(_parts(said.line.text, language))
        if not parts:
            continue
        lengths = [sum(map(len, rows)) for rows in parts]
        end = min(max(said.end, said.start + sum(max(LEAST, n / reading(language)) for n in lengths)), said.until - 0.04)
        at, total = said.start, sum(lengths)
        for rows, length in zip(parts, lengths, strict=True):
            share = (end - said.start) * length / total
            found.append(Subtitle(at, at + share, said.name, rows, said.line.id))
            at += share
    return found


def reading(language: str) -> float:
    """Return the characters a second that can be read."""
    return READING["zh" if is_chinese(language) else "en"]


def too_fast(found: Sequence[Subtitle], language: str) -> list[Subtitle]:
    """Return the subtitles that cannot be read in their time."""
    return [s for s in found if s.speed > reading(language) * 1.001]


def _parts(text: str, language: str) -> Iterator[tuple[str, ...]]:
    """Cut a line into subtitles of at most two rows: between words, and after a mark in Chinese where one is near."""
    width = WIDTH["zh" if is_chinese(language) else "en"]
    rows = list(_rows_zh(text, width) if is_chinese(language) else _rows(text, width))
    for start in range(0, len(rows), ROWS):
        yield tuple(rows[start : start + ROWS])


def _rows(text: str, width: int) -> Iterator[str]:
    import textwrap

    yield from textwrap.wrap(" ".join(text.split()), width)


def _rows_zh(text: str, width: int) -> Iterator[str]:
    rest = "".join(text.split("\n")).strip()
    while len(rest) > width:
        marks = [i + 1 for i, sign in enumerate(rest[:width]) if sign in "，。！？；：、,.!?;… "]
        cut = marks[-1] if marks and marks[-1] > width // 3 else width
        # No row begins with a mark.
        while cut < len(rest) and rest[cut] in "，。！？；：、”」』）…":
            cut += 1
        yield rest[:cut].strip()
        rest = rest[cut:].strip()
    if rest:
        yield rest


def write(found: Sequence[Subtitle]) -> Mapping[str, str]:
    """Return the subtitles as SRT, VTT and ASS by ending. Who speaks is a field in ASS; the others have none, so it stands in the text."""
    import pysubs2

    made = {}
    for ending in ("srt", "vtt", "ass"):
        file = pysubs2.SSAFile()
        file.info |= {"PlayResX": "1080", "PlayResY": "1920"}
        for s in found:
            # Markup of subtitle formats in a text would be taken for ours.
            rows = "\\N".join(
                row.replace("{", "(").replace("}", ")").replace("\\", "/").replace("<", "‹").replace(">", "›") for row in s.rows
            )
            text = rows if ending == "ass" else f"{s.name}: {rows}"
            event = pysubs2.SSAEvent(start=round(s.start * 1000), end=round(s.end * 1000), text=text, name=s.name.replace(",", " "))
            file.events.append(event)
        made[ending] = file.to_string("ass" if ending == "ass" else ending)
    return made
