"""Settings of a workspace: flag > environment (`WORKBENCH_*`) > `workbench.toml` > default.

    # workbench.toml                      # the same by environment
    provider = "openai"                   WORKBENCH_PROVIDER=openai
    [providers.openai]
    model = "gpt-5.4-mini"                WORKBENCH_PROVIDERS__OPENAI__MODEL=gpt-5.4-mini

Keys are never settings: `api_key_env` is the *name* of the environment variable that holds one (see `runs.secrets`).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError

from evals import pulled
from prompts.errors import UnknownName, WorkspaceError
from runs import machine, secrets
from runs.delivery import Serve, Webhook
from runs.prices import Price, Rate, price_of
from runs.provider import Kind
from runs.settings_file import Layer, explain, read_toml

PREFIX = "WORKBENCH_"
VariableName = Annotated[str, StringConstraints(pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$")]


def _bare(url: str) -> str:
    # It stands in journals and reports; and what follows a question mark would be cut off from the paths put behind it.
    if url and not re.fullmatch(r"https?://[^\s@?#]+", url):
        raise ValueError("an address such as https://host/v1, without user name, password, query or fragment")
    return url


Url = Annotated[str, AfterValidator(_bare)]


class Capabilities(BaseModel):
    """What a chat endpoint can do.

    `api` is the interface that it is asked through: `/chat/completions`, or OpenAI's newer `/responses`. `drop` names
    parameters that it refuses and that are therefore never sent; `stream` asks for the answer as events, as models that
    think may demand.

    Three say how a call that was in flight when its process died is saved: `background` makes each call a task of `/responses`,
    `stored` has the server keep answers of `/chat/completions` and looks them up by the job's key, `idempotent` is for a server that
    answers the same `Idempotency-Key` with the same answer, paid once.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    api: Literal["chat", "responses"] = "chat"
    structured: Literal["json_schema", "json_object", "tool_call", "plain"] = "plain"
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    seed: bool = False
    stream: bool = False
    background: bool = False
    stored: bool = False
    idempotent: bool = False
    drop: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _within_one_interface(self) -> Self:
        if self.background and self.api != "responses":
            raise ValueError('background calls are made through /responses: set api = "responses" too')
        if self.stored and self.api != "chat":
            raise ValueError('only answers of /chat/completions can be looked up by the job: stored goes with api = "chat"')
        return self


class ProviderSettings(BaseModel):
    """One `[providers.NAME]` table. `type` says which adapter drives it; `options` are for what only that adapter knows.

    `concurrency` is calls in flight, `rate_per_minute` calls begun in a minute (None: no limit), both of the account and so
    over all runs on this machine; `account` names one that several keys or addresses share. `timeout_s` is seconds for one
    request, `deadlines` seconds for a whole job by kind of output. `resend` is whether a call that was in flight when its
    process was killed is made again without asking; None: only where that costs nothing. `headers` are extra headers (never a key).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str = ""
    preset: str = ""
    base_url: Url = ""
    api_key_env: VariableName = ""
    model: str = ""
    parameters: dict[str, Any] = {}
    capabilities: Capabilities = Capabilities()
    concurrency: int = Field(default=4, ge=1, le=5000)
    rate_per_minute: float | None = Field(default=None, gt=0)
    account: str = ""
    timeout_s: float = Field(default=180, gt=0)
    deadlines: dict[Kind, Annotated[float, Field(gt=0)]] = {}
    resend: bool | None = None
    headers: dict[str, str] = {}
    options: dict[str, Any] = {}
    _root: Path | None = PrivateAttr(default=None)

    @property
    def root(self) -> Path | None:
        """Return the folder of the workspace that these settings were read from; None for settings made by hand."""
        return self._root


Names = tuple[Annotated[str, StringConstraints(min_length=1, max_length=200)], ...]


class Ui(BaseModel):
    """The app's own settings.

    `hosts` are the names that browsers reach it under, beside this machine's own. `viewers` to `approvers` are who may sign in,
    and as what (`runs.people`); `claim` is what identifies them to the log-in.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    port: int = Field(default=8501, ge=1, le=65535)
    hosts: Names = ()
    claim: str = Field(default="email", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    viewers: Names = ()
    reviewers: Names = ()
    engineers: Names = ()
    approvers: Names = ()


class Team(BaseModel):
    """The store that a team shares, and this machine's place in it (docs/team.md). Keys are never settings: they stand in `.env`.

    `machine` is this machine's name, empty for its host name. `endpoint` and `region` are for S3. `ship_s` is after how many seconds
    at most a run ships what it journalled, `fetch_s` how often the app fetches what others shipped; `max_media_mb` the largest artifact
    that is fetched.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    store: str = Field(default="", pattern=r"^([a-z][a-z0-9+.-]*://[^\s@?#]+)?$", max_length=500)
    machine: str = Field(default="", pattern=r"^([A-Za-z0-9][A-Za-z0-9-]{0,39})?$")
    endpoint: Url = ""
    region: str = Field(default="", pattern=r"^[A-Za-z0-9-]{0,40}$")
    ship_s: float = Field(default=3, ge=0.1, le=3600)
    fetch_s: float = Field(default=10, ge=1, le=3600)
    timeout_s: float = Field(default=20, ge=1, le=600)
    max_media_mb: int = Field(default=2048, ge=1, le=100_000)


class EngineSettings(BaseModel):
    """The `[engine]` table: where scoring happens (`runs.engine`).

    `address` is the cluster's (`host:port` as `ray start --head` prints it), empty for one of this machine alone. `workers` is how
    many score at once, 0 for one a core of the cluster; each takes `cpus` of a core and `gpus` of a card of Ray's account.
    `budget_usd` is what all drivers of the cluster may spend together. `token_env` names the variable that holds its token.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Literal["local", "ray"] = "local"
    address: Annotated[str, StringConstraints(pattern=r"^([^\s/@]+:[0-9]{1,5})?$")] = ""
    workers: int = Field(default=0, ge=0, le=10_000)
    cpus: float = Field(default=0.5, gt=0, le=64)
    gpus: float = Field(default=0, ge=0, le=16)
    budget_usd: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    token_env: VariableName = "RAY_AUTH_TOKEN"  # noqa: S105 (a name)


class Settings(BaseSettings):
    """All settings of a workspace; made by `load`.

    `workers` is scoring processes, 0 for one a core; `budget_usd` None is no bound; `limits_folder` is where the limits of
    accounts are kept for all workspaces, empty for this user's own (`runs.accounts`);
    `models_folder` is where optional models are pulled to, empty for this user's own (`evals.pulled`). `demo` marks a workspace in which
    simulated evidence may promote; `actor` is who is at work, for the ledger (`runs.promotions`).
    """

    model_config = SettingsConfigDict(extra="forbid", frozen=True, env_prefix=PREFIX, env_nested_delimiter="__")

    provider: str = "studio"
    budget_usd: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    repeats: int = Field(default=2, ge=1, le=1000)
    seed: int = Field(default=7, ge=0, le=2**31 - 1)
    workers: int = Field(default=0, ge=0, le=1024)
    limits_folder: str = ""
    models_folder: str = ""
    ui: Ui = Ui()
    engine: EngineSettings = EngineSettings()
    demo: bool = False
    actor: str = Field(default="", max_length=200)
    serve: Serve = Serve()
    team: Team = Team()
    webhooks: list[Webhook] = []
    providers: dict[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")], ProviderSettings] = {}
    prices: list[Price] = []
    rates: list[Rate] = []
    _layers: tuple[Layer, ...] = PrivateAttr(default=())
    _root: Path | None = PrivateAttr(default=None)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 (pydantic's signature)
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take only what `load` gives: it merges the layers itself, to be able to say where each value comes from."""
        return (init_settings,)

    def provider_settings(self, name: str = "") -> ProviderSettings:
        """Return a provider's settings over its preset; the default provider's for an empty name.

        Raises:
            UnknownName: there is neither a table nor a preset of that name.
            WorkspaceError: its table names no adapter.
        """
        name = name or self.provider
        own = self.providers.get(name)
        base = presets().get(self.preset_of(name))
        if own is None and base is None:
            raise UnknownName("provider", name, {*self.providers, *presets()})
        merged = _merge(base or {}, own.model_dump(exclude_unset=True) if own else {})
        if not merged.get("type"):
            raise WorkspaceError(f"[providers.{name}] in workbench.toml names no adapter.", hint='Set preset = "openai" or type = "chat".')
        settings = ProviderSettings.model_validate(merged)
        settings._root = self._root
        return settings

    def call_parameters(self, name: str = "") -> dict[str, Any]:
        """Return what every call of a provider is sent. A preset's `duration` gives way to the shot's; what the user wrote does not."""
        name = name or self.provider
        own = self.providers[name].parameters if name in self.providers else {}
        return {k: v for k, v in self.provider_settings(name).parameters.items() if k != "duration" or k in own}

    def preset_of(self, name: str) -> str:
        """Return the name of the preset beneath a provider: the one it names, or its own name."""
        own = self.providers.get(name)
        return (own.preset if own else "") or name

    def price(self, provider: str, model: str, variant: str = "") -> Price | None:
        """Find a model's price: the workspace's own, then the shipped table by the provider's name or its preset's."""
        names = dict.fromkeys((provider, self.preset_of(provider)))
        return next((p for n in names if (p := price_of(n, model, variant, overrides=self.prices, rates=self.rates))), None)

    def origins(self) -> list[Origin]:
        """List every setting with its value and where it comes from, for `workbench config --show-origin`."""
        values = self.model_dump(mode="json", exclude={"providers", "prices", "rates", "webhooks"})
        rows = [self._origin(key, value) for key, value in flatten(values)]
        for name in sorted({*self.providers, *([self.provider] if self.provider in presets() else [])}):
            table = self.provider_settings(name).model_dump(mode="json")
            rows += [self._origin(f"providers.{name}.{key}", value, preset=self.preset_of(name)) for key, value in flatten(table)]
        tables = [*((f"prices.{n}", p) for n, p in enumerate(self.prices)), *((f"rates.{n}", r) for n, r in enumerate(self.rates))]
        return rows + [self._origin(key, table.model_dump(mode="json", exclude_none=True)) for key, table in tables]

    def _origin(self, key: str, value: Any, preset: str = "") -> Origin:
        for layer in self._layers:
            if (place := layer.place(key)) is not None:
                return Origin(key, secrets.redact(value), place)
        path = key.split(".")[2:]
        known: Any = presets().get(preset, {}) if path else None
        for part in path:
            known = known.get(part) if isinstance(known, Mapping) else None
        return Origin(key, value, f"preset {preset}" if known is not None and path else "default")


@dataclass(frozen=True, slots=True)
class Origin:
    """One setting: its dotted key, its value, and where that comes from."""

    key: str
    value: Any
    origin: str


def load(root: Path, flags: Mapping[str, Any] | None = None) -> Settings:
    """Read the settings of a workspace and its `.env`.

    Args:
        root: the workspace's folder; without a `workbench.toml` in it, the file's layer is empty.
        flags: what the command line says, by setting; a dot reaches into a table (`ui.port`). None is "not given".

    Raises:
        WorkspaceError: malformed TOML, an unknown key, a wrong value, or something that looks like a key in the file.
    """
    secrets.read_env_file(root)
    layers = (_flag_layer(flags or {}), _environment_layer(), read_toml(root / "workbench.toml"))
    merged: dict[str, Any] = {}
    for layer in reversed(layers):
        merged = _merge(merged, layer.data)
    try:
        settings = Settings(**merged)
    except ValidationError as error:
        raise explain(error, layers, Settings) from None
    settings._layers, settings._root = layers, root
    pulled.use(root / Path(settings.models_folder).expanduser() if settings.models_folder else None)
    machine.use(settings.team.machine)
    for table in settings.providers.values():
        # Remembered now, so that it is masked everywhere, also where the provider is never used.
        secrets.secret(table.api_key_env)
    return settings


@lru_cache(maxsize=1)
def presets() -> Mapping[str, Mapping[str, Any]]:
    """Return the shipped presets of well-known servers by name."""
    return tomllib.loads((Path(__file__).parent / "presets.toml").read_text("utf-8"))


def flatten(data: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the leaves of nested tables under dotted keys; an empty table is a leaf."""
    for key, value in data.items():
        if isinstance(value, Mapping) and value:
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def _flag_layer(flags: Mapping[str, Any]) -> Layer:
    data: dict[str, Any] = {}
    for name, value in flags.items():
        if value is None:
            continue
        *tables, key = name.split(".")
        inner = data
        for table in tables:
            inner = inner.setdefault(table, {})
        inner[key] = value
    return Layer(data, lambda key: f"flag --{key.replace('.', '-').replace('_', '-')}")


class _Environment(EnvSettingsSource):
    """The process environment over the workspace's `.env`, which pydantic's own source does not know how to stack."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {k.lower(): v for k, v in secrets.environment().items() if k.upper().startswith(PREFIX)}


def _environment_layer() -> Layer:
    try:
        data = _Environment(Settings)()
    except SettingsError as error:
        # The cause carries the value; the message only names the field.
        raise WorkspaceError(f"An environment variable cannot be read: {error}.", hint="Tables and lists are given as JSON.") from None
    return Layer(data, lambda key: f"environment {PREFIX}{key.upper().replace('.', '__')}")
