"""Versions that were promoted, kept whole beside the templates: `prompts/promoted/<sha256>.json`.

A working file may be edited the day after it went to production. What a channel means must still be there to be exported, and
to be rolled back to, on every machine that has the workspace from git; the run log is not in git.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from prompts.errors import TemplateError
from prompts.files import unwritable, write_whole
from prompts.identity import SCHEME, canonical_json
from prompts.version import Version, from_closure

FOLDER = "promoted"
MAX_BYTES = 16 << 20
_HEX = re.compile(r"[0-9a-f]{64}")


def keep(folder: Path, version: Version) -> None:
    """Keep a version; one that is kept already costs a look.

    Raises:
        WorkspaceError: it cannot be written.
    """
    path = _path(folder, version.id)
    if path.exists():
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path.parent, error) from error
    write_whole(path, canonical_json({"template": version.template, "id": version.id, "closure": dict(version.closure)}))


def kept(folder: Path, template: str, version_id: str) -> Version:
    """Return a version that was kept, proved to be the one that its id names.

    Raises:
        TemplateError: it is not there, or was changed.
    """
    path = _path(folder, version_id)
    shown = f"{FOLDER}/{path.name}"
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError
        stored = json.loads(path.read_bytes())
        closure = {str(name): str(text) for name, text in stored["closure"].items()}
        named = str(stored["template"])
    except FileNotFoundError:
        raise TemplateError(f"{template}@{version_id[3:9]} is not kept here.", path=shown, hint="Get the file back from git.") from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise TemplateError("the kept version was changed: it cannot be read.", path=shown, hint="Get the file back from git.") from None
    if named != template:
        raise TemplateError(f"the kept version is one of {named!r}, not of {template!r}.", path=shown, hint="Get the file back from git.")
    return from_closure(template, version_id, closure)


def put_back(folder: Path, version_id: str, data: bytes) -> bool:
    """Keep a version as another machine kept it, if it is what its id names; tell whether it is kept now.

    Raises:
        WorkspaceError: it cannot be written.
    """
    path = _path(folder, version_id)
    if path.exists():
        return True
    try:
        stored = json.loads(data)
        version = from_closure(str(stored["template"]), version_id, {str(k): str(v) for k, v in stored["closure"].items()})
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, TemplateError):
        return False
    keep(folder, version)
    return True


def file_of(folder: Path, version_id: str) -> Path:
    """Return where a version is kept, or would be."""
    return _path(folder, version_id)


def _path(folder: Path, version_id: str) -> Path:
    digits = version_id.removeprefix(f"{SCHEME}:")
    if not _HEX.fullmatch(digits):
        raise TemplateError(f"{version_id[:80]!r} is no version.", hint="A version is v1: and 64 hex digits.")
    return folder / FOLDER / f"{digits}.json"
