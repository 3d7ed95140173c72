"""Read a still picture: upright, opaque, RGB, no larger than the analysis needs."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from evals.errors import UnreadableMedia
from evals.media.bounds import PICTURE_FORMATS, TooLarge, check_pixels, check_size, why

MAX_PIXELS = 50_000_000
"""More pixels than 8K has; beyond, a picture is taken for a decompression bomb and not decoded."""
MAX_SIDE = 2048
"""Larger pictures are analysed at this size: a face that matters is larger than 24 pixels there too."""
ORIENTATION = 0x0112
TURNED = (5, 6, 7, 8)


@dataclass(frozen=True, slots=True)
class Picture:
    """An upright RGB picture; `scale` times a place in it is the place in the file's picture of `width` x `height`."""

    image: Image.Image
    width: int
    height: int
    scale: float


def read_picture(path: Path) -> Picture:
    """Read a picture: EXIF rotation applied, transparency laid on white, any colour mode turned to RGB.

    Raises:
        UnreadableMedia: It does not decode, is cut off, or has more than 50 megapixels.
    """
    check_size(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=PICTURE_FORMATS) as opened:
                check_pixels(path, opened.width, opened.height, MAX_PIXELS)
                return _upright(opened)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise TooLarge(f"{path.name} has more than {MAX_PIXELS // 1_000_000} million pixels.") from None
    except UnreadableMedia:
        raise
    except Exception as error:  # noqa: BLE001 (decoders raise anything when they are fed rubbish)
        raise UnreadableMedia(f"{path.name} is not a readable picture: {why(error)}") from None


def flat(image: Image.Image) -> Image.Image:
    """Return a picture as opaque RGB; what is transparent is white."""
    if image.mode.startswith("I") or image.mode == "F":
        image = _eight_bits(image)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        with_alpha = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", with_alpha.size, "white"), with_alpha).convert("RGB")
    return image.convert("RGB")


def _upright(opened: Image.Image) -> Picture:
    width, height = opened.size
    turn = opened.getexif().get(ORIENTATION, 1)
    if opened.format in ("JPEG", "MPO"):
        opened.draft("RGB", (MAX_SIDE, MAX_SIDE))  # decodes at a fraction of the size, where that is still large enough
    image: Image.Image = opened
    if image.mode in ("RGB", "RGBA", "L", "LA"):
        # Made small before anything is copied: an 8K picture is a hundred megabytes a copy.
        image.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
    image = flat(ImageOps.exif_transpose(image))
    image.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
    if turn in TURNED:
        width, height = height, width
    return Picture(image, width, height, width / image.width)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return 16-bit, integer or floating-point grey as 8-bit grey: by the range of its kind, not by what happens to be in it."""
    values = np.asarray(image)
    if values.dtype == np.uint16:
        return Image.fromarray((values >> 8).astype(np.uint8))
    whole = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    top = float(whole.max(initial=0.0))
    span = 1.0 if image.mode == "F" and top <= 1 else 255.0 if top <= 255 else 65535.0 if top <= 65535 else top
    return Image.fromarray((whole.clip(0) * (255 / span)).astype(np.uint8))
