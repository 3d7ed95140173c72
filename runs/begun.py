"""Work of several runs that goes on after any death: a small file says which run is which step, written before the run begins.

    begun = Begun(ws.runs / "races" / "3fa9c1.json")
    begun.run(ws, "1", "Round 1", plan, provider, options, say)     # runs it, goes on with it, or keeps it

A step that is finished is not paid again, one that was cut off is resumed; a process that died between this file and the
run's journal has begun nothing, so that step begins anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from prompts.errors import InputError, UnknownName
from prompts.files import write_whole
from prompts.identity import canonical_json
from runs import harness, query
from runs.claims import alone
from runs.harness import Options
from runs.plan import Plan
from runs.provider import Provider
from runs.workspace import Workspace


class Begun:
    """The file: the run of each step.

    Raises:
        InputError: the file is not whole.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.steps()

    @property
    def name(self) -> str:
        """Return what names it: its file without folder and ending."""
        return self._path.stem

    def steps(self) -> dict[str, str]:
        """Return the run of each step that has begun, by the step's name."""
        if not self._path.exists():
            return {}
        try:
            return {str(step): str(run) for step, run in json.loads(self._path.read_text("utf-8"))["rounds"].items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise InputError(f"{self._path} is not whole.", hint="Remove it to begin anew; its runs stay in the log.") from None

    def run(
        self,
        ws: Workspace,
        step: str,
        title: str,
        plan: Callable[[], Plan],
        provider: Provider,
        options: Options,
        say: Callable[[str], None],
        *,
        first: str = "",
    ) -> str:
        """Do a step, or what is missing of it; return its run.

        Args:
            ws: The workspace.
            step: Its name in the file.
            title: What people call it.
            plan: Makes the run's plan, if it has not begun yet.
            provider: Who generates.
            options: How it is run.
            say: Told what is being done.
            first: Said before a new run.

        Raises:
            InputError: The run ended before all of it was done, or nobody knows of some jobs whether they were made.
            JournalError: Another process is at it.
            WorkbenchError: as `harness.run`.
        """
        # Two processes that come in the same moment would each find no run, and both would pay.
        with alone(ws, f"begun/{self._path}", title):
            runs = self.steps()
            run_id = runs.get(step)
            if run_id is not None and _is_there(ws, run_id):
                if query.progress(ws, run_id)["state"] == "finished":
                    say(f"{title}: kept, run {run_id}.")
                    return run_id
                say(f"{title}: going on with run {run_id}.")
                result = harness.resume(ws, run_id, provider, options)
            else:
                if first:
                    say(first)
                made = plan()
                runs[step] = made.run_id
                self._path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(self._path, canonical_json({"rounds": runs}))
                result = harness.run(ws, made, provider, options)
            if result.state != "finished":
                raise InputError(f"{title} {result.state}: {result.reason}", hint="Give the same command again to go on.")
            if result.doubts:
                # Once: whoever gives the command again has seen it, and goes on with what there is.
                raise InputError(f"{title}: {result.doubts}", hint="Then give the same command again, which goes on with what there is.")
            return result.run_id

    def forget(self) -> None:
        """Remove the file: what it was about has come to its end."""
        self._path.unlink(missing_ok=True)


def _is_there(ws: Workspace, run_id: str) -> bool:
    """Tell whether a run got as far as its journal; a process may have died between the file and it."""
    try:
        query.run_plan(ws, run_id)
    except UnknownName:
        return False
    return True
