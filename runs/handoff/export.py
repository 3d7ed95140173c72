"""Write the package of an episode: all of it, or nothing.

export(ws, Choice(run_id, series="painted-skin"), Path("handoff/e01"))

e01.otio e01.edl e01.xml     for the editor, with media/ beside them
e01.srt e01.vtt e01.ass      subtitles
e01-adr.csv                  cue sheet of the voice actors
e01.fountain e01.fdx         the script, where one was named
provenance.json              how every file was made
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from prompts.errors import InputError
from runs.handoff import cues, provenance, timeline
from runs.handoff.gather import Choice, EpisodeFiles, Piece, gather
from runs.handoff.subtitles import spoken, subtitles, too_fast, write
from runs.screenplay import fdx, fountain
from runs.workspace import Workspace

RATE = 25


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, and what the receiver should know."""

    folder: Path
    files: tuple[str, ...]
    seconds: float
    signed: int
    too_fast: tuple[str, ...]
    missing: tuple[str, ...]


def export(ws: Workspace, choice: Choice, folder: Path, *, rate: int = RATE, certificate: provenance.Certificate | None = None) -> Exported:
    """Write an episode's package into a new folder.

    Raises:
        InputError: the folder is there already, nothing is to be exported, a library is missing or a certificate is unusable.
        UnknownName, MediaError: see `gather`.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is there already.", hint="Name a new folder.")
    episode = _in_frames(gather(ws, choice), rate)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        made = Path(scratch) / "made"
        (made / "media").mkdir(parents=True)
        names, signed = _media(episode, made, certificate)
        late = _documents(episode, made, folder.name, names, rate)
        _write(made / "provenance.json", json.dumps(provenance.manifest(episode, names, signed), ensure_ascii=False, indent=2) + "\n")
        files = tuple(sorted(p.relative_to(made).as_posix() for p in made.rglob("*") if p.is_file()))
        if folder.exists():
            folder.rmdir()
        made.rename(folder)
    return Exported(folder, files, sum(p.seconds for p in episode.shots), sum(signed.values()), late, episode.missing)


def _in_frames(episode: EpisodeFiles, rate: int) -> EpisodeFiles:
    """Let every piece last whole frames, none beyond its file, so that timeline, subtitles and cue sheet agree to the frame."""

    def whole(piece: Piece) -> Piece:
        return replace(piece, seconds=max(1, int(piece.seconds * rate + 1e-6)) / rate)

    return replace(episode, shots=tuple(map(whole, episode.shots)), music=tuple(map(whole, episode.music)))


def _media(episode: EpisodeFiles, made: Path, certificate: provenance.Certificate | None) -> tuple[dict[str, str], dict[str, bool]]:
    """Copy every file under its name in the timeline, signed where there is a certificate."""
    signer = provenance.Signer(certificate) if certificate else None
    names, signed = {}, {}
    for piece in episode.pieces():
        names[piece.name] = f"media/{piece.name}{piece.path.suffix}"
        target = made / names[piece.name]
        signed[piece.name] = signer is not None and signer.sign(piece.path, target, piece.made, piece.name)
        if not signed[piece.name]:
            shutil.copyfile(piece.path, target)
    return names, signed


def _documents(episode: EpisodeFiles, made: Path, name: str, media: dict[str, str], rate: int) -> tuple[str, ...]:
    """Write everything but media and manifest; return the lines whose subtitles are too fast."""
    lines = spoken(episode)
    shown = subtitles(lines, episode.language)
    for ending, text in {**timeline.files(episode, lines, media, rate), **write(shown)}.items():
        _write(made / f"{name}.{ending}", text)
    _write(made / f"{name}-adr.csv", "\ufeff" + cues.sheet(episode, lines, rate))  # spreadsheets take UTF-8 for something else without it
    if episode.script is not None:
        _write(made / f"{name}.fountain", fountain.write(episode.script, episode.people, episode.places))
        _write(made / f"{name}-plain.fountain", fountain.write(episode.script, episode.people, episode.places, notes=False))
        _write(made / f"{name}.fdx", fdx.write(episode.script, episode.people, episode.places))
    return tuple(dict.fromkeys(s.line_id for s in too_fast(shown, episode.language)))


def _write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8", newline="\n")
