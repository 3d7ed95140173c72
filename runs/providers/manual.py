"""People as a provider: Midjourney has no open API, and much is made in web pages.

    folder = begin(ws, plan)                   # journals the plan, writes runs/sheets/<run>/prompts.csv and prompts.html
    workbench import RUN FOLDER                # takes the files back (runs.importer)

Nothing is generated here, so no `generation` is journalled: jobs are open until their files are imported.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from types import TracebackType
from typing import Self

from runs import sheet
from runs.errors import JournalError, ProviderError
from runs.events import Note
from runs.journal import Journal
from runs.log import catch_up
from runs.plan import Plan
from runs.provider import Failure, Kind, Outcome, Request
from runs.settings import ProviderSettings
from runs.workspace import Workspace


def begin(ws: Workspace, plan: Plan) -> Path:
    """Begin a run that people do: write its sheet, then its plan into the journal; return the sheet's folder.

    Raises:
        TemplateError, InputError: a prompt cannot be rendered; nothing is written.
        WorkspaceError, MediaError, JournalError: the workspace cannot be written.
    """
    ws.ensure_writable()
    folder = sheet.write(ws, plan)
    note = Note(run_id=plan.run_id, text=f"Made by hand from the sheet in {folder.relative_to(ws.root)}.")
    try:
        with Journal(ws, plan.run_id) as journal:
            journal.append(plan.event, note)
    except JournalError:
        shutil.rmtree(folder, ignore_errors=True)  # a sheet without a run would be work for nothing
        raise
    catch_up(ws)
    return folder


class ManualProvider:
    """Stands for people in plans and lists. It cannot be called."""

    simulated = False
    kinds: frozenset[Kind] = frozenset({"text", "image", "video", "audio"})

    def __init__(self, name: str, config: ProviderSettings) -> None:
        self.name = name
        self.config = config
        self.concurrency = config.concurrency

    async def __aenter__(self) -> Self:
        """Refuse to be driven.

        Raises:
            ProviderError: always; says how files come in.
        """
        raise ProviderError("This run is made by hand.", hint="Generate from its sheet, then: workbench import RUN FOLDER")

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None

    async def generate(self, request: Request) -> Outcome:
        """Return the failure that says so; nobody gets here through the harness."""
        return Outcome(failure=Failure("invalid_request", f"job {request.job_id[:12]} is made by hand; import its file"))
