"""Waivers: what people say of findings, so that each check's precision on a studio's own material is a number.

Example of `evals/waivers.yaml`, which `workbench waive` appends to and people may edit:

    waivers:
    - {check: S14, verdict: meant, series: night-ferry, quote: Coca-Cola, who: lin, why: "the sponsor of the series", at: 2026-11-25}
    - {check: C15, verdict: wrong, case: night-ferry-script-1, place: b4, who: lin, why: "a newspaper's date", at: 2026-11-25}

A finding is covered by the first waiver whose every given field fits. `wrong` says that the check erred, `meant` that it is
right and the deviation wanted; either takes the finding out of the score, from the next scoring on. `right` confirms it. They
are files and no events of the log, for they are judgements about all runs, belong to the project's history in git, and
must survive the outputs that they were first said of.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import Field, model_validator

from evals.document import read_yaml
from evals.waiverfile import FILE
from prompts.files import held, write_whole
from prompts.story import Id, Model

HEAD = "# What people say of findings; see docs/checks.md. `workbench waive` appends here.\nwaivers:\n"
Verdict = Literal["wrong", "meant", "right"]
TAKES_OUT: frozenset[str] = frozenset({"wrong", "meant"})


class Waiver(Model):
    """One judgement. `artifact` is the SHA-256 of an output, `place` an id in it, `quote` a piece of the finding's quote."""

    check: str = Field(pattern=r"^[A-Z][0-9]{2}$")
    verdict: Verdict
    who: str = Field(min_length=1)
    why: str = Field(min_length=1)
    at: date
    series: Id | None = None
    case: Id | None = None
    artifact: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    place: Id | None = None
    quote: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _narrow(self) -> Self:
        if not (self.series or self.case or self.artifact or self.quote):
            raise ValueError("say where it holds: give series, case, artifact or quote")
        return self

    def covers(self, about: About) -> bool:
        """Tell whether this judges a finding."""
        return (
            self.check == about.check
            and self.series in (None, about.series)
            and self.case in (None, about.case)
            and (self.artifact is None or self.artifact in about.artifacts)
            and (self.place is None or self.place in about.where)
            and (self.quote is None or self.quote in about.quote)
        )


class About(Model):
    """What of a finding a waiver looks at."""

    check: str
    where: tuple[str, ...]
    quote: str
    series: str = ""
    case: str = ""
    artifacts: tuple[str, ...] = ()


class Waivers(Model):
    """The file."""

    waivers: list[Waiver] = Field(default_factory=list)


def load_waivers(folder: Path) -> tuple[Waiver, ...]:
    """Read the waivers of a workspace's `evals/` folder; none where there is no file.

    Raises:
        InputError: The file is malformed, with its line.
    """
    path = folder / FILE
    return tuple(read_yaml(path).parse(Waivers).waivers) if path.is_file() else ()


def add_waiver(folder: Path, waiver: Waiver) -> None:
    """Append a waiver to the file; what stands there, comments too, stays as it is, and so does what others append meanwhile.

    Raises:
        InputError: The file is malformed; nothing is written.
        WorkspaceError: It cannot be written.
    """
    path = folder / FILE
    line = yaml.safe_dump([waiver.model_dump(exclude_none=True)], sort_keys=False, allow_unicode=True, width=10_000)
    with held(folder / f".{FILE}.lock"):
        load_waivers(folder)
        text = path.read_text("utf-8") if path.is_file() else HEAD
        write_whole(path, f"{text.rstrip()}\n{line}".encode())


def judged(waivers: Iterable[Waiver], about: About) -> Waiver | None:
    """Return the first waiver that covers a finding, or None."""
    return next((w for w in waivers if w.covers(about)), None)


def taken_out(waivers: Sequence[Waiver], about: About) -> Waiver | None:
    """Return the waiver that takes a finding out of the score, or None where it counts."""
    found = judged(waivers, about)
    return found if found and found.verdict in TAKES_OUT else None
