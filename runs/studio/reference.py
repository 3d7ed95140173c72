"""Pictures sent along with a prompt: whose face the studio takes from them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from runs.studio import identity as people
from runs.studio.identity import Identity
from runs.studio.marks import read_truth
from runs.studio.numeric import rng_of


@dataclass(frozen=True, slots=True)
class ReferenceIdentity:
    """An identity read from a reference picture, and the name that it stands for ("" where none was given)."""

    identity: Identity
    name: str = ""


def reference_from_bytes(data: bytes, name: str = "") -> ReferenceIdentity | None:
    """Return the identity in a picture; None where the bytes are no picture.

    A picture of the studio carries its identity (of several people, the one called `name`, else the first). Any other
    picture stands for an identity drawn from its hash: always the same, but nothing of its pixels is looked at.
    """
    is_picture, truth = read_truth(data)
    if not is_picture:
        return None
    shown = truth.get("people") if truth else None
    if isinstance(shown, list):
        entries = [p for p in shown if isinstance(p, dict)]
        entries.sort(key=lambda p: str(p.get("name", "")).lower() != name.lower())
        for entry in entries:
            found = people.from_json(entry.get("identity"))
            if found is not None:
                return ReferenceIdentity(found, name)
    return ReferenceIdentity(people.sample(rng_of("reference", hashlib.sha256(data).hexdigest())), name)
