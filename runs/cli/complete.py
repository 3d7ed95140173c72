"""What the shell offers for a name: from the files alone and without the libraries that do the work, so that a tab answers at once.

`@click.argument("run_name", metavar="RUN", shell_complete=complete.runs)`; outside of a workspace nothing is offered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import click

from prompts.errors import WorkbenchError
from runs.workspace import Workspace

Offer = Callable[[click.Context, click.Parameter, str], list[str]]
NEWEST = 50
"""As many runs are offered, the newest first."""
# Both ways to write a case: `- {id: x, stage: shot, …}` and `- id: x` with `stage: shot` on the line below.
_CASE = re.compile(r"^\s*-\s*\{?\s*id:\s*([\w.\-]+)(?:\s*,\s*|\s*\n\s*)stage:", re.MULTILINE)
_RUN = re.compile(rb'"run_id":\s*"(\d{8}-\d{6}-[0-9a-f]{6})"')
_HEAD = 1000


def _offer(names: Callable[[Workspace], Iterable[str]]) -> Offer:
    def offer(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
        named = context.find_root().params.get("workspace")
        try:
            return [name for name in names(Workspace.find(Path(named) if named else None)) if name.startswith(begun)]
        except (WorkbenchError, OSError):
            return []

    return offer


def _versions(ws: Workspace) -> Iterable[str]:
    files = (path.relative_to(ws.prompts) for path in ws.prompts.glob("*/*.j2"))
    return sorted(path.as_posix().removesuffix(".j2") for path in files if not any(part.startswith(("_", ".")) for part in path.parts))


def _cases(ws: Workspace) -> Iterable[str]:
    return sorted(found for path in (ws.evals / "cases").glob("*.yaml") for found in _CASE.findall(path.read_text("utf-8", "replace")))


def _runs(ws: Workspace) -> Iterable[str]:
    """Read the heads of the newest journals: the log itself would have to be opened, and waited for."""
    found = set()
    for path in sorted(ws.journals.glob("*.jsonl"), reverse=True)[:NEWEST]:
        with path.open("rb") as file:
            found |= {match[1].decode() for match in [_RUN.search(file.read(_HEAD))] if match}
    return ["last", *sorted(found, reverse=True)]


def _providers(ws: Workspace) -> Iterable[str]:
    import tomllib

    presets = tomllib.loads((Path(__file__).parents[1] / "presets.toml").read_text("utf-8"))
    own = re.findall(r"^\s*\[providers\.([\w-]+)", ws.config.read_text("utf-8", "replace"), re.MULTILINE)
    return sorted({*presets, *own})


def _stems(*folder: str) -> Callable[[Workspace], Iterable[str]]:
    return lambda ws: sorted(path.stem for path in ws.evals.joinpath(*folder).glob("*.yaml"))


versions = _offer(_versions)
cases = _offer(_cases)
runs = _offer(_runs)
providers = _offer(_providers)
suites = _offer(_stems("suites"))
chains = _offer(_stems("chains"))
