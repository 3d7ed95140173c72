"""What people say of findings is kept in a file, and takes what is wrong or meant out of the score."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from evals.logic import Logic
from evals.waivers import About, Waiver, add_waiver, judged, load_waivers
from prompts.errors import InputError
from tests.evals.test_logic import FORGETFUL, sample

DAY = date(2026, 11, 25)
ABOUT = About(check="C11", where=("s1", "b4"), quote="They wait.", series="s1", case="c1", artifacts=("0" * 64,))


def waiver(**fields: Any) -> Waiver:
    return Waiver.model_validate({"check": "C11", "verdict": "wrong", "who": "lin", "why": "a copy", "at": DAY, "case": "c1"} | fields)


def test_it_covers_a_finding_only_if_all_that_it_names_fits() -> None:
    assert waiver().covers(ABOUT)
    assert waiver(place="b4", quote="wait").covers(ABOUT)
    assert waiver(case=None, artifact="0" * 64).covers(ABOUT)
    for other in ({"check": "C02"}, {"case": "c2"}, {"series": "s2"}, {"place": "b5"}, {"quote": "go"}, {"artifact": "1" * 64}):
        assert not waiver(**other).covers(ABOUT)
    assert judged([waiver(place="b5"), waiver(verdict="right"), waiver()], ABOUT) == waiver(verdict="right")


def test_one_that_would_hold_for_everything_is_refused() -> None:
    with pytest.raises(ValueError, match="say where it holds"):
        waiver(case=None)


def test_the_file_keeps_what_people_wrote_and_takes_more(tmp_path: Path) -> None:
    assert load_waivers(tmp_path) == ()
    add_waiver(tmp_path, waiver(why='对，是副本: "x"'))
    path = tmp_path / "waivers.yaml"
    path.write_text(path.read_text("utf-8") + "# asked Bo\n", "utf-8")
    add_waiver(tmp_path, waiver(check="S14", quote="Coca-Cola"))
    assert "# asked Bo" in path.read_text("utf-8")
    assert load_waivers(tmp_path) == (waiver(why='对，是副本: "x"'), waiver(check="S14", quote="Coca-Cola"))
    assert [p.name for p in tmp_path.iterdir() if not p.name.endswith(".lock")] == ["waivers.yaml"]


def test_what_several_say_at_once_is_all_kept_and_the_file_is_everybodys(tmp_path: Path) -> None:
    """A colleague on the command line while another one does the same; and whoever could read the file still can."""
    said = [f"reason {n}" for n in range(24)]
    with ThreadPoolExecutor(8) as people:
        list(people.map(lambda why: add_waiver(tmp_path, waiver(why=why)), said))
    assert sorted(one.why for one in load_waivers(tmp_path)) == sorted(said)
    (tmp_path / "plain").touch()
    assert (tmp_path / "waivers.yaml").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_malformed_file_is_one_error_with_its_line_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "waivers.yaml"
    path.write_text("waivers:\n- {check: C11, verdict: maybe, who: lin, why: x, at: 2026-11-25, case: c1}\n", "utf-8")
    before = path.read_text("utf-8")
    with pytest.raises(InputError, match=r"waivers\.yaml:2"):
        add_waiver(tmp_path, waiver())
    assert path.read_text("utf-8") == before


@pytest.mark.parametrize(("verdict", "causes"), [("wrong", 1), ("meant", 1), ("right", 2)])
def test_what_is_wrong_or_meant_counts_no_more_and_stays_in_the_evidence(tmp_path: Path, verdict: str, causes: int) -> None:
    from dataclasses import replace

    judged_sample = replace(sample(tmp_path, FORGETFUL), waivers=(waiver(verdict=verdict),))
    [scores] = Logic().score([judged_sample])
    found = {s.metric: s for s in scores}
    assert found["logic_causes"].value == found["logic_rate"].value == causes
    [prop] = [f for f in found["logic"].evidence["findings"] if f["check"] == "C11"]
    assert prop.get("waived") == (None if verdict == "right" else {"verdict": verdict, "who": "lin", "why": "a copy"})
    assert found["logic"].evidence["total"] == 4
