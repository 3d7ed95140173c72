"""What `workbench calibrate` counts is right where the answer is known, and wrong labels are refused in one line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import workbench
from evals.calibrate import clips, folder, rates
from evals.errors import ScorerError
from evals.faces.halves import MOUTH, UPPER, where
from evals.faces.stiffness import REAL, Region, Stiffness


def pairs(scores: list[float], same: list[bool]) -> rates.Pairs:
    n = len(scores)
    return rates.Pairs(np.array(scores), np.array(same), np.arange(n), np.arange(n) + n)


@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=40).filter(lambda v: len({s for _, s in v}) == 2))
def test_the_area_is_the_share_of_pairs_in_right_order(drawn: list[tuple[int, bool]]) -> None:
    """Ties count half, as the definition says."""
    scores, same = [float(s) for s, _ in drawn], [b for _, b in drawn]
    high, low = [s for s, b in zip(scores, same, strict=True) if b], [s for s, b in zip(scores, same, strict=True) if not b]
    by_hand = np.mean([(a > b) + 0.5 * (a == b) for a in high for b in low])
    assert rates.rates(pairs(scores, same)).auc.value == pytest.approx(by_hand)
    assert rates.auc(high, low).value == pytest.approx(by_hand)


def test_rates_of_separated_kinds() -> None:
    found = rates.rates(pairs([0.9, 0.8, 0.7, 0.3, 0.2], [True, True, True, False, False]))
    assert (found.auc.value, found.eer.value, found.tar_1.value, found.tar_01.value) == (1.0, 0.0, 1.0, 1.0)
    assert 0.3 < found.at <= 0.7


def test_one_error_each_way_in_four_is_an_equal_error_of_a_quarter() -> None:
    found = rates.rates(pairs([0.9, 0.8, 0.7, 0.2, 0.6, 0.3, 0.1, 0.0], [True] * 4 + [False] * 4))
    assert found.eer.value == pytest.approx(0.25)
    assert found.tar_1.value == pytest.approx(0.75)


def test_intervals_are_wider_where_few_people_stand_behind_many_pairs() -> None:
    """A thousand pairs of five people say less than a thousand pairs of a hundred."""
    rng = np.random.default_rng(4)

    def width(people: int) -> float:
        liking = rng.normal(0, 1, people)
        a, b = rng.integers(people, size=1000), rng.integers(people, size=1000)
        same = rng.random(1000) < 0.5
        b = np.where(same, a, (a + 1 + b % (people - 1)) % people)
        found = rates.rates(rates.Pairs(same * 1.0 + liking[a] + rng.normal(0, 0.3, 1000), same, a, b)).auc
        return found.high - found.low

    assert width(5) > 2 * width(100)


def test_ranks_agree_disagree_or_cannot_be_told() -> None:
    assert rates.rank([1, 2, 3, 4, 5], [2, 4, 5, 7, 9]).value == pytest.approx(1.0)  # type: ignore[union-attr]
    assert rates.rank([1, 2, 3, 4, 5], [5, 4, 3, 2, 1]).value == pytest.approx(-1.0)  # type: ignore[union-attr]
    assert rates.rank([1, 1, 1, 1], [1, 2, 3, 4]) is None
    assert rates.rank([1, 2], [1, 2]) is None


def spoil(name: str, text: str) -> Callable[[Path], None]:
    return lambda place: (place / name).write_text(text)  # type: ignore[func-returns-value]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda place: None, "nothing labelled"),
        (spoil("clips.csv", "file,person,variant\nnone.mp4,mei,lively\n"), "none.mp4 has a label and is not there"),
        (spoil("clips.csv", "name,person\nx,mei\n"), "KeyError"),
        (spoil("series.csv", "series,file,person,same\ns,a.png,mei,perhaps\n"), "same is yes or no"),
        (spoil("stills.json", "{"), "cannot be read"),
    ],
)
def test_wrong_labels_are_one_clear_error(tmp_path: Path, make: Callable[[Path], None], said: str) -> None:
    make(tmp_path)
    with pytest.raises(ScorerError, match=said):
        folder.read(tmp_path)


def test_the_command_needs_something_to_measure() -> None:
    result = CliRunner().invoke(workbench.cli, ["calibrate"])
    assert result.exit_code == 2
    assert "--studio" in result.output


def made(upper: float, brow: float, mouth: float, own: float) -> Stiffness:
    """Return a face whose brows and mouth move by so many times what ordinary speakers' do, the mouth by itself by `own`."""
    regions = {n: Region(0.0, 0.0, e * REAL[n], min(1.0, e)) for n, e in (("brow", brow), ("mouth", mouth))}
    return Stiffness(0.4, upper, 1 - min(1.0, mouth), own * REAL["mouth"], regions, (0.0, 0.0, 0.0, 0.0), ())


def test_clips_that_move_in_one_half_of_the_face_are_counted() -> None:
    faces = {
        "lips move alone": made(0.8, 0.2, 0.9, 0.9),
        "brows move alone": made(0.0, 1.6, 0.1, 0.05),
        "all is faint": made(0.05, 1.0, 0.3, 0.25),
        "a smile that comes with the brows": made(0.0, 1.5, 0.7, 0.1),
        "all is lively": made(0.0, 3.6, 0.9, 0.5),
    }
    assert [where(stiff) for stiff in faces.values()] == [MOUTH, UPPER, "", "", ""]
    measured = [clips.Measured(folder.Clip(Path("c.mp4"), "p", "dubbed", None, None), stiff, ()) for stiff in faces.values()]
    assert clips.by_half(measured) == [{"variant": "dubbed", MOUTH: "1 of 5 [0.04, 0.62]", UPPER: "1 of 5 [0.04, 0.62]"}]


def test_a_share_of_all_is_not_certain() -> None:
    """Wilson's interval; the values are those of statsmodels' `proportion_confint(8, 8, method="wilson")`."""
    assert str(rates.Share(8, 8)) == "8 of 8 [0.68, 1.00]"
    assert str(rates.Share(0, 8)) == "0 of 8 [0.00, 0.32]"
    assert rates.Share(0, 0).interval == (0.0, 1.0)


@pytest.mark.slow
def test_a_folder_of_people_is_measured(shared_data: Path, tmp_path: Path) -> None:
    """Five photographs of two presidents: all found, all pairs told apart; with three references as well."""
    stills = shared_data / "faces" / "stills"
    files = {"obama": ("obama_1", "obama_2", "obama_3"), "biden": ("biden_1", "biden_2")}
    for who, names in files.items():
        place = tmp_path / "set" / "people" / who
        place.mkdir(parents=True)
        for name in names:
            shutil.copy(stills / f"{name}.jpg", place)
    (tmp_path / "set" / "people.csv").write_text("person,group\nobama,presidents\nbiden,presidents\n")
    place = tmp_path / "set" / "series" / "s"
    place.mkdir(parents=True)
    for name in ("obama_1", "obama_2", "biden_1"):
        shutil.copy(stills / f"{name}.jpg", place)
    rows = "".join(f"s,{name}.jpg,obama,{'no' if 'biden' in name else 'yes'}\n" for name in ("obama_1", "obama_2", "biden_1"))
    (tmp_path / "set" / "series.csv").write_text("series,file,person,same\n" + rows)
    result = CliRunner().invoke(workbench.cli, ["--quiet", "calibrate", str(tmp_path / "set"), "--format", "json"])
    assert result.exit_code == 0, result.output
    tables = {t["title"]: t["rows"] for t in json.loads(result.stdout)["tables"]}
    found = {(r["detector"], r["group"]): r for r in tables["Faces found"]}
    assert found["BlazeFace and mesh", "presidents"]["right number of faces"] == 5
    assert {r["group"] for r in tables["People told apart"]} == {"all", "presidents"}
    assert all(r["AUC"].startswith("1.0000") and r["missed"] == r["taken"] == 0 for r in tables["People told apart"])
    assert tables["Odd shots of series"][0]["odd one is the worst shot"] == "1 of 1"


@pytest.mark.slow
def test_the_studio_is_measured_against_its_own_truth() -> None:
    result = CliRunner().invoke(workbench.cli, ["--quiet", "calibrate", "--studio", "3", "--format", "json"])
    assert result.exit_code == 0, result.output
    tables = {t["title"]: t["rows"] for t in json.loads(result.stdout)["tables"]}
    titles = {"Faces found", "People told apart", "Stiffness by variant", "Amplitude and blinks", "Odd shots of series", "Emotions"}
    assert titles <= set(tables)
    assert tables["People told apart"][0]["same / different"] == "30 / 75"
