"""Finding the files in an answer of unknown shape: aggregators return whatever each model returns.

    links({"video": {"url": "https://cdn/v.mp4", "content_type": "video/mp4"}, "seed": 7}, "video")   ["https://cdn/v.mp4"]
    links(["https://cdn/a.webp", "https://cdn/b.webp"], "image")                                      both
    links({"video": "https://cdn/v.mp4", "thumbnail": "https://cdn/t.jpg"}, "video")                  ["https://cdn/v.mp4"]

What is known to be of another kind is left out; what nobody can tell is taken only where nothing is known to fit.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from runs.provider import Kind

MOST = 64
"""Files of one answer; more are no output of one job."""
DEPTH = 8
_ASIDE = ("thumbnail", "preview", "cover", "poster", "mask", "waveform")


def links(value: Any, kind: Kind) -> list[str]:
    """Return the addresses (also data URLs) of an answer's files of a kind, in its order, each once."""
    found = list(_walk(value, "", DEPTH))
    fitting = [url for url, of, _ in found if of == kind]
    unknown = [url for url, of, name in found if of is None and not any(a in name for a in _ASIDE)]
    return list(dict.fromkeys(fitting or unknown))[:MOST]


def _walk(value: Any, name: str, depth: int) -> Iterator[tuple[str, str | None, str]]:
    """Yield addresses with their kind, as far as it can be told, and the key that they stand under."""
    if isinstance(value, str):
        if value.startswith(("https://", "http://", "data:")):
            yield value, _kind_of_url(value) or _kind_of_name(name), name
    elif isinstance(value, Mapping) and depth:
        if isinstance(url := value.get("url"), str) and url:
            declared = str(value.get("content_type") or value.get("mime_type") or "")
            yield url, _kind(declared) or _kind_of_url(url) or _kind_of_name(name), name
        for key, inner in value.items():
            if key != "url":
                yield from _walk(inner, str(key).lower(), depth - 1)
    elif isinstance(value, list) and depth:
        for inner in value:
            yield from _walk(inner, name, depth - 1)


def _kind(media_type: str) -> str | None:
    head = media_type.partition("/")[0].lower()
    return head if head in ("image", "video", "audio", "text") else None


def _kind_of_url(url: str) -> str | None:
    if url.startswith("data:"):
        return _kind(url[5:].partition(";")[0])
    try:
        path = urlsplit(url).path
    except ValueError:
        return None
    return _kind(mimetypes.guess_type(path)[0] or "")


def _kind_of_name(name: str) -> str | None:
    return next((kind for kind in ("video", "audio", "image") if kind in name), None)
