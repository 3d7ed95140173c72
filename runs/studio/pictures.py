"""The door to the studio's pictures and clips: everything that others use."""

from __future__ import annotations

from runs.studio.clip import ClipError, clip
from runs.studio.reference import ReferenceIdentity, reference_from_bytes
from runs.studio.scene import SizeError
from runs.studio.sheet import sheet
from runs.studio.still import still

__all__ = ["ClipError", "ReferenceIdentity", "SizeError", "clip", "reference_from_bytes", "sheet", "still"]
