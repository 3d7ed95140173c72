"""Say which face is whose, when several people are in one picture.

The sum of the similarities is made as large as possible (Hungarian method), each person having one face. In clips a person may
come back after a cut: what is left over goes to the person it resembles, unless they are already seen at that moment. What resembles
nobody goes to somebody who is not seen then and should be: a clip that swaps its actor half way shows the wrong face, not an extra.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evals.faces.appearances import Appearance
from evals.faces.arrays import Floats
from evals.faces.identity import Template


def by_similarity(matches: Floats, appearances: Sequence[Appearance], thresholds: Sequence[float]) -> dict[int, list[int]]:
    """Return the appearances of each person, best first, by index.

    Args:
        matches: Similarity of each appearance (row) to each person (column).
        appearances: The rows.
        thresholds: For each person, the similarity from which a left-over face is taken for their second appearance.
    """
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(-matches)
    found = {int(c): [int(r)] for r, c in zip(rows, columns, strict=True)}
    for row in sorted(set(range(len(appearances))) - set(rows.tolist()), key=lambda r: -float(matches[r].max())):
        column = int(matches[row].argmax())
        taken = found.get(column, [])
        if matches[row, column] >= thresholds[column] and not any(appearances[row].overlaps(appearances[other]) for other in taken):
            found.setdefault(column, []).append(row)
    _in_place_of(found, matches, appearances)
    return found


def _in_place_of(found: dict[int, list[int]], matches: Floats, appearances: Sequence[Appearance]) -> None:
    """Give faces that are left over to people whom they stand in for: as large as half of them or more, while they are away."""
    taken = {row for rows in found.values() for row in rows}
    for row in sorted(set(range(len(appearances))) - taken, key=lambda r: -float(matches[r].max())):
        for column in np.argsort(-matches[row]):
            rows = found.get(int(column), [])
            away = rows and not any(appearances[row].overlaps(appearances[other]) for other in rows)
            if away and appearances[row].iod >= 0.5 * appearances[rows[0]].iod:
                rows.append(row)
                break


def by_place(wanted: Sequence[float], appearances: Sequence[Appearance]) -> dict[int, int]:
    """Return which appearance stands where each person should, both ordered from left to right.

    Args:
        wanted: Where each person should be, 0 (left) to 1.
        appearances: What is there; of more faces than people, the largest are meant.
    """
    largest = sorted(range(len(appearances)), key=lambda i: -appearances[i].iod)[: len(wanted)]
    faces = sorted(largest, key=lambda i: appearances[i].x)
    people = sorted(range(len(wanted)), key=lambda i: wanted[i])
    if len(faces) < len(people):
        return {}
    return dict(zip(people, faces, strict=True))


def best_matches(appearances: Sequence[Appearance], templates: Sequence[Template]) -> Floats:
    """Return the similarity of each appearance (row) to each template (column)."""
    return np.array([[a.match(t) for t in templates] for a in appearances])
