"""From a judge's answers to scores: every criterion a metric, every repeat in the evidence, what was dropped counted.

Example: two repeats, of which one says yes and one no with a quote that is not there

    Score(metric="screenplay.hook@gpt-x", scorer="judge/screenplay@gpt-x", scorer_version="9f3a…", value=1.0, status="ok",
          reason="yes; 1 of 2 answers dropped: the quote is not in the script", evidence={"answers": [{…}, {…}], "judge": {…}})

The model is in the scorer's and the metric's name, and rubric and template in its version: judges of different models, and of
different words, are never averaged. A judge asks through a callable that is handed in, and knows of no provider.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import fmean
from typing import Any

from evals.judge.answers import Answer, kept, read_answers
from evals.judge.calibration import Standing
from evals.judge.rubric import Rubric
from evals.judge.sheet import Sheet
from evals.score import Metric, Score

MIN_REPEATS = 2


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model said to one repeat of a question, or why it said nothing; `facts` (job, model as it resolved) go into the evidence."""

    text: str = ""
    failure: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


def family(model: str) -> str:
    """Return whose a model is, by the letters that its name begins with: `openai/GPT-4o-mini` and `gpt-5` are both `gpt`."""
    found = re.match(r"[a-z]+", model.rpartition("/")[2].casefold())
    return found.group() if found else model.casefold()


Ask = Callable[[Mapping[str, Any], int], Reply]
"""Asks a judge's template with these inputs; the number is the repeat."""


@dataclass(frozen=True, slots=True)
class Judge:
    """One judge: who, by what rubric, asked by which template version, and how it stands with people criterion by criterion."""

    rubric: Rubric
    model: str
    template: str
    template_version: str
    provider: str = ""
    standings: Mapping[str, Standing] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return the scorer's name."""
        return f"judge/{self.rubric.name}@{self.model}"

    @property
    def version(self) -> str:
        """Return the scorer's version: the first digits of the hash of rubric and template."""
        return self.rubric.hash(self.template_version)[:16]

    def metric(self, criterion: str) -> str:
        """Return the metric's name of a criterion."""
        return f"{self.rubric.name}.{criterion}@{self.model}"

    def metrics(self) -> tuple[Metric, ...]:
        """Return one metric a criterion and the share of dropped answers. Only a calibrated criterion is a primary metric."""
        found = []
        for criterion in self.rubric.criteria:
            standing = self.standings.get(criterion.id, Standing())
            told = f"{criterion.definition} ({'calibrated' if standing.calibrated else 'advice only: ' + standing.reason})"
            found.append(Metric(self.metric(criterion.id), "up", "share", 0.0, description=told, primary=standing.calibrated))
        dropped = f"{self.rubric.name}.dropped@{self.model}"
        return (*found, Metric(dropped, "down", "share", None, description="Answers whose evidence is not in the script", primary=False))

    def facts(self) -> dict[str, Any]:
        """Return who judged, for the evidence of every score."""
        whole = self.rubric.hash(self.template_version)
        said = {"model": self.model, "provider": self.provider, "rubric": self.rubric.name, "rubric_hash": whole}
        return said | {"template": self.template, "template_version": self.template_version}


_NO_REPLY = "no reply"


def judge(who: Judge, sheet: Sheet, inputs: Mapping[str, Any], ask: Ask, repeats: int = MIN_REPEATS) -> list[Score]:
    """Ask a judge about one script, at least twice, and return a score for each criterion and for dropped answers.

    Args:
        who: the judge.
        sheet: the script as it reads it, see `evals.judge.sheet`.
        inputs: everything that the template is given.
        ask: asks the model.
        repeats: how often.

    Raises:
        ValueError: fewer than two repeats: how often a judge agrees with itself would stay unknown.
    """
    if repeats < MIN_REPEATS:
        raise ValueError(f"a judge is asked at least {MIN_REPEATS} times, got {repeats}")
    replies = [ask(inputs, repeat) for repeat in range(repeats)]
    rounds = [read_answers(r.text, who.rubric, sheet) if not r.failure else _silent(who.rubric, r.failure) for r in replies]
    facts = who.facts() | {"replies": [dict(r.facts) for r in replies]}
    scores = []
    for number, criterion in enumerate(who.rubric.criteria):
        answers = [of_repeat[number] for of_repeat in rounds]
        standing = who.standings.get(criterion.id, Standing())
        evidence = {"judge": facts, "answers": [asdict(a) for a in answers], "calibration": asdict(standing)}
        scores.append(_score(who, who.metric(criterion.id), answers, evidence))
    return [*scores, _dropped(who, rounds)]


def _silent(rubric: Rubric, failure: str) -> list[Answer]:
    return [Answer(c.id, "", None, dropped=f"{_NO_REPLY}: {failure}") for c in rubric.criteria]


def _score(who: Judge, metric: str, answers: Sequence[Answer], evidence: Mapping[str, Any]) -> Score:
    counted = kept(list(answers))
    lost = [a.dropped for a in answers if a.dropped]
    told = f"{len(lost)} of {len(answers)} answers dropped: {lost[0]}" if lost else ""
    if not counted:
        return Score(metric, who.name, who.version, None, "not_scoreable", told, evidence)
    said = sorted({a.answer for a in counted})
    reason = "; ".join(filter(None, [said[0] if len(said) == 1 else f"repeats disagree: {', '.join(said)}", told]))
    return Score(metric, who.name, who.version, fmean(a.value for a in counted if a.value is not None), "ok", reason, evidence)


def _dropped(who: Judge, rounds: Sequence[Sequence[Answer]]) -> Score:
    """Score the share of answers that do not count; a call that failed has answered nothing, and says nothing about the judge."""
    every = [a for answers in rounds for a in answers if not a.dropped.startswith(_NO_REPLY)]
    metric, facts = f"{who.rubric.name}.dropped@{who.model}", {"judge": who.facts()}
    if not every:
        return Score(metric, who.name, who.version, None, "not_scoreable", rounds[0][0].dropped, facts)
    lost = [a for a in every if a.dropped]
    return Score(metric, who.name, who.version, len(lost) / len(every), "ok", f"{len(lost)} of {len(every)}", facts)
