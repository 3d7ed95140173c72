"""A client of `workbench serve-prompts` that production can rely on while the server is away.

    prompts = RemotePrompts("https://prompts.studio", token, cache="/var/cache/prompts", fallback="/app/prompts-at-build-time")
    prompt = prompts.get("shot/keyframe", series="paper-wife")        # prompt.source: "fresh", "stale" or "fallback"

A version is asked for at most once a minute. Without an answer within two seconds the last one counts, from memory or from
the cache folder; then the packaged export. Everything is proved by its hash, what comes from the cache too.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from prompts.errors import UnknownName, WorkbenchError
from prompts.files import write_whole
from prompts.identity import sha256
from prompts.store import ExportError, PromptStore, Source, StoredPrompt, proved
from prompts.web import Unreachable, check_url, send

MAX_AGE_S = 60.0
TIMEOUT_S = 2.0
PAUSE_S = 5.0
"""Before a server that did not answer is asked again: a request must not wait for it each time."""


@dataclass(slots=True)
class _Known:
    """What was served for one template and series, until when it needs no question, and the bytes it came as."""

    prompt: StoredPrompt
    fresh_until: float


class RemotePrompts:
    """Prompts from a server. Safe to share among threads.

    Args:
        url: the server's address; https beyond this machine.
        token: the bearer token.
        channel: which channel.
        cache: a folder for the last good answers; None keeps them in memory only.
        fallback: an export shipped with the program.

    Raises:
        InputError: the address would carry the token in clear.
    """

    def __init__(
        self, url: str, token: str, *, channel: str = "production", cache: str | Path | None = None, fallback: str | Path | None = None
    ) -> None:
        self._url = check_url(url)
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        self._channel = channel
        self._cache = Path(cache) if cache is not None else None
        self._fallback = PromptStore(fallback) if fallback is not None else None
        self._known: dict[tuple[str, str], _Known] = {}
        self._lock = threading.Lock()
        self._again_at = 0.0
        self.problem = ""

    def get(self, name: str, *, series: str = "") -> StoredPrompt:
        """Return the version of a template that a series gets.

        Raises:
            UnknownName: the server has no such template.
            ExportError: neither the server nor cache or fallback has a good one.
        """
        with self._lock:
            known = self._known.get((name, series))
            if known and time.monotonic() < known.fresh_until:
                return known.prompt
            if time.monotonic() >= self._again_at:
                try:
                    return self._fresh(name, series, known)
                except (Unreachable, ExportError) as error:
                    self.problem, self._again_at = str(error), time.monotonic() + PAUSE_S
            return self._last_good(name, series, known)

    def _fresh(self, name: str, series: str, known: _Known | None) -> StoredPrompt:
        query = urlencode({"channel": self._channel, **({"series": series} if series else {})})
        tag = {"If-None-Match": f'"{known.prompt.version}"'} if known else {}
        answer = send(f"{self._url}/v1/prompts/{quote(name)}?{query}", headers={**self._headers, **tag}, timeout_s=TIMEOUT_S)
        if answer.status == 304 and known:
            return self._keep(name, series, known.prompt)
        if answer.status == 404:
            raise UnknownName("template", name)
        if answer.status != 200:
            raise ExportError(f"The server of prompts answers {answer.status}.")
        prompt = _read(answer.body, name, answer.headers.get("x-workbench-why", self._channel), "fresh")
        self._store(name, series, answer.body)
        return self._keep(name, series, prompt)

    def _keep(self, name: str, series: str, prompt: StoredPrompt) -> StoredPrompt:
        self._known[name, series] = _Known(prompt, time.monotonic() + MAX_AGE_S)
        self.problem = ""
        return prompt

    def _last_good(self, name: str, series: str, known: _Known | None) -> StoredPrompt:
        if known:
            return _marked(known.prompt, "stale")
        if self._cache is not None:
            try:
                digest, _, body = self._path(name, series).read_bytes().partition(b"\n")
                if digest.decode("ascii", "replace") == sha256(body):
                    return _read(body, name, "cache", "stale")
            except (OSError, ExportError):
                pass  # none, or a damaged one: the fallback is next
        if self._fallback is not None:
            return _marked(self._fallback.get(name, series=series), "fallback")
        raise ExportError(f"No version of {name} can be had: {self.problem}.", hint="Is the server running? Give a cache and a fallback.")

    def _store(self, name: str, series: str, body: bytes) -> None:
        if self._cache is None:
            return
        try:
            self._cache.mkdir(parents=True, exist_ok=True)
            write_whole(self._path(name, series), sha256(body).encode() + b"\n" + body)
        except (OSError, WorkbenchError) as error:
            self.problem = str(error)  # a full disk is no reason to stop a production that has its prompt

    def _path(self, name: str, series: str) -> Path:
        folder = self._cache or Path()
        return folder / f"{sha256(f'{self._url} {self._channel} {name} {series}'.encode())}.json"


def _read(body: bytes, name: str, why: str, source: Source) -> StoredPrompt:
    try:
        data: Mapping[str, Any] = json.loads(body)
        about, sources = data["about"], {str(path): str(text) for path, text in data["sources"].items()}
        if about["template"] != name:
            raise ExportError(f"The server of prompts sent {about['template']!r} for {name!r}.")
        compiled = proved(data["version"], sources, about)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ExportError(f"The answer is not understood: {type(error).__name__}.") from None
    return StoredPrompt(name, data["version"], why, source, compiled, about)


def _marked(prompt: StoredPrompt, source: Source) -> StoredPrompt:
    return StoredPrompt(prompt.template, prompt.version, prompt.why, source, prompt._compiled, prompt._about)
