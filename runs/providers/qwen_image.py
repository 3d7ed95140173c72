"""Qwen-Image: pictures from a prompt, or edited from reference pictures; one call, a link in the answer.

    POST {base}/services/aigc/multimodal-generation/generation
    {"model": "qwen-image-3.0-pro",
     "input": {"messages": [{"role": "user", "content": [{"image": "data:…"}, {"text": "rain on tin"}]}]},
     "parameters": {"size": "928*1664", "n": 1, "prompt_extend": false, "watermark": false, "seed": 7}}

The picture is paid when the answer comes, so its link, which works for a day, is tried some times before it is given up.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from runs.provider import Failure, Kind, Outcome, Request, Usage
from runs.providers import inline, wanted
from runs.providers.base import pictures
from runs.providers.dashscope import DashScope, DashScopeOptions, count_of, refused
from runs.providers.tables import at, items, mapping

PATH = "/services/aigc/multimodal-generation/generation"
NEGATIVE_CHARS = 500
LEAST_PIXELS, MOST_PIXELS, STEP = 512 * 512, 2048 * 2048, 16
LISTED = ("1664*928", "1472*1104", "1328*1328", "1104*1472", "928*1664")
REFERENCE_BYTES = 10 << 20


class Family(BaseModel):
    """What the models of one family take: sizes of a list or any, pictures a call, references, characters of the prompt."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sizes: Literal["listed", "free"] = "free"
    n: int = Field(default=1, ge=1)
    references: int = Field(default=0, ge=0)
    prompt_chars: int | None = Field(default=None, gt=0)


class Options(DashScopeOptions):
    """`models` says what families take, by patterns of names; `long_edge` is that of pictures whose size was not named."""

    models: dict[str, Family] = Field(default={})
    long_edge: int = Field(default=1664, ge=512, le=2048)


class QwenImageProvider(DashScope[Options]):
    """Qwen's picture models."""

    kinds: frozenset[Kind] = frozenset({"image"})
    options_type = Options

    def family(self, model: str) -> Family:
        """Return what a model takes: that of the longest pattern that its name fits."""
        fitting = sorted((p for p in self.options.models if fnmatchcase(model, p)), key=len)
        return self.options.models[fitting[-1]] if fitting else Family()

    async def generate(self, request: Request) -> Outcome:
        """Draw, or edit the references of the request."""
        body = await self.body(request)
        if isinstance(body, Failure):
            return Outcome(failure=body)
        placed = await self.placed(body)
        if isinstance(placed, Failure):
            return Outcome(failure=placed)
        reply = await self.client.call("POST", PATH, json=placed[0], headers=placed[1])
        kept: dict[str, Any] = {"wire_request": reply.sent, "wire_response": reply.got, "model_resolved": body["model"]}
        # A gateway that gave up on the way may have had the picture made: not asked for again.
        if (failure := refused(reply, submitting=True)) is not None:
            return Outcome(failure=failure, **kept)
        links = _links(mapping(reply.body))
        count = count_of(at(reply.body, "usage", "image_count"))
        usage = Usage(images=len(links) if count is None else count)
        if not links:
            return Outcome(failure=Failure("malformed", "the answer holds no picture", code="empty"), usage=usage, **kept)
        assets = await self.fetch(links, "image", paid=True)
        if isinstance(assets, Failure):
            return Outcome(failure=assets, usage=usage, **kept)
        return Outcome(assets=assets, usage=usage, **kept)

    async def body(self, request: Request) -> dict[str, Any] | Failure:
        """Return the body of a call, or why it cannot be made."""
        model, given = self.model(request), self.parameters(request)
        if not model:
            return Failure("invalid_request", "no model is named; give --model, or model = … in the provider's table")
        family = self.family(model)
        size, count = self._size(family, given), wanted.count(given, family.n)
        negative = str(given.get("negative_prompt") or "")
        problems = (
            size if isinstance(size, Failure) else None,
            count if isinstance(count, Failure) else None,
            wanted.too_long(request.prompt, family.prompt_chars) if family.prompt_chars else None,
            wanted.too_long(negative, NEGATIVE_CHARS, "negative prompt"),
            _too_many(model, family, request),
        )
        if problem := next((p for p in problems if p is not None), None):
            return problem
        data = await pictures(request.references, limit=REFERENCE_BYTES)
        if isinstance(data, Failure):
            return data
        content: list[dict[str, str]] = [
            {"image": inline.data_url(picture, r.media_type)} for picture, r in zip(data, request.references, strict=True)
        ]
        content.append({"text": request.prompt})
        rest = {k: v for k, v in given.items() if k not in wanted.SHAPE}
        return {
            "model": model,
            "input": {"messages": [{"role": "user", "content": content}]},
            "parameters": {"size": size, "n": count, **self.switches(request), **rest},
        }

    def _size(self, family: Family, given: Mapping[str, Any]) -> str | Failure:
        shape = wanted.shape(given)
        if isinstance(shape, Failure):
            return shape
        if family.sizes == "listed":
            named = f"{shape.width}*{shape.height}"
            if given.get("size") and named not in LISTED:
                return Failure("invalid_request", f"the size is one of {', '.join(LISTED)}, not {named}")
            return wanted.nearest(shape, LISTED, "*")
        width, height = (shape.width, shape.height) if shape.width and shape.height else wanted.fitted(shape, self.options.long_edge, STEP)
        if not LEAST_PIXELS <= width * height <= MOST_PIXELS:
            return Failure("invalid_request", f"{width}*{height} has not between 512*512 and 2048*2048 pixels")
        return f"{width}*{height}"


def _too_many(model: str, family: Family, request: Request) -> Failure | None:
    count = len(request.references)
    if count <= family.references:
        return None
    return Failure("invalid_request", f"{model} takes {family.references or 'no'} reference pictures, not {count}")


def _links(body: Mapping[str, Any]) -> list[str]:
    """Return the links of all pictures in an answer."""
    choices = map(mapping, items(at(body, "output", "choices")))
    parts = [mapping(part) for choice in choices for part in items(at(choice, "message", "content"))]
    return [part["image"] for part in parts if isinstance(part.get("image"), str) and part["image"]]
