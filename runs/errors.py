"""Errors of running and recording; see `prompts.errors` for the tree that they belong to."""

from __future__ import annotations

from prompts.errors import WorkbenchError


class ProviderError(WorkbenchError):
    """A provider that cannot be used as configured (unknown, no key, wrong kind of output)."""


class JournalError(WorkbenchError):
    """A journal cannot be written or read: full disk, read-only folder, another owner."""


class MediaError(WorkbenchError):
    """An artifact cannot be stored or found: unknown media type, full disk, a link in the store, rotten bytes."""


class LogError(WorkbenchError):
    """The run log cannot be opened: newer schema, held by a foreign program, corrupt."""


class BudgetError(WorkbenchError):
    """A run that its budget does not allow to start."""


class EngineError(WorkbenchError):
    """Scoring cannot go on where it was told to: not installed, no cluster at the address, another version, no workers left."""


class Forbidden(WorkbenchError):
    """Somebody who signed in may not do this."""


class Interrupted(WorkbenchError):
    """The user stopped a run; it can be resumed."""

    exit_code = 130
