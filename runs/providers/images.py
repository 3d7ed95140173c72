"""OpenAI's pictures: drawn from a prompt, or from a prompt and reference pictures, through the openai SDK.

    POST /images/generations   {"model": "gpt-image-2", "prompt": …, "size": "864x1536", "quality": "medium"}
    POST /images/edits         the same as a form, each reference picture a part named image[]

What a family of models takes (sizes, qualities, how closely references are kept) is data: `options.models`, by patterns of
names, with the shipped table in presets.toml. What a family does not take is refused here, before anything is paid.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from runs.provider import Asset, Failure, Kind, Outcome, Request, Usage
from runs.providers import failures, inline, wanted, wire
from runs.providers.base import CommonOptions, pictures
from runs.providers.download import Downloads
from runs.providers.openai_client import Said, exchange, open_client, reported_cost, url
from runs.providers.options import options_of
from runs.providers.tables import at, items, mapping, number
from runs.secrets import redact
from runs.settings import ProviderSettings

if TYPE_CHECKING:
    from openai import AsyncOpenAI

PROMPT_CHARS = 32_000
REFERENCES = 16
TYPES = frozenset({"image/png", "image/webp", "image/jpeg"})
FIXED = ("1024x1024", "1536x1024", "1024x1536")
MOST_EDGE, MOST_PIXELS, STEP, MOST_RATIO = 3840, 3840 * 2160, 16, 3.0
RESERVED = frozenset({"model", "prompt", "image", "images", "mask", "markup", "stream", "partial_images", "response_format"})
_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")


class Family(BaseModel):
    """What the models of one family take. An empty `input_fidelity` means that it must be left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sizes: Literal["fixed", "free"] = "fixed"
    qualities: tuple[str, ...] = ("auto", "low", "medium", "high")
    input_fidelity: tuple[Literal["high", "low"], ...] = ()
    retired: str = ""


class Options(CommonOptions):
    """`long_edge` is that of pictures whose size is free and was not named."""

    models: dict[str, Family] = Field(default={})
    long_edge: int = Field(default=1536, ge=256, le=MOST_EDGE)


class ImagesProvider:
    """Pictures by one endpoint of OpenAI's protocol."""

    simulated = False
    kinds: frozenset[Kind] = frozenset({"image"})

    def __init__(self, name: str, config: ProviderSettings) -> None:
        self.name = name
        self.config = config
        self.concurrency = config.concurrency
        self.options = options_of(Options, name, config)
        self._client: AsyncOpenAI | None = None
        self._downloads = Downloads(config.base_url, hosts=self.options.asset_hosts)

    async def __aenter__(self) -> Self:
        """Open the connections.

        Raises:
            ProviderError: no address, or a key is needed and its variable is not set.
        """
        self._client = open_client(self.name, self.config)
        await self._downloads.__aenter__()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        client, self._client = self._client, None
        await self._downloads.__aexit__(kind, error, trace)
        if client:
            await client.close()

    def variant(self, request: Request) -> str:
        """Return quality and size, which decide the price."""
        body = self.body(request)
        return "" if isinstance(body, Failure) else f"{body.get('quality', 'auto')} {body['size']}"

    def family(self, model: str) -> Family:
        """Return what a model takes: that of the longest pattern that its name fits."""
        fitting = sorted((p for p in self.options.models if fnmatchcase(model, p)), key=len)
        return self.options.models[fitting[-1]] if fitting else Family()

    def body(self, request: Request) -> dict[str, Any] | Failure:
        """Return the fields of a call, or why it cannot be made."""
        model = request.model if request.model not in ("", self.name) else self.config.model
        given = {k: v for k, v in {**self.config.parameters, **request.parameters}.items() if v is not None}
        given = {k: v for k, v in given.items() if k not in self.config.capabilities.drop}
        if not model:
            return Failure("invalid_request", "no model is named; give --model, or model = … in the provider's table")
        if taken := sorted(RESERVED & given.keys()):
            return Failure("invalid_request", f"the parameter {taken[0]!r} is set by the workbench and cannot be given")
        family = self.family(model)
        size = self._size(family, given)
        if isinstance(size, Failure):
            return size
        if why := _why_not(model, family, given, request):
            return Failure("invalid_request", why)
        body = {k: v for k, v in given.items() if k not in wanted.SHAPE | {"input_fidelity"}}
        fidelity = given.get("input_fidelity") or next(iter(family.input_fidelity), None)
        if request.references and fidelity:
            # The first of the family's: as close to the references as it can.
            body["input_fidelity"] = fidelity
        return {"model": model, "prompt": request.prompt, "size": size, **body}

    async def generate(self, request: Request) -> Outcome:
        """Draw; the references of the request, if any, go along."""
        client = self._client
        if client is None:
            raise RuntimeError("a provider is used inside `async with`")
        body = self.body(request)
        if isinstance(body, Failure):
            return Outcome(failure=body)
        files = await _files(request)
        if isinstance(files, Failure):
            return Outcome(failure=files)
        path = "/images/edits" if files else "/images/generations"
        sent: dict[str, Any] = {"method": "POST", "url": url(self.config, path), "headers": {"idempotency-key": request.key}}
        sent["body"] = wire.clean(body)
        if files:
            sent["parts"] = [wire.part("image[]", data, name, kind) for name, data, kind in files]
        said = await exchange(lambda: _post(client, request.key, body, files), self.name, self.config)
        if said.body is None:
            return Outcome(failure=_moderated(said), wire_request=sent, wire_response=said.got)
        if said.body.get("error"):
            # Gateways answer 200 when the upstream fails after they have accepted the call.
            return Outcome(failure=failures.failure(0, said.body, {}), wire_request=sent, wire_response=said.got)
        assets = await self._assets(said.body)
        usage = _usage(said.body, len(items(said.body.get("data"))))
        return Outcome(
            assets=() if isinstance(assets, Failure) else assets,
            failure=assets if isinstance(assets, Failure) else None,
            usage=usage, cost_usd=reported_cost(said.headers), model_resolved=redact(str(said.body.get("model") or body["model"])),
            wire_request=sent, wire_response=said.got,
        )  # fmt: skip

    def _size(self, family: Family, given: Mapping[str, Any]) -> str | Failure:
        if given.get("size") == "auto":
            return "auto"
        shape = wanted.shape(given)
        if isinstance(shape, Failure):
            return shape
        named = f"{shape.width}x{shape.height}" if shape.width else ""
        if family.sizes == "fixed":
            if given.get("size") and named not in FIXED:
                return Failure("invalid_request", f"the size is one of auto, {', '.join(FIXED)}, not {named}")
            return wanted.nearest(shape, FIXED)
        size = named or "{}x{}".format(*wanted.fitted(shape, self.options.long_edge, STEP))
        why = _bad_size(size)
        return Failure("invalid_request", why) if why else size

    async def _assets(self, body: Mapping[str, Any]) -> tuple[Asset, ...] | Failure:
        """Return the pictures of an answer; gateways give links where OpenAI gives base64."""
        found: list[Asset] = []
        for entry in map(mapping, items(body.get("data"))):
            code, link = entry.get("b64_json"), entry.get("url")
            if isinstance(code, str) and code:
                got = inline.read(code, "image")
            elif isinstance(link, str) and link:
                got = await self._downloads.keep(link, "image")
            else:
                got = Failure("malformed", "the answer holds a picture without bytes", code="empty")
            if isinstance(got, Failure):
                return got
            found.append(got)
        return tuple(found) or Failure("malformed", "the answer holds no picture", code="empty")


async def _post(client: AsyncOpenAI, key: str, body: Mapping[str, Any], files: list[tuple[str, bytes, str]]) -> Any:
    headers = {"Idempotency-Key": key}
    rest: dict[str, Any] = {k: v for k, v in body.items() if k not in ("model", "prompt")}
    raw = client.images.with_raw_response
    if files:
        reply = await raw.edit(model=body["model"], prompt=body["prompt"], image=list(files), extra_body=rest, extra_headers=headers)
    else:
        reply = await raw.generate(model=body["model"], prompt=body["prompt"], extra_body=rest, extra_headers=headers)
    return reply.http_response


async def _files(request: Request) -> list[tuple[str, bytes, str]] | Failure:
    if len(request.references) > REFERENCES:
        return Failure("invalid_request", f"{len(request.references)} reference pictures; {REFERENCES} are allowed")
    if wrong := next((r for r in request.references if r.media_type not in TYPES), None):
        return Failure("invalid_request", f"the reference {wrong.name} is {wrong.media_type}; PNG, WebP and JPEG are taken")
    data = await pictures(request.references)
    if isinstance(data, Failure):
        return data
    named = [(f"{n}.{r.media_type.partition('/')[2]}", r.media_type) for n, r in enumerate(request.references, start=1)]
    return [(name, picture, kind) for (name, kind), picture in zip(named, data, strict=True)]


def _why_not(model: str, family: Family, given: Mapping[str, Any], request: Request) -> str:
    """Return why a call cannot be made as it is asked for; empty if it can."""
    number_of, quality, fidelity = wanted.count(given, 10), given.get("quality", "auto"), given.get("input_fidelity")
    long = wanted.too_long(request.prompt, PROMPT_CHARS)
    rules = (
        (family.retired, f"{model} was shut down on {family.retired}; name another model"),
        (isinstance(number_of, Failure), number_of.message if isinstance(number_of, Failure) else ""),
        (long is not None, long.message if long else ""),
        (quality not in family.qualities, f"the quality of {model} is one of {', '.join(family.qualities)}, not {quality!r}"),
        (
            fidelity and request.references and fidelity not in family.input_fidelity,
            f"input_fidelity {fidelity!r} is not taken by {model}; "
            + (f"only {family.input_fidelity[0]}" if family.input_fidelity else "leave it out"),
        ),
        (given.get("output_format") == "svg", "SVG is no picture that can be compared; name png, webp or jpeg"),
        (
            given.get("background") == "transparent" and given.get("output_format") not in (None, "png", "webp"),
            "a transparent background needs output_format png or webp",
        ),
    )
    return next((why for broken, why in rules if broken), "")


def _bad_size(size: str) -> str:
    """Return what is wrong with a size of a family that takes any; empty if nothing is."""
    found = _SIZE.fullmatch(size)
    width, height = (int(found[1]), int(found[2])) if found else (0, 0)
    if not width or not height or width % STEP or height % STEP:
        return f"width and height of {size} must be multiples of {STEP}"
    if max(width, height) > MOST_RATIO * min(width, height):
        return f"{size} is more than {MOST_RATIO:g} times as long as wide"
    if max(width, height) > MOST_EDGE or width * height > MOST_PIXELS:
        return f"{size} is larger than 3840x2160"
    return ""


def _usage(body: Mapping[str, Any], count: int) -> Usage:
    def whole(*path: str) -> int | None:
        found = number(at(body.get("usage"), *path))
        return None if found is None else int(found)

    return Usage(
        input_tokens=whole("input_tokens"),
        output_tokens=whole("output_tokens"),
        picture_tokens=whole("input_tokens_details", "image_tokens"),
        images=count or None,
    )


def _moderated(said: Said) -> Failure | None:
    """Add to a refusal which part was refused (the prompt or the picture), and for what."""
    why, details = said.failure, mapping(at(said.got.get("body"), "error", "moderation_details"))
    if why is None or why.error != "content_refused" or not details:
        return why
    what = ", ".join(str(c) for c in items(details.get("categories")))
    where = redact(f"{details.get('moderation_stage', 'unknown stage')}: {what}")[:300]
    return Failure(why.error, f"{why.message} ({where})", why.code, why.retry_after_s)
