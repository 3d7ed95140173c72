"""Clips: a rendered clip prompt to an H.264 film and the truth about it, frame by frame."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from runs.studio import direction, expression, marks
from runs.studio.camera import Place, Pose
from runs.studio.cast import Member, cast
from runs.studio.expression import Units, blend
from runs.studio.numeric import Array, rng_of
from runs.studio.prompt import Reading, read
from runs.studio.reference import ReferenceIdentity
from runs.studio.scene import Scene, Size, checked, draw_figure, graded, make_scene, truth_of

MIN_SECONDS, MAX_SECONDS, MAX_FPS = 0.5, 15.0, 30
BLINKS_SPEAKING, BLINKS_SILENT = 26.0, 17.0
"""Blinks a minute in conversation and at rest (Bentivoglio and others 1997)."""


class ClipError(ValueError):
    """A length or frame rate that the studio does not make."""


@dataclass(frozen=True, slots=True)
class Play:
    """One person's performance: action units and pose at each frame, and when the blinks begin (seconds)."""

    units: tuple[Units, ...]
    poses: tuple[Pose, ...]
    blinks: tuple[float, ...]
    level: Array


def liveliness(member: Member) -> float:
    """Return how alive a face is between frames (0-1): a bare prompt leaves it nearly frozen, direction and timing free it."""
    return float(np.clip((member.said.motion - direction.BASE_MOTION) * 1.35 + 0.08, 0.08, 1.0))


def onset(t: Array, seconds: float, motion: float) -> Array:
    """Return the course of an expression (0-1): from rest over the first two thirds, as far as there is motion at all."""
    rise = np.clip((t - 0.12 * seconds) / (0.50 * seconds), 0, 1)
    rise = rise * rise * (3 - 2 * rise)
    return np.asarray((1 - motion) + motion * rise, dtype=np.float32)


def perform(member: Member, rest: Pose, t: Array, seconds: float, rng: np.random.Generator) -> Play:
    """Let a person act: expression, small movements of brow and lids, speech, blinks and the head."""
    said, alive = member.said, liveliness(member)
    level = onset(t, seconds, said.motion)
    full = said.units()
    jaw, pucker, spread = expression.speech_curves(rng, t, (0.30 + 0.70 * alive) if said.speaking else 0.0)
    rate = (BLINKS_SPEAKING if said.speaking else BLINKS_SILENT) * (alive if alive > 0.2 else 0.0)
    blinks = expression.blink_times(rng, seconds, rate)
    closed = expression.blink_curve(blinks, t)
    brow, lid, mouth = (expression.drift_curve(rng, t, 0.25, 1.1) for _ in range(3))
    units = []
    for i in range(len(t)):
        small = Units(brow_up=max(0.0, 0.16 * alive * brow[i]), brow_in=max(0.0, -0.10 * alive * brow[i]), squint=max(0.0,
        0.14 * alive * lid[i]),
                      smile=max(0.0, 0.05 * alive * mouth[i]), jaw=float(jaw[i]), pucker=float(pucker[i]),
                      gaze_x=0.10 * alive * lid[i])  # fmt: skip
        talk = Units(smile=float(spread[i]))
        now = blend((full, float(level[i])), (small, 1.0), (talk, 0.6))
        units.append(replace(now, blink=float(max(now.blink, closed[i]))))
    sway = 0.55 + 0.75 * alive + (0.35 if said.speaking else 0.0)
    yaw, pitch, roll = (expression.drift_curve(rng, t, 0.20, 0.70) for _ in range(3))
    poses = tuple(
        Pose(rest.yaw + 2.4 * sway * float(a), rest.pitch + 1.3 * sway * float(b) + 1.2 * float(s), rest.roll + 1.0 * sway * float(c))
        for a, b, c, s in zip(yaw, pitch, roll, jaw, strict=True)
    )
    return Play(tuple(units), poses, tuple(blinks), level)


def _camera(move: str, progress: float, size: Size, place: Place) -> Place:
    """Return where a figure stands at `progress` (0-1) of a camera move."""
    if move == "static":
        return place
    growth, right, down = direction.MOVES[move][1]
    eased = progress * progress * (3 - 2 * progress)
    scale = 1 + growth * eased
    cx, cy = size[0] / 2, size[1] * 0.42
    return Place(
        cx + (place.x - cx) * scale + right * eased * size[0], cy + (place.y - cy) * scale + down * eased * size[1], place.scale * scale
    )


def _ground(scene: Scene, move: str, progress: float) -> Array:
    """Return the background under a camera move; it moves half as far as people do, as things behind them would."""
    if move == "static":
        return scene.backdrop.pixels.copy()
    w, h = scene.size
    far = _camera(move, progress, scene.size, Place(w / 2, h * 0.42, 1.0))
    scale = 1.08 * (1 + 0.5 * (far.scale - 1))
    left, top = w / 2 - (w / 2 + 0.5 * (far.x - w / 2)) / scale, h / 2 - (h / 2 + 0.5 * (far.y - h * 0.42)) / scale
    image = Image.fromarray(np.ascontiguousarray((scene.backdrop.pixels * 255).astype(np.uint8).transpose(1, 2, 0)))
    moved = image.transform((w, h), Image.Transform.AFFINE, (1 / scale, 0, left, 0, 1 / scale, top), Image.Resampling.BILINEAR)
    return np.ascontiguousarray(np.asarray(moved).transpose(2, 0, 1), dtype=np.float32) * np.float32(1 / 255)


def clip(
    prompt: str, *, seed: int, references: Sequence[ReferenceIdentity] = (), seconds: float = 2.0, fps: int = 12, size: Size = (288, 512)
) -> tuple[bytes, dict[str, Any]]:
    """Draw a clip.

    Args:
        prompt: The rendered prompt; at most `prompt.MAX_PROMPT` characters of it are read.
        seed: Decides, with the prompt, everything that the prompt leaves open.
        references: Identities that fix people of the same name, or in order of appearance.
        seconds: Length, 0.5-15.
        fps: Frames a second, 1-30.
        size: Width and height in pixels, even, 96-2048.

    Returns:
        The MP4 file (H.264, yuv420p, index at the front), and the truth: identities, amplitude, motion, blinks.

    Raises:
        SizeError: If the size is not one that the studio makes.
        ClipError: If length or frame rate are not.
    """
    checked(size)
    if not (MIN_SECONDS <= seconds <= MAX_SECONDS and isinstance(fps, int) and 1 <= fps <= MAX_FPS):
        raise ClipError(f"the studio makes clips of {MIN_SECONDS}-{MAX_SECONDS} s at 1-{MAX_FPS} frames/s; got {seconds} s at {fps}")
    reading = read(prompt, [r.name for r in references])
    scene = make_scene(reading, cast(reading, references, seed, prompt), size, rng_of("clip", seed, prompt))
    t = np.arange(max(2, round(seconds * fps)), dtype=np.float32) / np.float32(fps)
    plays = tuple(perform(f.member, f.pose, t, seconds, rng_of("play", seed, prompt, i)) for i, f in enumerate(scene.figures))
    frames = [_frame(scene, reading, plays, i, len(t)) for i in range(len(t))]
    truth = {
        "kind": "clip",
        "seed": seed,
        "seconds": seconds,
        "fps": fps,
        "move": reading.move,
        **truth_of(scene, tuple(p.units[-1] for p in plays)),
    }
    for person, figure, play in zip(truth["people"], scene.figures, plays, strict=True):
        person.update(motion=round(figure.member.said.motion, 4), liveliness=round(liveliness(figure.member), 4), blinks=list(play.blinks))
    return encode(frames, fps, truth), truth


def _frame(scene: Scene, reading: Reading, plays: tuple[Play, ...], index: int, count: int) -> Image.Image:
    progress = index / max(1, count - 1)
    frame = _ground(scene, reading.move, progress)
    for figure, play in zip(scene.figures, plays, strict=True):
        draw_figure(
            frame,
            figure,
            play.units[index],
            play.poses[index],
            scene.backdrop.light,
            _camera(reading.move, progress, scene.size, figure.place),
        )
    return marks.to_pixels(graded(frame, scene.grade))


def encode(frames: Sequence[Image.Image], fps: int, truth: Mapping[str, Any]) -> bytes:
    """Encode frames as H.264 in MP4 with the index at the front; the comment tag says SIMULATED and carries the truth."""
    import av

    with tempfile.TemporaryDirectory(prefix="studio-") as folder:
        # The muxer opens its own output a second time to move the index to the front, so it needs a file with a name.
        path = Path(folder) / "clip.mp4"
        _mux(av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}), frames, fps, truth)
        return path.read_bytes()


def _mux(opened: Any, frames: Sequence[Image.Image], fps: int, truth: Mapping[str, Any]) -> None:
    import av

    with opened as container:
        container.metadata["title"] = marks.STRIP_TEXT.replace("·", "-")
        container.metadata["comment"] = "SIMULATED " + json.dumps(truth, separators=(",", ":"), sort_keys=True)
        stream = container.add_stream("libx264", rate=fps, options={"crf": "21", "preset": "veryfast", "threads": "1", "bf": "0"})
        stream.width, stream.height = frames[0].size
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, fps)
        for image in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(image), format="rgb24")))
        container.mux(stream.encode())
