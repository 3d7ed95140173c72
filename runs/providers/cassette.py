"""Cassettes: what a provider answered, kept in a folder, to be played again without key, network or money.

    workbench run … --record cassettes/pilot         # with real keys, once
    workbench run … --replay cassettes/pilot         # the same run offline, in CI for example

    cassettes/pilot/openai/cassette.json             whose answers these are
    cassettes/pilot/openai/3f/3fa9….json             all answers to one request, by the hash of what was asked
    cassettes/pilot/openai/media/9c1e….png           what came back, by its own hash

A request is known again by everything that decides its output: stage, messages, model, parameters, seed, schema, and the
hashes of its pictures. What would be tried again anyway (too fast, too many, a server's mistake) is not kept, so that a
replay waits for nothing. Keys are removed before anything is written. A task's answer is played at once.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Self, get_args

from prompts.errors import InputError
from runs import secrets
from runs.errors import MediaError, ProviderError
from runs.media import MEDIA_TYPES
from runs.provider import (
    RETRYABLE,
    STOPS_PROVIDER,
    Asset,
    Direct,
    ErrorClass,
    Failure,
    Kind,
    Outcome,
    Provider,
    Request,
    Tasks,
    TaskState,
    Usage,
)
from runs.providers.manual import ManualProvider

FORMAT = 1
MAX_BYTES = 64 << 20
_HEAD = {"provider": str, "base_url": str, "simulated": bool, "kinds": list}


def key_of(request: Request) -> str:
    """Return the hash of everything that decides a request's output, but not of the job that it belongs to."""
    asked = {
        "stage": request.stage, "messages": [[m.role, m.content] for m in request.messages], "model": request.model,
        "parameters": dict(request.parameters), "seed": request.seed, "schema": request.schema_name,
        "references": [[r.name, r.role, r.sha256] for r in request.references],
    }  # fmt: skip
    return sha256(json.dumps(asked, sort_keys=True, ensure_ascii=False).encode("utf-8", "replace")).hexdigest()


class Cassette:
    """One provider's answers in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def begin(self, provider: Provider, base_url: str) -> None:
        """Say whose answers follow; those of another provider are not mixed with them.

        Raises:
            InputError: the folder holds another provider's answers.
        """
        head = {"format": FORMAT, "provider": provider.name, "base_url": base_url, "simulated": provider.simulated,
                "kinds": sorted(provider.kinds)}  # fmt: skip
        path = self.folder / "cassette.json"
        if path.exists() and self.head()["base_url"] != base_url:
            raise InputError(f"{self.folder} holds answers of {self.head()['base_url']}.", hint="Record into another folder.")
        _write(path, json.dumps(head, indent=2).encode())

    def head(self) -> dict[str, Any]:
        """Return whose answers these are.

        Raises:
            InputError: the folder is no cassette, or one of a newer program.
        """
        head: dict[str, Any] = _read(self.folder / "cassette.json")
        sound = isinstance(head, dict) and head.get("format") == FORMAT and all(isinstance(head.get(k), v) for k, v in _HEAD.items())
        if not sound:
            raise InputError(f"{self.folder} is no cassette that this version can play.", hint="Record it again.")
        return head

    def put(self, request: Request, outcomes: list[Outcome]) -> None:
        """Keep all answers to a request, in their order, without keys."""
        takes = [self._take(outcome) for outcome in outcomes]
        _write(self._path(request), json.dumps(secrets.redact({"takes": takes}), ensure_ascii=False, indent=1).encode())

    def get(self, request: Request, number: int) -> Outcome | None:
        """Return the answer to the so-many-th call of a request, the last one for all after it; None where there is none.

        Raises:
            InputError: the answers are not what was recorded.
            MediaError: what came back is not what was recorded.
        """
        path = self._path(request)
        if not path.is_file():
            return None
        data = _read(path)
        try:
            takes = data["takes"]
            return self._outcome(takes[min(number, len(takes) - 1)])
        except (LookupError, TypeError, ValueError, AttributeError):
            raise InputError(f"{path} is not what was recorded.", hint="Record it again.") from None

    def _path(self, request: Request) -> Path:
        key = key_of(request)
        return self.folder / key[:2] / f"{key}.json"

    def _take(self, outcome: Outcome) -> dict[str, Any]:
        assets = []
        for asset in outcome.assets:
            data = asset.data
            if asset.kind == "text":
                data = str(secrets.redact(data.decode("utf-8", "replace"), patterns=False)).encode("utf-8", "replace")
            known = MEDIA_TYPES.get(asset.media_type.partition(";")[0].strip().lower())
            name = f"{sha256(data).hexdigest()}.{known[1] if known else 'bin'}"
            _write(self.folder / "media" / name, data)
            assets.append({"kind": asset.kind, "media_type": asset.media_type, "file": name})
        kept = {
            name: getattr(outcome, name) for name in ("cost_usd", "model_resolved", "wire_request", "wire_response", "truth")
        }  # fmt: skip
        failure = asdict(outcome.failure) if outcome.failure else None
        return {"assets": assets, "failure": failure, "usage": asdict(outcome.usage), **kept}

    def _outcome(self, take: Mapping[str, Any]) -> Outcome:
        assets = tuple(Asset(a["kind"], a["media_type"], self._asset(a["file"])) for a in take["assets"])
        failure = Failure(**take["failure"]) if take["failure"] else None
        if bool(assets) == bool(failure) or (failure and failure.error not in get_args(ErrorClass)):
            raise ValueError("neither an output nor a failure")
        return Outcome(
            assets=assets,
            failure=failure,
            usage=Usage(**{k: v for k, v in take["usage"].items() if k in Usage.__dataclass_fields__}),
            cost_usd=0.0,
            model_resolved=take["model_resolved"],
            wire_request=take["wire_request"] or {},
            wire_response={**(take["wire_response"] or {}), "replayed": {"cost_usd": take["cost_usd"]}},
            truth=take["truth"],
        )

    def _asset(self, name: str) -> bytes:
        path = self.folder / "media" / Path(name).name
        try:
            data = path.read_bytes()
        except OSError as error:
            raise MediaError(f"{path} cannot be read: {error.strerror}.", hint="Record it again.") from None
        if sha256(data).hexdigest() != path.stem:
            raise MediaError(f"{path} is not what was recorded.", hint="Record it again.")
        return data


class _Wrapper:
    """Stands before a provider and keeps its answers."""

    def __init__(self, provider: Any, folder: Path) -> None:
        self._provider = provider
        self._cassette = Cassette(folder / provider.name)
        self._takes: dict[str, list[Outcome]] = {}
        self.name: str = provider.name
        self.simulated: bool = provider.simulated
        self.kinds: frozenset[Kind] = provider.kinds
        self.concurrency: int = provider.concurrency

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_provider"], name)

    async def __aenter__(self) -> Self:
        from runs.providers import reference

        self._cassette.begin(self._provider, reference(self._provider)["base_url"])
        await self._provider.__aenter__()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._provider.__aexit__(kind, error, trace)

    def _keep(self, request: Request, outcome: Outcome) -> None:
        if outcome.failure is not None and outcome.failure.error in RETRYABLE | STOPS_PROVIDER:
            return
        takes = self._takes.setdefault(key_of(request), [])
        takes.append(outcome)
        self._cassette.put(request, takes)


class RecordingCalls(_Wrapper):
    """Records a provider of calls."""

    async def generate(self, request: Request) -> Outcome:
        """Make the call, and keep what came back."""
        outcome: Outcome = await self._provider.generate(request)
        self._keep(request, outcome)
        return outcome

    async def recall(self, request: Request) -> Outcome | None:
        """Look for the answer to a call that died with its process, and keep what is found."""
        recall = getattr(self._provider, "recall", None)
        outcome: Outcome | None = await recall(request) if recall else None
        if outcome is not None:
            self._keep(request, outcome)
        return outcome


class RecordingTasks(_Wrapper):
    """Records a provider of tasks."""

    async def submit(self, request: Request) -> str | Failure:
        """Hand the task in; a refusal is an answer."""
        submitted: str | Failure = await self._provider.submit(request)
        if isinstance(submitted, Failure):
            self._keep(request, Outcome(failure=submitted))
        return submitted

    async def poll(self, task_id: str, request: Request) -> TaskState:
        """Ask how a task stands, and keep what it ended with."""
        state: TaskState = await self._provider.poll(task_id, request)
        if state.outcome is not None and state.state in ("succeeded", "failed"):
            self._keep(request, state.outcome)
        return state

    async def find(self, request: Request) -> str | None:
        """Look a lost submission up."""
        found: str | None = await self._provider.find(request)
        return found


class CassetteProvider:
    """Plays a cassette: the recorded provider's name and answers, no calls."""

    concurrency = 16

    def __init__(self, provider: Provider, folder: Path) -> None:
        """Look the cassette of a provider up.

        Raises:
            InputError: the folder holds none of this provider.
        """
        self._cassette = Cassette(folder / provider.name)
        head = self._cassette.head()
        self.name: str = head["provider"]
        self.base_url: str = head["base_url"]
        self.simulated: bool = head["simulated"]
        self.kinds: frozenset[Kind] = frozenset(head["kinds"])
        self._calls: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None

    async def generate(self, request: Request) -> Outcome:
        """Return what was recorded for the request; `invalid_request` where nothing was."""
        key = key_of(request)
        found = self._cassette.get(request, self._calls[key])
        self._calls[key] += 1
        if found is None:
            return Outcome(failure=Failure("invalid_request", f"the cassette has no answer to this request ({key[:12]}); record it again"))
        return found


def recording(provider: Provider, folder: Path) -> Provider:
    """Return a provider that keeps what another one answers.

    Raises:
        ProviderError: there is nothing to record.
    """
    if isinstance(provider, ManualProvider):
        raise ProviderError("What people make by hand cannot be recorded.")
    if isinstance(provider, Tasks):
        return RecordingTasks(provider, folder)
    if isinstance(provider, Direct):
        return RecordingCalls(provider, folder)
    raise ProviderError(f"The provider {provider.name} can neither generate nor take tasks.")


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as scratch:
        scratch.write(data)
    Path(scratch.name).replace(path)


def _read(path: Path) -> Any:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path} is larger than {MAX_BYTES >> 20} MB.")
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        raise InputError(f"There is no cassette in {path.parent}.", hint="Record one with --record, with the same provider.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise InputError(f"{path} is not JSON.", hint="Record it again.") from None
