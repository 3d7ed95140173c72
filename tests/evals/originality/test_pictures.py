"""A picture is found again through what happens to stolen pictures; two pictures are never taken for one."""

from __future__ import annotations

import imagehash
import numpy as np
import pytest
import reuse
from PIL import Image

from evals.originality.catalogue import Catalogue, picture_entry
from evals.originality.find import picture_reuse
from evals.originality.pictures import look, nearest

WIDE = [reuse.scene(n) for n in range(6)]
TALL = [reuse.scene(100 + n, (216, 384)) for n in range(6)]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue(picture_entry(f"{n}", image, f"{n:064d}") for n, image in enumerate([*WIDE, *TALL]))


def test_the_hash_is_that_of_imagehash_bit_for_bit() -> None:
    for image in (*WIDE, *TALL):
        theirs = np.packbits(imagehash.phash(image, hash_size=16).hash).view(np.uint64)
        assert look(image).hashes[0].tolist() == theirs.tolist()


@pytest.mark.parametrize("change", reuse.CHANGES.values(), ids=reuse.CHANGES)
def test_a_changed_picture_is_found(change: object, catalogue: Catalogue) -> None:
    for number in (1, 7):
        image = [*WIDE, *TALL][number]
        found = picture_reuse(look(change(image), mirror=True), catalogue)  # type: ignore[operator]
        assert [r.entry.name for r in found] == [str(number)]


def test_an_earlier_picture_that_was_the_crop_is_found_too() -> None:
    catalogue = Catalogue([picture_entry("crop", reuse.upright(WIDE[0]), "0" * 64)])
    (found,) = picture_reuse(look(WIDE[0], mirror=True), catalogue)
    assert found.shown()["view"] == "9:16 middle"


def test_other_pictures_are_not_found(catalogue: Catalogue) -> None:
    for n in range(20):
        assert picture_reuse(look(reuse.scene(500 + n, (216, 384) if n % 2 else (320, 200)), mirror=True), catalogue) == []


def test_a_plain_picture_is_like_nothing() -> None:
    """A black frame has no pattern; two of them prove nothing."""
    black = look(Image.new("RGB", (90, 160)), mirror=True)
    assert nearest(black, look(Image.new("RGB", (90, 160)))) is None
    assert picture_reuse(black, Catalogue([picture_entry("black", Image.new("RGB", (90, 160)), "0" * 64)])) == []
