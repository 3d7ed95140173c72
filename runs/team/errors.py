"""Errors of the team log; see `prompts.errors` for the tree that they belong to."""

from __future__ import annotations

from prompts.errors import WorkbenchError


class TeamError(WorkbenchError):
    """The team's store cannot be used as it is set up, or refuses."""


class StoreDown(TeamError):
    """The store does not answer. Journals pile up here meanwhile and nothing is lost."""


class Missing(TeamError):
    """The store has nothing of that name."""


class TooLong(TeamError):
    """An object of the store is longer than it may be."""
