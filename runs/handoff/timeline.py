"""The timeline for the editor: OpenTimelineIO as the truth, EDL and FCP7 XML beside it.

Each shot is a clip whose file lies in `media/`; its lines are markers; prompt version and model are in its metadata. EDL and FCP7
XML lose the metadata, and EDL the music as well, so the .otio file is the one to keep.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from prompts.errors import InputError
from runs.handoff.gather import EpisodeFiles, Piece
from runs.handoff.subtitles import Spoken

FORMATS = {"otio": "otio_json", "edl": "cmx_3600", "xml": "fcp_xml"}
EXTRA = "pip install 'microdrama-workbench[handoff]'"


def files(episode: EpisodeFiles, lines: Sequence[Spoken], media: Mapping[str, str], rate: int) -> dict[str, str]:
    """Return the timeline in each format by ending.

    Args:
        episode: the episode.
        lines: what is said when.
        media: the file's name in the package of each piece, by the piece's name.
        rate: frames a second.

    Raises:
        InputError: OpenTimelineIO or an adapter is not installed.
    """
    try:
        import opentimelineio as otio
    except ImportError:
        raise InputError("Timelines need OpenTimelineIO, which is not installed.", hint=f"Install it with: {EXTRA}") from None
    made: dict[str, str] = {}
    for ending, adapter in FORMATS.items():
        whole = _timeline(otio, episode, lines, media, rate, music=ending != "edl")
        try:
            made[ending] = otio.adapters.write_to_string(whole, adapter_name=adapter)
        except otio.exceptions.NoKnownAdapterForExtensionError:
            raise InputError(f"The adapter {adapter} of OpenTimelineIO is not installed.", hint=f"Install it with: {EXTRA}") from None
    return made


def frames(piece: Piece, rate: int) -> int:
    """Return how many frames a piece lasts; at least one."""
    return max(1, round(piece.seconds * rate))


def _timeline(otio: Any, episode: EpisodeFiles, lines: Sequence[Spoken], media: Mapping[str, str], rate: int, *, music: bool) -> Any:
    timeline = otio.schema.Timeline(name=episode.title, global_start_time=otio.opentime.RationalTime(0, rate))
    timeline.metadata["workbench"] = {"series": episode.series, "title": episode.title}
    video = otio.schema.Track(name="V1", kind=otio.schema.TrackKind.Video)
    at = 0.0
    for piece in episode.shots:
        clip = _clip(otio, piece, media[piece.name], rate)
        for said in (s for s in lines if s.shot == piece.name):
            clip.markers.append(_marker(otio, said, said.start - at, rate))
        video.append(clip)
        at += piece.seconds
    timeline.tracks.append(video)
    if music and episode.music:
        timeline.tracks.append(_music(otio, episode, media, rate))
    return timeline


def _music(otio: Any, episode: EpisodeFiles, media: Mapping[str, str], rate: int) -> Any:
    track = otio.schema.Track(name="A1", kind=otio.schema.TrackKind.Audio)
    at = 0
    for piece in sorted(episode.music, key=lambda p: p.cue.start if p.cue else 0.0):
        start = round((piece.cue.start if piece.cue else 0.0) * rate)
        if start > at:
            track.append(otio.schema.Gap(duration=otio.opentime.RationalTime(start - at, rate)))
        track.append(_clip(otio, piece, media[piece.name], rate))
        at = max(at, start) + frames(piece, rate)
    return track


def _clip(otio: Any, piece: Piece, file: str, rate: int) -> Any:
    span = otio.opentime.TimeRange(otio.opentime.RationalTime(0, rate), otio.opentime.RationalTime(frames(piece, rate), rate))
    reference = otio.schema.ExternalReference(target_url=file, available_range=span)
    reference.name = piece.name
    clip = otio.schema.Clip(name=piece.name, media_reference=reference, source_range=span)
    made = piece.made
    clip.metadata["workbench"] = {
        "run": made.run_id, "job": made.job_id, "case": made.case_id, "template": made.ref, "version": made.version, "model": made.model,
        "sha256": made.sha256, "action": piece.shot.action if piece.shot else "",
    }  # fmt: skip
    return clip


def _marker(otio: Any, said: Spoken, at: float, rate: int) -> Any:
    span = otio.opentime.TimeRange(
        otio.opentime.RationalTime(round(at * rate), rate), otio.opentime.RationalTime(max(1, round((said.end - said.start) * rate)), rate)
    )
    marker = otio.schema.Marker(name=said.line.id, marked_range=span)
    marker.metadata["workbench"] = {"speaker": said.line.speaker, "name": said.name, "text": said.line.text, "manner": said.line.manner}
    return marker
