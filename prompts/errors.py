"""Errors that a user can act on.

```
WorkbenchError              anything the front door prints as one line, without a traceback
├── WorkspaceError          no workspace, not writable, malformed workbench.toml
├── TemplateError           a template cannot be used; knows file and line
│   ├── FrontMatterError    the YAML block between the --- lines
│   ├── TemplateSyntaxError Jinja cannot parse it
│   ├── UndefinedVariable   it uses a name that the case does not give
│   ├── IncludeError        an include outside the workspace, missing, dynamic or circular
│   └── RenderLimitError    rendering took too long or grew too large
├── UnknownName             a template, version, case, suite, scorer, provider or run that is not there
├── InputError              a case, suite, manifest or argument file with a wrong value
└── (evals.errors, runs.errors add ScorerError, ProviderError, JournalError, LogError …)
```

Every message says what is wrong and what to do about it. `workbench.py` holds the one handler.
"""

from __future__ import annotations

from collections.abc import Iterable

from prompts.near import meant


class WorkbenchError(Exception):
    """Say in one line what is wrong; `hint` says what to do."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class WorkspaceError(WorkbenchError):
    """The workspace is missing, unreadable, not writable or misconfigured."""


class InputError(WorkbenchError):
    """A file or argument that the user wrote holds a wrong value."""


class UnknownName(WorkbenchError):
    """A name that is not there, with the nearest ones that are."""

    def __init__(self, kind: str, name: str, known: Iterable[str] = (), *, listing: str = "") -> None:
        """`listing` says where the names are listed, where they are too many for a message."""
        super().__init__(f"Unknown {kind} {name!r}.", hint=meant(name, known, listing=listing))
        self.kind = kind
        self.name = name


class TemplateError(WorkbenchError):
    """A template that cannot be used, with the place where it breaks."""

    def __init__(self, message: str, *, path: str = "", line: int | None = None, hint: str = "") -> None:
        place = f"{path}:{line}: " if path and line else f"{path}: " if path else ""
        super().__init__(f"{place}{message}", hint=hint)
        self.path = path
        self.line = line


class FrontMatterError(TemplateError):
    """The YAML front matter is missing, malformed or holds an unknown key."""


class TemplateSyntaxError(TemplateError):
    """Jinja cannot parse the template."""


class UndefinedVariable(TemplateError):
    """The template uses a name that its inputs do not give."""


class IncludeError(TemplateError):
    """An include, import or extends that is missing, dynamic, circular or outside the workspace."""


class RenderLimitError(TemplateError):
    """Rendering ran over its time, memory or size bound."""
