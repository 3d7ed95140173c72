"""Stills: a rendered shot prompt to a WebP picture and the truth about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from runs.studio import marks
from runs.studio.cast import cast
from runs.studio.numeric import rng_of
from runs.studio.prompt import read
from runs.studio.reference import ReferenceIdentity
from runs.studio.scene import Size, checked, draw_figure, graded, make_scene, truth_of

GRAIN = 0.006


def still(prompt: str, *, seed: int, references: Sequence[ReferenceIdentity] = (), size: Size = (432, 768)) -> tuple[bytes, dict[str, Any]]:
    """Draw a still.

    Args:
        prompt: The rendered prompt; at most `prompt.MAX_PROMPT` characters of it are read.
        seed: Decides, with the prompt, everything that the prompt leaves open.
        references: Identities that fix people of the same name, or in order of appearance.
        size: Width and height in pixels, even, 96-2048.

    Returns:
        The WebP file, and the truth: identities, action units, poses, boxes.

    Raises:
        SizeError: If the size is not one that the studio makes.
    """
    checked(size)
    reading = read(prompt, [r.name for r in references])
    rng = rng_of("still", seed, prompt)
    scene = make_scene(reading, cast(reading, references, seed, prompt), size, rng)
    shown = []
    frame = scene.backdrop.pixels.copy()
    for figure in scene.figures:
        units = figure.member.said.units()
        if figure.member.said.speaking:
            units = replace(units, jaw=min(1.0, units.jaw + float(rng.uniform(0.10, 0.30))))
        shown.append(units)
        draw_figure(frame, figure, units, figure.pose, scene.backdrop.light, figure.place)
    frame = graded(frame, scene.grade)
    frame += np.float32(GRAIN) * rng.standard_normal(frame.shape[1:], dtype=np.float32)
    truth = {"kind": "still", "seed": seed, **truth_of(scene, tuple(shown))}
    return marks.webp(marks.to_pixels(frame), truth), truth
