"""The lengths and colours that an identity means; computed once a picture or clip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runs.studio.identity import Identity, value
from runs.studio.numeric import Array, Rgb, ramp_colour

SKIN: tuple[Rgb, ...] = (
    (0.98, 0.85, 0.77),
    (0.95, 0.77, 0.65),
    (0.85, 0.64, 0.50),
    (0.64, 0.44, 0.32),
    (0.42, 0.28, 0.205),
    (0.33, 0.22, 0.168),
)
HAIR: tuple[Rgb, ...] = (
    (0.055, 0.048, 0.052),
    (0.13, 0.085, 0.065),
    (0.30, 0.18, 0.105),
    (0.46, 0.24, 0.12),
    (0.72, 0.54, 0.31),
    (0.80, 0.79, 0.77),
)
IRIS: tuple[Rgb, ...] = ((0.12, 0.07, 0.045), (0.27, 0.16, 0.08), (0.35, 0.36, 0.20), (0.28, 0.45, 0.60), (0.46, 0.52, 0.56))


@dataclass(frozen=True, slots=True)
class Geometry:
    """An identity in head units and colours (see `identity.RANGES`)."""

    width: float
    jaw: float
    chin: float
    length: float
    crown: float
    cheek: float
    eye_x: float
    eye_y: float
    eye_w: float
    eye_o: float
    eye_t: float
    fold: float
    brow_y: float
    brow_h: float
    brow_arch: float
    brow_tilt: float
    brow_l: float
    nose_l: float
    nose_w: float
    nose_h: float
    bridge: float
    mouth_y: float
    mouth_w: float
    lip_u: float
    lip_l: float
    hairline: float
    volume: float
    male: float
    age: float
    child: float
    skin: Array
    hair: Array
    iris: Array
    lips: Array


def _skin(identity: Identity) -> Array:
    warm = np.float32(identity.warmth - 0.5)
    tone = ramp_colour(SKIN, identity.skin) * np.array([1 + 0.05 * warm, 1.0, 1 - 0.14 * warm], dtype=np.float32)
    return np.asarray(np.clip(tone, 0, 1), dtype=np.float32)


def geometry(identity: Identity) -> Geometry:
    """Translate an identity. Children have larger eyes lower in a rounder, shorter face, and a small nose."""
    child = float(np.clip((0.12 - identity.age) / 0.10, 0, 1))
    skin = _skin(identity)
    natural = skin * np.array([0.87, 0.62, 0.60], dtype=np.float32)
    painted = np.array([0.66, 0.16, 0.19], dtype=np.float32)
    mix = np.float32(0.75 * identity.lip_colour**2)
    return Geometry(
        width=value(identity, "width") * (1 + 0.03 * child),
        jaw=value(identity, "jaw") + 0.15 * child,
        chin=value(identity, "chin"),
        length=value(identity, "length") - 0.13 * child,
        crown=value(identity, "forehead") + 0.02 * child,
        cheek=value(identity, "cheek"),
        eye_x=value(identity, "eye_gap"),
        eye_y=value(identity, "eye_height") - 0.10 * child,
        eye_w=value(identity, "eye_width") * (1 + 0.04 * child),
        eye_o=value(identity, "eye_open") * (1 + 0.20 * child) * (1 - 0.12 * identity.age),
        eye_t=value(identity, "eye_tilt"),
        fold=identity.lid_fold,
        brow_y=value(identity, "brow_height") + value(identity, "eye_height") - 0.05 * child,
        brow_h=value(identity, "brow_thickness") * (1 - 0.35 * child),
        brow_arch=value(identity, "brow_arch"),
        brow_tilt=value(identity, "brow_tilt"),
        brow_l=value(identity, "brow_length"),
        nose_l=value(identity, "nose_length") * (1 - 0.16 * child),
        nose_w=value(identity, "nose_width"),
        nose_h=value(identity, "nose_height") * (1 - 0.35 * child),
        bridge=value(identity, "nose_bridge"),
        mouth_y=value(identity, "mouth_height") + 0.03 * child,
        mouth_w=value(identity, "mouth_width") * (1 - 0.12 * child),
        lip_u=value(identity, "lip_upper") * (1 - 0.25 * identity.age),
        lip_l=value(identity, "lip_lower") * (1 - 0.20 * identity.age),
        hairline=value(identity, "hairline") + 0.10 * identity.age**3 * identity.sex,
        volume=value(identity, "hair_volume"),
        male=identity.sex,
        age=identity.age,
        child=child,
        skin=skin,
        hair=ramp_colour(HAIR, identity.hair_colour),
        iris=ramp_colour(IRIS, identity.iris),
        lips=np.asarray(natural + (painted - natural) * mix, dtype=np.float32),
    )
