"""Is everything there that the workbench needs? One small check a function; each says what it found and what to do."""

from __future__ import annotations

import importlib
import platform
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Literal

from prompts.errors import WorkbenchError
from runs.lookover import looking_over
from runs.settings import Settings, load
from runs.workspace import Workspace

if TYPE_CHECKING:
    from PIL import Image

State = Literal["ok", "warning", "failed"]
PACKAGES = (
    "streamlit",
    "langchain",
    "openai",
    "pandas",
    "duckdb",
    "scikit-image",
    "jinja2",
    "pydantic",
    "av",
    "dlib-bin",
    "kornia-rs",
    "ai-edge-litert",
)
MIN_PYTHON = (3, 11)


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the diagnosis."""

    name: str
    state: State
    found: str
    todo: str = ""


def diagnose(ws: Workspace | None) -> list[Check]:
    """Check the installation, and the workspace where there is one. Nothing is changed but an empty log made."""
    checks = [_attempt("python", _python), *(_attempt(name, _package(name)) for name in PACKAGES)]
    checks += [_attempt(f"model {name}", _model(name)) for name in ("detector", "mesh", "iris", "embedding", "emotion")]
    checks += [_attempt("face pipeline", _faces), *_optional(), _attempt("studio", _studio)]
    if ws is None:
        return [*checks, Check("workspace", "warning", "none here", "Make one with `workbench init DIR`.")]
    checks += [_attempt("workspace", lambda: _writable(ws)), _attempt("run log", lambda: _log(ws))]
    return checks + list(_configured(ws))


def _attempt(name: str, check: Callable[[], str]) -> Check:
    try:
        return Check(name, "ok", check())
    except WorkbenchError as error:
        return Check(name, "failed", error.message, error.hint)
    except Exception as error:  # noqa: BLE001  a doctor must not die of what it finds
        return Check(name, "failed", f"{type(error).__name__}: {error}")


def _python() -> str:
    if sys.version_info < MIN_PYTHON:
        raise WorkbenchError(f"Python {platform.python_version()} is too old.", hint="Install Python 3.11 or newer.")
    return f"{platform.python_version()} on {platform.system()} {platform.machine()}"


def _package(name: str) -> Callable[[], str]:
    def check() -> str:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            raise WorkbenchError(f"{name} is not installed.", hint=f"Run: pip install {name}") from None

    return check


def _model(name: str) -> Callable[[], str]:
    def check() -> str:
        from evals.faces import models

        models.path(name)
        return f"{models.MODELS[name].package}, {models.MODELS[name].licence}"

    return check


def _faces() -> str:
    """Find the one face of the test picture that scikit-image carries."""
    from evals.faces.analysis import find_faces
    from evals.media import Picture

    image = _astronaut()
    found = len(find_faces(Picture(image, image.width, image.height, scale=1.0)).faces)
    if found != 1:
        raise WorkbenchError(f"{found} faces found in a picture of one person.", hint="Reinstall the model packages (see README).")
    return "one face found in a picture of one person"


def _optional() -> Iterator[Check]:
    """Try each optional model that is here on the same picture; one that is not here is no fault."""
    from evals.errors import ModelUnavailable
    from evals.faces.optional import BACKENDS

    for name, backend in BACKENDS.items():
        try:
            backend.find()
        except ModelUnavailable as error:
            yield Check(f"optional model {name}", "ok", f"not here: {backend.about}", error.hint)
            continue
        yield _attempt(f"optional model {name}", _tried(backend.try_on))


def _tried(try_on: Callable[[Image.Image], str]) -> Callable[[], str]:
    def check() -> str:
        return try_on(_astronaut())

    return check


def _astronaut() -> Image.Image:
    from PIL import Image
    from skimage import data

    return Image.fromarray(data.astronaut())  # type: ignore[no-untyped-call]


def _studio() -> str:
    from runs.studio.still import still

    picture, _ = still("Close-up portrait of a young woman with long black hair", seed=1)
    again, _ = still("Close-up portrait of a young woman with long black hair", seed=1)
    if picture != again:
        raise WorkbenchError("The studio drew one prompt in two ways.", hint="Report this with the versions above.")
    return f"draws the same picture twice, {len(picture) // 1024} KiB"


def _writable(ws: Workspace) -> str:
    ws.ensure_writable()
    return str(ws.root)


def _log(ws: Workspace) -> str:
    from runs import query, schema

    runs, broken = len(query.runs(ws)), len(query.ingest_errors(ws))
    if broken:
        raise WorkbenchError(f"{broken} journal lines could not be read.", hint="See `workbench log errors`.")
    return f"schema {schema.VERSION}, {runs} runs"


def _configured(ws: Workspace) -> Iterator[Check]:
    try:
        settings = load(ws.root)
    except WorkbenchError as error:
        yield Check("settings", "failed", error.message, error.hint)
        return
    yield Check("settings", "ok", f"provider {settings.provider}")
    yield from (_attempt(name, check) for name, check in looking_over(ws).items())
    for name in sorted({settings.provider, *settings.providers}):
        yield _attempt(f"provider {name}", _provider(settings, name))
    if settings.team.store:
        yield _attempt("team", lambda: _team(ws))
    yield _port(settings.ui.port)


def _team(ws: Workspace) -> str:
    from runs.team.member import member_of
    from runs.team.status import machines

    member = member_of(ws)
    if member is None:
        return "none"
    others = [machine.name for machine in machines(ws, member) if not machine.ours]
    return f"{member.machine} on {member.store.url}, with {', '.join(others) or 'nobody else yet'}"


def _provider(settings: Settings, name: str) -> Callable[[], str]:
    def check() -> str:
        from runs import secrets

        config = settings.provider_settings(name)
        importlib.import_module("runs.providers").get(name, settings)
        if not config.api_key_env:
            return f"{config.type} {config.base_url}".strip()
        key = secrets.secret(config.api_key_env)
        if not key:
            raise WorkbenchError(f"The variable {config.api_key_env} is not set.", hint="Set it, or write it into .env.")
        return f"{config.type} {config.base_url}, key {config.api_key_env} {secrets.hint(key)}"

    return check


def _port(port: int) -> Check:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return Check("app", "warning", f"port {port} is taken", "Is the app open already? Otherwise: workbench ui --port PORT")
    return Check("app", "ok", f"port {port} is free")
