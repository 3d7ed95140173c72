"""Providers by name: the settings say which adapter drives a name, and only that adapter is imported.

Example: with `[providers.team] preset = "vllm"` in workbench.toml

    get("team", settings)  ->  ChatProvider for the team's own server

An adapter's type is looked for among the built-in ones, then among the entry points of installed packages in the group
`workbench.providers` (type -> class or function that takes a name and its `ProviderSettings`).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from prompts.errors import UnknownName
from runs.errors import ProviderError
from runs.events import ProviderRef
from runs.provider import Direct, Provider, Request, Tasks

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from runs.settings import ProviderSettings, Settings

GROUP = "workbench.providers"
BUILT_IN: Mapping[str, str] = {
    "studio": "runs.providers.studio:StudioProvider",
    "chat": "runs.providers.chat:provider",
    "langchain": "runs.providers.langchain:LangChainProvider",
    "openai-images": "runs.providers.images:ImagesProvider",
    "kling": "runs.providers.kling:KlingProvider",
    "qwen-image": "runs.providers.qwen_image:QwenImageProvider",
    "wan": "runs.providers.wan:WanProvider",
    "wanx": "runs.providers.wanx:WanxProvider",
    "replay": "runs.providers.replay:ReplayProvider",
    "manual": "runs.providers.manual:ManualProvider",
    "youchuan": "runs.providers.youchuan:YouchuanProvider",
    "midjourney-proxy": "runs.providers.midjourney_proxy:MidjourneyProxyProvider",
    "fal": "runs.providers.fal:FalProvider",
    "replicate": "runs.providers.replicate:ReplicateProvider",
    "suno": "runs.providers.suno:SunoProvider",
    "suno-cookie": "runs.providers.suno_cookie:SunoCookieProvider",
    "suno-newapi": "runs.providers.suno_newapi:SunoNewApiProvider",
    "elevenlabs": "runs.providers.elevenlabs:ElevenLabsProvider",
    "comfyui": "runs.providers.comfyui:ComfyProvider",
}
SHOWN: Mapping[str, str] = {"offline-studio": "studio"}
"""Names that runs are logged under where they differ from the settings' names."""
Factory = Callable[[str, "ProviderSettings"], Any]


def get(name: str, settings: Settings) -> Provider:
    """Make the provider of a name, not opened yet.

    Args:
        name: a `[providers.NAME]` table, a preset, or the name that a run was logged under.
        settings: the workspace's settings.

    Raises:
        UnknownName: no provider or adapter has that name; the message names near ones.
        ProviderError: the adapter cannot be loaded, or does not speak the protocol.
        WorkspaceError: its settings are incomplete.
    """
    name = SHOWN.get(name, name)
    config = settings.provider_settings(name)
    provider = _factory(config.type)(name, config)
    if not isinstance(provider, Direct | Tasks):
        raise ProviderError(f"The adapter {config.type!r} is no provider: it can neither generate nor take tasks.")
    return provider


def reference(provider: Provider) -> ProviderRef:
    """Return what a run keeps of a provider."""
    return {"name": provider.name, "simulated": provider.simulated, "base_url": str(_setting(provider, "base_url") or "")}


def rate_per_minute(provider: Provider) -> float | None:
    """Return how many calls a provider may be sent in a minute; None for no limit."""
    rate: float | None = _setting(provider, "rate_per_minute")
    return rate


def deadlines(provider: Provider) -> Mapping[str, float]:
    """Return the seconds that a call or task of a kind may take, where the settings say another number than the harness."""
    given: Mapping[str, float] | None = _setting(provider, "deadlines")
    return given or {}


def resends(provider: Provider, *, free: bool) -> bool:
    """Say whether a call that a killed process had in flight is made again by itself: it costs nothing, or the user says so."""
    given: bool | None = _setting(provider, "resend")
    return (free or provider.simulated or pays_once(provider)) if given is None else given


def pays_once(provider: Provider) -> bool:
    """Say whether the server answers a call that is made again under its key with the first answer, and bills it once."""
    return bool(getattr(_setting(provider, "capabilities"), "idempotent", False))


def looks_up(provider: Provider) -> bool:
    """Say whether a call that a killed process had in flight may be found at the server before it is made again."""
    return bool(getattr(_setting(provider, "capabilities"), "stored", False))


def weight(provider: Provider, request: Request) -> int:
    """Return how many of the account's slots a request takes: an adapter's `slots(request)`, else one."""
    slots = getattr(provider, "slots", None)
    return max(1, int(slots(request))) if callable(slots) else 1


def variant(provider: Provider, request: Request) -> str:
    """Return what decides a request's price beside its model: an adapter's `variant(request)`, else nothing."""
    of = getattr(provider, "variant", None)
    return str(of(request)) if callable(of) else ""


def as_sent(provider: Provider, request: Request) -> Request:
    """Return a request with the parameters that a provider will send: its settings' own beneath the request's, less what it never sends."""
    config = getattr(provider, "config", None)
    of_model = getattr(provider, "settings_of", None)
    own = of_model(request.model) if callable(of_model) else config
    if own is None:
        return request
    given = {**own.parameters, **request.parameters}
    return replace(request, parameters={k: v for k, v in given.items() if v is not None and k not in own.capabilities.drop})


def default_model(provider: Provider) -> str:
    """Return the model that a provider's settings name, else the provider's own name."""
    own = getattr(provider, "model", None)  # of some adapters it is a method, which takes a request
    named = own if isinstance(own, str) else getattr(getattr(provider, "config", None), "model", "")
    return str(named or provider.name)


def _setting(provider: Provider, name: str) -> Any:
    """Return a provider's own attribute, else that of its settings, else None."""
    return getattr(provider, name, getattr(getattr(provider, "config", None), name, None))


def _factory(kind: str) -> Factory:
    if kind in BUILT_IN:
        module, _, attribute = BUILT_IN[kind].partition(":")
        return _loaded(kind, lambda: getattr(importlib.import_module(module), attribute))
    points = _entry_points()
    if kind in points:
        return _loaded(kind, points[kind].load)
    raise UnknownName("kind of provider", kind, {*BUILT_IN, *points})


def _loaded(kind: str, load: Callable[[], Any]) -> Factory:
    try:
        factory: Factory = load()
    except Exception as error:
        raise ProviderError(f"The adapter {kind!r} cannot be loaded: {type(error).__name__}: {error}") from error
    return factory


def _entry_points() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=GROUP)}
