"""The demo's second part: how a version reaches production, and how it comes back, on the embedded studio.

    for step in promotion(ws, Silent(), say):
        step.title, step.told          # "The gate", ("PROMOTE: …", "logic gains 0.31, at least 0.22.")

Pilot, plan, race, gate, approval, promotion, export, rollback: the very functions that the commands call, in the hands of two
people. What has been done is read from log, ledger and the files of race and gate, so the walk can be killed at any moment and
started again, and a finished one tells its tale once more without doing anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from prompts import channels
from prompts.errors import WorkbenchError
from prompts.evidence import Evidence, Refused, shown
from prompts.export import export
from prompts.ledger import Entry
from prompts.promotion import Board
from prompts.store import PromptStore
from prompts.version import Version
from runs import demo_variants, pool, promotions
from runs.demo import once
from runs.gating import Question, ask, begun, in_a_run
from runs.harness import Options
from runs.planning import outlook
from runs.prepare import Order, find_version, prepare
from runs.pricing import Pricing
from runs.progress import Progress
from runs.providers import get, reference
from runs.publishing import publish
from runs.racing import Race, run_race
from runs.report import evidence_for_promotion, load
from runs.report_text import headline
from runs.settings import load as load_settings
from runs.trial import find
from runs.workspace import Workspace

TEMPLATE, PLAIN = "script/episode", "script/episode@plain"
AUTHOR, COLLEAGUE = "ann@demo", "bo@demo"
PRODUCTION = "production"
FOLDER = "delivered"
"""Where the walk exports to, in the workspace."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step that is done, in words."""

    title: str
    told: tuple[str, ...]


def promotion(ws: Workspace, progress: Progress, say: Callable[[str], None]) -> Iterator[Step]:
    """Walk a version to production and back; yield each step when it is done. Ends early where nothing may be promoted.

    Raises:
        Refused: The workspace is no demo: simulated evidence moves nothing there.
        Interrupted: The user stopped it; the same call goes on.
        WorkbenchError: A run cannot begin or go on, or somebody changed ledger or report.
    """
    walk = _Walk(ws, progress, say)
    with pool.kept():
        yield walk.first()
        yield walk.pilot()
        yield walk.plan()
        yield walk.race()
        if not walk.finalist:
            yield walk.proof()
            return
        yield walk.gate()
        if walk.evidence.decision == "promote":
            yield walk.approval()
            yield walk.promotion()
            yield walk.delivery()
            yield walk.rollback()
        yield walk.proof()


class _Walk:
    def __init__(self, ws: Workspace, progress: Progress, say: Callable[[str], None]) -> None:
        settings = load_settings(ws.root)
        if not settings.demo:
            told = f"{ws.root.name} is no demo workspace: what the studio makes is simulated, and promotes nothing there."
            raise Refused("simulated", told, hint="Give a new folder: workbench demo --promotion FOLDER")
        pool.size(settings.workers)
        self.ws, self.settings, self.say = ws, settings, say
        self.ann, self.bo = Board(ws.prompts, AUTHOR), Board(ws.prompts, COLLEAGUE)
        self.provider = get("studio", settings)
        self.options = Options(pricing=Pricing(free=True), progress=progress)
        self.order = Order((), "script", ("studio",), seed=settings.seed)
        self.variants = demo_variants.written(ws)
        self.plain = find_version(ws, PLAIN)
        self.finalist = ""
        self.pilot_run = ""
        self.report: Path | None = None

    def first(self) -> Step:
        state, _ = channels.load(self.ws.prompts)
        if not state.version(TEMPLATE, PRODUCTION):
            reason = "The first version: there is nothing yet to compare it with."
            if (TEMPLATE, PRODUCTION, "", self.plain.id) not in state.overrides:
                self.ann.override(self.plain, reason=reason)
            self.bo.override(self.plain, reason=reason)
        told = f"{self.plain.shown} went to production past the gate: {AUTHOR} asked, {COLLEAGUE} agreed."
        return Step("A first version", (told, "It is called unproven everywhere, until it passes a gate."))

    def pilot(self) -> Step:
        order = Order((PLAIN, PLAIN), "script", ("studio",), repeats=2, seed=self.settings.seed, split="explore", limit=10)
        self.pilot_run = once(self.ws, prepare(self.ws, order, reference(self.provider)), self.provider, self.options)
        told = f"{PLAIN} against itself, 10 cases, 2 outputs each: run {self.pilot_run}. It tells how much outputs differ by chance."
        return Step("A pilot", (told,))

    def plan(self) -> Step:
        trial = find(self.ws, "a", "b", [self.pilot_run])
        question = self._question(TEMPLATE)
        found = outlook(self.ws, question.suite, question.policy, pilot=trial)
        lines = [f"The gate split has {found.means.series} series; the policy asks for {question.policy.repeats} outputs of each case."]
        for need in found.needs:
            what = {"primary": "to see a gain of", "guardrail": "to show that no more is lost than", "hard": "for the limit of"}[need.role]
            enough = "enough" if need.affordable else "NOT ENOUGH"
            lines.append(f"{need.metric}: {what} {need.effect:.3g} takes {need.series} series, {need.generations} generations: {enough}.")
        if found.too_dear:
            lines.append("Where it is not enough, a challenger that changes nothing would be held; one that gains may still pass.")
        return Step("The plan, before anything is spent", tuple(lines))

    def race(self) -> Step:
        race = Race(self._question(TEMPLATE), self.variants, self.provider, self.options, self.order, cases=6)
        rounds = list(run_race(self.ws, race, self.say))
        lines = []
        for done in rounds:
            stand = ", ".join(f"{s.arm} {'?' if s.gain is None else format(s.gain, '+.3f')}" for s in done.standings)
            lines.append(f"Round {done.number}, {done.standings[0].cases} cases so far: {stand}.")
        best = rounds[-1].standings[0]
        if best.gain is None or best.gain <= 0:
            return Step("A race", (*lines, f"None leads {PLAIN}: there is no finalist, and nothing to promote."))
        self.finalist = best.arm
        return Step("A race", (*lines, f"The finalist is {best.arm}. That is no evidence: it was chosen for looking good."))

    def gate(self) -> Step:
        state, _ = channels.load(self.ws.prompts)
        question = self._question(self.finalist)
        under_way = begun(self.ws, question, self.provider, self.order)
        known = promotions.newest_report(self.ws, self.version)
        if known is None or evidence_for_promotion(known).report not in state.gates:
            judgement = in_a_run(self.ws, question, self.provider, self.options, self.order, under_way, self.say)
            known = publish(self.ws, self.ann, judgement)
        under_way.forget()
        self.report = known
        report = load(known)
        lines = (headline(report), *report["verdict"]["reasons"], f"The report: {known.with_suffix('.html').relative_to(self.ws.root)}")
        return Step("The gate, on cases that no variant has seen", lines)

    def approval(self) -> Step:
        state, _ = channels.load(self.ws.prompts)
        found = self.evidence
        lines = [f"{AUTHOR} ran the gate and may not approve it: {_refusal(lambda: self.ann.approve(found))}"]
        if COLLEAGUE not in state.approvals.get((found.challenger, found.report, found.policy), set()):
            self.bo.approve(found, reason="I read the report and looked at the cases that fell.")
        return Step("Approval", (*lines, f"{COLLEAGUE} approved: this version, on this report, under this policy."))

    def promotion(self) -> Step:
        if self._move("promote") is None:
            self.ann.promote(self.version, PRODUCTION, self.evidence, allow_simulated=True, seen=self.plain.id)
        found = self.evidence
        refused = _refusal(lambda: found.check(TEMPLATE, found.challenger, found.champion, allow_simulated=False))
        told = f"production of {TEMPLATE}: {shown(found.champion)} -> {shown(found.challenger)}."
        return Step("Promotion", (told, f"Only because this is a demo. Anywhere else: {refused}"))

    def delivery(self) -> Step:
        if self._move("rollback") is None:
            self._exported()
        target = f"{self.ws.root.name}/{FOLDER}"
        return Step(
            "Export", (f"{target} held {shown(self.version.id)}; a program plays it with PromptStore({target!r}).get({TEMPLATE!r}).",)
        )

    def rollback(self) -> Step:
        if self._move("rollback") is None:
            self.ann.rollback(TEMPLATE, PRODUCTION, reason="A drill: how long does it take to go back?")
        now = self._exported()
        told = f"production of {TEMPLATE} means {shown(self.plain.id)} again, for a reason that stands in the ledger."
        return Step("Rollback", (told, f"Exported again: {self.ws.root.name}/{FOLDER} gives {shown(now)}."))

    def proof(self) -> Step:
        promotions.tell(self.ws, self.settings)
        problems = promotions.verify(self.ws)
        if problems:
            raise WorkbenchError(problems[0], hint="`workbench ledger show` lists every move.")
        _, entries = channels.load(self.ws.prompts)
        moves = ", ".join(entry.action for entry in entries)
        told = f"{len(entries)} lines, each with a hash over itself and the one before: {moves}."
        return Step("The ledger is whole", (told, f"Its head: {promotions.ledger_head(self.ws)}"))

    @property
    def version(self) -> Version:
        return find_version(self.ws, self.finalist)

    @cached_property
    def evidence(self) -> Evidence:
        """Return what the report proves, computed again from the log."""
        if self.report is None:
            raise WorkbenchError("The gate has not been run.")
        return promotions.evidence(self.ws, self.report)

    def _question(self, candidate: str) -> Question:
        return ask(self.ws, PLAIN, candidate, suite="script")

    def _move(self, action: str) -> Entry | None:
        """Return the walk's own promotion, or the rollback of it, if it has happened."""
        _, entries = channels.load(self.ws.prompts)
        promoted = next((e for e in entries if e.action == "promote" and e.report == self.evidence.report), None)
        if action == "promote" or promoted is None:
            return promoted
        return next((e for e in entries if e.action == "rollback" and e.template == TEMPLATE and e.seq > promoted.seq), None)

    def _exported(self) -> str:
        """Export what production means, and return the version that the export gives."""
        target = self.ws.root / FOLDER
        export(self.ws.prompts, PRODUCTION, target)
        return PromptStore(target).get(TEMPLATE).version


def _refusal(attempt: Callable[[], object]) -> str:
    """Return why something is refused; it must be."""
    try:
        attempt()
    except Refused as refused:
        return f'"{refused.message}"'
    raise WorkbenchError("Something was allowed that must not be.", hint="Please report this: it is a defect of the program.")
