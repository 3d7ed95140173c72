"""Lint prompts before they are paid for: render versions with cases, and run the checks of prompts over what comes out.

found = lint_versions(ws, [version], cases)
found.counts()              # {"block": 0, "warn": 3, "info": 0}
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from evals.checks.prompt import Prompt
from evals.checks.registry import lint
from evals.checks.targets import Target
from evals.score import Finding
from prompts.errors import InputError
from prompts.render import render
from runs.requests import Prompts

if TYPE_CHECKING:
    from evals.case import Case
    from prompts.version import Version
    from runs.plan import Plan

SEVERITIES = ("block", "warn", "info")


@dataclass(frozen=True, slots=True)
class Linted:
    """One rendered prompt and what was found in it."""

    version: str
    case_id: str
    series: str
    findings: Sequence[Finding]


@dataclass(slots=True)
class Lints:
    """All prompts that were looked at."""

    prompts: list[Linted] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """Return how many findings there are of each severity."""
        found: Counter[str] = Counter(f.severity for p in self.prompts for f in p.findings)
        return {name: found[name] for name in SEVERITIES}

    def clean(self) -> int:
        """Return how many prompts have no finding."""
        return sum(not p.findings for p in self.prompts)

    def rows(self) -> list[dict[str, Any]]:
        """Return one row a finding, in the order of versions and cases."""
        return [
            {
                "version": p.version, "check": f.check, "severity": f.severity, "case": p.case_id, "quote": f.quote, "message": f.message,
            }
            for p in self.prompts
            for f in p.findings
        ]  # fmt: skip

    def summary(self) -> list[dict[str, Any]]:
        """Return one row a version and check: how many prompts of how many it speaks on, and the first that it does."""
        totals = Counter(p.version for p in self.prompts)
        groups: dict[tuple[str, str, str], list[tuple[str, Finding]]] = {}
        for p in self.prompts:
            for f in p.findings:
                groups.setdefault((p.version, f.check, f.severity), []).append((p.case_id, f))
        return [
            {
                "version": version, "check": check, "severity": severity, "prompts": len({case for case, _ in found}),
                "of": totals[version], "for_example": found[0][0], "message": found[0][1].message,
            }
            for (version, check, severity), found in groups.items()
        ]  # fmt: skip


def lint_versions(versions: Iterable[Version], cases: Sequence[Case], target: Target | None = None) -> Lints:
    """Render each version with each case of its stage and check the prompts.

    Args:
        versions: of any stages but `judge`, whose prompts are made of outputs.
        cases: those of other stages are passed over.
        target: the model that the prompts are for; by default the usual one of the stage.

    Raises:
        TemplateError: a version cannot be rendered with a case.
        InputError: there is no prompt to look at, or the target is for another stage.
    """
    lints = Lints()
    for version in versions:
        if target and version.stage not in target.stages:
            stages = ", ".join(target.stages)
            raise InputError(f"{target.name} is a model for {stages}, and {version.ref} is a template of stage {version.stage}.")
        for case in cases:
            if case.stage == version.stage:
                text = render(version, case.inputs).text
                lints.prompts.append(_linted(version.ref, version.stage, case.id, case.series, text, case.inputs, target))
    if not lints.prompts:
        raise InputError("There is no prompt to lint.", hint="Name a template whose stage has cases, or a suite.")
    return lints


def lint_plan(plan: Plan, prompts: Prompts) -> Lints:
    """Check every prompt that a run would send, once for each version and case; those that are rendered already are taken as they are."""
    refs = {arm["version"]: arm["ref"] for arm in reversed(plan.event.arms)}
    lints = Lints()
    for version, case in plan.pairs():
        text = "\n\n".join(message.content for message in prompts.of(version, case))
        lints.prompts.append(
            _linted(refs[version["version"]], plan.event.stage, case["case_id"], case["series"], text, case["inputs"], None)
        )
    return lints


def _linted(ref: str, stage: str, case_id: str, series: str, text: str, inputs: Mapping[str, Any], target: Target | None) -> Linted:
    return Linted(ref, case_id, series, lint(Prompt.of_case(text, stage, inputs, target)))
