"""From what a prompt says, and what it leaves open, to the people who stand before the camera."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from runs.studio import identity as people
from runs.studio.direction import COLOURS
from runs.studio.identity import Identity
from runs.studio.numeric import Rgb, rng_of
from runs.studio.prompt import Person, Reading
from runs.studio.reference import ReferenceIdentity
from runs.studio.torso import Outfit

STATED_SD = 0.025
"""How far a parameter that the prompt states still differs from take to take."""
REFERENCE_SD = 0.015
"""The same for an identity that a reference picture fixes."""
_OUTFITS = ("shirt", "suit", "robe", "dress", "tee", "hoodie", "coat")


@dataclass(frozen=True, slots=True)
class Member:
    """One person of a picture: what was said, who it became, what they wear."""

    said: Person
    identity: Identity
    referenced: bool
    outfit: Outfit


def reference_for(person: Person, index: int, references: Sequence[ReferenceIdentity]) -> ReferenceIdentity | None:
    """Return a person's reference: the one of that name, else the one at that place if it is not another's."""
    named = [r for r in references if r.name and (r.name.lower() in person.name.lower() or r.name.lower() in person.text.lower()[:200])]
    if named:
        return named[0]
    distinct = list({r.name or str(i): r for i, r in enumerate(references)}.values())
    return distinct[index] if index < len(distinct) else None


def identity_of(person: Person, reference: ReferenceIdentity | None, rng: np.random.Generator) -> Identity:
    """Return who a person is: the reference, or what is stated, and for the rest a fresh draw.

    What the words fix does not move but for small noise; every other parameter is drawn anew for each prompt and seed.
    """
    drawn = people.sample(rng, person.fixed.get("sex"))
    if reference is not None:
        return people.nudge(reference.identity, rng, REFERENCE_SD)
    drawn = replace(drawn, **person.fixed)
    return people.nudge(drawn, rng, STATED_SD, tuple(n for n in person.fixed if n not in ("sex", "updo", "glasses", "beard")))


def outfit_of(person: Person, identity: Identity, rng: np.random.Generator) -> Outfit:
    """Return what a person wears: the garment and colour said, else drawn."""
    drawn = str(rng.choice([o for o in _OUTFITS if o != "dress" or identity.sex < 0.5]))
    palette = [rgb for _, rgb in COLOURS.values()]
    colour = palette[int(rng.integers(len(palette)))]
    accents: tuple[Rgb, ...] = ((0.86, 0.84, 0.80), (0.78, 0.66, 0.34), (0.30, 0.30, 0.33), (0.72, 0.76, 0.80))
    accent = accents[int(rng.integers(len(accents)))]
    garment = person.garment or drawn
    if garment == "suit":
        accent = (0.88, 0.87, 0.85)
        colour = (0.14, 0.15, 0.18) if person.colour is None and rng.random() < 0.7 else colour
    return Outfit(garment, person.colour or colour, accent)


def cast(reading: Reading, references: Sequence[ReferenceIdentity], *key: object) -> tuple[Member, ...]:
    """Cast a reading; `key` decides what is left open."""
    members = []
    for index, person in enumerate(reading.people):
        rng = rng_of("cast", *key, index)
        reference = reference_for(person, index, references)
        identity = identity_of(person, reference, rng)
        members.append(Member(person, identity, reference is not None, outfit_of(person, identity, rng)))
    return tuple(members)
