"""What both ways to Midjourney have in common: off until the user says yes, one prompt line, reference pictures.

    [providers.youchuan]
    options = { accept_terms = true, version = "7" }

Midjourney has no public API and forbids automating its service, so nothing here runs before `accept_terms` is set.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Self, TypeVar

from pydantic import Field, field_validator

from runs.errors import ProviderError
from runs.provider import Failure, Reference, Request
from runs.providers import midjourney_prompt as prompts
from runs.providers.base import CommonOptions, HttpProvider

TERMS = (
    "Midjourney has no public API: its community guidelines strictly prohibit automating the service, save for exceptions that it "
    "grants, and accounts may be blocked. Youchuan is sold in China as a licensed platform; proxies act as your own Discord account. "
    "The decision, and what follows from it, is yours."
)
Role = Literal["image", "oref", "cref", "sref"]


class MidjourneyOptions(CommonOptions):
    """Options of both ways.

    `accept_terms` switches it on. `version` is taken where neither model nor template names one. `versions` corrects which
    versions take a parameter. `reference_as` is what reference pictures are (`auto`: one is an omni reference in version 7
    and a character reference in version 6, several are image prompts). `reference_url` is where the media store is
    published, for what Midjourney takes by address only: `https://cdn.host/{sha256}.{extension}`.
    """

    accept_terms: bool = False
    version: str = "7"
    versions: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    reference_as: Literal["auto", "image", "oref", "cref", "sref"] = "auto"
    reference_url: str = Field(default="", pattern=r"^(https?://[^\s@]*\{sha256\}[^\s@]*)?$")

    @field_validator("version")
    @classmethod
    def _known_version(cls, value: str) -> str:
        if value not in prompts.VERSIONS:
            raise ValueError(f"known versions are {', '.join(prompts.VERSIONS)}")
        return value

    @field_validator("versions")
    @classmethod
    def _known_parameters(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        if unknown := sorted(value.keys() - prompts.PARAMETERS.keys()):
            raise ValueError(f"no parameter {unknown[0]!r}; known are {', '.join(prompts.PARAMETERS)}")
        return value


M = TypeVar("M", bound=MidjourneyOptions)


class Midjourney(HttpProvider[M]):
    """A way to Midjourney that the user has to switch on."""

    kinds = frozenset({"image", "video"})
    poll_s = 3.0

    async def __aenter__(self) -> Self:
        """Open the sockets.

        Raises:
            ProviderError: it is off; or as for every provider.
        """
        if not self.options.accept_terms:
            raise ProviderError(
                f"Provider {self.name!r} is off. {TERMS}",
                hint=f"To switch it on: options = {{ accept_terms = true }} in [providers.{self.name}] of workbench.toml.",
            )
        return await super().__aenter__()

    def version(self, request: Request) -> str:
        """Return the version that a request's model names, else the settings' own."""
        return prompts.version_of(self.model(request)) or self.options.version

    def line(self, request: Request, role: Role, urls: Sequence[str]) -> str | Failure:
        """Return a request's prompt line with pictures by address in their role."""
        given = self.parameters(request)
        pictures = given.pop("image", None) or ()
        images = [str(p) for p in (pictures if isinstance(pictures, (list, tuple)) else [pictures])]
        if urls and role == "image":
            images += urls
        elif urls and role in given:
            return Failure("invalid_request", f"{role} is given as a parameter, and by reference pictures too", code="bad_parameter")
        elif urls:
            given[role] = list(urls)
        if request.seed is not None and self.config.capabilities.seed and "seed" not in given:
            given["seed"] = request.seed % prompts.SEEDS
        return prompts.line(request.prompt, given, self.version(request), images=images, versions=self.options.versions)

    def role(self, request: Request) -> Role:
        """Return what a request's reference pictures are."""
        if self.options.reference_as != "auto":
            return self.options.reference_as
        version = prompts.version_of(str(self.parameters(request).get("v", ""))) or self.version(request)
        if len(request.references) != 1:
            return "image"
        return "oref" if version in prompts.V7 else "cref" if version in (*prompts.V6, *prompts.NIJI6) else "image"

    def urls(self, references: Sequence[Reference]) -> list[str] | Failure:
        """Return the public addresses of reference pictures, or what the user must set for there to be any."""
        if references and not self.options.reference_url:
            why = (
                f"the reference {references[0].name} is a local file, and only pictures with a public address can be sent this way: "
                f"publish the media store and set reference_url in the options of [providers.{self.name}]"
            )
            return Failure("invalid_request", why, code="reference_needs_url")
        return [self._url(r) for r in references]

    def _url(self, reference: Reference) -> str:
        place: dict[str, Any] = {"sha256": reference.sha256, "extension": reference.path.suffix.lstrip(".") or "png"}
        url = self.options.reference_url
        for name, value in place.items():
            url = url.replace(f"{{{name}}}", value)
        return url
