"""Where artifacts lie."""

from __future__ import annotations

from pathlib import Path

from runs.media import MediaStore
from runs.workspace import Workspace


def media_path(ws: Workspace, sha256: str) -> Path:
    """Return the file of an artifact.

    Raises:
        MediaError: nothing of that hash is stored.
    """
    return MediaStore(ws).path(sha256)
