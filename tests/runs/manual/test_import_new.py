"""Any folder of pictures, clips or texts as a run of its own, real ones among them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import av
import manual_run
import numpy as np
import pytest

from prompts.errors import InputError, UnknownName
from runs import query
from runs.importer import import_new
from runs.intake import ImportRefused
from runs.rescore import score_run
from runs.workspace import Workspace

pytestmark = pytest.mark.slow


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return manual_run.workspace(tmp_path / "w")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "The Well"
    made.mkdir()
    return made


def clip(path: Path, frames: int = 10) -> Path:
    """Write a short clip of noise."""
    rng = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 72, 128, "yuv420p"
        for _ in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(rng.integers(0, 255, (128, 72, 3), np.uint8))))
        container.mux(stream.encode())
    return path


def test_without_a_manifest_each_file_is_a_case_of_a_series_named_after_its_folder(ws: Workspace, folder: Path) -> None:
    manual_run.picture(folder / "Opening shot.png")
    manual_run.picture(folder / "ep2" / "01.png", "green")
    manual_run.picture(folder / "雨.png", "blue")
    (folder / ".DS_Store").write_bytes(b"x")
    done = import_new(ws, folder, stage="shot", model="midjourney v7")
    frame = query.generations(ws, done.run_id)
    assert (done.imported, len(frame)) == (3, 3)
    assert set(frame["series"]) == {"the-well", "ep2"}
    assert {"opening-shot", "ep2-01"} <= set(frame["case_id"])
    assert set(frame["model"]) == {"midjourney v7"} and set(frame["provider"]) == {"manual"}
    assert not frame["simulated"].any() and frame["cost_usd"].isna().all()
    row = query.runs(ws).iloc[0]
    assert (row["state"], row["suite"], row["stage"]) == ("finished", "the-well", "shot")


def test_a_manifest_tells_versions_people_feelings_and_references(ws: Workspace, folder: Path) -> None:
    for name in ("a.png", "b.png", "refs/mei.png"):
        manual_run.picture(folder / name, (len(name), 1, 1))
    lines = [
        "file,case,series,version,model,cost_usd,character,emotion,speaking,references,prompt",
        "a.png,c1,well,plain,mj,0.04,mei,fear,yes,refs/mei.png,she looks down",
        "b.png,c1,well,rich,mj,,mei,fear,yes,refs/mei.png,",
    ]
    (folder / "shots.csv").write_text("\n".join(lines))
    done = import_new(ws, folder, stage="shot", manifest=folder / "shots.csv")
    assert (done.imported, done.unused) == (2, ())
    assert list(query.arms(ws, done.run_id)["ref"]) == ["shot/imported@plain", "shot/imported@rich"]
    one = query.generations(ws, done.run_id, case_id="c1").iloc[0]
    whole = query.generation(ws, done.run_id, one["job_id"])
    (person,) = whole["inputs"]["people"]
    assert (person["character"]["id"], person["emotion"], person["speaking"]) == ("mei", "fear", True)
    assert len(whole["references"]["mei"]) == 1
    assert set(query.generations(ws, done.run_id)["cost_source"]) == {"reported", ""}


def test_two_versions_of_one_case_can_be_compared_and_repeats_are_counted(ws: Workspace, folder: Path) -> None:
    for n in range(4):
        manual_run.picture(folder / f"{n}.png", (n, 0, 0))
    rows = [{"file": f"{n}.png", "case": "c1", "version": "ab"[n % 2]} for n in range(4)]
    (folder / "m.json").write_text(json.dumps(rows))
    frame = query.generations(ws, import_new(ws, folder, stage="shot", manifest=folder / "m.json").run_id)
    assert sorted(zip(frame["ref"], frame["repeat"], strict=True)) == [
        ("shot/imported@a", 0), ("shot/imported@a", 1), ("shot/imported@b", 0), ("shot/imported@b", 1),
    ]  # fmt: skip


def test_clips_and_characters_come_in_too(ws: Workspace, folder: Path) -> None:
    clip(folder / "walk.mp4")
    frame = query.generations(ws, import_new(ws, folder, stage="clip").run_id)
    assert list(frame["media_type"]) == ["video/mp4"]
    manual_run.picture(folder / "sheets" / "mei.png")
    (folder / "sheets" / "m.csv").write_text("file,character\nmei.png,mei\n")
    done = import_new(ws, folder / "sheets", stage="character", manifest=folder / "sheets" / "m.csv")
    whole = query.generation(ws, done.run_id, query.generations(ws, done.run_id)["job_id"].item())
    assert whole["inputs"]["character"]["id"] == "mei"


@pytest.mark.parametrize(
    ("name", "make", "reason"),
    [
        ("cut.mp4", lambda p: p.write_bytes(clip(p).read_bytes()[:3000]), "does not decode"),
        ("still.mp4", lambda p: manual_run.picture(p.with_suffix(".png")).rename(p), "is image/png, not a clip"),
        ("page.mp4", lambda p: p.write_text("<html>"), "is text/html, not a clip"),
        ("noise.mp4", lambda p: p.write_bytes(b"\x00\x00\x00\x20ftypisom" + b"\xff" * 500), "does not decode"),
    ],
)
def test_a_clip_that_is_none_is_refused_and_nothing_is_written(ws: Workspace, folder: Path, name: str, make: Any, reason: str) -> None:
    clip(folder / "good.mp4")
    make(folder / name)
    with pytest.raises(ImportRefused) as caught:
        import_new(ws, folder, stage="clip")
    assert [p for p, _ in caught.value.problems] == [name]
    assert reason in caught.value.problems[0][1]
    assert not list(ws.journals.iterdir()) and not [p for p in ws.media.rglob("*") if p.is_file()]


def test_a_reference_must_be_a_picture_in_the_folder(ws: Workspace, folder: Path) -> None:
    manual_run.picture(folder / "a.png")
    (folder / "m.csv").write_text("file,character,references\na.png,mei,../../secret.png\n")
    with pytest.raises(ImportRefused, match="lies outside"):
        import_new(ws, folder, stage="shot", manifest=folder / "m.csv")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["a.png,c1,x,joy", "b.png,c1,x,fear"], "told differently"),
        (["a.png,c1,x,joy", "b.png,c1,y,joy"], "told differently"),
    ],
)
def test_one_case_is_one_thing(ws: Workspace, folder: Path, lines: list[str], message: str) -> None:
    manual_run.picture(folder / "a.png")
    manual_run.picture(folder / "b.png", "blue")
    (folder / "m.csv").write_text("\n".join(["file,case,series,emotion,character", *(f"{x},mei" for x in lines)]))
    with pytest.raises(InputError, match=message):
        import_new(ws, folder, stage="shot", manifest=folder / "m.csv")


def test_what_cannot_be_done_is_said(ws: Workspace, folder: Path) -> None:
    with pytest.raises(UnknownName, match="stage"):
        import_new(ws, folder, stage="shots")
    with pytest.raises(InputError, match="--suite"):
        import_new(ws, folder, stage="script")
    with pytest.raises(InputError, match="no file to import"):
        import_new(ws, folder, stage="shot")
    manual_run.picture(folder / "a.png")
    with pytest.raises(UnknownName, match="scorer"):
        import_new(ws, folder, stage="shot", scorers=["beauty"])
    assert not list(ws.journals.iterdir())


def test_texts_come_in_for_the_cases_of_a_suite(tmp_path: Path, folder: Path) -> None:
    from runs.starting import initialise

    ws = initialise(tmp_path / "drama")
    from evals.case import load_cases
    from evals.suite import load_suite, suite_names

    name = next(n for n in suite_names(ws.evals / "suites") if load_suite(n, ws.evals / "suites").stage == "script")
    case = load_suite(name, ws.evals / "suites").cases(load_cases(ws.evals / "cases"))[0]
    (folder / "a.txt").write_text("INT. WELL - NIGHT\n她向下看。\n", "utf-8")
    (folder / "m.csv").write_text(f"file,case,model\na.txt,{case.id},chatgpt\n")
    done = import_new(ws, folder, stage="script", manifest=folder / "m.csv", suite=name)
    frame = query.generations(ws, done.run_id)
    assert (frame["case_id"].item(), frame["series"].item(), frame["media_type"].item()) == (case.id, case.series, "text/plain")
    (folder / "m.csv").write_text("file,case\na.txt,no-such-case\n")
    with pytest.raises(InputError, match=r"m.csv:2: Unknown case 'no-such-case'"):
        import_new(ws, folder, stage="script", manifest=folder / "m.csv", suite=name)


# --- real input


def stills_manifest(folder: Path, to: Path) -> Path:
    """Say who is seen in each still; somebody's first picture alone is the reference for the later ones."""
    first: dict[str, str] = {}
    rows: list[dict[str, Any]] = []
    for still in json.loads((folder / "stills.json").read_text("utf-8")):
        people = [p.replace("_", "-") for p in still["people"]]
        told = [{"character": p, "references": [first[p]] if p in first else []} for p in people]
        rows.append({"file": still["file"], "series": "stills", "people": told})
        if still["n_faces"] == 1:
            first.setdefault(people[0], still["file"])
    to.write_text(json.dumps(rows))
    return to


def clips_manifest(folder: Path, to: Path) -> Path:
    """Each clip is a take of its person; the way it was animated is its version."""
    clips = json.loads((folder / "clips.json").read_text("utf-8"))
    told = [
        {
            "file": c["clip"],
            "case": c["identity"],
            "series": c["identity"],
            "version": c["variant"],
            "people": [{"character": c["identity"]}],
        }
        for c in clips
    ]
    to.write_text(json.dumps(told))
    return to


def scores_of(ws: Workspace, run_id: str, scorer: str) -> Any:
    """Score a run with one scorer and return its rows."""
    score_run(ws, run_id, [scorer])
    frame = query.scores(ws, run_id)
    return frame[frame["scorer"] == scorer]


def test_real_stills_are_imported_and_their_faces_are_scored(ws: Workspace, tmp_path: Path, shared_data: Path) -> None:
    folder = shared_data / "faces"
    done = import_new(ws, folder, stage="shot", manifest=stills_manifest(folder, tmp_path / "stills.json"), model="camera")
    assert (done.imported, done.missing) == (16, 0)
    frame = scores_of(ws, done.run_id, "face_consistency")
    if (frame["status"] == "unavailable").any():
        pytest.skip("the face models are not installed")
    assert not (frame["status"] == "error").any(), frame[frame["status"] == "error"]["reason"].unique()
    main = frame[(frame["metric"] == "face_consistency") & frame["case_id"].isin(["obama-2", "obama-3", "biden-2"])]
    assert (main["status"] == "ok").all()


def test_real_clips_are_imported_and_their_expression_is_scored(ws: Workspace, tmp_path: Path, shared_data: Path) -> None:
    """All 64 come in; for time's sake the frozen and the lively takes of two people are scored."""
    folder = shared_data / "faces"
    everything = clips_manifest(folder, tmp_path / "clips.json")
    done = import_new(ws, folder, stage="clip", manifest=everything, model="animator")
    assert done.imported == 64
    assert len(query.arms(ws, done.run_id)) == 8
    some = [r for r in json.loads(everything.read_text()) if r["version"] in ("lively", "frozen") and r["case"] in ("monalisa", "ai_2")]
    (tmp_path / "some.json").write_text(json.dumps(some))
    few = import_new(ws, folder, stage="clip", manifest=tmp_path / "some.json")
    frame = scores_of(ws, few.run_id, "expression")
    if (frame["status"] == "unavailable").any():
        pytest.skip("the face models are not installed")
    assert not (frame["status"] == "error").any(), frame[frame["status"] == "error"]["reason"].unique()
    arms = query.arms(ws, few.run_id).set_index("arm")["ref"]
    primary = frame[frame["status"] == "ok"].assign(take=lambda f: f["arm"].map(arms).str.rpartition("@")[2])
    assert set(primary["take"]) == {"lively", "frozen"}


def test_a_folder_is_only_read(ws: Workspace, tmp_path: Path, shared_data: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(shared_data / "faces" / "stills", copy)
    before = {p.name: p.stat().st_mtime_ns for p in copy.iterdir()}
    import_new(ws, copy, stage="shot")
    assert {p.name: p.stat().st_mtime_ns for p in copy.iterdir()} == before
