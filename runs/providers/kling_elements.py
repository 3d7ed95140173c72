"""Kling's elements: characters that are handed in once and named by id afterwards, so that every clip has the same face.

    POST /v1/general/advanced-custom-elements   {"element_name": "wb-3fa9c1…", "element_image_list": {"frontal_image": …}}
    GET  /v1/general/advanced-custom-elements/{task_id}     ->  … "element_id": 123456789012345678
    then, in a clip:  "element_list": [{"element_id": "123456789012345678"}], and <<<element_1>>> in the prompt

An element is named by the hash of its pictures, and looked for by that name before it is made: another run, or a process
that was killed, finds what is there. Ids have 64 bits and stay text.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

from runs import secrets
from runs.provider import Failure, Reference
from runs.providers.http import Reply
from runs.providers.kling_pictures import encoded
from runs.providers.tables import at, items, text

PATH = "/v1/general/advanced-custom-elements"
MOST_VIEWS = 3
PAGES, PAGE = 20, 30
MAKING_S = 600.0
Call = Callable[..., Awaitable[Reply | Failure]]


class Elements:
    """Makes elements of characters, each once.

    Args:
        call: makes one call and returns its reply, or the failure that the reply means.
        poll_s: seconds between two questions after an element that is being made.
    """

    def __init__(self, call: Call, poll_s: float) -> None:
        self._call = call
        self._poll_s = poll_s
        self._known: dict[str, str] = {}
        self._lock = asyncio.Lock()

    async def of(self, references: Sequence[Reference]) -> list[tuple[str, str]] | Failure:
        """Return name and element id of each character that references show, made where it is not there yet."""
        found: list[tuple[str, str]] = []
        # One at a time: two jobs that want the same character must not make it twice.
        async with self._lock:
            for who, views in _people(references).items():
                element = await self._one(who, views)
                if isinstance(element, Failure):
                    return element
                found.append((who, element))
        return found

    def known(self, references: Sequence[Reference]) -> list[tuple[str, str]]:
        """Return name and element id of each character without asking anybody; an empty id where this process made none."""
        return [(who, self._known.get(_name(views), "")) for who, views in _people(references).items()]

    async def _one(self, who: str, views: Sequence[Reference]) -> str | Failure:
        name = _name(views)
        if name not in self._known:
            element = await self._find(name)
            if isinstance(element, str) and not element:
                element = await self._make(name, who, views)
            if isinstance(element, Failure):
                return element
            self._known[name] = element
        return self._known[name]

    async def _find(self, name: str) -> str | Failure:
        for page in range(1, PAGES + 1):
            reply = await self._call("GET", PATH, params={"pageNum": str(page), "pageSize": str(PAGE)})
            if isinstance(reply, Failure):
                return reply
            data = at(reply.body, "data")
            for entry in _mappings(data):
                if text(entry.get("element_name")) == name and (element := _element_id(entry)):
                    return element
            if len(items(data)) < PAGE:
                break
        return ""

    async def _make(self, name: str, who: str, views: Sequence[Reference]) -> str | Failure:
        if not 2 <= len(views) <= MOST_VIEWS + 1:
            return Failure(
                "invalid_request",
                f"an element of {who} wants a frontal picture and 1 to {MOST_VIEWS} other views, not {len(views)} pictures",
            )
        pictures = await encoded(views)
        if isinstance(pictures, Failure):
            return pictures
        frontal, *others = pictures
        body = {
            "element_name": name, "element_description": who[:100], "reference_type": "image_refer",
            "element_image_list": {"frontal_image": frontal, "refer_images": [{"image_url": view} for view in others]},
        }  # fmt: skip
        reply = await self._call("POST", PATH, json=body)
        if isinstance(reply, Failure):
            return reply
        task_id = text(at(reply.body, "data", "task_id"))
        for _ in range(max(1, int(MAKING_S / self._poll_s))):
            if element := _element_id(at(reply.body, "data")):
                return element
            if at(reply.body, "data", "task_status") == "failed":
                why = secrets.redact(text(at(reply.body, "data", "task_status_msg")))[:300]
                return Failure("invalid_request", f"the element of {who} failed: {why}")
            await asyncio.sleep(self._poll_s)
            polled = await self._call("GET", f"{PATH}/{task_id}")
            if isinstance(polled, Failure):
                return polled
            reply = polled
        return Failure("server", f"the element of {who} is not ready after {MAKING_S:.0f} s; it can be asked for again")


def _people(references: Sequence[Reference]) -> dict[str, list[Reference]]:
    people: dict[str, list[Reference]] = {}
    for reference in references:
        people.setdefault(reference.name, []).append(reference)
    return people


def _name(views: Sequence[Reference]) -> str:
    """Return the name of an element: 20 characters are allowed."""
    return "wb-" + hashlib.sha256("".join(v.sha256 for v in views).encode()).hexdigest()[:17]


def _element_id(data: Any) -> str:
    return next((found for entry in _mappings(data) if (found := text(entry.get("element_id")))), "")


def _mappings(data: Any, depth: int = 6) -> Iterator[Mapping[str, Any]]:
    """Yield all JSON objects in a value, outermost first: where in an answer the id stands is not documented."""
    if isinstance(data, Mapping):
        yield data
    if depth and isinstance(data, (Mapping, list)):
        for value in data.values() if isinstance(data, Mapping) else data:
            yield from _mappings(value, depth - 1)
