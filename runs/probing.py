"""`workbench doctor --provider`: does the key work, does the address answer, is the model there? By the cheapest call there is.

Each kind of provider has one question that costs nothing: a list of models, of tasks, an account. A provider that offers none
is not called at all, and the answer says so: a paid call is nobody's idea of a check.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any, cast

from prompts.errors import WorkbenchError
from runs import secrets
from runs.diagnosis import Check
from runs.provider import Failure, Message, Provider, Request, Tasks
from runs.providers import failures, get, wire
from runs.providers.base import HttpProvider
from runs.providers.openai_client import exchange, open_client
from runs.settings import ProviderSettings, Settings

FREE: Mapping[str, str] = {
    "wan": "/tasks/?page_no=1&page_size=1", "wanx": "/tasks/?page_no=1&page_size=1", "qwen-image": "/tasks/?page_no=1&page_size=1",
    "kling": "/v1/videos/text2video?pageNum=1&pageSize=1", "replicate": "/account", "midjourney-proxy": "/task/list",
    "comfyui": "/system_stats", "suno-cookie": "/api/get_limit", "elevenlabs": "/v1/user/subscription",
}  # fmt: skip
"""The free question of each adapter that speaks plain HTTP: a path below its base URL."""
NEVER_WAS: Mapping[str, str] = {
    "youchuan": "workbench-doctor", "suno": "workbench-doctor", "suno-newapi": "workbench-doctor",
    "fal": "/{app}/requests/00000000-0000-0000-0000-000000000000",
}  # fmt: skip
"""Where there is no list to ask for: a task that never was. That it is not there can only be said to a key that is good."""
PAID = "Run one case with --limit 1 and a small --budget: that tells, and is paid for."
NO_LIST = "no_list"
TO_DO: Mapping[str, str] = {
    "auth": "Check the key, and that key, region and base_url belong together.",
    "quota": "Put money on the account, or wait until the allowance is renewed.",
    "rate_limit": "The account is asked too often right now; try again later.",
    "server": "The server cannot be reached or is broken; is base_url right?",
    "timeout": "Nothing came back in time; is base_url right, and is there a proxy in between?",
}


async def probe(name: str, settings: Settings) -> list[Check]:
    """Check one provider: its settings, key, address, model and limits. Nothing is generated and nothing paid.

    Raises:
        UnknownName: there is no such provider.
    """
    config = settings.provider_settings(name)
    checks = [Check("settings", "ok", f"{config.type}, {config.base_url or 'no address'}, model {config.model or 'none'}")]
    checks.append(_key(config))
    try:
        provider = get(name, settings)
    except WorkbenchError as error:
        return [*checks, Check("adapter", "failed", error.message, error.hint)]
    checks.append(_limits(provider, config))
    if checks[1].state == "failed":
        return checks
    try:
        checks += await _asked(name, provider, config)
    except WorkbenchError as error:
        checks.append(Check("answer", "failed", error.message, error.hint))
    return checks


def _key(config: ProviderSettings) -> Check:
    names = key_names(config)
    if not names:
        return Check("key", "ok", "none needed")
    missing = [name for name in names if secrets.secret(name) is None]
    pair = [str(config.options.get(part) or "") for part in ("access_key_env", "secret_key_env")]
    if all(pair) and not {*pair} & {*missing}:
        # Kling signs with a pair of keys, and asks for no other then.
        return Check("key", "ok", " and ".join(f"{name} is set" for name in pair))
    if missing and config.api_key_env in missing:
        return Check(
            "key", "failed", f"{config.api_key_env} is not set", f"Set it, or write {config.api_key_env}=… into the workspace's .env."
        )
    return Check("key", "ok", ", ".join(f"{name} is set" for name in names if name not in missing))


def key_names(config: ProviderSettings) -> list[str]:
    """Return the names of the variables that hold a provider's keys."""
    options = [value for key, value in sorted(config.options.items()) if key.endswith("_env") and isinstance(value, str)]
    return list(dict.fromkeys(name for name in (config.api_key_env, *options) if name))


def _limits(provider: Provider, config: ProviderSettings) -> Check:
    pace = f", {config.rate_per_minute:g} a minute" if config.rate_per_minute else ""
    return Check("limits", "ok", f"{provider.concurrency} at once{pace}, over all runs of this account on this machine")


async def _asked(name: str, provider: Provider, config: ProviderSettings) -> list[Check]:
    """Ask the free question, where there is one."""
    began = time.monotonic()
    if config.type in ("chat", "openai-images"):
        failure, body, headers = await _models(name, config)
    elif config.type in FREE and isinstance(provider, HttpProvider):
        failure, body, headers = await _free(provider, FREE[config.type])
    elif config.type in NEVER_WAS and isinstance(provider, HttpProvider) and isinstance(provider, Tasks):
        failure, body, headers = await _stranger(provider, NEVER_WAS[config.type], config), None, {}
    elif provider.simulated or config.type in ("replay", "manual"):
        return [Check("answer", "ok", "calls nobody")]
    else:
        why = f"not asked: {config.type} cannot be asked for free"
        return [Check("answer", "warning", why, PAID)]
    if failure is not None and failure.code == NO_LIST:
        return [Check("answer", "warning", "there is no list of models, so key and model were not checked", f"Is base_url right? {PAID}")]
    if failure is not None:
        return [Check("answer", "failed", f"{failure.error}: {failure.message}", TO_DO.get(failure.error, ""))]
    checks = [Check("answer", "ok", f"in {1000 * (time.monotonic() - began):.0f} ms")]
    told = {k: v for k, v in headers.items() if "ratelimit" in k.lower()}
    if told:
        checks.append(Check("limits told", "ok", ", ".join(f"{k} {v}" for k, v in sorted(told.items()))))
    if config.type in ("chat", "openai-images"):
        checks.append(_model(config, _ids(body)))
    elif patterns := getattr(getattr(provider, "options", None), "models", None):
        checks.append(_model_of_ours(config, sorted(patterns)))
    return checks


async def _models(name: str, config: ProviderSettings) -> tuple[Failure | None, Any, Mapping[str, str]]:
    import httpx2

    client = open_client(name, config)
    options: Any = {"security": {"bearer_auth": True}}
    try:
        said = await exchange(lambda: client.get("/models", cast_to=httpx2.Response, options=options), name, config)
    finally:
        await client.close()
    if said.failure is not None and said.got.get("status") in (404, 405):
        return replace(said.failure, code=NO_LIST), None, said.headers
    return said.failure, said.body, said.headers


async def _free(provider: HttpProvider[Any], path: str) -> tuple[Failure | None, Any, Mapping[str, str]]:
    async with provider:
        where, _, query = path.partition("?")
        params = dict(pair.split("=") for pair in query.split("&")) if query else None
        reply = await provider.client.call("GET", where, params=params)
    failure = reply.failure
    if failure is None and (not reply.ok or _said_no(reply.body)):
        failure = failures.failure(reply.status, reply.body, reply.headers)
    return failure, reply.body, wire.headers(reply.headers)


async def _stranger(provider: HttpProvider[Any], task_id: str, config: ProviderSettings) -> Failure | None:
    """Ask for a task that never was, and let the adapter read the answer, as vendors say no in many ways."""
    app = "/".join((config.model or "fal-ai/any").strip("/").split("/")[:2])
    kind = min(provider.kinds)
    asked = Request(key="doctor", stage="music" if kind == "audio" else "shot", kind=kind, messages=(Message("user", ""),), model="")
    async with provider:
        state = await cast("Tasks", provider).poll(task_id.format(app=app), asked)
    if state.state == "lost":
        return None
    known = state.outcome.failure if state.outcome else None
    return known or Failure("malformed", f"a task that never was is said to be {state.state}")


def _said_no(body: Any) -> bool:
    """Say whether a body of a good status holds an error: Kling's `code` is 0 where all is well, others have none."""
    return isinstance(body, Mapping) and (bool(body.get("error")) or body.get("code") not in (None, 0, 200, "0", "200", 1, "success"))


def _ids(body: Any) -> list[str]:
    data = body.get("data") if isinstance(body, Mapping) else None
    return sorted(str(one["id"]) for one in data if isinstance(one, Mapping) and "id" in one) if isinstance(data, Iterable) else []


def _model(config: ProviderSettings, known: list[str]) -> Check:
    if not config.model:
        return Check("model", "warning", "none is named", "Give --model with each run, or model = … in the provider's table.")
    if not known:
        return Check("model", "warning", f"{config.model}; the server lists none")
    if config.model in known:
        return Check("model", "ok", f"{config.model}, of {len(known)}")
    return Check("model", "failed", f"{config.model} is not among {len(known)}: {', '.join(known[:5])} …", "Name one of them in model = …")


def _model_of_ours(config: ProviderSettings, patterns: list[str]) -> Check:
    """Say whether our own table knows the model, where the server has no list that is free to ask for."""
    if not config.model:
        return Check("model", "warning", "none is named", "Give --model with each run, or model = … in the provider's table.")
    if any(fnmatchcase(config.model, pattern) for pattern in patterns):
        return Check("model", "ok", f"{config.model}, as our table has it; the server has no list that is free")
    known = f"{config.model} fits none of {', '.join(patterns)}"
    return Check("model", "warning", known, "Is it spelled right? A new one gets a row in options.models, which says what it takes.")
