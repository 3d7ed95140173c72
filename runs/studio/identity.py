"""Who a face is: about forty numbers between 0 and 1, and the lengths and colours that they mean.

All lengths are in *head units*: the head is about 1.5 wide and 2.2 high, its origin lies between the eyes' lower lids,
y points up. Every number is a position within the range of `RANGES`, so that 0.5 is an average face.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace

import numpy as np


@dataclass(frozen=True, slots=True)
class Identity:
    """The parameters of one person, each from 0 to 1; see `RANGES` for what 0 and 1 mean."""

    sex: float = 0.0
    age: float = 0.25
    width: float = 0.5
    jaw: float = 0.5
    chin: float = 0.5
    length: float = 0.5
    forehead: float = 0.5
    cheek: float = 0.5
    eye_gap: float = 0.5
    eye_height: float = 0.5
    eye_width: float = 0.5
    eye_open: float = 0.5
    eye_tilt: float = 0.5
    lid_fold: float = 0.5
    iris: float = 0.1
    brow_height: float = 0.5
    brow_thickness: float = 0.5
    brow_arch: float = 0.5
    brow_tilt: float = 0.5
    brow_length: float = 0.5
    nose_length: float = 0.5
    nose_width: float = 0.5
    nose_height: float = 0.5
    nose_bridge: float = 0.5
    mouth_height: float = 0.5
    mouth_width: float = 0.5
    lip_upper: float = 0.5
    lip_lower: float = 0.5
    lip_colour: float = 0.5
    skin: float = 0.3
    warmth: float = 0.5
    freckles: float = 0.0
    mole: float = 0.0
    hair_colour: float = 0.1
    hair_length: float = 0.5
    hair_volume: float = 0.5
    hairline: float = 0.5
    fringe: float = 0.2
    parting: float = 0.5
    wave: float = 0.2
    updo: float = 0.0
    beard: float = 0.0
    glasses: float = 0.0
    grain: float = 0.5


PARAMETERS: tuple[str, ...] = tuple(f.name for f in fields(Identity))

RANGES: Mapping[str, tuple[float, float]] = {
    "width": (0.64, 0.83), "jaw": (1.75, 2.85), "chin": (0.74, 0.50), "length": (1.00, 1.20), "forehead": (1.02, 1.16), "cheek": (0.01,
        0.075),
    "eye_gap": (0.285, 0.380), "eye_height": (0.045, 0.155), "eye_width": (0.125, 0.195), "eye_open": (0.046, 0.100),
        "eye_tilt": (-0.032, 0.062),
    "brow_height": (0.172, 0.278), "brow_thickness": (0.018, 0.056), "brow_arch": (0.01, 0.075), "brow_tilt": (-0.030, 0.040),
        "brow_length": (0.19, 0.265),
    "nose_length": (0.38, 0.56), "nose_width": (0.088, 0.188), "nose_height": (0.17, 0.31), "nose_bridge": (0.060, 0.105),
    "mouth_height": (-0.735, -0.60), "mouth_width": (0.180, 0.320), "lip_upper": (0.022, 0.084), "lip_lower": (0.034, 0.108),
    "hairline": (0.80, 0.64), "hair_volume": (0.05, 0.24),
}  # fmt: skip
"""Geometric meaning of 0 and 1 in head units; `jaw` and `chin` are the exponents of the lower outline. What is not here is used "
    "as it is."""

_BY_SEX: Mapping[str, tuple[tuple[float, float], tuple[float, float]]] = {
    # parameter: (female low, high), (male low, high); what is not here is drawn from the whole range
    "jaw": ((0.0, 0.62), (0.35, 1.0)), "chin": ((0.0, 0.7), (0.25, 1.0)), "brow_thickness": ((0.0, 0.6), (0.4, 1.0)),
        "brow_arch": ((0.3, 1.0), (0.0, 0.6)),
    "eye_open": ((0.3, 1.0), (0.0, 0.65)), "lip_upper": ((0.25, 1.0), (0.0, 0.7)), "lip_lower": ((0.25, 1.0), (0.0, 0.75)),
        "lip_colour": ((0.3, 1.0), (0.0, 0.3)),
    "nose_width": ((0.0, 0.8), (0.2, 1.0)), "hair_length": ((0.25, 1.0), (0.0, 0.28)), "brow_height": ((0.3, 1.0), (0.0, 0.7)),
        "brow_tilt": ((0.0, 1.0), (0.2, 1.0)),
}  # fmt: skip
_SPARSE: Mapping[str, float] = {"beard": 0.35, "freckles": 0.15, "mole": 0.08, "updo": 0.18, "glasses": 0.04}
"""How often a trait is there at all when a prompt does not say."""


def sample(rng: np.random.Generator, sex: float | None = None) -> Identity:
    """Draw a person; `sex` (0 female, 1 male) may be given, everything else is open."""
    drawn = {name: float(v) for name, v in zip(PARAMETERS, rng.random(len(PARAMETERS)), strict=True)}
    drawn["sex"] = round(drawn["sex"]) if sex is None else sex
    for name, (female, male) in _BY_SEX.items():
        low, high = male if drawn["sex"] > 0.5 else female
        drawn[name] = low + (high - low) * drawn[name]
    for name, share in _SPARSE.items():
        drawn[name] = max(0.0, (drawn[name] - (1 - share)) / share)
    if drawn["sex"] < 0.5:
        drawn["beard"] = 0.0
    else:
        drawn["updo"] = 0.0
    drawn["age"] *= 0.75
    # Light hair and eyes go with light skin; left free, half of all people would look dyed.
    pale = float(np.clip(1.25 - 1.25 * drawn["skin"], 0.08, 1.0))
    drawn["hair_colour"] *= pale
    drawn["iris"] *= pale
    return Identity(**drawn)


def value(identity: Identity, name: str) -> float:
    """Return a parameter in its own unit (see `RANGES`)."""
    low, high = RANGES[name]
    position: float = getattr(identity, name)
    return low + (high - low) * position


def nudge(identity: Identity, rng: np.random.Generator, sd: float, names: tuple[str, ...] = PARAMETERS) -> Identity:
    """Move parameters by small normal noise, as two takes of one person differ; traits that are absent stay absent."""
    moved = {}
    for name, z in zip(names, rng.standard_normal(len(names)), strict=True):
        old: float = getattr(identity, name)
        fixed = name == "sex" or (name in _SPARSE and old == 0.0)
        moved[name] = old if fixed else float(np.clip(old + sd * z, 0, 1))
    return replace(identity, **moved)


def to_json(identity: Identity) -> dict[str, float]:
    """Return the parameters as plain numbers of four digits."""
    return {name: round(float(v), 4) for name, v in asdict(identity).items()}


def from_json(data: object) -> Identity | None:
    """Read parameters back; None unless every one that is given is a number from 0 to 1 and at least half are given."""
    if not isinstance(data, dict):
        return None
    known = {k: v for k, v in data.items() if k in PARAMETERS}
    valid = all(isinstance(v, (int, float)) and not isinstance(v, bool) and 0 <= v <= 1 for v in known.values())
    if not valid or 2 * len(known) < len(PARAMETERS):
        return None
    return Identity(**{k: float(v) for k, v in known.items()})
