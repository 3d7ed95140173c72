"""Character sheets: one person three times - front, three-quarter left, three-quarter right - neutral, on white."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from runs.studio import marks
from runs.studio.background import Backdrop
from runs.studio.camera import Place, Pose
from runs.studio.cast import cast
from runs.studio.expression import Units
from runs.studio.head import make_head
from runs.studio.light import Light
from runs.studio.numeric import rng_of
from runs.studio.prompt import read
from runs.studio.reference import ReferenceIdentity
from runs.studio.scene import Figure, Scene, Size, checked, draw_figure, graded, truth_of
from runs.studio.torso import make_torso, project

VIEWS: tuple[tuple[str, float], ...] = (("three-quarter left", -27.0), ("front", 0.0), ("three-quarter right", 27.0))
"""The views from left to right, and their yaw in degrees."""
_LIGHT = Light(
    key=(-0.25, 0.5, 0.9), key_rgb=(0.70, 0.69, 0.68), fill_rgb=(0.26, 0.26, 0.26), rim_rgb=(0.05, 0.05, 0.05), room_rgb=(0.34, 0.34, 0.34)
)


def sheet(prompt: str, *, seed: int, references: Sequence[ReferenceIdentity] = (), size: Size = (864, 512)) -> tuple[bytes, dict[str, Any]]:
    """Draw the sheet of the first person that a prompt describes; arguments, result and errors as for `still.still`."""
    w, h = checked(size)
    reading = read(prompt, [r.name for r in references])
    reading = replace(reading, people=reading.people[:1])
    member = cast(reading, references, seed, prompt)[0]
    scale = min(w / 3 / 2.50, h / 3.5)
    head = make_head(member.identity, scale)
    torso = make_torso(head.geometry, member.outfit, min(scale, 80.0), -(h * 0.55) / scale - 0.6, _LIGHT)
    frame = np.full((3, h, w), 0.955, dtype=np.float32)
    figures = []
    for index, (_, yaw) in enumerate(VIEWS):
        place = Place(w * (index + 0.5) / 3, h * 0.45, scale)
        window = slice(round(w * index / 3), round(w * (index + 1) / 3))
        local = replace(place, x=place.x - window.start)
        figure = Figure(member, head, torso, project(torso, local, (h, window.stop - window.start)), local, Pose(yaw, 0.0, 0.0))
        panel = frame[:, :, window]
        draw_figure(panel, figure, Units(), figure.pose, _LIGHT, local)
        figures.append(replace(figure, place=place))
    scene = Scene(size, tuple(figures[1:2]), Backdrop(frame, _LIGHT), "white", np.ones((1, 1), dtype=np.float32))
    truth = {"kind": "sheet", "seed": seed, "views": [name for name, _ in VIEWS], **truth_of(scene, (Units(),))}
    grain = 0.004 * rng_of("sheet", seed, prompt).standard_normal((h, w), dtype=np.float32)
    return marks.webp(marks.to_pixels(graded(frame, scene.grade) + grain), truth), truth
