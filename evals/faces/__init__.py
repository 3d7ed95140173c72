"""Find faces, tell them apart and measure how they move: `evals.faces.analysis` is the way in.

| module | does |
|---|---|
| `models` | find, verify and load the model files that installed packages carry |
| `detect`, `mesh`, `iris` | boxes, 468 landmarks, eyelids |
| `warp`, `align`, `embed`, `centre`, `identity` | a face as 128 numbers, and whether two are one person |
| `pair` | are two pictures of one person |
| `pose`, `steady`, `track`, `stiffness`, `blinks`, `emotion` | how a face is turned, moves and feels |
| `face`, `analysis`, `appearances` | all of it for one picture or clip, remembered by content |
| `wanted`, `assign`, `group` | which faces a case asks for, and which of those found are whose |
| `still`, `moving`, `verdict`, `evidence` | what `evals.expression` says of stills and of clips, and how pages are shown why |
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evals.faces.arrays import Rgb
    from evals.faces.pair import FaceMatch


def same_person(a: Rgb, b: Rgb) -> FaceMatch:
    """Return whether two pictures (RGB uint8, height x width x 3) show the same person.

    Returns:
        `similarity` (-1 to 1), `probability` (0 to 1, both answers being equally likely beforehand) and `status`: `ok`, or
        `no_face` and `too_small`, with both numbers None and `reason` saying which picture.

    Raises:
        ScorerError: An argument is no picture.
        ModelUnavailable: A face model is not installed.
    """
    from evals.faces.pair import compare

    return compare(a, b)
