"""Moving a channel: compare and swap on evidence, written to the ledger first, under one lock.

    board = Board(ws.prompts, actor="chen@studio")
    board.record(evidence)                                          # the gate's report is known from now on
    Board(ws.prompts, actor="li@studio").approve(evidence)          # somebody else has read it
    board.promote(version, "production", evidence)                  # refused unless all of it still holds
    board.rollback("shot/keyframe", "production", reason="client saw drift in ep. 12")

| channel | what a promotion needs |
|---|---|
| `dev` | nothing |
| `staging` | that the version renders for its cases (`tested`) |
| `production` | a passed gate against what is in production now, and approval; or an override by two people |

The ledger's line is the promotion; `channels.json` follows it. A process that dies in between leaves the old state or the new one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from prompts import channels, kept
from prompts.canary import BASIS_POINTS, MOST
from prompts.channels import Channel, State
from prompts.errors import InputError
from prompts.evidence import Evidence, Refused, shown
from prompts.ledger import Action, Arbiter, Entry, Ledger
from prompts.version import Version


@dataclass(slots=True)
class _Turn:
    """One holder's turn: the proved state, and the lines so far."""

    ledger: Ledger
    state: State
    entries: list[Entry]

    def write(self, entry: Entry) -> Entry:
        """Write a line, and the pointers that follow from it."""
        written = self.ledger.append(entry, self.entries)
        self.entries.append(written)
        self.state = channels.replay(self.entries)
        channels.save(self.ledger.folder, self.state, self.entries)
        return written


class Board:
    """The channels of a template folder, in the hands of one person; the name is what that person says it is."""

    def __init__(self, folder: Path, actor: str, arbiter: Arbiter | None = None) -> None:
        if not actor.strip() or len(actor) > 200 or not actor.isprintable():
            raise InputError("It is not known who you are.", hint="Set WORKBENCH_ACTOR, or git's user.email.")
        self.folder = folder
        self.actor = actor
        self._arbiter = arbiter

    def record(self, evidence: Evidence) -> Entry:
        """Write down that a gate was run, whatever came of it; each report once."""
        with self._turn() as turn:
            known = turn.state.gates.get(evidence.report)
            return known or turn.write(evidence.entry(self.actor))

    def approve(self, evidence: Evidence, *, reason: str = "") -> Entry:
        """Approve a version on a report under a policy; a change of any of the three voids it.

        Raises:
            Refused: the report was never recorded, was not passed, or the actor wrote the version and may not approve it.
        """
        with self._turn() as turn:
            author = _author(turn.state, evidence)
            if evidence.decision != "promote":
                raise Refused("not-passed", f"The gate's decision is {evidence.decision}; there is nothing to approve.")
            if author == self.actor and not evidence.author_may_approve:
                raise Refused("self-approved", f"{self.actor} asked for it and cannot approve it.", hint="Ask a colleague.")
            return turn.write(self._entry("approve", evidence, reason=reason))

    def promote(
        self,
        version: Version,
        channel: str,
        evidence: Evidence | None = None,
        *,
        reason: str = "",
        tested: bool = False,
        allow_simulated: bool = False,
        seen: str | None = None,
    ) -> Entry:
        """Let a channel mean a version.

        Args:
            version: what is promoted.
            channel: `dev`, `staging` or `production`.
            evidence: the gate's report; needed for production.
            reason: why, in words; kept.
            tested: the version renders for its cases; needed for staging.
            allow_simulated: simulated outputs are evidence here (a demo).
            seen: what the channel meant when the user decided; None trusts what it means now.

        Raises:
            Refused: with the reason; nothing was changed.
        """
        name = channels.check_channel(channel)
        with self._turn() as turn:
            now = self._may_move(turn.state, version, name, seen)
            if name == "staging" and not tested:
                raise Refused("untested", f"{version.shown} does not render for its cases.", hint="`workbench render` shows the error.")
            if name == "production":
                self._prove(turn.state, version, now, evidence, allow_simulated=allow_simulated)
            kept.keep(self.folder, version)
            entry = Entry("promote", self.actor, version.template, name, now, version.id, reason=reason)
            return turn.write(replace(entry, report=evidence.report, policy=evidence.policy) if evidence else entry)

    def override(self, version: Version, *, reason: str) -> Entry:
        """Promote to production past the gate. The first person's call asks, a second person's call with the same version does it.

        The version is called unproven everywhere until it passes a gate.

        Raises:
            Refused: the channel is frozen, or means this version already.
            InputError: no reason was given.
        """
        _need(reason)
        with self._turn() as turn:
            now = self._may_move(turn.state, version, "production", None)
            first = turn.state.overrides.get((version.template, "production", now, version.id))
            kept.keep(self.folder, version)
            if first is None or first == self.actor:
                return turn.write(Entry("override", self.actor, version.template, "production", now, version.id, reason=reason))
            details = {"override": True, "asked_by": first}
            return turn.write(Entry("promote", self.actor, version.template, "production", now, version.id, reason=reason, details=details))

    def rollback(self, template: str, channel: str, *, reason: str, to: str = "") -> Entry:
        """Go back to a former version of a channel, by default the one before; no gate, but a reason.

        Args:
            template: whose channel.
            channel: which channel.
            reason: why, in words.
            to: the id of a former version, or its first digits.

        Raises:
            InputError: no reason, or there is no such former version.
            Refused: the channel is frozen.
            TemplateError: the former version's sources are gone or changed.
        """
        _need(reason)
        name = channels.check_channel(channel)
        with self._turn() as turn:
            now = turn.state.version(template, name)
            if turn.state.is_frozen(template, name):
                raise _frozen(template, name)
            back = _former(turn.state, template, name, to)
            kept.kept(self.folder, template, back)
            return turn.write(Entry("rollback", self.actor, template, name, now, back, reason=reason))

    def freeze(self, channel: str, template: str = "", *, reason: str) -> Entry:
        """Let nothing move in a channel, of one template or of all."""
        _need(reason)
        return self._note(Entry("freeze", self.actor, template, channels.check_channel(channel), reason=reason))

    def thaw(self, channel: str, template: str = "", *, reason: str) -> Entry:
        """Let things move again."""
        _need(reason)
        return self._note(Entry("thaw", self.actor, template, channels.check_channel(channel), reason=reason))

    def pin(self, template: str, series: str, version: str = "", *, reason: str = "") -> Entry:
        """Let a series keep a version, by default the one that it gets now: faces and look must not change inside a drama.

        Raises:
            InputError: the template is not in production, or no such version was.
            TemplateError: the version's sources are gone or changed.
        """
        with self._turn() as turn:
            _in_production(turn.state, template)
            resolved = channels.resolve(turn.state, template, series=series)
            chosen = _former(turn.state, template, "production", version, current=True) if version else resolved.version if resolved else ""
            kept.kept(self.folder, template, chosen)
            return turn.write(Entry("pin", self.actor, template, "production", to=chosen, series=series, reason=reason))

    def unpin(self, template: str, series: str, *, reason: str = "") -> Entry:
        """Let a series follow production again."""
        with self._turn() as turn:
            if (template, series) not in turn.state.pins:
                raise InputError(f"The series {series} is not pinned to a version of {template}.")
            return turn.write(Entry("unpin", self.actor, template, "production", series=series, reason=reason))

    def canary(self, version: Version, share: float, *, reason: str = "") -> Entry:
        """Give a share of the series, at most `MOST`, a version that is not in production; 0 ends it. A series that has it keeps it.

        Raises:
            InputError: the share is none or too large, or the template is not in production.
            Refused: the channel is frozen.
        """
        if not 0 <= share <= 1:
            raise InputError(f"{share} is no share.", hint=f"Give a number from 0 to {MOST}, such as 0.05.")
        if share > MOST:
            told = f"A canary is for at most {MOST:.0%} of the series."
            raise InputError(told, hint="To give it to more, promote it: that takes a gate and an approval.")
        with self._turn() as turn:
            _in_production(turn.state, version.template)
            if turn.state.is_frozen(version.template, "production"):
                raise _frozen(version.template, "production")
            kept.keep(self.folder, version)
            details = {"basis_points": round(share * BASIS_POINTS)}
            return turn.write(Entry("canary", self.actor, version.template, "production", to=version.id, reason=reason, details=details))

    @contextlib.contextmanager
    def _turn(self) -> Iterator[_Turn]:
        ledger = Ledger(self.folder, self._arbiter)
        with ledger.lock():
            came = ledger.catch_up()
            state, entries = channels.load(self.folder)
            if came:
                channels.save(self.folder, state, entries)
            yield _Turn(ledger, state, entries)

    def _note(self, entry: Entry) -> Entry:
        with self._turn() as turn:
            return turn.write(entry)

    def _entry(self, action: Action, evidence: Evidence, *, reason: str) -> Entry:
        return replace(evidence.entry(self.actor), action=action, reason=reason, details={})

    def _may_move(self, state: State, version: Version, channel: Channel, seen: str | None) -> str:
        now = state.version(version.template, channel)
        if state.is_frozen(version.template, channel):
            raise _frozen(version.template, channel)
        if seen is not None and seen != now:
            hint = "Look at what it means now, then decide again."
            raise Refused("moved", f"{channel} moved from {shown(seen)} to {shown(now)} meanwhile.", hint=hint)
        if now == version.id:
            raise Refused("no-change", f"{channel} means {version.shown} already.")
        return now

    def _prove(self, state: State, version: Version, now: str, evidence: Evidence | None, *, allow_simulated: bool) -> None:
        if evidence is None:
            hint = "Run `workbench gate`, or see --override."
            raise Refused("no-evidence", f"Nothing says that {version.shown} is better than what is in production.", hint=hint)
        evidence.check(version.template, version.id, now, allow_simulated=allow_simulated)
        author = _author(state, evidence)
        evidence.check_people(author, state.approvals.get((version.id, evidence.report, evidence.policy), set()))


def _author(state: State, evidence: Evidence) -> str:
    """Return who stands behind a version: whoever had its report recorded.

    Raises:
        Refused: the report was never recorded, or is not the one that was.
    """
    known = state.gates.get(evidence.report)
    if known is None:
        raise Refused("tampered-report", "The ledger knows no such report.", hint="`workbench gate` records the one that it writes.")
    if known.policy != evidence.policy:
        raise Refused("tampered-policy", "The policy was changed since the gate was run.", hint="Run the gate again.")
    if (known.to, known.template, known.details.get("decision")) != (evidence.challenger, evidence.template, evidence.decision):
        raise Refused("tampered-report", "The report is not the one that was recorded.", hint="Run the gate again.")
    return known.actor


def _former(state: State, template: str, channel: str, wanted: str, *, current: bool = False) -> str:
    pointer = state.pointers.get((template, channel))
    if pointer is None:
        raise InputError(f"{template} was never in {channel}.")
    digits = wanted.removeprefix("v1:")
    former = [v for v in dict.fromkeys(reversed(state.former[template, channel])) if current or v != pointer.version]
    fitting = [v for v in former if v.removeprefix("v1:").startswith(digits)] if wanted else [pointer.previous or ""]
    if len(fitting) != 1 or not fitting[0]:
        names = ", ".join(shown(v) for v in former) or "none"
        raise InputError(f"{wanted or 'Nothing'} is no former version of {template} in {channel}.", hint=f"Former versions: {names}.")
    return fitting[0]


def _in_production(state: State, template: str) -> None:
    if not state.version(template, "production"):
        raise InputError(f"{template} is not in production.", hint="`workbench channels` lists what is.")


def _frozen(template: str, channel: str) -> Refused:
    return Refused("frozen", f"{channel} is frozen for {template}.", hint="`workbench thaw` opens it again.")


def _need(reason: str) -> None:
    if not reason.strip():
        raise InputError("A reason is needed.", hint="Give it with --reason: others will read it in the ledger.")
