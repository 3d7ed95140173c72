"""A workspace: the folder of one production, known by its `workbench.toml`, holding data and no code."""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from prompts.errors import WorkspaceError

MARKER = "workbench.toml"
VARIABLE = "WORKBENCH_WORKSPACE"
"""Names the workspace where no option does; to the app always, since its server has no command line of ours."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """The paths of a workspace. Code of package X reads and writes only folder X of it."""

    root: Path

    @classmethod
    def find(cls, start: Path | None = None) -> Workspace:
        """Find the workspace that a folder lies in, walking up to the first `workbench.toml`.

        Args:
            start: the folder to begin at; the current one if None. May also be the workspace's root itself.

        Raises:
            WorkspaceError: there is none.
        """
        with contextlib.suppress(OSError):
            origin = (start or Path.cwd()).resolve()
            for folder in (origin, *origin.parents):
                if (folder / MARKER).is_file():
                    return cls(folder)
        where = f"{start} or above it" if start else "the current folder or above it"
        raise WorkspaceError(f"No workspace in {where}.", hint="Make one with `workbench init DIR`, or name one with --workspace DIR.")

    @property
    def config(self) -> Path:
        """Return `workbench.toml`."""
        return self.root / MARKER

    @property
    def prompts(self) -> Path:
        """Return the folder of templates."""
        return self.root / "prompts"

    @property
    def evals(self) -> Path:
        """Return the folder of cases and suites."""
        return self.root / "evals"

    @property
    def runs(self) -> Path:
        """Return the folder of everything that running writes."""
        return self.root / "runs"

    @property
    def journals(self) -> Path:
        """Return the folder of journals, the truth of all runs."""
        return self.runs / "journals"

    @property
    def team(self) -> Path:
        """Return the folder of what other machines of the team have written; it can be deleted and fetched again."""
        return self.runs / "team"

    @property
    def media(self) -> Path:
        """Return the folder of the media store."""
        return self.runs / "media"

    @property
    def log(self) -> Path:
        """Return the DuckDB file that everything reads; made anew from the journals by `workbench log rebuild`."""
        return self.runs / "log.duckdb"

    def ensure_writable(self) -> None:
        """Make the folders that running needs and try to write in each.

        Raises:
            WorkspaceError: a folder cannot be made or written.
        """
        for folder in (self.runs, self.journals, self.media):
            try:
                folder.mkdir(parents=True, exist_ok=True)
                # Asking the permission bits is not enough: the disk may be mounted read-only, or be full.
                with tempfile.NamedTemporaryFile(dir=folder, prefix=".write-test-") as probe:
                    probe.write(b"x")
                    probe.flush()
            except OSError as error:
                raise WorkspaceError(
                    f"Cannot write in {folder}: {os.strerror(error.errno or 0)}.",
                    hint="Free some space, or choose a workspace folder that you may write in.",
                ) from error
