"""Texts as runs of units, and their n-grams: what text reuse is looked for in.

A unit is one Chinese sign or one word of another script, folded so that width, case and punctuation do not hide a copy.
Chinese has no spaces, so its grams are runs of signs; English grams are runs of words.

Example: `units_of("Mei 说：走!")` gives `["mei", "说", "走"]` with the places (0, 3), (4, 5), (6, 7) of the text.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prompts.text import count

GRAM = 2
"""Units a gram. Longer grams miss heavy edits and find nothing more, see `tests/bench/originality.py`: alignment tells chance apart."""

_UNIT = re.compile(
    "[\u3007\u3021-\u3029\u3040-\u30fa\u30fc-\u30ff\u3105-\u312f\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]"
    "|[^\\W_\u3040-\u30ff\u3105-\u312f\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]+(?:['’][^\\W_]+)*"
)

Grams = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Units:
    """The units of one text in order, where each stands in it, and whether most of the text is measured in signs."""

    text: str
    words: tuple[str, ...]
    places: tuple[tuple[int, int], ...]
    chinese: bool
    size: int = GRAM

    def __len__(self) -> int:
        return len(self.words)

    def grams(self) -> Grams:
        """Return the hash of the gram that begins at each unit; empty for a text shorter than a gram."""
        size = self.size
        found = [_hash("\x1f".join(self.words[i : i + size])) for i in range(len(self.words) - size + 1)]
        return np.array(found, dtype=np.uint64)

    def quote(self, start: int, end: int) -> str:
        """Return the text from one unit up to but without another, as it stands."""
        return self.text[self.places[start][0] : self.places[end - 1][1]] if end > start else ""


def units_of(text: str, size: int = GRAM) -> Units:
    """Cut a text into units; `size` is the units of a gram."""
    found = [(_folded(match[0]), match.span()) for match in _UNIT.finditer(text)]
    counted = count(text)
    chinese = counted.signs > counted.words
    return Units(text, tuple(word for word, _ in found), tuple(place for _, place in found), chinese, size)


def _folded(word: str) -> str:
    # NFKC turns full-width letters into plain ones; places stay those of the text as it stands.
    return unicodedata.normalize("NFKC", word).casefold().replace("’", "'")


def _hash(gram: str) -> int:
    # Python's own hash of a string differs from process to process.
    return int.from_bytes(hashlib.blake2b(gram.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
