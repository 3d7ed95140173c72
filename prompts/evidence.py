"""What a promotion is told of a gate's report: the few facts that bind it, and the rules of the policy about people.

A report is made and proved elsewhere (`evals.gate`, `runs`); whoever promotes has read it again a moment ago.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from prompts.errors import WorkbenchError
from prompts.ledger import Entry

MAX_AGE = timedelta(days=14)
"""How old a report may be: providers change their models behind a name."""
CLOCKS_APART = timedelta(minutes=10)


class Refused(WorkbenchError):
    """A promotion that may not be. `reason` is one of a closed list of words, for programs and for tests.

    | reason | meaning |
    |---|---|
    | `no-evidence` | no gate's report was given |
    | `other-version`, `other-template` | the report is about something else |
    | `not-passed` | its decision is hold or insufficient |
    | `simulated` | it rests on outputs of the embedded studio |
    | `stale-champion` | production has moved since |
    | `stale-report` | it is too old, or from the future |
    | `tampered-report`, `tampered-policy` | the file is not the one that the gate wrote |
    | `unapproved`, `self-approved` | people who may are missing |
    | `too-few-votes` | the policy asks for more blind pairs |
    | `frozen` | the channel is frozen |
    | `untested` | it does not render for its cases |
    | `moved` | another process was faster |
    | `no-change` | the channel means this version already |
    """

    exit_code = 3

    def __init__(self, reason: str, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Evidence:
    """A gate's report as far as promotion needs it. Versions are ids; `champion` is empty where there was none.

    `report` and `policy` are the SHA-256 of the two files; `created_at` is in UTC. `reviewers` is how many people besides the
    author must approve, `human_pairs` how many blind pairs were voted on and `human_pairs_min` how many the policy wants.
    """

    template: str
    challenger: str
    champion: str
    decision: str
    report: str
    policy: str
    created_at: datetime
    simulated: bool
    reviewers: int = 1
    author_may_approve: bool = False
    human_pairs: int = 0
    human_pairs_min: int = 0
    suite: str = ""
    summary: str = ""

    def check(self, template: str, version: str, champion: str, *, allow_simulated: bool, now: datetime | None = None) -> None:
        """Refuse what this report does not prove.

        Raises:
            Refused: with the first reason found.
        """
        if self.template != template:
            raise Refused("other-template", f"The report is about {self.template}, not about {template}.")
        if self.challenger != version:
            hint = "A template that is edited is another version: run the gate again."
            raise Refused("other-version", f"The report is about version {shown(self.challenger)}, not about {shown(version)}.", hint=hint)
        if self.decision != "promote":
            raise Refused("not-passed", f"The gate's decision is {self.decision}.", hint="Read the report: it says what is missing.")
        if self.simulated and not allow_simulated:
            raise Refused("simulated", "The report rests on simulated outputs, which prove nothing about a real model.", hint=_REAL)
        # Where nothing is in production yet, any champion that was beaten will do.
        if champion and self.champion != champion:
            hint = "Run the gate against what is in production now."
            raise Refused(
                "stale-champion", f"The report compares with {shown(self.champion)}; in production is {shown(champion)}.", hint=hint
            )
        self._check_age(now or datetime.now(UTC))
        if self.human_pairs < self.human_pairs_min:
            told = f"The policy asks for {self.human_pairs_min} blind pairs, {self.human_pairs} were voted on."
            raise Refused("too-few-votes", told, hint="Review some more.")

    def check_people(self, author: str, approvers: set[str]) -> None:
        """Refuse where too few people have approved; the author counts only where the policy says so.

        Raises:
            Refused: `unapproved` or `self-approved`.
        """
        others = approvers if self.author_may_approve else approvers - {author}
        if len(others) >= self.reviewers:
            return
        if approvers - others:
            told = f"{author} wrote it and cannot approve it."
            raise Refused("self-approved", told, hint="Somebody else must run `workbench approve`.")
        told = f"{self.reviewers} approval{'s' if self.reviewers > 1 else ''} needed, {len(others)} given."
        raise Refused("unapproved", told, hint="`workbench approve` binds to this version, report and policy.")

    def entry(self, actor: str) -> Entry:
        """Return the ledger's line for this report."""
        details = {"decision": self.decision, "simulated": self.simulated, "suite": self.suite, "summary": self.summary}
        return Entry(
            "gate", actor, template=self.template, channel="production", from_=self.champion, to=self.challenger,
            report=self.report, policy=self.policy, details=details,
        )  # fmt: skip

    def _check_age(self, now: datetime) -> None:
        age = now - self.created_at
        if age > MAX_AGE:
            raise Refused(
                "stale-report", f"The report is {age.days} days old, at most {MAX_AGE.days} are allowed.", hint="Run the gate again."
            )
        if age < -CLOCKS_APART:
            raise Refused("stale-report", "The report is from the future.", hint="Look at the clocks, and run the gate again.")


_REAL = "Run the suite with a real provider. Only a demo workspace (`demo = true` in workbench.toml) promotes on simulated evidence."


def shown(version: str) -> str:
    """Return the first digits of a version's id."""
    return version.removeprefix("v1:")[:6] or "nothing"
