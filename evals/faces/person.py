"""One person whom a shot asks for: there or not, how alike, how probable, whether pasted, whether they drift through a clip."""

from __future__ import annotations

from typing import Any

import numpy as np

from evals.faces.copies import copied
from evals.faces.group import References, Seen
from evals.faces.identity import Template, make_template


class Person:
    """One person asked for: found, missing, too small or without anything to compare with; how alike, how probable."""

    def __init__(self, seen: Seen, who: str, template: Template | None, known: References) -> None:
        self.who = who
        self.match: float | None = None
        self.p_same: float | None = None
        self.copied = False
        self.drift: float | None = None
        found = seen.of(who)
        if not found and who in seen.too_small:
            self.state, self.why = "too_small", "face too small"
        elif not found:
            self.state, self.why, self.p_same = "missing", "face missing", 0.0
        else:
            pairs = _compared(seen, who, template)
            self.copied = _copied(seen, who, known)
            self.drift = _drift(seen, who, template)
            self.state = "found" if pairs else "alone"
            self.why = known.problems.get(who, "no reference picture, and no other picture of the series shows them")
            if pairs:
                self.match = float(np.mean([m for m, _ in pairs]))
                self.p_same = float(np.mean([p for _, p in pairs]))

    def said(self) -> str:
        """Return the person's part of the reason."""
        if self.state != "found":
            return f"{self.who} {self.why}"
        return f"{self.who} {self.p_same:.2f}" + (" (a copy of the reference picture)" if self.copied else "")

    def evidence(self) -> dict[str, Any]:
        """Return the person's line of the evidence."""
        p_same = None if self.p_same is None else round(self.p_same, 4)
        return {"character": self.who, "state": self.state, "p_same": p_same, "copied": self.copied}


def _copied(seen: Seen, who: str, known: References) -> bool:
    """Return whether a still shows the very face of a reference; a clip that starts from one may well begin with it."""
    if seen.sample.stage == "character":
        return False
    return any(copied(a.middle, known.faces.get(who, [])) for a in seen.of(who) if len(a.faces) == 1)


def _drift(seen: Seen, who: str, template: Template | None) -> float | None:
    """Return how far the match falls from the first to the last fifth of a clip, 0 where it rises; None for stills."""
    if template is None:
        return None
    ordered = sorted((t, f) for a in seen.of(who) if len(a.faces) > 1 for t, f in zip(a.times, a.faces, strict=True))
    if len(ordered) < 2:
        return None
    matches = [template.match(f.embedding, f.pose) for _, f in ordered]
    fifth = max(1, len(matches) // 5)
    return max(0.0, float(np.mean(matches[:fifth]) - np.mean(matches[-fifth:])))


def _compared(seen: Seen, who: str, template: Template | None) -> list[tuple[float, float]]:
    """Return similarity and probability of each face that a person has here, a face a frame counting alike."""
    faces = [f for a in seen.of(who) for f in a.faces]
    if template is not None and template.source == "reference":
        return [(m, template.probability(m)) for m in (template.match(f.embedding, f.pose) for f in faces)]
    # Without a reference the views of a sheet must also agree with each other.
    own = [f.embedding for f in faces] if seen.sample.stage == "character" else []
    others = list(template.embeddings) if template is not None else []
    pairs = []
    for face in faces:
        rest = [*(e for e in own if e is not face.embedding), *others]
        if rest:
            made = make_template(rest, "group")
            match = made.match(face.embedding)
            pairs.append((match, made.probability(match)))
    return pairs
