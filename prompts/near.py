"""Which names somebody may have meant: those that the word begins, then those that are spelt like it.

nearest("face", {"face_consistency", "flicker"})      # ["face_consistency"]: begun, and not what merely looks alike
nearest("keyfrane", {"shot/keyframe", "clip/motion"})  # ["shot/keyframe"]: the last part of a path counts by itself
"""

from __future__ import annotations

from collections.abc import Iterable

SHOWN = 12
"""How many names a message lists before it says that there are more."""
_BEGINNING = 3
_FEW = 3


def nearest(name: str, names: Iterable[str], most: int = 3) -> list[str]:
    """Return at most `most` of the names, the likeliest first; none where nothing is near."""
    # Imported here: difflib costs start-up time that only a mistake should pay.
    from difflib import get_close_matches

    known = sorted(set(names))
    word = name.casefold()
    begun = [one for one in known if len(word) >= _BEGINNING and _last(one).startswith(_last(word))] if _last(word) else []
    begun = [one for one in begun if "/" not in word or one.casefold().startswith(word)]
    like = get_close_matches(name, known, n=most, cutoff=0.5)
    ends: dict[str, list[str]] = {}
    for one in known:
        ends.setdefault(_last(one), []).append(one)
    alike = [one for end in get_close_matches(_last(word), ends, n=most, cutoff=0.75) for one in ends[end]] if not like else []
    return list(dict.fromkeys([*begun, *like, *alike]))[:most]


def listed(names: Iterable[str]) -> str:
    """Return names as a message lists them: the first ones, and how many more there are."""
    known = sorted(set(names))
    more = f" and {len(known) - SHOWN} more" if len(known) > SHOWN else ""
    return f"{', '.join(known[:SHOWN])}{more}" if known else "none"


def meant(name: str, names: Iterable[str], known: str = "Known:", listing: str = "") -> str:
    """Return a hint: which names are near, else which there are, or where they are listed if there are more than a few."""
    names = set(names)
    if near := nearest(name, names):
        return f"Did you mean {' or '.join(near)}?"
    return f"{listing} lists them." if listing and len(names) > _FEW else f"{known} {listed(names)}."


def _last(name: str) -> str:
    return name.casefold().rpartition("/")[2]
