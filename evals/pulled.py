"""Optional models that no default package carries: which there are, where they lie once pulled, and that they are the right ones.

    workbench models pull yunet --accept-licence

    catalogue()["yunet"]   ->  Pulled(name="yunet", role="detector", file="face_detection_yunet_2023mar.onnx", licence="MIT", …)
    path("yunet")          ->  ~/.local/share/microdrama-workbench/models/face_detection_yunet_2023mar.onnx, its SHA-256 checked

The list is data (`evals/data/models.json`); a file that is not the one whose SHA-256 is pinned there is never loaded. Nothing is
downloaded here: that is `runs.pull`, and it asks for consent.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from evals.errors import ModelUnavailable, ScorerError
from prompts.errors import UnknownName

FILE = Path(__file__).parent / "data" / "models.json"
VARIABLE = "MICRODRAMA_MODELS"
"""The folder of pulled models as the settings name it: a variable, so that worker processes know it too."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """A model that may be pulled: what it does, what its file must be, under which licence, and where it is to be had."""

    name: str
    role: str
    file: str
    bytes: int
    sha256: str
    licence: str
    licence_url: str
    urls: tuple[str, ...]
    about: str = ""


def catalogue(file: Path = FILE) -> dict[str, Pulled]:
    """Return the models of a catalogue by name.

    Raises:
        ScorerError: The file is missing or malformed.
    """
    try:
        rows = json.loads(file.read_text("utf-8"))
        found = {name: Pulled(name=name, **{**row, "urls": tuple(row["urls"])}) for name, row in rows.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ScorerError(f"{file.name}: this is no catalogue of models: {error}") from None
    for model in found.values():
        if len(model.sha256) != 64 or Path(model.file).name != model.file or model.file.startswith("."):
            raise ScorerError(f"{file.name}: {model.name} needs a SHA-256 and a plain file name.")
    return found


def folder() -> Path:
    """Return where pulled models lie: the settings' `models_folder`, else this user's data folder."""
    given = os.environ.get(VARIABLE, "")
    if given:
        return Path(given).expanduser()
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser() / "microdrama-workbench" / "models"


def use(given: Path | None) -> None:
    """Take models from this folder, here and in worker processes started from now on; None: from this user's own."""
    if given is None:
        os.environ.pop(VARIABLE, None)
    else:
        os.environ[VARIABLE] = str(given.absolute())


def path(name: str, known: dict[str, Pulled] | None = None) -> Path:
    """Return the verified file of a pulled model.

    Raises:
        UnknownName: The catalogue has no such model.
        ModelUnavailable: It was not pulled, or is not the file that was pinned.
    """
    models = known if known is not None else catalogue()
    if name not in models:
        raise UnknownName("model", name, models)
    model = models[name]
    how = f"Run: workbench models pull {name} --accept-licence"
    found = folder() / model.file
    try:
        stat = found.stat()
        digest = _digest(found, stat.st_mtime_ns, stat.st_size)
    except OSError:
        raise ModelUnavailable(f"The optional model {name} is not here.", hint=how) from None
    if digest != model.sha256:
        raise ModelUnavailable(f"{model.file} is not the {name} model that was pinned (SHA-256 {digest[:12]}…).", hint=how)
    return found


@lru_cache(maxsize=32)
def _digest(file: Path, changed: int, size: int) -> str:
    """Return a file's SHA-256, computed once for each state of it."""
    del changed, size
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
