"""Pictures as perceptual hashes: whether one is another, cropped, mirrored, graded or with a subtitle bar on it.

Example: a still of a rival's episode and our own key frame, cut from it to 9:16 and mirrored

    nearest(look(frame, mirror=True), look(still))  ->  Nearest(0.03, 0.97, "whole, mirrored", "9:16 middle")

A hash is 256 signs of the lowest frequencies of a picture (the `phash` of imagehash with 16 x 16, bit for bit). It bears
compression, size and colour, but no change of frame. So the catalogue keeps hashes of each picture's usual cut-outs, and a
new picture is looked up whole, in cut-outs and mirrored: a crop of the old is found, and so is an old one that was a crop.

Many views make many chances to be alike by accident, and a hash knows only the coarse layout: two close-ups in one light have
it in common. So the pair of views that a hash proposes is laid over each other as small pictures, and only what fits in its
details too is one picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import Image

Hashes = NDArray[np.uint64]
"""One row of four 64-bit words a view."""

BITS = 256
CLOSE = 0.30
"""Share of differing bits up to which two views are worth laying over each other."""
LIKE = 0.85
"""Likeness in details from which they are one picture; `tests/bench/originality.py` prints how often that is wrong."""
VERTICAL = 9 / 16
FLAT = 2.0
"""Standard deviation of grey below which a view has no pattern that could be recognised."""
PLACES = (("", 0.5, 0.5), ("top left", 0.0, 0.0), ("top right", 1.0, 0.0), ("bottom left", 0.0, 1.0), ("bottom right", 1.0, 1.0))
"""Where a cut-out may stand: in the middle, or in a corner."""
SMALL = 160
"""Longest side of the small copies, in pixels."""
SHIFT = 6
"""How far two views are moved against each other, in 64ths of the frame."""
_SIDE = 64

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class View:
    """One way to look at a picture: the cut-out as shares of width and height, and whether it is mirrored."""

    name: str
    box: Box
    mirrored: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """A picture as the catalogue keeps it: hashes of its views, which views they are, and a small grey copy."""

    hashes: Hashes
    names: tuple[str, ...]
    small: Image.Image
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Nearest:
    """The closest of all pairs of views: share of differing bits, likeness in details (0-1), and which views they are."""

    distance: float
    likeness: float
    view: str
    other_view: str

    @property
    def same(self) -> bool:
        """Tell whether they are one picture."""
        return self.distance <= CLOSE and self.likeness >= LIKE


def look(image: Image.Image, *, mirror: bool = False) -> Look:
    """Look at an upright picture; flat views, which look like any other, are left out.

    Args:
        image: As `evals.media.read_picture` gives it.
        mirror: Also the mirrored views. One side of a comparison needs them, not both.
    """
    grey = image.convert("L")
    rows, names = [], []
    for view, pixels in _seen(grey, views(grey.width, grey.height, mirror=mirror)):
        if float(pixels.std()) >= FLAT:
            rows.append(_hash(pixels))
            names.append(view.name)
    hashes = np.stack(rows) if rows else np.empty((0, 4), dtype=np.uint64)
    small = grey.copy()
    small.thumbnail((SMALL, SMALL))
    return Look(hashes, tuple(names), small, grey.width, grey.height)


def distances(mine: Hashes, others: Hashes) -> NDArray[np.float64]:
    """Return the share of differing bits of every view with every other, one row a view of mine."""
    apart: NDArray[np.float64] = np.bitwise_count(mine[:, None, :] ^ others[None, :, :]).sum(axis=2, dtype=np.int64) / BITS
    return apart


def nearest(mine: Look, other: Look) -> Nearest | None:
    """Return the closest pair of views; `mine` is the side with mirrored views. None where one of them is flat all over."""
    apart = distances(mine.hashes, other.hashes)
    if not apart.size:
        return None
    row, column = np.unravel_index(int(apart.argmin()), apart.shape)
    name, other_name = mine.names[row], other.names[column]
    alike = likeness(_details(mine, name), _details(other, other_name)) if apart[row, column] <= CLOSE else 0.0
    return Nearest(float(apart[row, column]), alike, name, other_name)


def likeness(mine: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return the highest correlation of two details (see `_details`) over shifts of a tenth of the frame; 0 to 1."""
    found = np.fft.ifft2(np.fft.fft2(mine) * np.conj(np.fft.fft2(other))).real
    near = np.r_[0 : SHIFT + 1, -SHIFT:0]
    return max(0.0, float(found[np.ix_(near, near)].max()))


def views(width: int, height: int, *, mirror: bool) -> list[View]:
    """Return the views of a picture: whole, without the bar below, cut-outs, upright ones too; mirrored as well if asked."""
    found = [View("whole", (0.0, 0.0, 1.0, 1.0)), View("without bar", (0.0, 0.0, 1.0, 0.82))]
    found += [_cut(cut, place) for cut in (0.05, 0.12, 0.2) for place in (PLACES if cut == 0.12 else PLACES[:1])]
    share = VERTICAL * height / width
    if share < 0.95:  # wider than upright: where the cut-out stands is the editor's choice
        for name, at in (("left", 0.0), ("left middle", 0.25), ("middle", 0.5), ("right middle", 0.75), ("right", 1.0)):
            left = at * (1 - share)
            found.append(View(f"9:16 {name}", (left, 0.0, left + share, 1.0)))
    return found + [View(f"{v.name}, mirrored", v.box, True) for v in found] if mirror else found


def _cut(cut: float, place: tuple[str, float, float]) -> View:
    name, x, y = place
    return View(f"crop {cut:.0%} {name}".rstrip(), (cut * x, cut * y, cut * x + 1 - cut, cut * y + 1 - cut))


def _seen(grey: Image.Image, wanted: Iterable[View]) -> Iterator[tuple[View, NDArray[np.float64]]]:
    from PIL import Image, ImageOps

    for view in wanted:
        left, top, right, bottom = view.box
        box = (left * grey.width, top * grey.height, right * grey.width, bottom * grey.height)
        cut = grey.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS, box=box)
        yield view, np.asarray(ImageOps.mirror(cut) if view.mirrored else cut, dtype=np.float64)


def _hash(pixels: NDArray[np.float64]) -> NDArray[np.uint64]:
    from scipy.fft import dct

    low = dct(dct(pixels, axis=0), axis=1)[:16, :16]
    return np.packbits(low > np.median(low)).view(np.uint64)


def _details(of: Look, name: str) -> NDArray[np.float64]:
    """Return a view of a small copy without its coarse layout, faded at the edges and of length 1."""
    from scipy.ndimage import gaussian_filter

    view = next(v for v in views(of.width, of.height, mirror=True) if v.name == name)
    ((_, pixels),) = _seen(of.small, [view])
    fine: NDArray[np.float64] = (pixels - gaussian_filter(pixels, 5)) * _fade()
    fine /= np.linalg.norm(fine) + 1e-9
    return fine


def _fade() -> NDArray[np.float64]:
    window = np.hanning(_SIDE + 2)[1:-1]
    return np.outer(window, window)
