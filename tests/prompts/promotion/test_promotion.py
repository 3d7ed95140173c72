"""What may move a channel, and what is refused for which reason."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from patience import HANGS_S
from promotions import Studio

from prompts import channels
from prompts.errors import InputError, TemplateError
from prompts.evidence import Evidence, Refused
from prompts.kept import kept
from prompts.ledger import Ledger
from prompts.promotion import Board

ROOT = Path(__file__).parents[3]


def _version(studio: Studio, channel: str = "production") -> str:
    return channels.load(studio.folder)[0].version("shot/a", channel)


def test_a_version_reaches_production_with_a_passed_gate_and_anothers_approval(studio: Studio) -> None:
    studio.in_production(studio.plain)
    evidence = studio.in_production(studio.better, studio.plain)
    state, entries = channels.load(studio.folder)
    pointer = state.pointers["shot/a", "production"]
    assert (pointer.version, pointer.previous, pointer.unproven) == (studio.better.id, studio.plain.id, False)
    assert [e.action for e in entries] == ["gate", "approve", "promote"] * 2
    assert entries[-1].report == evidence.report
    assert entries[-1].policy == evidence.policy
    assert not state.is_unproven("shot/a", studio.better.id)


def test_dev_is_free_and_staging_wants_a_tested_version(studio: Studio) -> None:
    studio.ann.promote(studio.plain, "dev")
    with pytest.raises(Refused) as refused:
        studio.ann.promote(studio.plain, "staging")
    assert refused.value.reason == "untested"
    studio.ann.promote(studio.plain, "staging", tested=True)
    assert _version(studio, "staging") == studio.plain.id


Change = Callable[[Studio, Evidence], Evidence]
REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "the gate held it back": ("not-passed", {"decision": "hold"}),
    "too little evidence": ("not-passed", {"decision": "insufficient"}),
    "the studio's pictures are no evidence": ("simulated", {"simulated": True}),
    "production was something else": ("stale-champion", {"champion": "v1:" + "0" * 64}),
    "the report is weeks old": ("stale-report", {"created_at": datetime.now(UTC) - timedelta(days=20)}),
    "the report is from tomorrow": ("stale-report", {"created_at": datetime.now(UTC) + timedelta(days=1)}),
    "people have not voted yet": ("too-few-votes", {"human_pairs_min": 20, "human_pairs": 19}),
    "another template's report": ("other-template", {"template": "shot/b"}),
    "a report on another version": ("other-version", {"challenger": "v1:" + "1" * 64}),
    "two people must approve": ("unapproved", {"reviewers": 2}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(studio: Studio, name: str) -> None:
    reason, changed = REFUSED[name]
    studio.in_production(studio.plain)
    evidence = replace(studio.evidence(studio.better, studio.plain), **changed)
    studio.ann.record(evidence)
    if evidence.decision == "promote":
        studio.bo.approve(evidence)
    with pytest.raises(Refused) as refused:
        studio.ann.promote(studio.better, "production", evidence)
    assert refused.value.reason == reason
    assert refused.value.exit_code == 3
    assert _version(studio) == studio.plain.id


def test_simulated_evidence_counts_in_a_demo_only(studio: Studio) -> None:
    evidence = studio.evidence(studio.better, None, simulated=True)
    studio.ann.record(evidence)
    studio.bo.approve(evidence)
    studio.ann.promote(studio.better, "production", evidence, allow_simulated=True)
    assert _version(studio) == studio.better.id


def test_nobody_approves_their_own(studio: Studio) -> None:
    evidence = studio.evidence(studio.better, None)
    studio.ann.record(evidence)
    with pytest.raises(Refused) as refused:
        studio.ann.approve(evidence)
    assert refused.value.reason == "self-approved"
    with pytest.raises(Refused) as unapproved:
        studio.ann.promote(studio.better, "production", evidence)
    assert unapproved.value.reason == "unapproved"
    with pytest.raises(Refused) as own:
        evidence.check_people("ann@studio", {"ann@studio"})
    assert own.value.reason == "self-approved"


def test_nothing_reaches_production_without_a_report(studio: Studio) -> None:
    with pytest.raises(Refused) as refused:
        studio.ann.promote(studio.better, "production")
    assert refused.value.reason == "no-evidence"


def test_a_report_is_the_one_that_was_recorded(studio: Studio) -> None:
    """Same hash, another decision: whoever can say that it was passed did not write the ledger's line."""
    evidence = studio.evidence(studio.better, None, decision="hold")
    studio.ann.record(evidence)
    with pytest.raises(Refused) as refused:
        studio.bo.approve(replace(evidence, decision="promote"))
    assert refused.value.reason == "tampered-report"


def test_the_author_may_approve_where_the_policy_says_so(studio: Studio) -> None:
    evidence = studio.evidence(studio.better, None, author_may_approve=True)
    studio.ann.record(evidence)
    studio.ann.approve(evidence)
    studio.ann.promote(studio.better, "production", evidence)
    assert _version(studio) == studio.better.id


@pytest.mark.parametrize(
    ("changed", "reason"),
    [({"report": "ee" * 32}, "tampered-report"), ({"policy": "ee" * 32}, "tampered-policy")],
    ids=["another report", "another policy"],
)
def test_an_approval_holds_for_one_version_report_and_policy(studio: Studio, changed: dict[str, str], reason: str) -> None:
    evidence = studio.evidence(studio.better, None)
    studio.ann.record(evidence)
    studio.bo.approve(evidence)
    with pytest.raises(Refused) as refused:
        studio.ann.promote(studio.better, "production", replace(evidence, **changed))
    assert refused.value.reason == reason


def test_an_edit_after_the_approval_voids_it(studio: Studio) -> None:
    evidence = studio.evidence(studio.better, None)
    studio.ann.record(evidence)
    studio.bo.approve(evidence)
    edited = studio.write("A vertical close-up of {{ who }}, brows raised!")
    with pytest.raises(Refused) as refused:
        studio.ann.promote(edited, "production", evidence)
    assert refused.value.reason == "other-version"


def test_an_old_approval_cannot_be_played_again(studio: Studio) -> None:
    """Better was in production, was rolled back, and its report speaks of a champion that is there again: the gate is asked again."""
    studio.in_production(studio.plain)
    evidence = studio.in_production(studio.better, studio.plain)
    third = studio.write("Third.")
    studio.in_production(third, studio.better)
    with pytest.raises(Refused) as refused:
        studio.ann.promote(studio.better, "production", evidence)
    assert refused.value.reason == "stale-champion"


def test_an_override_takes_two_people_and_leaves_a_mark(studio: Studio) -> None:
    studio.in_production(studio.plain)
    studio.ann.override(studio.better, reason="client's deadline")
    studio.ann.override(studio.better, reason="client's deadline, again")
    assert _version(studio) == studio.plain.id
    studio.bo.override(studio.better, reason="agreed")
    state, entries = channels.load(studio.folder)
    assert state.version("shot/a", "production") == studio.better.id
    assert state.is_unproven("shot/a", studio.better.id)
    assert entries[-1].details == {"override": True, "asked_by": "ann@studio"}
    studio.ann.record(studio.evidence(studio.better, studio.plain, report="bb" * 32, simulated=True))
    assert channels.load(studio.folder)[0].is_unproven("shot/a", studio.better.id), "simulated outputs prove nothing"
    studio.ann.record(studio.evidence(studio.better, studio.plain, report="aa" * 32))
    assert not channels.load(studio.folder)[0].is_unproven("shot/a", studio.better.id)


def test_going_back_to_what_came_past_the_gate_proves_nothing(studio: Studio) -> None:
    """The mark of an override is on the version: it comes back with a rollback, and goes with a gate that is passed."""
    for who in (studio.ann, studio.bo):
        who.override(studio.plain, reason="the first one")
    studio.in_production(studio.better, studio.plain)
    studio.ann.rollback("shot/a", "production", reason="a drill")
    state, _ = channels.load(studio.folder)
    assert state.version("shot/a", "production") == studio.plain.id
    assert state.is_unproven("shot/a", studio.plain.id)
    assert not state.is_unproven("shot/a", studio.better.id)


def test_a_rollback_needs_a_reason_and_no_gate(studio: Studio) -> None:
    studio.in_production(studio.plain)
    studio.in_production(studio.better, studio.plain)
    with pytest.raises(InputError, match="reason"):
        studio.ann.rollback("shot/a", "production", reason=" ")
    studio.ann.rollback("shot/a", "production", reason="faces drift in episode 12")
    assert _version(studio) == studio.plain.id
    studio.ann.rollback("shot/a", "production", reason="it was the light", to=studio.better.short)
    assert _version(studio) == studio.better.id


def test_a_rollback_to_what_never_was_there_is_refused(studio: Studio) -> None:
    studio.in_production(studio.plain)
    with pytest.raises(InputError, match="no former version"):
        studio.ann.rollback("shot/a", "production", reason="x", to=studio.better.short)
    with pytest.raises(InputError, match="no former version"):
        studio.ann.rollback("shot/a", "production", reason="x")
    with pytest.raises(InputError, match="was never in"):
        studio.ann.rollback("shot/b", "production", reason="x")


@pytest.mark.parametrize("template", ["", "shot/a"])
def test_nothing_moves_in_a_frozen_channel(studio: Studio, template: str) -> None:
    studio.in_production(studio.plain)
    studio.bo.freeze("production", template, reason="delivery week")
    evidence = studio.evidence(studio.better, studio.plain)
    studio.ann.record(evidence)
    studio.bo.approve(evidence)
    for move in (
        lambda: studio.ann.promote(studio.better, "production", evidence),
        lambda: studio.ann.override(studio.better, reason="x"),
        lambda: studio.ann.rollback("shot/a", "production", reason="x"),
        lambda: studio.ann.canary(studio.better, 0.1),
    ):
        with pytest.raises(Refused) as refused:
            move()
        assert refused.value.reason == "frozen"
    studio.bo.thaw("production", template, reason="delivered")
    studio.ann.promote(studio.better, "production", evidence)


def test_a_started_series_keeps_its_version(studio: Studio) -> None:
    studio.in_production(studio.plain)
    studio.ann.pin("shot/a", "paper-wife", reason="episode 1 is shot")
    studio.in_production(studio.better, studio.plain)
    state = channels.load(studio.folder)[0]
    pinned, other = (channels.resolve(state, "shot/a", series=s) for s in ("paper-wife", "night-clerk"))
    assert pinned is not None
    assert (pinned.version, pinned.why) == (studio.plain.id, "pin")
    assert other is not None
    assert (other.version, other.why) == (studio.better.id, "production")
    studio.ann.unpin("shot/a", "paper-wife")
    with pytest.raises(InputError, match="not pinned"):
        studio.ann.unpin("shot/a", "paper-wife")
    unpinned = channels.resolve(channels.load(studio.folder)[0], "shot/a", series="paper-wife")
    assert unpinned is not None
    assert unpinned.version == studio.better.id


def test_a_canary_keeps_the_series_it_has_when_it_grows(studio: Studio) -> None:
    studio.in_production(studio.plain)
    names = [f"series-{n}" for n in range(2000)]

    def met(share: float) -> set[str]:
        studio.ann.canary(studio.better, share)
        state = channels.load(studio.folder)[0]
        return {n for n in names if (r := channels.resolve(state, "shot/a", series=n)) and r.version == studio.better.id}

    small, large = met(0.05), met(0.25)
    assert 60 <= len(small) <= 140
    assert 420 <= len(large) <= 580
    assert small < large
    assert met(0) == set()


@pytest.mark.parametrize("share", [-0.1, 0.51, 1, float("nan")])
def test_a_canary_is_no_way_around_the_gate(studio: Studio, share: float) -> None:
    """It takes no evidence, so it is for the smaller part of the series."""
    studio.in_production(studio.plain)
    with pytest.raises(InputError):
        studio.ann.canary(studio.better, share)
    assert channels.load(studio.folder)[0].canaries == {}


def test_a_promotion_ends_the_canary(studio: Studio) -> None:
    studio.in_production(studio.plain)
    studio.ann.canary(studio.better, 0.5)
    studio.in_production(studio.better, studio.plain)
    assert channels.load(studio.folder)[0].canaries == {}


def test_who_decided_on_an_older_view_is_told(studio: Studio) -> None:
    studio.ann.promote(studio.plain, "dev")
    studio.bo.promote(studio.better, "dev")
    with pytest.raises(Refused) as refused:
        studio.ann.promote(studio.write("Third."), "dev", seen=studio.plain.id)
    assert refused.value.reason == "moved"


RACE = """
import sys
sys.path[:0] = [{root!r}, {support!r}]
from datetime import datetime
from pathlib import Path
from prompts.evidence import Refused
from prompts.promotion import Board
from prompts.registry import Registry
folder = Path({folder!r})
version = Registry(folder).resolve("shot/a@" + sys.argv[1])
print("ready", flush=True); sys.stdin.readline()
try:
    Board(folder, sys.argv[1]).promote(version, "dev", seen="")
    print("won")
except Refused as refused:
    print(refused.reason)
"""


@pytest.mark.slow
def test_of_two_processes_one_wins_and_the_other_is_told(studio: Studio) -> None:
    studio.templates.put("shot/a@one.j2", "---\nstage: shot\n---\nOne.\n")
    studio.templates.put("shot/a@two.j2", "---\nstage: shot\n---\nTwo.\n")
    code = RACE.format(root=str(ROOT), support=str(ROOT / "tests" / "support"), folder=str(studio.folder))
    racers = [
        subprocess.Popen([sys.executable, "-c", code, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for name in ("one", "two")
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    outcomes = sorted(racer.communicate("go\n", timeout=HANGS_S)[0].strip() for racer in racers)
    assert outcomes == ["moved", "won"]
    assert len(Ledger(studio.folder).entries()) == 1


def test_a_person_must_have_a_name(studio: Studio) -> None:
    with pytest.raises(InputError, match="who you are"):
        Board(studio.folder, "  ")


def test_what_was_promoted_is_there_when_its_file_is_gone(studio: Studio) -> None:
    studio.ann.promote(studio.plain, "dev")
    (studio.folder / "shot" / "a.j2").unlink()
    assert kept(studio.folder, "shot/a", studio.plain.id).closure == studio.plain.closure


def test_a_kept_version_that_was_changed_is_refused(studio: Studio) -> None:
    studio.in_production(studio.plain)
    studio.in_production(studio.better, studio.plain)
    (file,) = (studio.folder / "promoted").glob(f"{studio.plain.hex}.json")
    file.write_bytes(file.read_bytes().replace(b"picture", b"Picture"))
    with pytest.raises(TemplateError, match="do not give"):
        studio.ann.rollback("shot/a", "production", reason="x")
    assert _version(studio) == studio.better.id
