"""Errors of judging; see `prompts.errors` for the tree that they belong to."""

from __future__ import annotations

from prompts.errors import WorkbenchError


class ScorerError(WorkbenchError):
    """A scorer cannot be built or used as asked."""


class ModelUnavailable(ScorerError):
    """A scorer's model file is not installed, or is not the file that was pinned."""


class UnreadableMedia(ScorerError):
    """A picture or clip that does not decode, is too large, or is not what it claims to be."""
