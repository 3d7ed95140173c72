"""The cue sheet of the voice actors: one row a line, with its time, its text, how it is said and how much there is to say."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from prompts.text import length, speech_seconds
from runs.handoff.gather import EpisodeFiles
from runs.handoff.subtitles import Spoken
from runs.spreadsheet import inert

COLUMNS = ("line_id", "shot", "speaker", "name", "kind", "in", "out", "available_s", "spoken_s", "units", "manner", "text")


def sheet(episode: EpisodeFiles, lines: Sequence[Spoken], rate: int) -> str:
    """Return the sheet as CSV with time codes at a frame rate; `units` are words, or signs in Chinese."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for said in lines:
        line = said.line
        seconds = speech_seconds(line.text, episode.language, episode.rates.get(line.speaker or ""))
        row = (
            line.id, said.shot, line.speaker or "", said.name, line.kind, timecode(said.start, rate), timecode(said.end, rate),
            f"{said.until - said.start:.2f}", f"{seconds:.2f}", length(line.text, episode.language), line.manner, line.text,
        )  # fmt: skip
        writer.writerow([inert(str(cell)) for cell in row])
    return out.getvalue()


def timecode(seconds: float, rate: int) -> str:
    """Return hours, minutes, seconds and frames, not dropping any."""
    frames = round(seconds * rate)
    whole, frame = divmod(frames, rate)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}:{frame:02d}"
