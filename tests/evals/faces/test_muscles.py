"""A suite may have emotions told by blendshapes, and another detector look for faces; what is not there is said, not replaced."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from face_material import person, sample

from evals import pulled
from evals.errors import ModelUnavailable, ScorerError
from evals.faces import blendshapes, emotion, models, muscles
from evals.faces.analysis import find_faces
from evals.media import read_picture
from evals.registry import build
from evals.score import Score


def judged(stills: Path, shown: str, asked: str, neutral: str = "", **args: object) -> Score:
    sheets = {"o": [stills / f"{neutral}.jpg"]} if neutral else {}
    made = sample("s", [person("o", emotion=asked, intensity=0.8)], [stills / f"{shown}.jpg"], sheets)
    [[first, *_]] = build("expression", args).score([made])
    return first


@pytest.mark.parametrize("neutral", ["", "obama_3"])
def test_a_suite_has_emotions_told_by_blendshapes(shared_data: Path, neutral: str) -> None:
    """A laughing president, alone and against a serious picture of himself: joy, and nothing else by far."""
    stills = shared_data / "faces" / "stills"
    values = {e: judged(stills, "obama_1", e, neutral, emotions="blendshapes") for e in ("joy", "anger", "sadness")}
    [who] = values["joy"].evidence["people"]
    assert who["emotion"]["method"] == "blendshapes"
    assert (who["emotion"]["strength"] is not None) == bool(neutral)
    assert (values["joy"].value or 0) > 0.4 > 0.2 > max(values["anger"].value or 0, values["sadness"].value or 0)


def test_muscles_of_a_found_face_are_those_of_its_picture(shared_data: Path) -> None:
    """From the pixels that the mesh kept, a smaller crop, comes what the whole picture gives."""
    picture = read_picture(shared_data / "faces" / "stills" / "obama_1.jpg")
    [face] = find_faces(picture).faces
    whole = blendshapes.read(picture.image, face.points / picture.scale).values
    kept = blendshapes.of_face(face)
    assert max(abs(whole[name] - kept[name]) for name in whole) < 0.15
    found = dict(zip(muscles.MUSCLES, muscles.muscles(face), strict=True))
    assert found["mouthSmile"] == pytest.approx((kept["mouthSmileLeft"] + kept["mouthSmileRight"]) / 2)
    assert found["jawOpen"] == pytest.approx(kept["jawOpen"]) and len(found) == 31


@pytest.mark.parametrize(
    ("args", "said"), [({"emotions": "guess"}, "shape, blendshapes"), ({"detector": "guess"}, "blazeface, yunet"), ({"min_iod": 2}, "")]
)
def test_a_name_that_is_not_there_is_refused(args: dict[str, object], said: str) -> None:
    with pytest.raises(ScorerError) as error:
        build("expression", args)
    assert said in error.value.hint


@pytest.mark.parametrize("args", [{"emotions": "blendshapes"}, {"detector": "yunet"}])
def test_a_model_that_is_not_here_is_not_replaced_by_another(
    args: dict[str, object], shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> Path:
        return pulled.path("landmarker")

    monkeypatch.setenv(pulled.VARIABLE, str(tmp_path))
    monkeypatch.setattr(models, "landmarker", gone)
    with pytest.raises(ModelUnavailable, match="not here"):
        judged(shared_data / "faces" / "stills", "obama_3", "joy", **args)


def test_a_fit_of_other_muscles_is_one_clear_error(tmp_path: Path) -> None:
    raw = json.loads(muscles.FILE.read_text("utf-8"))
    assert raw["muscles"] == list(muscles.MUSCLES) and raw["signals"] == list(emotion.SIGNALS)
    raw["alone"]["weights"] = np.zeros((7, 3)).tolist()
    (tmp_path / "m.json").write_text(json.dumps(raw))
    with pytest.raises(ScorerError, match="other muscles"):
        muscles.fit(tmp_path / "m.json")
    (tmp_path / "n.json").write_text("{")
    with pytest.raises(ScorerError, match="cannot be read"):
        muscles.fit(tmp_path / "n.json")
