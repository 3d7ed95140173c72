"""Krippendorff's alpha: how far people, or a judge and people, or a judge and itself, agree beyond chance.

    alpha([["yes", "yes"], ["no", "yes"], …])                 # names of things
    alpha([[1, 1, 0], [-1, -1], …], ordered=True)             # values in an order: a near miss counts less

1 is perfect agreement, 0 what chance gives, below it is worse than that. Any number of raters, and an item may lack some.
Source: K. Krippendorff, "Computing Krippendorff's Alpha-Reliability", 2011.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np


def alpha(rows: Sequence[Sequence[Hashable]], *, ordered: bool = False) -> float | None:
    """Return alpha; None where no item has two ratings, or all ratings are the same.

    Args:
        rows: the ratings of each item.
        ordered: the values have an order; the distance of two is the number of ratings between them, half of their own counted.
    """
    paired = [row for row in rows if len(row) > 1]
    known = {value for row in paired for value in row}
    if len(known) < 2:
        return None
    values = sorted(known) if ordered else list(known)  # type: ignore[type-var]  # what has an order can be sorted
    place = {value: i for i, value in enumerate(values)}
    together = np.zeros((len(values), len(values)))
    for row in paired:
        counts = np.zeros(len(values))
        for value, n in Counter(row).items():
            counts[place[value]] = n
        together += (np.outer(counts, counts) - np.diag(counts)) / (len(row) - 1)
    each = together.sum(axis=1)
    if ordered:
        below = np.concatenate([[0.0], np.cumsum(each)])
        middle = (below[:-1] + below[1:]) / 2
        distance = (middle[:, None] - middle[None, :]) ** 2
    else:
        distance = 1 - np.eye(len(values))
    expected = (np.outer(each, each) * distance).sum() / (each.sum() - 1)
    return float(1 - (together * distance).sum() / expected) if expected > 0 else None
