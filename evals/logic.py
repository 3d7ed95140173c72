"""Story logic of a script: the findings of all checks, and a score made of their distinct causes.

Example: a 60 s script in which mei leaves in beat b4 and speaks in l9 and l11, and zhao uses the hairpin that mei still holds

    Score(metric="logic", value=0.571, status="ok",
          reason="2 causes: mei speaks in beat b6, but left in beat b4. Give the line to someone who is there, … zhao use hairpin …",
          evidence={"findings": [{"check": "C02", "where": ["s1", "b6", "l9"], "line": "l9", "quote": "Then we are enemies.",
                                  "cause": "C02:absent:mei@b4", "severity": "block", "message": "mei speaks in beat b6, …"}, …]})

Two lines after one exit are two findings of one cause: the writer forgot once. With block causes B, warn causes W and the
episode's length M in minutes,

    logic = 1 / (1 + (B + W / 2) / (2 M))

so a script without findings has 1, two block causes a minute have 0.5, and every further cause lowers the score, ever less.
The half point lies between what scripts of one prompt and of a careful pipeline were measured to hold (3.5 and 0.3 each).
M is the target length of the case, not the script's own: a longer script cannot thin its faults out.
Findings that people have waived (`evals.waivers`) stay in the evidence, marked, and count for nothing.
A text that does not parse as a script has no state to check: status `failed`, which comparisons count as 0.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from typing import Literal

from pydantic import ValidationError

from evals.checks.registry import CHECKS, run
from evals.checks.world import World
from evals.schema import read
from evals.score import Finding, Json, Metric, Sample, Score
from evals.waivers import About, Waiver, taken_out
from prompts.story import Script

WARN_WEIGHT = 0.5
HALF_AT = 2.0
"""Weighted causes a minute at which the score is one half."""
USUAL_SECONDS = 60.0
"""The length of an episode whose case sets none."""
MAX_FINDINGS = 200
MAX_MESSAGE = 160
"""So much of a message is a reason: it may quote a line of the script."""
METRICS = (
    Metric("logic", "up", "score", worst=0.0, description="1 without findings, falling with distinct causes a minute"),
    Metric("logic_block", "up", "share", worst=0.0, description="1 where no blocking check found anything", primary=False),
    Metric("logic_causes", "down", "count", worst=None, hi=None, description="distinct causes of findings in a script", primary=False),
    Metric("logic_rate", "down", "1/min", worst=None, hi=None, description="the same a minute of the episode", primary=False),
)


def causes(findings: Iterable[Finding]) -> dict[str, Finding]:
    """Return the first finding of each distinct cause."""
    out: dict[str, Finding] = {}
    for finding in findings:
        if finding.severity != "info":
            out.setdefault(finding.cause or repr(finding), finding)
    return out


def value(block: int, warn: int, seconds: float) -> float:
    """Return the score of so many block and warn causes in an episode of so many seconds (> 0); in (0, 1], falling in both."""
    return 1.0 / (1.0 + (block + WARN_WEIGHT * warn) / (HALF_AT * seconds / 60.0))


class Logic:
    """Check scripts against their case's world."""

    name = "logic"
    version = "3"
    scope: Literal["generation", "series"] = "generation"
    stages = frozenset({"script"})
    metrics: tuple[Metric, ...] = METRICS
    cpu_bound = True

    def score(self, group: Sequence[Sample]) -> list[list[Score]]:
        """Return four scores a sample."""
        return [self._one(sample) for sample in group]

    def _one(self, sample: Sample) -> list[Score]:
        if sample.stage not in self.stages:
            return self._none("not_applicable", f"stage {sample.stage} has no script")
        if sample.status != "ok":
            return self._none("failed", f"there is no output: {sample.status}")
        try:
            world = World.of_case(sample.case)
        except ValidationError as error:
            return self._none("error", f"the case does not describe a world: {error.error_count()} wrong values")
        found = read(sample.text(), "script")
        if not isinstance(found.model, Script):
            return self._none("failed", f"no valid script: {found.reason()}", {"errors": list(found.errors)})
        return self._scores(run(found.model, world), world, sample)

    def _scores(self, findings: list[Finding], world: World, sample: Sample) -> list[Score]:
        waived = {id(f): waiver for f in findings if (waiver := _waiver(f, sample))}
        roots = causes(f for f in findings if id(f) not in waived)
        block = sum(f.severity == "block" for f in roots.values())
        warn = len(roots) - block
        seconds = world.target_seconds or USUAL_SECONDS
        evidence: dict[str, Json] = {
            "findings": [shown(f, waived.get(id(f))) for f in findings[:MAX_FINDINGS]],
            "total": len(findings),
            "waived": len(waived),
            "block": block,
            "warn": warn,
            "minutes": seconds / 60,
            "checks": {c.id: c.version for c in CHECKS},
        }
        reason = _told(roots.values()) if roots else "no findings"
        values = (value(block, warn, seconds), float(block == 0), float(len(roots)), len(roots) / (seconds / 60))
        return [
            Score(metric.name, self.name, self.version, v, "ok", reason, evidence if metric.primary else {})
            for metric, v in zip(self.metrics, values, strict=True)
        ]

    def _none(
        self, status: Literal["failed", "not_applicable", "error"], reason: str, evidence: dict[str, Json] | None = None
    ) -> list[Score]:
        return [Score(m.name, self.name, self.version, None, status, reason, evidence or {}) for m in self.metrics]


def _told(roots: Collection[Finding]) -> str:
    """Return in words how many causes there are, with the first of each of two checks, what blocks before the rest."""
    firsts: dict[str, str] = {}
    for finding in sorted(roots, key=lambda f: f.severity != "block"):
        firsts.setdefault(finding.check, finding.message)
    said = [message if len(message) <= MAX_MESSAGE else f"{message[:MAX_MESSAGE]} …" for message in firsts.values()][:2]
    more = len(roots) - len(said)
    return " ".join([f"{len(roots)} cause{'s' * (len(roots) != 1)}:", *said, *([f"{more} more."] if more else [])])


def _waiver(finding: Finding, sample: Sample) -> Waiver | None:
    """Return the waiver that takes a finding out of the score."""
    if not sample.waivers:
        return None
    artifacts = tuple(m.sha256 for m in sample.media)
    about = About(
        check=finding.check, where=finding.where, quote=finding.quote, series=sample.series, case=sample.case_id, artifacts=artifacts
    )
    return taken_out(sample.waivers, about)


def shown(finding: Finding, waiver: Waiver | None = None) -> dict[str, Json]:
    """Return a finding as evidence: plain JSON, with the line it is about, if it is about one, and who has waived it."""
    line = finding.where[2] if len(finding.where) > 2 else None
    waived = {"waived": {"verdict": waiver.verdict, "who": waiver.who, "why": waiver.why}} if waiver else {}
    return {**asdict(finding), "where": list(finding.where), "line": line, **waived}
