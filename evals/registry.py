"""Find scorers by name and build them with arguments, so that an old run can be scored again in any process.

Example: the suite says `- {name: expression, args: {min_iod: 30}}`

    build("expression", {"min_iod": 30}) -> Expression(min_iod=30)

A name is looked for in this order:

1. built-in scorers, by dotted path, imported only when they are built;
2. entry points of installed packages in the group `workbench.scorers` (name -> class or function that returns a scorer);
3. the files of a workspace's `evals/scorers/` folder, when the caller hands that folder in: they are programs, so they run
   only where the user has asked for it. The file's name is the scorer's name; the file defines `build(**args) -> Scorer`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evals.errors import ScorerError
from prompts.errors import UnknownName

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from evals.score import Scorer

GROUP = "workbench.scorers"
BUILT_IN: Mapping[str, str] = {
    "face_consistency": "evals.face_consistency:FaceConsistency",
    "expression": "evals.expression:Expression",
    "cuts": "evals.cuts:Cuts",
    "frozen": "evals.frozen:Frozen",
    "flicker": "evals.flicker:Flicker",
    "warping": "evals.warping:Warping",
    "blank": "evals.blank:Blank",
    "sharpness": "evals.sharpness:Sharpness",
    "burnt_text": "evals.burnt_text:BurntText",
    "format": "evals.format:Format",
    "near_identical": "evals.near_identical:NearIdentical",
    "logic": "evals.logic:Logic",
    "contract": "evals.contract:Contract",
    "schema": "evals.schema:Schema",
    "originality": "evals.originality.scorer:Originality",
    "cost": "evals.cost:Cost",
    "latency": "evals.latency:Latency",
}
Factory = Callable[..., Any]


def known(folder: Path | None = None) -> list[str]:
    """Return the names of all scorers, sorted; those of a workspace's scorer folder only if it is given."""
    return sorted({*BUILT_IN, *_entry_points(), *_files(folder)})


def build(name: str, args: Mapping[str, Any] | None = None, folder: Path | None = None) -> Scorer:
    """Build a scorer from its name and arguments.

    Args:
        name: As `known` lists it.
        args: Keyword arguments of the scorer, as a suite gives them.
        folder: A workspace's `evals/scorers/`; its files are run. None: they are not looked at.

    Raises:
        UnknownName: No scorer has that name; the message names near ones.
        ScorerError: It cannot be imported, does not take these arguments, or is no scorer.
    """
    factory = _factory(name, folder)
    values = dict(args or {})
    _check_arguments(name, factory, values)
    try:
        scorer = factory(**values)
    except (TypeError, ValueError) as error:
        raise ScorerError(f"Scorer {name!r} cannot be built with {values!r}: {error}") from error
    return _checked(name, scorer)


def _factory(name: str, folder: Path | None) -> Factory:
    if name in BUILT_IN:
        module, _, attribute = BUILT_IN[name].partition(":")
        return _loaded(name, lambda: getattr(importlib.import_module(module), attribute))
    points = _entry_points()
    if name in points:
        return _loaded(name, points[name].load)
    files = _files(folder)
    if name in files:
        return _loaded(name, lambda: _from_file(files[name]))
    raise UnknownName("scorer", name, known(folder))


def _loaded(name: str, load: Callable[[], Any]) -> Factory:
    try:
        factory: Factory = load()
    except Exception as error:
        raise ScorerError(f"Scorer {name!r} cannot be loaded: {type(error).__name__}: {error}") from error
    if not callable(factory):
        raise ScorerError(f"Scorer {name!r} is a {type(factory).__name__}, not a class or function that returns a scorer.")
    return factory


def _entry_points() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=GROUP)}


def _files(folder: Path | None) -> dict[str, Path]:
    if folder is None or not folder.is_dir():
        return {}
    return {p.stem: p for p in sorted(folder.glob("*.py")) if not p.name.startswith(("_", "."))}


def _from_file(path: Path) -> Any:
    """Run a scorer file under a name of its own, so that it can neither replace a module nor be imported by another."""
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location(f"workbench_scorer_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ScorerError(f"{path.name} is not a Python file.")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    if not hasattr(module, "build"):
        raise ScorerError(f"{path.name} defines no build(**args) that returns a scorer.")
    return module.build


def _check_arguments(name: str, factory: Factory, values: Mapping[str, Any]) -> None:
    from inspect import signature

    try:
        taken = signature(factory)
    except (TypeError, ValueError):  # a class written in C has no signature
        return
    try:
        taken.bind(**values)
    except TypeError as error:
        takes = ", ".join(taken.parameters) or "no arguments"
        raise ScorerError(f"Scorer {name!r}: {error}.", hint=f"It takes: {takes}.") from None


def _checked(name: str, scorer: Any) -> Scorer:
    from evals.score import Scorer

    if not isinstance(scorer, Scorer):
        missing = [a for a in ("name", "version", "scope", "stages", "metrics", "cpu_bound", "score") if not hasattr(scorer, a)]
        raise ScorerError(f"Scorer {name!r} is no scorer: it lacks {', '.join(missing)}.")
    return scorer
