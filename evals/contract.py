"""The rules that a template's front matter declares, checked on what came back.

Example: a script template declares `cast: case` and `beats: {max_count: 12}`, and a script of 13 beats comes back

    Score(metric="contract", value=0.5, status="ok", reason="1 of 2 rules broken: beats.max_count",
          evidence={"clauses": [{"clause": "cast", "rule": "Use the given characters only; …", "kept": True, "breaches": []},
                                {"clause": "beats.max_count", "rule": "At most 12 beats.", "kept": False, "breaches": ["13 beats"]}]})

The clauses come from `prompts.contracts`, where the same ones are told to the model: a rule cannot say one number and be
checked against another. Arms are judged by their own contracts; give the scorer arguments (`{name: contract, args: {cast: case}}`)
to hold all arms to the same, or `{name: contract, args: {otherwise: {cast: case}}}` for templates that declare nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError

from evals.errors import ScorerError
from evals.schema import read
from evals.score import Json, Metric, Sample, Score
from prompts.contracts import Clause, Contracts, SpeechBudget
from prompts.story import Script, Storyboard
from prompts.text import is_chinese, speech_seconds

LONGEST_SHOT = 15.0
"""What a line must fit into where neither shots are planned nor the contract bounds them: the longest shot there is."""
MAX_BREACHES = 20
METRICS = (
    Metric("contract", "up", "share", worst=0.0, description="rules of the template's contract that the output keeps"),
    Metric("contract_breaches", "down", "count", worst=None, hi=None, description="places where a rule is broken", primary=False),
)


@dataclass(frozen=True, slots=True)
class Output:
    """What came back, and what it was asked about. `script` is None where the text is none."""

    text: str
    language: str
    cast: frozenset[str]
    contracts: Contracts
    script: Script | None = None

    @property
    def board(self) -> Storyboard | None:
        """Return the script as a storyboard, if it is one."""
        return self.script if isinstance(self.script, Storyboard) else None


Breaches = Callable[[Clause, Output], Iterator[str] | None]


def _speech(clause: Clause, output: Output) -> Iterator[str] | None:
    if output.script is None:
        return None
    budget: SpeechBudget = clause.value
    rate = budget.chars_per_second if is_chinese(output.language) else budget.words_per_second
    lines = {line.id: line for scene in output.script.scenes for beat in scene.beats for line in beat.lines}
    spoken = {name: speech_seconds(line.text, output.language, rate) for name, line in lines.items()}
    if output.board:
        said = [(shot.id, sum(spoken.get(x, 0.0) for x in shot.lines), shot.duration) for shot in output.board.shots if shot.lines]
    else:
        shots = output.contracts.shots
        said = [(name, seconds, (shots.max_seconds if shots else None) or LONGEST_SHOT) for name, seconds in spoken.items()]
    return (
        f"{name}: {seconds:.1f} s of speech in a shot of {shot:g} s"
        for name, seconds, shot in said
        if seconds > shot - budget.pad_seconds + 1e-6
    )


def _cast(clause: Clause, output: Output) -> Iterator[str] | None:
    allowed = output.cast if clause.value == "case" else frozenset(clause.value)
    if output.script is None or not allowed:
        return None
    seen: dict[str, str] = {}
    for scene in output.script.scenes:
        for beat in scene.beats:
            for who in (*(line.speaker for line in beat.lines), *beat.actors):
                if who:
                    seen.setdefault(who, beat.id)
    return (f"{who} in {where}" for who, where in seen.items() if who not in allowed)


def _count(what: Literal["shots", "beats", "scenes"], sign: int) -> Breaches:
    def check(clause: Clause, output: Output) -> Iterator[str] | None:
        there = _number(what, output)
        if there is None:
            return None
        return iter([f"{there} {what}"] if (there - clause.value) * sign > 0 else [])

    return check


def _number(what: str, output: Output) -> int | None:
    if output.script is None:
        return None
    if what == "shots":
        return len(output.board.shots) if output.board else None
    scenes = output.script.scenes
    return len(scenes) if what == "scenes" else sum(len(scene.beats) for scene in scenes)


def _seconds(sign: int) -> Breaches:
    def check(clause: Clause, output: Output) -> Iterator[str] | None:
        if output.board is None:
            return None
        return (f"{s.id}: {s.duration:g} s" for s in output.board.shots if (s.duration - clause.value) * sign > 1e-6)

    return check


def _told(output: Output) -> str:
    """Return what an output says to people: of a script its words, and not its keys and ids."""
    if output.script is None:
        return output.text
    beats = [beat for scene in output.script.scenes for beat in scene.beats]
    words = [x for beat in beats for x in (beat.action, *(t for line in beat.lines for t in (line.text, line.manner)))]
    prompts = [x for s in output.board.shots for x in (s.first_frame_prompt, s.last_frame_prompt, s.motion_prompt)] if output.board else []
    return "\n".join([output.script.title, *words, *prompts])


def _holds(word: str, text: str) -> bool:
    """Tell whether a text has a word: as a whole word where it is written in letters, anywhere where it is Chinese."""
    from re import IGNORECASE, escape, search

    pattern = escape(word.strip())
    start = r"(?<!\w)" if word.strip()[:1].isascii() else ""
    end = r"(?!\w)" if word.strip()[-1:].isascii() else ""
    return search(f"{start}{pattern}{end}", text, IGNORECASE) is not None


def _forbidden(clause: Clause, output: Output) -> Iterator[str] | None:
    text = _told(output)
    return (f"“{word}”" for word in clause.value if _holds(word, text))


def _required(clause: Clause, output: Output) -> Iterator[str] | None:
    text = _told(output)
    return (f"“{word}” is missing" for word in clause.value if not _holds(word, text))


CHECKS: Mapping[str, Breaches] = {
    "speech": _speech,
    "cast": _cast,
    "shots.min_count": _count("shots", -1),
    "shots.max_count": _count("shots", 1),
    "shots.min_seconds": _seconds(-1),
    "shots.max_seconds": _seconds(1),
    "beats.min_count": _count("beats", -1),
    "beats.max_count": _count("beats", 1),
    "scenes.min_count": _count("scenes", -1),
    "scenes.max_count": _count("scenes", 1),
    "forbidden": _forbidden,
    "required": _required,
}
"""How each clause that `prompts.contracts` can state is checked. None: this output has nothing that it speaks of."""


def _contracts(told: object) -> Contracts:
    try:
        return Contracts.model_validate(told)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ScorerError(f"contract: {'.'.join(map(str, first['loc'])) or 'otherwise'}: {first['msg']}.") from None


class Contract:
    """Check outputs against their template's contracts, or against those given as arguments."""

    name = "contract"
    version = "1"
    scope: Literal["generation", "series"] = "generation"
    stages = frozenset({"outline", "script"})
    metrics: tuple[Metric, ...] = METRICS
    cpu_bound = False

    def __init__(self, otherwise: Mapping[str, Any] | None = None, **contracts: Any) -> None:
        """Judge by the contracts of each output's template, or by these (`speech`, `cast`, `shots` …) for all.

        Args:
            otherwise: Contracts for outputs whose template declares none.
            contracts: Contracts for all outputs, whatever their templates declare.

        Raises:
            ScorerError: They are no contracts, or both are given.
        """
        if contracts and otherwise is not None:
            raise ScorerError("contract: give contracts for all outputs, or `otherwise` for those whose template declares none.")
        self.contracts = _contracts(contracts) if contracts else None
        self.otherwise = _contracts(otherwise or {})

    def score(self, group: Sequence[Sample]) -> list[list[Score]]:
        """Return two scores a sample."""
        return [self._one(sample) for sample in group]

    def _one(self, sample: Sample) -> list[Score]:
        own = self.contracts or Contracts.model_validate(sample.contracts)
        language = str(sample.case.get("language") or "en")
        contracts = own if own.clauses(language) else self.otherwise
        clauses = contracts.clauses(language)
        if sample.stage not in self.stages or not clauses:
            return self._none("not_applicable", "the template declares no contract")
        if sample.status != "ok":
            return self._none("failed", f"there is no output: {sample.status}")
        text = sample.text()
        found = read(text, sample.stage)
        if found.model is None:
            return self._none("failed", f"the output cannot be read: {found.reason()}")
        people = sample.case.get("characters") or []
        output = Output(
            text=text,
            language=language,
            cast=frozenset(c["id"] for c in people),
            contracts=contracts,
            script=found.model if isinstance(found.model, Script) else None,
        )
        return self._scores(clauses, output)

    def _scores(self, clauses: Sequence[Clause], output: Output) -> list[Score]:
        rows: list[dict[str, Json]] = []
        for clause in clauses:
            found = CHECKS[clause.key](clause, output)
            breaches = None if found is None else list(found)
            rows.append(
                {
                    "clause": clause.key, "rule": clause.text, "kept": None if breaches is None else not breaches,
                    "breaches": (breaches or [])[:MAX_BREACHES], "total": len(breaches or []),
                }
            )  # fmt: skip
        judged = [row for row in rows if row["kept"] is not None]
        if not judged:
            return self._none("not_applicable", "the output has nothing that the contract speaks of", {"clauses": rows})
        broken = [row["clause"] for row in judged if not row["kept"]]
        reason = f"{len(broken)} of {len(judged)} rules broken: {', '.join(broken)}" if broken else f"all {len(judged)} rules kept"
        values = (1 - len(broken) / len(judged), float(sum(row["total"] for row in judged)))
        return [
            Score(metric.name, self.name, self.version, value, "ok", reason, {"clauses": rows} if metric.primary else {})
            for metric, value in zip(self.metrics, values, strict=True)
        ]

    def _none(self, status: Literal["failed", "not_applicable"], reason: str, evidence: dict[str, Json] | None = None) -> list[Score]:
        return [Score(m.name, self.name, self.version, None, status, reason, evidence or {}) for m in self.metrics]
