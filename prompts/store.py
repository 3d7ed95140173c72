"""The player of exported prompts: for production code that has an export and Jinja, and nothing else of the workbench's.

    store = PromptStore("/srv/prompts", fallback="/app/prompts-at-build-time")
    prompt = store.get("shot/keyframe", series="paper-wife")
    messages = prompt.render({"shot": shot, "series": series, …})      # [{"role": "user", "content": "Draw …"}]
    log(prompt.version, prompt.source)                                 # "v1:3fa9c1…", "fresh"

Every file is proved by its hash, and every version by its own name, before a word of it is used. A new export is seen at the
next `get`. One that is damaged or half-copied is refused, and the last good one goes on; where there was none, the fallback.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from prompts.canary import bucket
from prompts.compiled import Prompt
from prompts.environment import SETTINGS
from prompts.errors import InputError, UnknownName, WorkbenchError
from prompts.identity import identify, sha256
from prompts.text import is_chinese

FORMAT = 1
OUTPUT_BYTES = 1 << 20
MANIFEST_BYTES = 64 << 20
PAUSE_SECONDS = 1.0
"""Before a damaged export is looked at again: proving one takes time that requests wait for."""
Source = Literal["fresh", "stale", "fallback"]
_SAFE = re.compile(r"[^/\\:\x00-\x1f]+(/[^/\\:\x00-\x1f]+)*")


class ExportError(WorkbenchError):
    """An export that is missing, incomplete or not what its hashes say."""


@dataclass(frozen=True, slots=True)
class StoredPrompt:
    """One version, ready to render.

    Attributes:
        template: its name, such as `shot/keyframe`.
        version: `v1:` and 64 hex digits; log it with every output.
        why: `pin`, `canary` or the channel's name.
        source: `fresh` (the newest export), `stale` (the last good one) or `fallback`.
    """

    template: str
    version: str
    why: str
    source: Source
    _compiled: Prompt
    _about: Mapping[str, Any]

    def render(self, inputs: Mapping[str, Any]) -> list[dict[str, str]]:
        """Return the messages for some inputs, as chat servers take them; a picture's prompt is the one user message.

        Raises:
            InputError: a declared input is missing, or one has the reserved name `contracts`.
            jinja2.TemplateError: the template asks for what the inputs do not hold.
        """
        values = dict(inputs)
        for name, required in self._about["inputs"].items():
            if name not in values:
                if required:
                    raise InputError(f"{self.template} needs the input {name!r}.")
                values[name] = None
        if "contracts" in values:
            raise InputError("An input is named `contracts`, which is the name of the template's own rules.", hint="Rename it.")
        language = str(values.get("language") or "en")
        values["contracts"] = self._about["contracts"]["zh" if is_chinese(language) else "en"]
        # As the workbench renders: plain JSON values with sorted keys.
        plain = json.loads(json.dumps(values, sort_keys=True, ensure_ascii=False, allow_nan=False))
        return [{"role": role, "content": text} for role, text in self._compiled.messages(plain, OUTPUT_BYTES)]


class PromptStore:
    """The prompts of one export. Safe to share among threads.

    Args:
        folder: the export, as `workbench export` was told.
        fallback: another export, shipped with the program, for when there is no good one in `folder`.

    Raises:
        ExportError: there is no good export in either place.
    """

    def __init__(self, folder: str | Path, *, fallback: str | Path | None = None) -> None:
        self._folder = Path(folder)
        self._lock = threading.Lock()
        self._seen: tuple[str, int, int] | None = None
        self._again_at = 0.0
        self._source: Source = "fresh"
        self.problem = ""
        try:
            seen = _stamp(self._folder)
            self._loaded = load(self._folder)
            self._seen = seen
        except ExportError as error:
            if fallback is None:
                raise
            self.problem, self._source = str(error), "fallback"
            self._loaded = load(Path(fallback))

    @property
    def templates(self) -> list[str]:
        """Return the names of all templates."""
        return sorted(self._current().manifest["templates"])

    @property
    def ledger(self) -> Mapping[str, Any]:
        """Return the ledger's head that the export was made at."""
        found: Mapping[str, Any] = self._current().manifest["ledger"]
        return found

    def get(self, name: str, *, series: str = "") -> StoredPrompt:
        """Return the version of a template that a series gets: its pin, else a canary's share, else what the channel means.

        Raises:
            UnknownName: the export has no such template.
        """
        loaded = self._current()
        about = loaded.manifest["templates"].get(name)
        if about is None:
            raise UnknownName("template", name, loaded.manifest["templates"])
        version, why = choose(about, name, series, loaded.manifest["channel"])
        return StoredPrompt(name, version, why, self._source, loaded.compiled[version], loaded.manifest["versions"][version])

    def _current(self) -> Loaded:
        """Return the newest good export; look again when its manifest has changed."""
        with self._lock:
            try:
                stamp = _stamp(self._folder)
                if stamp != self._seen and time.monotonic() >= self._again_at:
                    self._loaded = load(self._folder)
                    self._seen, self._source, self.problem = stamp, "fresh", ""
            except ExportError as error:
                self.problem = str(error)
                self._again_at = time.monotonic() + PAUSE_SECONDS  # a copy may be on its way
                self._source = "fallback" if self._source == "fallback" else "stale"
            return self._loaded


@dataclass(frozen=True, slots=True)
class Loaded:
    """A proved export: its manifest, and each version compiled."""

    manifest: Mapping[str, Any]
    compiled: Mapping[str, Prompt]


def load(folder: Path) -> Loaded:
    """Read an export and prove all of it.

    Raises:
        ExportError: something is missing or not what its hash says; the message names it.
    """
    root = folder.resolve()  # once: the link may be moved while we read
    data = _bytes(root, "manifest.json", MANIFEST_BYTES)
    seal = _bytes(root, "manifest.sha256", 1000).split(b" ")[0].decode("ascii", "replace")
    if sha256(data) != seal:
        raise ExportError("manifest.json is not what its hash says.", hint="Export again.")
    try:
        manifest = json.loads(data)
        if manifest["format"] != FORMAT or manifest["render"] != SETTINGS:
            raise ExportError("The export was made by another release of the workbench.", hint="Export again with this one.")
        compiled = {version: _proved(root, version, about) for version, about in manifest["versions"].items()}
        missing = [name for name, about in manifest["templates"].items() if not _complete(about, compiled)]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ExportError(f"manifest.json is not understood: {type(error).__name__}.", hint="Export again.") from None
    if missing:
        raise ExportError(f"The export lacks a version of {missing[0]}.", hint="Export again.")
    return Loaded(manifest, compiled)


def choose(about: Mapping[str, Any], template: str, series: str, channel: str) -> tuple[str, str]:
    """Return the version that a series gets and why; the same rule as `prompts.channels.resolve`."""
    if series and series in about["pins"]:
        return about["pins"][series], "pin"
    canary = about["canary"]
    if series and canary and bucket(template, canary["version"], series) < canary["basis_points"]:
        return canary["version"], "canary"
    return about["version"], channel


def _proved(root: Path, version: str, about: Mapping[str, Any]) -> Prompt:
    closure: dict[str, str] = {}
    for path, known in about["files"].items():
        if not _SAFE.fullmatch(path) or any(p.startswith(".") for p in path.split("/")):
            raise ExportError(f"{path!r} leads out of the export.")
        name = f"versions/{version.removeprefix('v1:')}/{path}"
        data = _bytes(root, name, MANIFEST_BYTES)
        if sha256(data) != known["sha256"]:
            raise ExportError(f"{name} is not what its hash says.", hint="Export again.")
        closure[path] = data.decode()
    return proved(version, closure, about)


def proved(version: str, closure: Mapping[str, str], about: Mapping[str, Any]) -> Prompt:
    """Compile sources that are what a version's name says.

    Raises:
        ExportError: they are not.
    """
    if identify(closure, about["entry"], about["front_matter"]) != version:
        raise ExportError(f"The files of {version[:9]} are not the version of that name.", hint="Export again.")
    files = {}
    for path, text in closure.items():
        skip = int(about["files"][path]["skip_lines"])
        files[path] = ("\n".join(text.split("\n")[skip:]), skip)
    return Prompt(about["entry"], files)


def _complete(about: Mapping[str, Any], compiled: Mapping[str, Prompt]) -> bool:
    wanted = {about["version"], *about["pins"].values(), *([about["canary"]["version"]] if about["canary"] else [])}
    return wanted <= compiled.keys()


def _bytes(root: Path, name: str, limit: int) -> bytes:
    try:
        with (root / name).open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise ExportError(f"{name} of the export cannot be read: {error.strerror or error}.", hint="Export again.") from None
    if len(data) > limit:
        raise ExportError(f"{name} of the export is too large.")
    return data


def _stamp(folder: Path) -> tuple[str, int, int]:
    try:
        root = folder.resolve(strict=True)
        found = (root / "manifest.json").stat()
    except (OSError, RuntimeError) as error:
        raise ExportError(f"There is no export in {folder}.", hint="Make one with `workbench export`.") from error
    return str(root), found.st_mtime_ns, found.st_ino
