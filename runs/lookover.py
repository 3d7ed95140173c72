"""Can all that a workspace holds be used? Each kind of file is read as the commands read it; what is wrong is named with file and line.

{name: check() for name, check in looking_over(ws).items()}     # {"templates": "16 in 7 stages", "cases": "23 series, 239 cases", …}
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from evals.case import Case, load_cases
from evals.chain import load_chain
from evals.judge.rubric import load_rubric
from evals.policy import find_policy, load_policy, policy_names
from evals.registry import build, known
from evals.suite import load_suite, suite_names
from prompts.errors import InputError, TemplateError, UnknownName, WorkbenchError
from prompts.registry import Registry
from runs.starting import stale_schemas
from runs.workspace import Workspace


def looking_over(ws: Workspace) -> dict[str, Callable[[], str]]:
    """Return a check for each kind of file: it says what is there, or raises for the first that cannot be used."""
    cases: list[Case] = []

    def of_cases() -> str:
        cases.extend(load_cases(ws.evals / "cases"))
        return f"{len({case.series for case in cases})} series, {len(cases)} cases"

    return {
        "templates": lambda: _templates(ws),
        "cases": of_cases,
        "suites": lambda: _suites(ws, cases),
        "policies": lambda: _each(policy_names(ws.evals), lambda name: load_policy(find_policy(name, ws.evals))),
        "chains": lambda: _chains(ws, cases),
        "rubrics": lambda: _each(_stems(ws.evals / "rubrics"), lambda name: load_rubric(name, ws.evals / "rubrics")),
        "schemas": lambda: _schemas(ws),
    }


def _each(names: Iterable[str], read: Callable[[str], object]) -> str:
    names, problems = sorted(names), []
    for name in names:
        try:
            read(name)
        except WorkbenchError as error:
            problems.append(error)
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise InputError(f"{problems[0].message}{more}", hint=problems[0].hint)
    return ", ".join(names) or "none"


def _stems(folder: Path) -> list[str]:
    return [path.stem for path in folder.glob("*.yaml") if not path.name.startswith(".")]


def _templates(ws: Workspace) -> str:
    registry = Registry(ws.prompts)
    if misnamed := registry.misnamed():
        raise TemplateError("its name can be none.", path=misnamed[0], hint="Letters, digits, - and _ before @, a label behind it.")
    entries = {entry.ref: entry for entry in registry.entries()}
    _each(entries, lambda ref: registry.load(entries[ref]))
    return f"{len(entries)} in {len({entry.stage for entry in entries.values()})} stages"


def _suites(ws: Workspace, cases: list[Case]) -> str:
    """Read each suite, with its scorers, its policy and the cases of its stage; scorer files are not run, only looked for."""
    scorers = ws.evals / "scorers"

    def read(name: str) -> None:
        suite = load_suite(name, ws.evals / "suites")
        try:
            if cases:  # without cases the line above has said why
                suite.cases(cases)
            for spec in suite.scorers:
                if spec.name not in known(scorers):
                    raise UnknownName("scorer", spec.name, known(scorers))
                if spec.name in known(None):
                    build(spec.name, spec.args)
            if suite.gate:
                find_policy(suite.gate, ws.evals)
        except WorkbenchError as error:
            raise InputError(f"evals/suites/{name}.yaml: {error.message}", hint=error.hint) from None

    return _each(suite_names(ws.evals / "suites"), read)


def _chains(ws: Workspace, cases: list[Case]) -> str:
    there = {case.series for case in cases}

    def read(name: str) -> None:
        chain = load_chain(name, ws.evals / "chains")
        for series in {episode.partition("/")[0] for episode in chain.episodes} if there else ():
            if series not in there:
                raise InputError(f"evals/chains/{name}.yaml: {UnknownName('series', series, there)}")

    return _each(_stems(ws.evals / "chains"), read)


def _schemas(ws: Workspace) -> str:
    if stale := stale_schemas(ws.root):
        raise InputError(f".workbench/ is of another version: {', '.join(stale)}.", hint="Run: workbench schema --write")
    return "those of this version"
