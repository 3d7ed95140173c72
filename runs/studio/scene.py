"""A picture put together: framing, people before a place, and the grade that binds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from runs.studio import expression, identity
from runs.studio.background import Backdrop, backdrop
from runs.studio.camera import Place, Pose
from runs.studio.cast import Member
from runs.studio.direction import DEFAULT_FRAMING
from runs.studio.expression import Units
from runs.studio.head import Head, draw_hanging, draw_head, make_head
from runs.studio.light import Light
from runs.studio.marks import strip_height
from runs.studio.numeric import Array, step
from runs.studio.prompt import Reading
from runs.studio.torso import Layer, Torso, make_torso, project

Size = tuple[int, int]
MIN_SIZE, MAX_SIZE = 96, 2048


class SizeError(ValueError):
    """A picture size that the studio does not make."""


def checked(size: Size) -> Size:
    """Return a picture size (width, height); raise `SizeError` unless both are even whole numbers from 96 to 2048."""
    w, h = size
    if any(not isinstance(v, int) or v % 2 or not MIN_SIZE <= v <= MAX_SIZE for v in (w, h)):
        raise SizeError(f"the studio makes pictures of {MIN_SIZE}-{MAX_SIZE} pixels a side, even numbers; got {w} x {h}")
    return size


@dataclass(frozen=True, slots=True)
class Figure:
    """A person ready to be drawn: prepared planes, where they stand, how they are turned at rest."""

    member: Member
    head: Head
    torso: Torso
    body: Layer
    place: Place
    pose: Pose


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything of a picture that does not move."""

    size: Size
    figures: tuple[Figure, ...]
    backdrop: Backdrop
    place: str
    grade: Array


def _spots(count: int) -> tuple[float, ...]:
    return {1: (0.5,), 2: (0.28, 0.72), 3: (0.19, 0.5, 0.81)}[count]


def _places(reading: Reading, size: Size, heads: list[float], rng: np.random.Generator) -> list[Place]:
    """Return where heads stand; faces of several people share the width of the frame."""
    w, h = size
    count = len(heads)
    share = min(reading.framing or DEFAULT_FRAMING, {1: 0.80, 2: 0.34, 3: 0.24}[count])
    places = []
    for at, width in zip(_spots(count), heads, strict=True):
        scale = share * w / 1.50
        x = w * (at + (rng.uniform(-0.025, 0.025) if count > 1 else rng.uniform(-0.05, 0.05) * (1 - share)))
        eyes = 0.40 if share > 0.40 else 0.36
        places.append(Place(x, h * (eyes + rng.uniform(-0.01, 0.01)) + 0.1 * scale * (1 - width), scale))
    return places


def _pose(member: Member, reading: Reading, index: int, count: int, rng: np.random.Generator) -> Pose:
    """Return how a head is turned: as said, else nearly to the camera, and in company slightly to each other."""
    yaw = member.said.yaw
    if yaw is None:
        inward = {1: (0.0,), 2: (13.0, -13.0), 3: (12.0, 0.0, -12.0)}[count][index]
        yaw = inward + float(rng.uniform(-9, 9)) * (1 if count == 1 else 0.35)
    else:
        yaw += float(rng.uniform(-3, 3))
    return Pose(yaw, reading.pitch + float(rng.uniform(-3, 3)), float(rng.uniform(-2.5, 2.5)))


def make_scene(reading: Reading, members: tuple[Member, ...], size: Size, rng: np.random.Generator) -> Scene:
    """Set up a scene for a reading and its cast at `size` (width, height)."""
    w, h = checked(size)
    place = reading.place or ("plain" if rng.random() < 0.5 else "room")
    if place in ("room", "street") and reading.night:
        place += "_night"
    ground = backdrop(place, reading.night, reading.rain, size, rng)
    places = _places(reading, size, [1.0 - 0.5 * (m.identity.age < 0.05) for m in members], rng)
    figures = []
    for index, (member, spot) in enumerate(zip(members, places, strict=True)):
        head = make_head(member.identity, spot.scale)
        bottom = -(h - spot.y) / spot.scale - 0.6
        torso = make_torso(head.geometry, member.outfit, min(spot.scale, 80.0), min(bottom, -2.4), ground.light)
        figures.append(Figure(member, head, torso, project(torso, spot, (h, w)), spot, _pose(member, reading, index, len(members), rng)))
    return Scene(size, tuple(figures), ground, place, _vignette(size))


def _vignette(size: Size) -> Array:
    w, h = size
    x = np.linspace(-1, 1, w, dtype=np.float32)[None]
    y = np.linspace(-1, 1, h, dtype=np.float32)[:, None]
    return np.asarray(1.04 - 0.20 * step(0.6, 1.5, np.hypot(x, y * 0.9)), dtype=np.float32)


def draw_figure(frame: Array, figure: Figure, units: Units, pose: Pose, light: Light, place: Place) -> None:
    """Draw one person over a frame in place: hair behind, body, locks, head."""
    head = figure.head
    draw_hanging(frame, head.hang.back, pose, place, -0.35, light)
    body = figure.body if place == figure.place else project(figure.torso, place, frame.shape[1:])
    body.draw(frame)
    draw_hanging(frame, head.hang.locks, pose, place, 0.05, light)
    draw_head(frame, head, units, pose, place, light)


def graded(frame: Array, grade: Array) -> Array:
    """Return a frame after the grade: vignette, a soft shoulder for highlights, a little contrast."""
    frame = frame * grade
    np.clip(frame, 0, 1, out=frame)
    frame *= np.float32(1.22) - np.float32(0.22) * frame
    return np.asarray(frame, dtype=np.float32)


def face_box(figure: Figure) -> list[int]:
    """Return the face's rough box in pixels: x, y, width, height, brow to chin."""
    g, p = figure.head.geometry, figure.place
    x, y = p.x - g.width * p.scale, p.y - (g.brow_y + 0.25) * p.scale
    return [round(v) for v in (x, y, 2 * g.width * p.scale, (g.brow_y + 0.25 + g.length) * p.scale)]


def truth_of(scene: Scene, units: tuple[Units, ...]) -> dict[str, Any]:
    """Return what the studio knows of its own picture, as plain JSON."""
    people = []
    for figure, shown in zip(scene.figures, units, strict=True):
        said = figure.member.said
        people.append(
            {
                "name": said.name,
                "identity": identity.to_json(figure.member.identity),
                "stated": sorted(said.fixed),
                "coverage": round(1.0 if figure.member.referenced else len(said.fixed) / len(identity.PARAMETERS), 4),
                "reference": figure.member.referenced,
                "emotion": said.emotion,
                "amplitude": round(said.amplitude, 4),
                "directions": list(said.directions),
                "units": expression.to_json(shown),
                "speaking": said.speaking,
                "pose": [round(v, 2) for v in (figure.pose.yaw, figure.pose.pitch, figure.pose.roll)],
                "box": face_box(figure),
                "outfit": figure.member.outfit.garment,
            }
        )
    return {
        "simulated": True,
        "studio": 1,
        "people": people,
        "place": scene.place,
        "size": list(scene.size),
        "strip": strip_height(*scene.size),
    }
