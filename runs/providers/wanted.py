"""What a picture or clip shall be, in words that all adapters share: shape, length, number; vertical unless told otherwise.

parameters                        shape          seconds
{}                                9:16           the adapter's default
{"aspect_ratio": "1:1"}           1:1
{"width": 1080, "height": 1920}   1080 x 1920
{"duration": "10"}                9:16           10
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runs.provider import Failure

VERTICAL = "9:16"
SHAPE = frozenset({"aspect_ratio", "width", "height", "size", "ratio"})
LENGTH = frozenset({"duration", "seconds"})


@dataclass(frozen=True, slots=True)
class Shape:
    """A ratio, and the pixels where they were named."""

    ratio: str = VERTICAL
    width: int | None = None
    height: int | None = None

    @property
    def value(self) -> float:
        """Return width over height."""
        across, _, down = self.ratio.partition(":")
        return float(across) / float(down)


def shape(parameters: Mapping[str, Any]) -> Shape | Failure:
    """Return the shape that is asked for: `width` and `height`, `size` (`1024x1536`), or `aspect_ratio`; else vertical."""
    size = parameters.get("size")
    if isinstance(size, str) and size not in ("", "auto"):
        across, _, down = size.lower().replace("*", "x").partition("x")
        return _pixels(across, down, size)
    if "width" in parameters or "height" in parameters:
        return _pixels(parameters.get("width"), parameters.get("height"), "width and height")
    ratio = str(parameters.get("aspect_ratio") or parameters.get("ratio") or VERTICAL)
    across, _, down = ratio.partition(":")
    if not all(side.isdecimal() and len(side) <= 5 and int(side) for side in (across, down)):
        return Failure("invalid_request", f"aspect_ratio is two numbers such as 9:16, not {ratio!r}")
    return Shape(ratio)


def seconds(parameters: Mapping[str, Any], default: float) -> float | Failure:
    """Return the length that is asked for, in seconds; also one in quotes."""
    given = next((parameters[name] for name in ("duration", "seconds") if parameters.get(name) is not None), default)
    try:
        found = float(given)
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if isinstance(given, bool) or not math.isfinite(found):
        return Failure("invalid_request", f"duration is a number of seconds, not {given!r}")
    return found


def next_length(asked: float, lengths: Sequence[float]) -> int | Failure:
    """Return the shortest length that can be had and is no shorter than a planned one: a clip can be cut, not stretched."""
    enough = [length for length in lengths if length >= asked - 1e-9]
    if not asked > 0 or not enough:
        return Failure("invalid_request", f"the duration is at most {max(lengths):g} seconds, not {asked:g}")
    return int(min(enough))


def count(parameters: Mapping[str, Any], most: int) -> int | Failure:
    """Return how many outputs one call shall give."""
    given = parameters.get("n", 1)
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= most:
        return Failure("invalid_request", f"n is a number from 1 to {most}, not {given!r}")
    return given


def nearest(wanted: Shape, sizes: Iterable[str], mark: str = "x") -> str:
    """Return the size of a list whose shape is nearest to the one that is wanted."""

    def distance(size: str) -> float:
        across, _, down = size.partition(mark)
        return abs(math.log(int(across) / int(down) / wanted.value))

    return min(sizes, key=distance)


def fitted(wanted: Shape, long_edge: int, step: int) -> tuple[int, int]:
    """Return width and height of a shape with a given long edge, both multiples of a step."""
    across = long_edge if wanted.value >= 1 else long_edge * wanted.value
    down = long_edge / wanted.value if wanted.value >= 1 else long_edge
    return max(step, round(across / step) * step), max(step, round(down / step) * step)


def too_long(text: str, most: int, what: str = "prompt") -> Failure | None:
    """Return why a text cannot be sent if it has more characters than a vendor takes."""
    return Failure("invalid_request", f"the {what} has {len(text)} characters; {most} are allowed") if len(text) > most else None


def _pixels(width: Any, height: Any, said: str) -> Shape | Failure:
    try:
        across, down = int(width), int(height)
    except (TypeError, ValueError, OverflowError):
        across = down = 0
    if across < 1 or down < 1 or across > 1 << 15 or down > 1 << 15:
        return Failure("invalid_request", f"width and height are numbers of pixels and go together, not {said!r}")
    shared = math.gcd(across, down)
    return Shape(f"{across // shared}:{down // shared}", across, down)
