"""Promote: evidence rule by rule, and moves that are refused with a word and what to do, in words and in tables."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from gated import ANN, BO, TEMPLATE

from pages.ui import rules, state_of
from pages.ui.palette import DARK, LIGHT
from pages.ui.rules import FAIL, FEW, PASS, UNCLEAR, Picture
from prompts import channels
from prompts.errors import InputError
from prompts.ledger import Entry, Ledger
from runs.prepare import find_version
from runs.workspace import Workspace

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

Open = Callable[..., "AppTest"]


# Rules


def check(**changed: Any) -> dict[str, Any]:
    """Return a primary metric of a report that has passed, with changes."""
    usual = {
        "metric": "face_consistency", "role": "primary", "passed": True, "enough": True, "direction": "up", "scale": "difference",
        "champion": 0.5, "challenger": 0.6, "gain": 0.1, "lo": 0.05, "hi": 0.15, "bound": 0.0, "min_effect": 0.02,
        "by_unit": {"better": 9, "worse": 1, "same": 0},
    }  # fmt: skip
    return usual | changed


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, PASS),
        ({"passed": False, "lo": -0.02}, UNCLEAR),
        ({"passed": False, "gain": -0.1, "lo": -0.2, "hi": -0.01}, FAIL),
        ({"passed": False, "enough": False}, FEW),
        ({"role": "guardrail", "bound": -0.1, "passed": False, "gain": -0.05, "lo": -0.15, "hi": 0.05}, UNCLEAR),
        ({"role": "guardrail", "bound": -0.1, "passed": False, "gain": -0.3, "lo": -0.5, "hi": -0.2}, FAIL),
        ({"role": "guardrail", "bound": -0.1, "passed": False, "gain": -0.3, "lo": -0.5, "hi": None}, UNCLEAR),
    ],
)
def test_a_rule_that_was_not_passed_has_failed_only_where_the_interval_says_so(changed: dict[str, Any], said: str) -> None:
    assert rules.result(check(**changed)) == said


def test_the_picture_holds_zero_bound_interval_and_mean_in_their_order() -> None:
    """For a guardrail the bound lies left of zero."""
    found = rules.picture(check(role="guardrail", bound=-0.1, lo=-0.05, hi=0.15, gain=0.05))
    assert found.bound is not None
    assert found.lo is not None
    assert found.hi is not None
    assert 0 < found.bound < found.lo < found.zero < found.mean < found.hi < 1


def test_an_end_that_the_data_do_not_bound_runs_off_the_line() -> None:
    assert rules.picture(check(lo=None)).lo is None
    html = rules.rules_html(rules.rules(report(check(lo=None))), LIGHT, unit="series")
    assert "left:0.0%;width:" in html


def report(*checks: dict[str, Any], hard: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {"verdict": {"checks": list(checks), "hard": list(hard)}}


def test_rules_say_what_they_ask_for_and_what_was_measured() -> None:
    hard = {
        "metric": "unsafe", "passed": False, "enough": False, "failures": 0, "unknown": 2, "outputs": 40, "max_failures": 0,
        "upper": 0.072, "upper_limit": 0.05,
    }  # fmt: skip
    first, second, third = rules.rules(report(check(), check(metric="cost_usd", gain=None, role="guardrail", bound=-0.25), hard=(hard,)))
    assert (first.asks, first.measured, first.interval, first.counts) == ("a gain, by 0.02 or more", "+0.1", "+0.05 … +0.15", "9 / 1 / 0")
    assert (second.measured, second.result, second.picture) == ("not measured", FEW, None)
    assert (third.measured, third.interval, third.result) == ("0 of 40 failed, 2 not judged", "up to 7.2%", FEW)
    assert isinstance(third.picture, Picture)


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_nothing_of_a_report_is_markup(colours: Any) -> None:
    html = rules.rules_html(rules.rules(report(check(metric="<img src=x onerror=alert(1)>"))), colours, unit="series")
    assert "<img" not in html
    assert "&lt;img" in html


@pytest.mark.parametrize("broken", [{}, {"verdict": {}}, report({"role": "primary"}), {"verdict": {"checks": [1], "hard": []}}])
def test_a_report_that_is_not_whole_is_explained(broken: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="not whole"):
        rules.rules(broken)


# Standing

OLD, NEW, OTHER = (f"v1:{digit * 64}" for digit in "abc")


def state(*entries: Entry) -> channels.State:
    return channels.replay([e if e.seq else Entry(**{**_fields(e), "seq": n}) for n, e in enumerate(entries, start=1)])


def _fields(entry: Entry) -> dict[str, Any]:
    values = entry.as_json()
    values["from_"] = values.pop("from")
    return values


def gate(to: str, against: str, decision: str = "promote", report_: str = "5d" * 32) -> Entry:
    return Entry("gate", ANN, "shot/a", "production", against, to, report=report_, policy="c0", details={"decision": decision})


def promoted(to: str, before: str = "") -> Entry:
    return Entry("promote", ANN, "shot/a", "production", before, to, time="2026-11-25T10:00:00Z")


def test_a_candidate_waits_while_its_report_speaks_of_what_is_in_production() -> None:
    assert [e.to for e in state_of.waiting(state(gate(NEW, OLD)), "shot/a")] == [NEW]
    again = state(promoted(OLD), gate(NEW, OLD), gate(NEW, OLD, report_="6e" * 32))
    assert [e.to for e in state_of.waiting(again, "shot/a")] == [NEW, NEW]
    assert state_of.overview(again, ["shot/a"], {})["Waiting"].tolist() == [1], "two reports of one version are one that waits"
    assert state_of.waiting(state(promoted(OTHER), gate(NEW, OLD)), "shot/a") == []
    assert state_of.waiting(state(promoted(OLD), gate(NEW, OLD, "hold")), "shot/a") == []
    assert state_of.waiting(state(promoted(OLD), gate(NEW, OLD), promoted(NEW, OLD)), "shot/a") == []


def test_a_rollback_offers_the_version_before_first() -> None:
    found = state(promoted(OLD), promoted(OTHER, OLD), promoted(NEW, OTHER))
    assert state_of.former(found, "shot/a", "production") == [OTHER, OLD]
    assert state_of.former(found, "shot/a", "dev") == []


def test_the_age_of_a_report_says_when_it_is_too_old() -> None:
    now = datetime(2026, 11, 25, tzinfo=UTC)
    told = [state_of.age((now - since).isoformat(), now) for since in (timedelta(minutes=5), timedelta(hours=30), timedelta(days=15))]
    assert told == ["5 min", "1 d", "15 d, too old"]


def test_the_ledger_is_told_newest_first_with_what_concerns_all() -> None:
    frozen = Entry("freeze", BO, "", "production", reason="launch week", seq=2)
    other = Entry("promote", BO, "shot/b", "dev", "", NEW, seq=3)
    frame = state_of.history([Entry(**{**_fields(promoted(NEW)), "seq": 1}), frozen, other], "shot/a")
    assert list(zip(frame["Line"], frame["What"], frame["To"], frame["Why"], strict=True)) == [
        (2, "freeze", "–", "launch week"),
        (1, "promote", "bbbbbb", ""),
    ]


# The page


@pytest.fixture
def ws(passed: Workspace, tmp_path: Path) -> Workspace:
    return Workspace(Path(shutil.copytree(passed.root, tmp_path / "drama")))


def digits(ws: Workspace) -> str:
    return next(iter(channels.load(ws.prompts)[0].gates))[:12]


def means(ws: Workspace, channel: str = "production") -> str:
    return channels.load(ws.prompts)[0].version(TEMPLATE, channel)


def words(at: AppTest) -> str:
    kinds = ("text", "caption", "error", "warning", "success", "subheader")
    return "\n".join(str(element.value).replace("\\", "") for kind in kinds for element in getattr(at, kind))


@pytest.mark.slow
def test_all_templates_are_listed_with_what_waits(app: Open, ws: Workspace) -> None:
    frame = app("promote.py", of=ws).dataframe[0].value.set_index("Template")
    assert frame.loc[TEMPLATE, "production"] == f"{TEMPLATE}@plain ({means(ws)[3:9]})"
    assert (frame.loc[TEMPLATE, "Marks"], frame.loc[TEMPLATE, "Waiting"]) == ("unproven", 1)
    assert frame.loc["shot/keyframe", "production"] == "–"


@pytest.mark.slow
def test_without_a_gate_the_page_says_how_to_run_one(app: Open, ws: Workspace) -> None:
    at = app("promote.py", of=ws, template="shot/keyframe")
    assert "No gate has judged" in words(at)
    assert at.code[0].value == "workbench gate --base shot/keyframe@LABEL --candidate shot/keyframe"


@pytest.mark.slow
def test_a_report_stands_rule_by_rule_and_is_computed_again(app: Open, ws: Workspace) -> None:
    at = app("promote.py", of=ws, template=TEMPLATE, report=digits(ws))
    html = "\n".join(element.value for element in at.get("html"))
    assert "PROMOTE. On 13 series logic changes by" in words(at)
    assert html.count(PASS) == 3
    assert "no loss of more than 25&nbsp;%" in html
    row = at.dataframe[0].value.iloc[0]
    assert (row["Decision"], row["Evidence"], row["Attempt"]) == (["▲ promote"], ["SIM"], "1")


@pytest.mark.slow
def test_a_report_that_was_changed_is_named(app: Open, ws: Workspace) -> None:
    (path,) = (ws.runs / "gates").glob("*.json")
    data = json.loads(path.read_bytes())
    data["verdict"]["checks"][0]["gain"] = 9.9
    path.write_text(json.dumps(data))
    at = app("promote.py", of=ws, template=TEMPLATE, report=digits(ws))
    assert "not the one that the gate wrote" in words(at)
    at.button(key=f"promote/{digits(ws)}").click().run()
    assert "Refused, tampered-report" in words(at)


@pytest.mark.slow
@pytest.mark.parametrize(("address", "said"), [({"template": "shot/none"}, "no template"), ({"report": "123456"}, "knows no report")])
def test_what_is_not_there_is_explained(app: Open, ws: Workspace, address: dict[str, str], said: str) -> None:
    assert said in words(app("promote.py", of=ws, **{"template": TEMPLATE, **address}))


@pytest.mark.slow
def test_freeze_pin_canary_and_moves_by_hand(app: Open, ws: Workspace) -> None:
    """Each writes its line with the name of whoever made it, and the page says so."""
    at = app("promote.py", of=ws, template=TEMPLATE, person=ANN)
    at.button(key=f"freeze/{TEMPLATE}/dev").click().run()
    assert "A reason is needed" in words(at)
    at.text_input(key=f"freeze-reason/{TEMPLATE}/dev").set_value("release")
    at.button(key=f"freeze/{TEMPLATE}/dev").click().run()
    assert "dev of script/episode: frozen." in words(at)
    at.text_input(key=f"pin/{TEMPLATE}").set_value("paper-wife")
    at.button(key=f"pin-now/{TEMPLATE}").click().run()
    at.button(key=f"canary/{TEMPLATE}").click().run()
    assert "Canary: 5 % of the series get script/episode" in words(at)
    at.segmented_control(key=f"move-channel/{TEMPLATE}").set_value("staging")
    at.button(key=f"move/{TEMPLATE}").click().run()
    assert not at.exception
    told = channels.load(ws.prompts)[0]
    assert told.is_frozen(TEMPLATE, "dev")
    assert (told.pins[TEMPLATE, "paper-wife"], told.canaries[TEMPLATE].basis_points) == (means(ws), 500)
    assert told.version(TEMPLATE, "staging") == find_version(ws, TEMPLATE).id
    assert {entry.actor for entry in Ledger(ws.prompts).entries()[-4:]} == {ANN}


@pytest.mark.slow
def test_what_became_of_a_move_stays_until_the_next_one_or_until_the_user_goes_elsewhere(app: Open, ws: Workspace) -> None:
    """The page is drawn anew whenever a widget is touched; a message that had gone with that would leave the user to guess."""
    at = app("promote.py", of=ws, template=TEMPLATE, person=ANN)
    freeze, reason = (f"{name}/{TEMPLATE}/dev" for name in ("freeze", "freeze-reason"))
    at.button(key=freeze).click().run()
    at.run()
    at.text_input(key=reason).set_value("release").run()
    assert words(at).count("A reason is needed") == 1
    at.button(key=freeze).click().run()
    at.toggle(key=f"freeze-all/{TEMPLATE}/staging").set_value(True).run()
    assert words(at).count("dev of script/episode: frozen.") == 1
    assert "A reason is needed" not in words(at)
    at.selectbox(key="_template").set_value("shot/keyframe").run()
    at.selectbox(key="_template").set_value(TEMPLATE).run()
    assert "frozen." not in words(at), "they have left the template"
    at.button(key=freeze).click().run()
    at.switch_page("home.py").run()
    at.switch_page("promote.py")
    at.query_params["template"] = TEMPLATE
    at.run()
    assert not at.exception
    assert "A reason is needed" not in words(at), "they have been on another page"


@pytest.mark.slow
def test_an_override_takes_two(app: Open, ws: Workspace) -> None:
    key = f"override/{digits(ws)}"
    for who, before, said in ((ANN, "", "A second person completes it here"), (BO, f"{ANN} has asked", "production of script/episode")):
        at = app("promote.py", of=ws, template=TEMPLATE, report=digits(ws), person=who)
        assert before in words(at)
        at.text_input(key=f"override-reason/{digits(ws)}").set_value("client wants it today")
        at.button(key=key).click().run()
        assert said in words(at)
        if who == ANN:
            assert at.button(key=key).disabled, "nobody is the second person of their own override"
            assert app("promote.py", of=ws).dataframe[0].value.set_index("Template").loc[TEMPLATE, "Marks"].endswith(f"asked by {ANN}")
    assert means(ws) == find_version(ws, TEMPLATE).id


@pytest.mark.slow
def test_a_changed_ledger_stops_the_page_with_a_sentence(app: Open, ws: Workspace) -> None:
    ledger = ws.prompts / "ledger.jsonl"
    ledger.write_bytes(ledger.read_bytes().replace(b"the first one", b"the first two"))
    at = app("promote.py", of=ws)
    assert "The ledger was changed" in words(at)
