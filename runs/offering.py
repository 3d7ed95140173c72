"""`workbench providers`: who could generate, what of it is set up, what it costs, and whether its terms have been accepted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prompts.errors import WorkbenchError
from runs import secrets
from runs.prices import Price, in_usd, published
from runs.probing import key_names
from runs.provider import Provider
from runs.providers import get, looks_up, resends
from runs.settings import ProviderSettings, Settings, presets

SHEETS = frozenset({"manual"})
"""Who makes things by hand: nothing of theirs is on its way when a process dies."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One provider.

    `makes` are kinds of output; `can` what its server takes beyond the least of its kind; `key` is `set`, `missing` or `none needed`;
    `lost` what becomes of an answer that died with its process: `looked up`, `asked again`, `left to you`; `terms` whether they must
    be accepted.
    """

    provider: str
    type: str
    makes: str
    model: str
    can: str
    key: str
    at_once: int
    a_minute: float | None
    price: str
    as_of: str
    lost: str
    terms: str
    problem: str


def offers(settings: Settings) -> list[Offer]:
    """Return all providers of the workspace's settings and of the presets, by name."""
    return [_offer(name, settings) for name in sorted({*settings.providers, *presets()})]


def prices_of(name: str, settings: Settings) -> list[Price]:
    """Return all prices that may apply to a provider, in US dollars, the workspace's own first."""
    settings.provider_settings(name)
    names = {name, settings.preset_of(name), "*"}
    rows = [p for p in (*settings.prices, *published()) if p.provider in names]
    return [usd for p in rows if (usd := in_usd(p, settings.rates)) is not None]


def amount(price: Price) -> str:
    """Return a price in words: `0.75 in, 4.5 out a million tokens`, `0.084 a second`."""
    if price.kind == "tokens":
        further = [f"{value:g} {name}" for name in ("cached", "picture", "reasoning") if (value := getattr(price, name)) is not None]
        return ", ".join([f"{price.input:g} in", f"{price.output:g} out", *further]) + " a million tokens"
    value = getattr(price, price.kind)
    return "free" if value == 0 else f"{value:.4g} a {'picture' if price.kind == 'image' else price.kind}"


def _offer(name: str, settings: Settings) -> Offer:
    try:
        config = settings.provider_settings(name)
    except WorkbenchError as error:
        return Offer(name, "", "", "", "", "", 0, None, "", "", "", "", error.message)
    names = key_names(config)
    missing = bool(config.api_key_env) and secrets.secret(config.api_key_env) is None
    makes, problem, terms = "", "", config.options.get("accept_terms")
    prices = list(_of_model(name, config.model, settings))
    shown = amount(prices[0]) if len({amount(p) for p in prices}) == 1 else f"{len(prices)} variants" if prices else ""
    lost = ""
    try:
        provider = get(name, settings)
        terms = getattr(getattr(provider, "options", None), "accept_terms", terms)
        makes = ", ".join(sorted(provider.kinds)) + (" (SIMULATED)" if provider.simulated else "")
        shown = "free" if provider.simulated else shown
        lost = _lost(provider, free=shown == "free")
    except WorkbenchError as error:
        problem = error.message
    return Offer(
        name, config.type, makes, config.model, _can(config), "missing" if missing else "set" if names else "none needed",
        config.concurrency,
        config.rate_per_minute, shown, max((p.as_of for p in prices), default=""), lost,
        "" if terms is None else "accepted" if terms else "not accepted: off", problem,
    )  # fmt: skip


def _can(config: ProviderSettings) -> str:
    """Return the capabilities of a server in words, such as `json_schema, seed`."""
    given = config.capabilities
    told: list[str] = [given.structured] if config.type == "chat" else []
    told += ["/responses"] if given.api == "responses" else []
    told += [name for name in ("seed", "stream", "background", "stored", "idempotent") if getattr(given, name)]
    return ", ".join([*told, *(f"no {name}" for name in given.drop)])


def _lost(provider: Provider, *, free: bool) -> str:
    if provider.name in SHEETS:
        return ""
    if getattr(provider, "look_up", False) or looks_up(provider):
        return "looked up"
    return "asked again" if resends(provider, free=free) else "left to you"


def _of_model(name: str, model: str, settings: Settings) -> Iterator[Price]:
    """Yield the prices of a provider's own model, all variants of it."""
    rows = prices_of(name, settings)
    yield from [p for p in rows if p.model == model] or [p for p in rows if p.model == "*" and p.provider != "*"]
