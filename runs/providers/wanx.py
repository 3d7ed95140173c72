"""Older pictures of DashScope (wanx, wan2.5 and below): tasks of one to four pictures.

    POST {base}/services/aigc/text2image/image-synthesis
    {"model": "wan2.5-t2i-preview", "input": {"prompt": "rain on tin"}, "parameters": {"size": "768*1344", "n": 1, …}}

A task has succeeded if at least one of its pictures has: each entry of the result has a link, or a code of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from runs.provider import Asset, Failure, Kind, Request, Usage
from runs.providers import wanted
from runs.providers.dashscope import DashScopeOptions, DashScopeTasks, count_of, failed
from runs.providers.tables import at, items, mapping, text

STEP = 16
INPUT = frozenset({"negative_prompt", "ref_image"})


class Options(DashScopeOptions):
    """`long_edge` is that of pictures whose size was not named."""

    long_edge: int = Field(default=1344, ge=512, le=1440)


class WanxProvider(DashScopeTasks[Options]):
    """Pictures as tasks."""

    kinds: frozenset[Kind] = frozenset({"image"})
    kind: ClassVar[Kind] = "image"
    options_type = Options
    poll_s = 3.0

    def path(self, _request: Request) -> str:
        """Return the path of the text-to-image service."""
        return "/services/aigc/text2image/image-synthesis"

    async def body(self, request: Request) -> dict[str, Any] | Failure:
        """Return the body of a submit, or why there is none."""
        model, given = self.model(request), self.parameters(request)
        shape, count = wanted.shape(given), wanted.count(given, 4)
        if not model:
            return Failure("invalid_request", "no model is named; give --model, or model = … in the provider's table")
        if request.references:
            return Failure("invalid_request", f"{model} takes no reference pictures")
        if isinstance(shape, Failure):
            return shape
        if isinstance(count, Failure):
            return count
        size = (shape.width, shape.height) if shape.width else wanted.fitted(shape, self.options.long_edge, STEP)
        inputs = {k: v for k, v in given.items() if k in INPUT}
        rest = {k: v for k, v in given.items() if k not in INPUT | wanted.SHAPE}
        return {
            "model": model,
            "input": {"prompt": request.prompt, **inputs},
            "parameters": {"size": "{}*{}".format(*size), "n": count, **self.switches(request), **rest},
        }

    def links(self, output: Mapping[str, Any]) -> list[str] | Failure:
        """Return the links of the pictures that came about; the failure of the first that did not, if none did."""
        entries = [mapping(entry) for entry in items(output.get("results"))]
        links = [text(entry.get("url")) for entry in entries if text(entry.get("url"))]
        if not links and entries:
            return failed(0, text(entries[0].get("code")), text(entries[0].get("message")), task=True)
        return links

    def usage(self, body: Mapping[str, Any], assets: tuple[Asset, ...]) -> Usage:
        """Return the number of pictures: only those that succeeded are billed."""
        count = count_of(at(body, "usage", "image_count"))
        return Usage(images=(len(assets) or None) if count is None else count)
