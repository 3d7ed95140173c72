"""Midjourney's prompt line: user text, then parameters that were given as data, rendered last and in one order.

    line("a nurse at a window", {"ar": "9:16", "stylize": 250, "no": ["text", "logo"]}, "7")
    ->  "a nurse at a window --ar 9:16 --s 250 --no text, logo --v 7"

Midjourney takes whatever follows `--` as a parameter, an address as a picture, and `{a, b}` as several jobs, each paid.
Prompts are written by models too, so text that would do any of this is refused by name, and line breaks become spaces.
Which version takes what is a table; `versions` in a provider's options corrects it, for this changes faster than we do.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from runs.provider import Failure

V6, V7, V8, NIJI6, NIJI7 = ("6", "6.1"), ("7",), ("8", "8.1"), ("niji 6",), ("niji 7",)
VERSIONS = (*V6, *V7, *V8, *NIJI6, *NIJI7)
SEEDS = 2**32
_HYPHENS = re.compile(r"[-\u2010-\u2012\u2212\ufe58\ufe63\uff0d]{2,}")
# Telephones write `--` as one long dash, and Midjourney reads it so.
_DASH = re.compile(r"(?:^|\s)[\u2013-\u2015\ufe31](\w+)")
_ADDRESS = re.compile(r"\b(?:https?|ftp|data):\S", re.IGNORECASE)
_SEVERAL = re.compile(r"\{[^{}]*,[^{}]*\}")
_VERSION = re.compile(r"(?P<niji>niji)?[ _-]?v?(?P<number>\d(?:\.\d)?)$", re.IGNORECASE)
_URL = re.compile(r"https?://[^\s\"'<>{}|\\^`]+$")
_CODE = re.compile(r"[A-Za-z0-9_-]{1,64}$")
_RATIO = re.compile(r"([1-9]\d{0,3}):([1-9]\d{0,3})$")

Write = Callable[[Any, str], "str | None"]
"""Writes a value for a version; None where the value is none that the parameter takes."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: its flag, what it takes in words, how a value is written, and the versions that take it."""

    flag: str
    takes: str
    write: Write
    versions: tuple[str, ...] = VERSIONS


def _number(low: float, high: float, *, whole: bool = True) -> Write:
    def write(value: Any, _version: str) -> str | None:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high or (whole and value != int(value)):
            return None
        return f"{int(value)}" if value == int(value) else f"{value:g}"

    return write


def _one_of(*allowed: float) -> Write:
    return lambda value, _: f"{value:g}" if not isinstance(value, bool) and value in allowed else None


def _switch(value: Any, _version: str) -> str | None:
    return "" if value is True else None


def _ratio(value: Any, _version: str) -> str | None:
    return value if isinstance(value, str) and _RATIO.match(value) else None


def _words(value: Any, _version: str) -> str | None:
    words = [value] if isinstance(value, str) else list(value) if isinstance(value, Sequence) else []
    written = [" ".join(w.split()) for w in words if isinstance(w, str)]
    return ", ".join(written) if written and len(written) == len(words) and all(w and isinstance(plain(w), str) for w in written) else None


def _pictures(*, codes: bool, most: int) -> Write:
    def write(value: Any, _version: str) -> str | None:
        given = [value] if isinstance(value, (str, int)) else list(value) if isinstance(value, Sequence) else []
        texts = [str(g) for g in given]
        good = all("--" not in t and (_URL.match(t) or (codes and _CODE.match(t))) for t in texts)
        return " ".join(texts) if texts and good and len(texts) <= most else None

    return write


def _profile(value: Any, version: str) -> str | None:
    return "" if value is True else _pictures(codes=True, most=8)(value, version) if isinstance(value, (str, list, tuple)) else None


def _image_weight(value: Any, version: str) -> str | None:
    return _number(0, 2 if version in (*V6, *NIJI6) else 3, whole=False)(value, version)


def _quality(value: Any, version: str) -> str | None:
    return _one_of(*((0.25, 0.5, 1, 2) if version in (*V6, *NIJI6) else (1, 2, 4)))(value, version)


PARAMETERS: Mapping[str, Parameter] = {
    "ar": Parameter("--ar", "W:H", _ratio),
    "stylize": Parameter("--s", "0 to 1000", _number(0, 1000)),
    "chaos": Parameter("--c", "0 to 100", _number(0, 100)),
    "weird": Parameter("--w", "0 to 3000", _number(0, 3000), (*V6, *V7, *NIJI6, *NIJI7)),
    "quality": Parameter("--q", "1, 2 or 4 (version 6: 0.25, 0.5, 1 or 2)", _quality),
    "seed": Parameter("--seed", f"0 to {SEEDS - 1}", _number(0, SEEDS - 1)),
    "no": Parameter("--no", "words without parameters in them", _words),
    "raw": Parameter("--raw", "true", _switch),
    "iw": Parameter("--iw", "0 to 3 (version 6: 0 to 2)", _image_weight),
    "sref": Parameter("--sref", "addresses or codes", _pictures(codes=True, most=8)),
    "sw": Parameter("--sw", "0 to 1000", _number(0, 1000)),
    "sv": Parameter("--sv", "1 to 8", _number(1, 8)),
    "oref": Parameter("--oref", "one address", _pictures(codes=False, most=1), V7),
    "ow": Parameter("--ow", "1 to 1000", _number(1, 1000), V7),
    "cref": Parameter("--cref", "addresses", _pictures(codes=False, most=8), (*V6, *NIJI6)),
    "cw": Parameter("--cw", "0 to 100", _number(0, 100), (*V6, *NIJI6)),
    "exp": Parameter("--exp", "0 to 100", _number(0, 100), (*V7, *V8)),
    "profile": Parameter("--p", "true, or codes", _profile),
    "tile": Parameter("--tile", "true", _switch, (*V6, *V7, *NIJI6, *NIJI7)),
    "stop": Parameter("--stop", "10 to 100", _number(10, 100), (*V6, *V7, *NIJI6, *NIJI7)),
    "draft": Parameter("--draft", "true", _switch, V7),
    "hd": Parameter("--hd", "true", _switch, V8),
    "fast": Parameter("--fast", "true", _switch),
    "relax": Parameter("--relax", "true", _switch),
    "turbo": Parameter("--turbo", "true", _switch, (*V6, *V7, *NIJI6, *NIJI7)),
}
"""In the order in which they are written; the version comes after all of them."""
ALIASES: Mapping[str, str] = {
    "aspect": "ar", "aspect_ratio": "ar", "s": "stylize", "c": "chaos", "w": "weird", "q": "quality", "p": "profile",
    "image_weight": "iw", "style_reference": "sref", "omni_reference": "oref", "character_reference": "cref",
}  # fmt: skip


def plain(text: str) -> str | Failure:
    """Return user text on one line, or why Midjourney would read more into it than text."""
    visible = "".join(" " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    flat = " ".join(visible.split())
    if _HYPHENS.search(flat) or any(_is_flag(word) for word in _DASH.findall(flat)):
        return _refused("parameter_injection", "holds a parameter (`--`); give parameters as such, not inside the text")
    if _ADDRESS.search(flat):
        return _refused("address_injection", "holds an address, which Midjourney takes as a picture; give pictures as such")
    if _SEVERAL.search(flat):
        return _refused("permutation_injection", "holds {a, b}, which Midjourney makes one paid job of for each choice")
    return flat


def line(
    text: str,
    parameters: Mapping[str, Any],
    version: str = "7",
    *,
    images: Sequence[str] = (),
    versions: Mapping[str, Iterable[str]] | None = None,
) -> str | Failure:
    """Return the whole prompt line.

    Args:
        text: the user's; may come from a model.
        parameters: by our names or Midjourney's; `v` or `niji` among them go before `version`.
        version: `7`, `8.1`, `niji 7` …
        images: addresses of pictures, which stand first.
        versions: corrections of which versions take a parameter.
    """
    flat = plain(text)
    if isinstance(flat, Failure):
        return flat
    if not flat and not images:
        return Failure("invalid_request", "the prompt is empty", code="empty_prompt")
    if bad := next((i for i in images if not _URL.match(i) or "--" in i), None):
        return Failure("invalid_request", f"no address of a picture: {bad[:80]!r}", code="reference_needs_url")
    given = _known(parameters, version)
    if isinstance(given, Failure):
        return given
    named, values = given
    written = [_written(name, values[name], named, versions or {}) for name in PARAMETERS if name in values]
    if failed := next((w for w in written if isinstance(w, Failure)), None):
        return failed
    suffix = [w for w in written if isinstance(w, str) and w]
    return " ".join([*images, *([flat] if flat else []), *suffix, f"--niji {named[5:]}" if named.startswith("niji") else f"--v {named}"])


def version_of(text: str) -> str | None:
    """Return the version that a model's name ends in (`midjourney-v7`, `niji-7`, `8.1`); None where it names none."""
    found = _VERSION.search(text.strip())
    return f"{'niji ' if found['niji'] else ''}{found['number']}" if found else None


def _known(parameters: Mapping[str, Any], version: str) -> tuple[str, dict[str, Any]] | Failure:
    """Return the version and the parameters under our names."""
    values: dict[str, Any] = {}
    for given, value in parameters.items():
        if value is None or value is False:
            continue
        name = ALIASES.get(given, given)
        if name in ("v", "version", "niji"):
            version = version_of(f"{'niji ' if name == 'niji' else ''}{value}") or str(value)
        elif name == "style" and value == "raw":
            values["raw"] = True
        elif name not in PARAMETERS:
            near = get_close_matches(name, [*PARAMETERS, *ALIASES], n=1, cutoff=0.6)
            hint = f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(PARAMETERS)}, v and niji"
            return Failure("invalid_request", f"Midjourney has no parameter {name!r}{hint}", code="unknown_parameter")
        elif name in values:
            return Failure("invalid_request", f"the parameter {name!r} is given twice", code="bad_parameter")
        else:
            values[name] = value
    if version not in VERSIONS:
        return Failure("invalid_request", f"no version {version[:20]!r} is known; known are {', '.join(VERSIONS)}", code="unknown_version")
    return version, values


def _written(name: str, value: Any, version: str, versions: Mapping[str, Iterable[str]]) -> str | Failure:
    parameter = PARAMETERS[name]
    allowed = tuple(versions.get(name, parameter.versions))
    if version not in allowed:
        why = f"version {version} does not take {name} ({parameter.flag}); these do: {', '.join(allowed)}"
        return Failure("invalid_request", why, code="version")
    text = parameter.write(value, version)
    if text is None:
        return Failure("invalid_request", f"{name} takes {parameter.takes}, not {str(value)[:80]!r}", code="bad_parameter")
    flag = "--style raw" if name == "raw" and version in (*V6, *NIJI6) else parameter.flag
    return f"{flag} {text}".rstrip()


def _is_flag(word: str) -> bool:
    known = {p.flag.lstrip("-") for p in PARAMETERS.values()} | {*PARAMETERS, *ALIASES, "v", "version", "niji", "style"}
    return word.lower() in known or word.lower().startswith(("v6", "v7", "v8"))


def _refused(code: str, why: str) -> Failure:
    return Failure("invalid_request", f"the prompt {why}", code=code)
