"""Make a workspace: the starter templates, cases and settings that ship inside the packages, copied where the user wants them."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prompts.errors import WorkspaceError
from runs.workspace import MARKER, Workspace

if TYPE_CHECKING:
    from pydantic import BaseModel

CODE = Path(__file__).resolve().parent.parent
SOURCES = {"prompts": CODE / "prompts" / "starter", "evals": CODE / "evals" / "starter"}
ROOT_FILES = {"README.md": "README.md", "gitignore": ".gitignore", "workbench.toml": MARKER, "vscode": ".vscode"}
"""Files of `runs/starter/` and their names in a workspace: dot files would be lost on the way through some tools."""
SCHEMA_FOLDER = ".workbench"


def initialise(folder: Path, *, demo: bool = False) -> Workspace:
    """Make a workspace in a new or empty folder, or beside files that it does not touch; all of it or nothing.

    With `demo` it is marked as one: simulated evidence may promote in it.

    Raises:
        WorkspaceError: the folder is a workspace already, lies inside one, holds a file of the same name, or cannot be written.
    """
    folder = folder.absolute()
    _refuse_what_is_there(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
            made = Path(scratch) / "made"
            _build(made)
            if demo:
                _mark(made / MARKER)
            _place(made, folder)
    except OSError as error:
        raise WorkspaceError(
            f"Cannot make a workspace in {folder}: {error.strerror or error}.", hint="Choose a folder that you may write to."
        ) from error
    return Workspace(folder)


def schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schemas of everything that a user writes, by name."""
    from evals.case import SeriesFile
    from evals.chain import Chain
    from evals.suite import Suite
    from prompts.frontmatter import FrontMatter
    from prompts.story import SCHEMAS
    from runs.settings import Settings

    written: dict[str, type[BaseModel]] = {
        "series": SeriesFile,
        "suite": Suite,
        "chain": Chain,
        "template": FrontMatter,
        "workbench": Settings,
    }
    return {name: model.model_json_schema() for name, model in {**written, **SCHEMAS}.items()}


def _refuse_what_is_there(folder: Path) -> None:
    if (folder / MARKER).exists():
        raise WorkspaceError(f"{folder} is a workspace already.", hint="Choose another folder.")
    if folder.exists() and not folder.is_dir():
        raise WorkspaceError(f"{folder} is a file.", hint="Choose another folder.")
    above = next((p for p in folder.parents if (p / MARKER).is_file()), None)
    if above:
        raise WorkspaceError(f"{folder} lies inside the workspace {above}.", hint="Choose a folder outside of it.")


def _build(made: Path) -> None:
    for name, source in SOURCES.items():
        shutil.copytree(source, made / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    for name, target in ROOT_FILES.items():
        source = CODE / "runs" / "starter" / name
        if source.is_dir():
            shutil.copytree(source, made / target)
        else:
            shutil.copyfile(source, made / target)
    (made / "runs").mkdir()
    (made / SCHEMA_FOLDER).mkdir()
    for name, schema in schemas().items():
        (made / SCHEMA_FOLDER / f"{name}.schema.json").write_text(json.dumps(schema, ensure_ascii=False, indent=2) + "\n", "utf-8")


def _mark(config: Path) -> None:
    """Say in the settings that this is a demo: before the first table, or it would belong to that."""
    line = "demo = true             # what is shown here is simulated, and simulated evidence may promote: for trying out only\n"
    config.write_text(f"{line}\n{config.read_text('utf-8')}", "utf-8")


def _place(made: Path, folder: Path) -> None:
    if not folder.exists():
        made.rename(folder)
        return
    clashes = sorted(entry.name for entry in made.iterdir() if (folder / entry.name).exists())
    if clashes:
        raise WorkspaceError(f"{folder} holds {', '.join(clashes)} already.", hint="Choose an empty folder, or move them away.")
    # The marker last: a folder is a workspace only when all of it is there.
    for entry in sorted(made.iterdir(), key=lambda e: e.name == MARKER):
        entry.replace(folder / entry.name)
