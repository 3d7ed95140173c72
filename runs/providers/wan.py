"""Wan and HappyHorse: clips from a prompt, from a first frame, or with reference pictures; always as tasks.

    POST {base}/services/aigc/video-generation/video-synthesis
    {"model": "wan2.7-i2v", "input": {"prompt": "she turns", "media": [{"type": "first_frame", "url": "data:…"}]},
     "parameters": {"resolution": "720P", "duration": 5, "prompt_extend": false, …}}

How a family takes pictures (`media`, `img_url`, `reference_urls` or not at all), shapes and lengths is data:
`options.models`, by patterns of names. Sources disagree on it for some families, which is why it can be changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from runs.provider import Asset, Failure, Kind, Reference, Request, Usage
from runs.providers import inline, wanted
from runs.providers.base import pictures
from runs.providers.dashscope import DashScopeOptions, DashScopeTasks
from runs.providers.tables import at, number, text

PATH = "/services/aigc/video-generation/video-synthesis"
SIZES: Mapping[str, tuple[str, ...]] = {
    "480P": ("832*480", "480*832", "624*624"),
    "720P": ("1280*720", "720*1280", "960*960"),
    "1080P": ("1920*1080", "1080*1920", "1440*1440"),
}
INPUT = frozenset({"negative_prompt", "audio_url"})
OWN = wanted.SHAPE | wanted.LENGTH | INPUT | {"resolution", "reference_role"}
REFERENCE_BYTES = 10 << 20
Role = Literal["first_frame", "reference_image"]


class Family(BaseModel):
    """What the models of one family take.

    `pictures` is the field that carries them; `role` what they are there (the first of `first_frame` begins the clip, a
    second one ends it); `most` how many. `shape` is how a shape is said; `seconds` the shortest and longest clip, or, with
    `lengths`, the only ones; `smart_length` lets the model choose (-1).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    pictures: Literal["none", "media", "img_url", "reference_urls"] = "none"
    role: Role = "reference_image"
    most: int = Field(default=0, ge=0)
    shape: Literal["ratio", "size", "picture"] = "ratio"
    resolutions: tuple[str, ...] = ("720P", "1080P")
    seconds: tuple[int, int] = (2, 15)
    smart_length: bool = False
    lengths: tuple[float, ...] = ()
    prompt_chars: int | None = Field(default=None, gt=0)
    negative_chars: int = Field(default=500, ge=0)


class Options(DashScopeOptions):
    """`models` says what families take, by patterns of names."""

    models: dict[str, Family] = Field(default={})


class WanProvider(DashScopeTasks[Options]):
    """Clips as tasks."""

    kinds: frozenset[Kind] = frozenset({"video"})
    kind: ClassVar[Kind] = "video"
    options_type = Options
    poll_s = 15.0

    def path(self, _request: Request) -> str:
        """Return the path of the video service."""
        return PATH

    def family(self, model: str) -> Family:
        """Return what a model takes: that of the longest pattern that its name fits."""
        fitting = sorted((p for p in self.options.models if fnmatchcase(model, p)), key=len)
        return self.options.models[fitting[-1]] if fitting else Family(pictures="media", most=1)

    def variant(self, request: Request) -> str:
        """Return the resolution, which decides the price."""
        return str(self.parameters(request).get("resolution") or self.family(self.model(request)).resolutions[0])

    async def body(self, request: Request) -> dict[str, Any] | Failure:
        """Return the body of a submit, or why there is none."""
        model, given = self.model(request), self.parameters(request)
        if not model:
            return Failure("invalid_request", "no model is named; give --model, or model = … in the provider's table")
        family = self.family(model)
        length = _length(family, given)
        form = _form(family, given, self.variant(request))
        problem = _problem(model, family, given, request)
        for wrong in (problem, length, form):
            if isinstance(wrong, Failure):
                return wrong
        sent = await _pictures(family, given, request)
        if isinstance(sent, Failure):
            return sent
        inputs = {k: v for k, v in given.items() if k in INPUT}
        rest = {k: v for k, v in given.items() if k not in OWN}
        return {
            "model": model,
            "input": {"prompt": request.prompt, **inputs, **sent},
            "parameters": {**dict(form), "duration": length, **self.switches(request), **rest},  # type: ignore[arg-type]
        }

    def links(self, output: Mapping[str, Any]) -> list[str] | Failure:
        """Return the link of the clip."""
        return [link] if (link := text(output.get("video_url"))) else []

    def usage(self, body: Mapping[str, Any], _assets: tuple[Asset, ...]) -> Usage:
        """Return the seconds of clip that were made."""
        made = number(at(body, "usage", "output_video_duration"))
        return Usage(seconds=number(at(body, "usage", "duration")) if made is None else made)


def _problem(model: str, family: Family, given: Mapping[str, Any], request: Request) -> Failure | None:
    """Return why a clip cannot be asked for, as far as it needs no picture."""
    count, negative = len(_sent_along(family, request)), str(given.get("negative_prompt") or "")
    if count > family.most:
        return Failure("invalid_request", f"{model} takes {family.most or 'no'} reference pictures, not {count}")
    if family.shape == "picture" and not count:
        return Failure("invalid_request", f"{model} makes a clip of a picture, and none goes along")
    if family.prompt_chars and (long := wanted.too_long(request.prompt, family.prompt_chars)):
        return long
    if negative and not family.negative_chars:
        return Failure("invalid_request", f"{model} takes no negative prompt")
    return wanted.too_long(negative, family.negative_chars, "negative prompt")


def _length(family: Family, given: Mapping[str, Any]) -> int | Failure:
    asked = wanted.seconds(given, (family.lengths or (5,))[0])
    if isinstance(asked, Failure):
        return asked
    if asked == -1 and family.smart_length:
        return -1
    least, most = family.seconds
    return wanted.next_length(asked, family.lengths or range(least, most + 1))


def _form(family: Family, given: Mapping[str, Any], resolution: str) -> dict[str, Any] | Failure:
    """Return how shape and resolution are said."""
    shape = wanted.shape(given)
    if isinstance(shape, Failure):
        return shape
    if family.shape == "size":
        if shape.width:
            return {"size": f"{shape.width}*{shape.height}"}
        if resolution not in SIZES:
            return Failure("invalid_request", f"the resolution is one of {', '.join(SIZES)}, not {resolution!r}")
        return {"size": wanted.nearest(shape, SIZES[resolution], "*")}
    if resolution not in family.resolutions:
        return Failure("invalid_request", f"the resolution is one of {', '.join(family.resolutions)}, not {resolution!r}")
    return {"resolution": resolution} | ({"ratio": shape.ratio} if family.shape == "ratio" else {})


async def _pictures(family: Family, given: Mapping[str, Any], request: Request) -> dict[str, Any] | Failure:
    """Return the part of the input that carries the reference pictures."""
    references = _sent_along(family, request)
    data = await pictures(references, limit=REFERENCE_BYTES)
    if isinstance(data, Failure) or not data:
        return data if isinstance(data, Failure) else {}
    urls = [inline.data_url(picture, r.media_type) for picture, r in zip(data, references, strict=True)]
    if family.pictures == "img_url":
        return {"img_url": urls[0]}
    if family.pictures == "reference_urls":
        return {"reference_urls": urls}
    asked = given.get("reference_role", family.role)
    if asked not in ("first_frame", "reference_image"):
        return Failure("invalid_request", f"reference_role is first_frame or reference_image, not {asked!r}")
    if len(references) > 1 and family.role == "first_frame" and "reference_role" not in given and not any(map(_is_frame, references)):
        why = f"{len(references)} pictures of people, and a clip begins with one: take an -r2v model, or name reference_role first_frame"
        return Failure("invalid_request", why)
    roles = ["first_frame" if _is_frame(r) else asked for r in references]
    _, *more = [n for n, role in enumerate(roles) if role == "first_frame"] or [-1]
    if len(more) > 1:
        return Failure("invalid_request", f"a clip has a first and a last frame, not {len(more) + 1}")
    for n in more:
        roles[n] = "last_frame"
    return {"media": [{"type": role, "url": url} for role, url in zip(roles, urls, strict=True)]}


def _is_frame(reference: Reference) -> bool:
    """Say whether a reference is the picture that a clip begins with, not a character."""
    return reference.role == "frame"


def _sent_along(family: Family, request: Request) -> tuple[Reference, ...]:
    """Return the references that a model is sent: where it takes frames only, the frame; the people are in it."""
    frames = tuple(r for r in request.references if _is_frame(r))
    return frames if frames and (family.role == "first_frame" or family.pictures == "img_url") else request.references
