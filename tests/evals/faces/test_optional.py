"""Optional models: run for real where a package carries them, on tiny models of the same form where none does; absent, a status."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import tiny_onnx
from face_material import media, noise, person, sample
from PIL import Image, ImageDraw, ImageFont

from evals import pulled
from evals.calibrate import folder, people
from evals.errors import ModelUnavailable, ScorerError
from evals.faces import arcface, blendshapes, models, onnx, yunet
from evals.faces.analysis import find_faces
from evals.faces.optional import BACKENDS
from evals.footage import text
from evals.media import Picture, clip_frames, read_picture
from evals.registry import build
from evals.score import Sample


def pretend(monkeypatch: pytest.MonkeyPatch, path: Path, name: str) -> None:
    """Let a file be the pulled model of a name."""
    row = pulled.catalogue()[name]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    made = pulled.Pulled(name, row.role, path.name, path.stat().st_size, digest, row.licence, row.licence_url, row.urls)
    monkeypatch.setattr(pulled, "catalogue", lambda *_: {name: made})
    monkeypatch.setenv(pulled.VARIABLE, str(path.parent))


@pytest.fixture(autouse=True)
def _nothing_pulled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(pulled.VARIABLE, str(tmp_path))


@pytest.mark.parametrize("name", ["yunet", "sface"])
def test_a_model_that_was_not_pulled_says_how(name: str) -> None:
    with pytest.raises(ModelUnavailable, match="not here") as error:
        BACKENDS[name].find()
    assert f"workbench models pull {name}" in error.value.hint
    with pytest.raises(ModelUnavailable):
        BACKENDS[name].try_on(noise())


def test_yunets_grids_become_boxes_in_the_picture(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One cell of the middle grid sees a face of 64 x 96 input pixels around (328, 168); the picture is twice as large."""
    outputs = {}
    for stride in (8, 16, 32):
        cells = (640 // stride) ** 2
        for kind, width in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
            outputs[f"{kind}_{stride}"] = np.zeros((1, cells, width), dtype=np.float32)
    cell = 10 * 40 + 20
    outputs["cls_16"][0, cell], outputs["obj_16"][0, cell] = 0.9, 0.9
    outputs["bbox_16"][0, cell] = [0.5, 0.5, np.log(4), np.log(6)]
    outputs["kps_16"][0, cell] = [-0.5, 0, 1.5, 0, 0.5, 1, 0, 2, 1, 2]
    pretend(monkeypatch, tiny_onnx.constant(tmp_path / "y.onnx", (1, 3, 640, 640), outputs), "yunet")
    [found] = yunet.detect(Image.new("RGB", (1280, 720)))
    assert found.score == pytest.approx(0.9) and found.box == pytest.approx((592, 240, 720, 432))
    assert found.points[0] == pytest.approx((624, 320)) and found.points[1] == pytest.approx((688, 320))
    assert found.points[3] == pytest.approx((656, 384))


def test_a_detector_that_was_pulled_is_calibrated_beside_the_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    place = tmp_path / "p.png"
    noise().save(place)
    nobody = [folder.Picture(place, (), "drawn")]
    assert {c.detector for c in people.measure(nobody, lambda: None)[0]} == {"BlazeFace and mesh", "dlib HOG, frontal"}
    widths = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
    blind = {f"{kind}_{s}": np.zeros((1, (640 // s) ** 2, width), dtype=np.float32) for s in (8, 16, 32) for kind, width in widths.items()}
    pretend(monkeypatch, tiny_onnx.constant(tmp_path / "y.onnx", (1, 3, 640, 640), blind), "yunet")
    assert {(c.detector, c.right) for c in people.measure(nobody, lambda: None)[0]} >= {("YuNet and mesh", 1)}


def test_a_model_of_another_form_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pretend(monkeypatch, tiny_onnx.constant(tmp_path / "z.onnx", (1, 3, 640, 640), {"what": np.zeros((1, 3))}), "yunet")
    with pytest.raises(ModelUnavailable, match="other outputs"):
        yunet.detect(noise())
    (tmp_path / "rubbish.onnx").write_bytes(b"rubbish")
    with pytest.raises(ModelUnavailable, match="no ONNX model"):
        onnx.load(tmp_path / "rubbish.onnx")


def test_an_embedding_of_ones_own_tells_faces_by_their_pixels(shared_data: Path, tmp_path: Path) -> None:
    """A random projection is no recogniser, but one face at two sizes must come out alike, and its mirror image too."""
    rng = np.random.default_rng(5)
    path = tiny_onnx.linear(tmp_path / "mine.onnx", (1, 3, 112, 112), rng.normal(size=(3 * 112 * 112, 32)))
    embed = arcface.embedder(str(path))
    picture = read_picture(shared_data / "faces" / "stills" / "obama_1.jpg").image
    [face] = find_faces(read_picture(shared_data / "faces" / "stills" / "obama_1.jpg")).faces
    one = embed(arcface.chip(picture, face.points))
    half = embed(arcface.chip(picture.resize((picture.width // 2, picture.height // 2)), face.points / 2))
    assert one.shape == (32,) and np.linalg.norm(one) == pytest.approx(1)
    assert one @ half > 0.95
    chip = arcface.chip(picture, face.points)
    assert chip.shape == (112, 112, 3) and chip.std() > 20


def test_an_embedding_that_takes_other_pictures_is_refused(tmp_path: Path) -> None:
    path = tiny_onnx.linear(tmp_path / "wrong.onnx", (1, 3, 64, 64), np.ones((3 * 64 * 64, 4)))
    with pytest.raises(ModelUnavailable, match="not aligned faces"):
        arcface.embedder(str(path))
    with pytest.raises(ModelUnavailable, match="no model file"):
        arcface.embedder(str(tmp_path / "none.onnx"))


def test_blendshapes_see_a_smile_and_none(shared_data: Path) -> None:
    smiles = {}
    for name in ("obama_1", "obama_3"):
        picture = read_picture(shared_data / "faces" / "stills" / f"{name}.jpg")
        [face] = find_faces(picture).faces
        shapes = blendshapes.read(picture.image, face.points / picture.scale)
        smiles[name] = shapes.values["mouthSmileLeft"]
        assert shapes.presence > 0.5 and shapes.points.shape == (478, 3) and len(shapes.values) == 52
        apart = np.linalg.norm(shapes.points[:468, :2] - face.points[:, :2] / picture.scale, axis=1)
        assert np.median(apart) < 0.06 * face.iod / picture.scale
    assert smiles["obama_1"] > 0.6 > 0.4 > smiles["obama_3"]


def test_blendshapes_see_a_blink(shared_data: Path) -> None:
    """The label file says that this clip's eyes are shut at 0.7 s and open half a second later."""
    frames = list(clip_frames(shared_data / "faces" / "clips" / "ai_10__lively.mp4"))
    shut = []
    for time in (0.7, 1.2):
        image = min(frames, key=lambda f: abs(f.time - time)).image
        points = find_faces(Picture(image, image.width, image.height, 1.0)).faces[0].points
        shut.append(blendshapes.read(image, points).values["eyeBlinkLeft"])
    assert shut[0] > 4 * shut[1]


def written(picture: Image.Image, words: str, size: int) -> Image.Image:
    out = picture.copy()
    place = (picture.width // 2, int(picture.height * 0.88))
    font = ImageFont.load_default(size)
    ImageDraw.Draw(out).text(place, words, font=font, fill="white", stroke_width=1, stroke_fill="black", anchor="mm")
    return out


def test_a_subtitle_is_found_where_it_stands(shared_data: Path, tmp_path: Path) -> None:
    clean = read_picture(shared_data / "faces" / "stills" / "ai_studio_1.jpg").image
    assert text.lines(clean) == []
    [line] = text.lines(written(clean, "Where were you last night?", 24))
    left, top, right, bottom = line.box
    assert left < clean.width / 2 < right and top < clean.height * 0.88 < bottom
    written(clean, "Where were you last night?", 24).save(tmp_path / "p.png")
    clean.save(tmp_path / "clean.png")
    values = []
    for name in ("clean", "p"):
        [[score]] = build("burnt_text").score([Sample("g", "shot", "ok", {}, "c", "s", media=(media(tmp_path / f"{name}.png"),))])
        values.append(score.value)
    assert values[0] == 0.0 and values[1] is not None and 0.005 < values[1] < 0.08


def test_without_the_detector_the_status_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing(_: str) -> Path:
        raise ModelUnavailable("The text model is not installed.", hint="Run: pip install --no-deps rapidocr")

    monkeypatch.setattr(text.models, "path", missing)
    noise().save(tmp_path / "p.png")
    [[score]] = build("burnt_text").score([Sample("g", "shot", "ok", {}, "c", "s", media=(media(tmp_path / "p.png"),))])
    assert score.status == "unavailable" and "rapidocr" in score.reason


@pytest.mark.slow
def test_what_is_here_passes_its_trial() -> None:
    from skimage import data

    picture = Image.fromarray(data.astronaut())
    assert "52 blendshapes" in BACKENDS["landmarker"].try_on(picture)
    assert "finds a line" in BACKENDS["text"].try_on(picture)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"detector": "haar"}, "no face detector 'haar'"),
        ({"embedding": "facenet"}, "no face embedding 'facenet'"),
        ({"embedding": "mine.onnx"}, "has no thresholds"),
        ({"embedding": "mine.dat", "threshold": 0.4, "width": 0}, "width"),
    ],
)
def test_models_that_cannot_be_used_are_refused_when_the_suite_is_read(args: dict[str, object], said: str) -> None:
    with pytest.raises(ScorerError, match=said):
        build("face_consistency", args)


def test_a_suite_chooses_its_embedding_by_name(shared_data: Path, tmp_path: Path) -> None:
    """Cosines and even odds are then those of that model; the default's results are not disturbed."""
    path = tiny_onnx.linear(tmp_path / "mine.onnx", (1, 3, 112, 112), np.random.default_rng(5).normal(size=(3 * 112 * 112, 32)))
    stills = shared_data / "faces" / "stills"
    made = sample("a", [person("obama")], [stills / "obama_2.jpg"], {"obama": [stills / "obama_1.jpg"]})
    default = build("face_consistency")
    before = default.score([made])[0]
    own = build("face_consistency", {"embedding": str(path), "threshold": 0.1, "width": 0.05}).score([made])[0]
    assert own[0].status == "ok" and own[1].value != pytest.approx(before[1].value)
    [face] = own[0].evidence["faces"]
    assert face["p_same"] == pytest.approx(1 / (1 + np.exp(-(face["match"] - 0.1) / 0.05)), abs=0.01)
    assert default.score([made])[0] == before


@pytest.mark.parametrize("args", [{"detector": "yunet"}, {"embedding": "sface"}])
def test_a_chosen_model_that_was_not_pulled_is_told(shared_data: Path, args: dict[str, object]) -> None:
    """The harness makes `unavailable` of it; see `runs.group`."""
    made = sample("a", [person("obama")], [shared_data / "faces" / "stills" / "obama_2.jpg"])
    with pytest.raises(ModelUnavailable, match="not here"):
        build("face_consistency", args).score([made, made])


def test_dlibs_own_file_is_a_drop_in_for_itself(shared_data: Path) -> None:
    stills = shared_data / "faces" / "stills"
    made = sample("a", [person("obama")], [stills / "obama_2.jpg"], {"obama": [stills / "obama_1.jpg"]})
    args = {"embedding": str(models.path("embedding")), "threshold": 0.9, "width": 0.05}
    scores = build("face_consistency", args).score([made])[0]
    assert scores[0].status == "ok" and scores[1].value is not None and scores[1].value > 0.85  # not centred: all faces are alike
