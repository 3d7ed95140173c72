"""Suites: which cases, judged by which scorers. One file each in `evals/suites/<name>.yaml`.

An example:

    name: shot
    stage: shot
    series:
      explore: [foxlight, night-clerk]   # look at these while you write
      gate: [paper-wife, tide-debt]      # these decide, so do not tune on them
    scorers:
      - face_consistency
      - {name: expression, args: {threshold: 0.6}}
    gate: gates/shot.toml
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from evals.case import Case, CaseStage
from evals.document import Document, read_yaml, shown
from prompts.errors import InputError, UnknownName
from prompts.story import Id, Model

Split = Literal["explore", "gate"]
SPLITS: tuple[Split, ...] = ("explore", "gate")


class ScorerSpec(Model):
    """A scorer by name, with the arguments it is built with."""

    name: str = Field(min_length=1)
    args: dict[str, Any] = Field(default_factory=dict)


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


class Splits(Model):
    """The series of each split; no series may be in both."""

    explore: list[Id] = Field(default_factory=list)
    gate: list[Id] = Field(default_factory=list)


class Suite(Model):
    """One file of `evals/suites/`. `only` narrows the suite to some cases; without it all cases of the stage count."""

    name: Id
    description: str = ""
    stage: CaseStage
    series: Splits
    only: list[Id] | None = None
    scorers: list[Annotated[ScorerSpec, BeforeValidator(_named, json_schema_input_type=str | ScorerSpec)]] = Field(min_length=1)
    gate: str | None = None

    @property
    def hash(self) -> str:
        """Return the SHA-256 of everything in the suite but its description."""
        text = json.dumps(self.model_dump(mode="json", exclude={"description"}), sort_keys=True, ensure_ascii=False, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def split_of(self, series: str) -> Split:
        """Return the split that a series belongs to.

        Raises:
            UnknownName: The suite does not have the series.
        """
        for split in SPLITS:
            if series in getattr(self.series, split):
                return split
        raise UnknownName(f"series of suite {self.name}", series, [*self.series.explore, *self.series.gate])

    def cases(self, all_cases: Sequence[Case], split: Split | None = None) -> list[Case]:
        """Return the suite's cases, or those of one split, in the order given.

        Raises:
            UnknownName: A series or case that the suite names is not among the cases of its stage.
            InputError: No case is left.
        """
        of_stage = [c for c in all_cases if c.stage == self.stage]
        there = {c.series for c in of_stage}
        for series in (*self.series.explore, *self.series.gate):
            if series not in there:
                raise UnknownName(f"series with cases of stage {self.stage} in suite {self.name}:", series, there)
        ids = {c.id for c in of_stage}
        for case in self.only or ():
            if case not in ids:
                raise UnknownName(f"case of stage {self.stage} in suite {self.name}:", case, ids)
        wanted = {s for name in SPLITS if split in (None, name) for s in getattr(self.series, name)}
        chosen = [c for c in of_stage if c.series in wanted and (self.only is None or c.id in self.only)]
        if not chosen:
            raise InputError(f"Suite {self.name} has no case{f' in the split {split}' if split else ''}.")
        return chosen


def load_suite(name: str | Path, folder: Path) -> Suite:
    """Read a suite by its name in `folder` (`evals/suites`), or by the path of its file.

    Raises:
        UnknownName: No suite has that name.
        InputError: The file is malformed, or a series stands twice or in both splits; with file and line.
    """
    document = read_yaml(_find(name, folder))
    suite = document.parse(Suite)
    _check_splits(document, suite)
    return suite


def suite_names(folder: Path) -> list[str]:
    """Return the names of the suites in a folder, sorted."""
    return sorted(p.stem for p in folder.glob("*.yaml") if not p.name.startswith("."))


def _find(name: str | Path, folder: Path) -> Path:
    if isinstance(name, Path) or str(name).endswith((".yaml", ".yml")):
        path = Path(name)
        if not path.is_file():
            raise InputError(f"{shown(path)}: There is no such suite file.")
        return path
    if name not in suite_names(folder):
        raise UnknownName("suite", name, suite_names(folder))
    return folder / f"{name}.yaml"


def _check_splits(document: Document, suite: Suite) -> None:
    homes: dict[str, str] = {}
    for split in SPLITS:
        for index, series in enumerate(getattr(suite.series, split)):
            if series in homes:
                twice = "twice" if homes[series] == split else "in both splits; what is tuned on must not decide"
                document.fail(("series", split, index), f"The series {series!r} is {twice}.")
            homes[series] = split
    if not homes:
        document.fail(("series",), "Name at least one series under explore or gate.")
