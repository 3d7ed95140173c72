"""Make a workspace: the starter templates, cases and settings that ship inside the packages, copied where the user wants them."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prompts.errors import UnknownName, WorkspaceError
from prompts.registry import Registry
from runs.workspace import MARKER, Workspace

if TYPE_CHECKING:
    from pydantic import BaseModel

    from prompts.version import Version

CODE = Path(__file__).resolve().parent.parent
SOURCES = {"prompts": CODE / "prompts" / "starter", "evals": CODE / "evals" / "starter"}
ROOT_FILES = {"README.md": "README.md", "gitignore": ".gitignore", "workbench.toml": MARKER, "vscode": ".vscode"}
"""Files of `runs/starter/` and their names in a workspace: dot files would be lost on the way through some tools."""
SCHEMA_FOLDER = ".workbench"


def initialise(folder: Path, *, demo: bool = False, own: Callable[[Path], str] | None = None) -> Workspace:
    """Make a workspace in a new or empty folder, or beside files that it does not touch; all of it or nothing.

    Args:
        folder: where.
        demo: mark it as one: simulated evidence may promote in it.
        own: makes the first series, given the new `evals/`, and returns its id; the starter's series stay out then.

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
            if own is not None:
                _without_series(made / "evals")
                _film(made / "evals", own(made / "evals"))
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
    from evals.judge.rubric import Rubric
    from evals.policy import Policy
    from evals.suite import Suite
    from evals.waivers import Waivers
    from prompts.frontmatter import FrontMatter
    from prompts.story import SCHEMAS
    from runs.settings import Settings

    written: dict[str, type[BaseModel]] = {
        "series": SeriesFile,
        "suite": Suite,
        "chain": Chain,
        "policy": Policy,
        "rubric": Rubric,
        "waivers": Waivers,
        "template": FrontMatter,
        "workbench": Settings,
    }
    return {name: model.model_json_schema() for name, model in {**written, **SCHEMAS}.items()}


def write_schemas(root: Path) -> Path:
    """Write the schemas that editors complete from into a workspace, over those of an earlier version; return their folder."""
    folder = root / SCHEMA_FOLDER
    folder.mkdir(exist_ok=True)
    for name, schema in schemas().items():
        (folder / f"{name}.schema.json").write_text(_json(schema), "utf-8")
    return folder


def stale_schemas(root: Path) -> list[str]:
    """Return the names of the schemas in a workspace that are not this version's; nothing where it keeps none."""
    folder = root / SCHEMA_FOLDER
    if not folder.is_dir():
        return []
    files = {name: folder / f"{name}.schema.json" for name in schemas()}
    return [name for name, schema in schemas().items() if not files[name].is_file() or files[name].read_text("utf-8") != _json(schema)]


def plain_template(stage: str) -> Version:
    """Return the plain prompt that the starter has for a stage: what a new template begins with.

    Raises:
        UnknownName: there is no such stage.
    """
    starter = Registry(SOURCES["prompts"])
    plain = {entry.stage: entry for entry in starter.entries() if entry.label == "plain"}
    if stage not in plain:
        raise UnknownName("stage", stage, plain)
    return starter.load(plain[stage])


def _json(schema: dict[str, Any]) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


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
    write_schemas(made)


def _without_series(evals: Path) -> None:
    """Take the starter's series out, their pictures, and their names in the suites."""
    for name in ("cases", "references"):
        shutil.rmtree(evals / name)
        (evals / name).mkdir()
    for path in (evals / "suites").glob("*.yaml"):
        path.write_text(re.sub(r"(\n  (?:explore|gate):)(?:\n    - [^\n]+)+", r"\1 []", path.read_text("utf-8")), "utf-8")


def _film(evals: Path, series: str) -> None:
    """Let the starter's chains make the first episode of a series."""
    for path in (evals / "chains").glob("*.yaml"):
        path.write_text(re.sub(r"(?m)^episodes: .*$", f"episodes: [{series}/e01]", path.read_text("utf-8")), "utf-8")


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
