"""Files taken back into a run that a sheet was written for: by the code in their names, or by a manifest; all or nothing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import manual_run
import pytest
from PIL import Image

from prompts.errors import InputError, UnknownName
from runs import codes, query
from runs.importer import Imported, import_run
from runs.intake import ImportRefused
from runs.plan import Plan
from runs.providers.manual import begin
from runs.resume import state_of
from runs.workspace import Workspace

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Plan]:
    """A workspace with a run whose sheet was written; each test gets a copy."""
    ws = manual_run.workspace(tmp_path_factory.mktemp("begun") / "w")
    plan = manual_run.plan(ws)
    begin(ws, plan)
    return ws.root, plan


@pytest.fixture
def ws(tmp_path: Path, begun: tuple[Path, Plan]) -> Workspace:
    shutil.copytree(begun[0], tmp_path / "w")
    return Workspace(tmp_path / "w")


@pytest.fixture
def plan(begun: tuple[Path, Plan]) -> Plan:
    return begun[1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "downloads"
    made.mkdir()
    return made


def code_of(plan: Plan, number: int) -> str:
    return codes.codes(plan.by_id)[plan.jobs[number]["job_id"]]


def fill(plan: Plan, folder: Path) -> None:
    """Put a picture for every job into the folder, named as different tools name them."""
    names = ("{}.png", "Mei close-up {} (2).webp", "sub/{}_final.jpg", "{}-grid.PNG")
    for number, name in enumerate(names):
        manual_run.picture(folder / name.format(code_of(plan, number)), (number * 40, 90, 90))


def nothing_came_in(ws: Workspace, plan: Plan) -> bool:
    stored = [p for p in ws.media.rglob("*") if p.is_file()]
    return state_of(ws, plan.run_id).finished == {} and len(stored) == 1  # the reference picture


def test_files_find_their_jobs_by_the_code_in_their_names(ws: Workspace, plan: Plan, folder: Path) -> None:
    fill(plan, folder)
    assert import_run(ws, plan.run_id, folder) == Imported(plan.run_id, 4)
    frame = query.generations(ws, plan.run_id)
    assert list(frame["status"]) == ["ok"] * 4
    assert set(frame["provider"]) == {"manual"} and not frame["simulated"].any()
    assert frame["cost_usd"].isna().all() and frame["latency_s"].isna().all()
    assert query.runs(ws)["state"].item() == "finished"
    one = query.generation(ws, plan.run_id, plan.jobs[0]["job_id"])
    assert one["messages"][-1]["content"], "the prompt that was on the sheet is kept with it"
    assert one["wire_request"] == {"imported": {"file": f"{code_of(plan, 0)}.png"}}


def test_a_part_may_come_now_and_the_rest_later(ws: Workspace, plan: Plan, folder: Path) -> None:
    manual_run.picture(folder / f"{code_of(plan, 0)}.png", "red")
    first = import_run(ws, plan.run_id, folder)
    assert (first.imported, first.missing) == (1, 3)
    assert query.runs(ws)["state"].item() == "interrupted"
    fill(plan, folder / "more")
    (folder / "more" / f"{code_of(plan, 0)}.png").unlink()
    second = import_run(ws, plan.run_id, folder)
    assert (second.imported, second.missing, second.skipped) == (3, 0, (f"{code_of(plan, 0)}.png",))
    assert query.runs(ws)["state"].item() == "finished"


def test_another_file_for_a_job_that_has_one_needs_a_word(ws: Workspace, plan: Plan, folder: Path) -> None:
    fill(plan, folder)
    import_run(ws, plan.run_id, folder)
    better = manual_run.picture(folder / f"{code_of(plan, 0)}.png", "white")
    with pytest.raises(ImportRefused, match="--replace"):
        import_run(ws, plan.run_id, folder)
    assert import_run(ws, plan.run_id, folder, replace=True).imported == 1
    media = query.generation(ws, plan.run_id, plan.jobs[0]["job_id"])["artifacts"][0]["sha256"]
    assert query.media_path(ws, media).read_bytes() == better.read_bytes()


def test_the_same_picture_for_two_jobs_is_reported(ws: Workspace, plan: Plan, folder: Path) -> None:
    fill(plan, folder)
    a, b = min(folder.glob("*.png")), folder / f"{code_of(plan, 3)}-grid.PNG"
    b.write_bytes(a.read_bytes())
    (pair,) = import_run(ws, plan.run_id, folder).duplicates
    assert set(pair) == {a.name, b.name}


def test_a_manifest_gives_files_to_jobs_by_code_or_by_case_and_version(ws: Workspace, plan: Plan, folder: Path) -> None:
    for n in range(4):
        manual_run.picture(folder / f"{n}.png", (n, n, n))
    job = plan.jobs[3]
    arm = plan.arms[job["arm"]]["ref"].rpartition("@")[2]
    lines = [
        "file,job,case,version,repeat,model,cost_usd,latency_s,prompt",
        f"0.png,{code_of(plan, 0)},,,,mj-v7,0.04,31.5,",
        f"1.png,{plan.jobs[1]['job_id']},,,,,,,",
        f"2.png,{code_of(plan, 2)},,,,,,,as I typed it",
        f"3.png,,{job['case_id']},{arm},1,,,,",
    ]
    (folder / "manifest.csv").write_text("\n".join(lines))
    (folder / "notes.txt").write_text("not named, not taken")
    done = import_run(ws, plan.run_id, folder, folder / "manifest.csv")
    assert (done.imported, done.missing, done.unused) == (4, 0, ("notes.txt",))
    frame = query.generations(ws, plan.run_id).set_index("job_id")
    first = frame.loc[plan.jobs[0]["job_id"]]
    assert (first["cost_usd"], first["cost_source"], first["latency_s"]) == (0.04, "reported", 31.5)
    assert query.generation(ws, plan.run_id, plan.jobs[2]["job_id"])["wire_request"]["imported"]["prompt"] == "as I typed it"


def test_one_bad_file_keeps_all_out_and_every_fault_is_told(ws: Workspace, plan: Plan, folder: Path) -> None:
    fill(plan, folder)
    (folder / "holiday.png").write_bytes(manual_run.picture(folder / "x" / f"{code_of(plan, 0)}.png", "blue").read_bytes())
    (folder / f"y {code_of(plan, 1)}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"broken" * 20)
    (folder / f"z {code_of(plan, 2)}.png").write_text("<html>quota exceeded</html>")
    (folder / f"{code_of(plan, 1)} {code_of(plan, 2)}.png").write_bytes(b"x")
    with pytest.raises(ImportRefused) as caught:
        import_run(ws, plan.run_id, folder)
    reasons = dict(caught.value.problems)
    assert "no code" in reasons["holiday.png"]
    assert "same job" in reasons[f"x/{code_of(plan, 0)}.png"] or "same job" in reasons[f"{code_of(plan, 0)}.png"]
    assert "picture" in reasons[f"y {code_of(plan, 1)}.png"]
    assert reasons[f"z {code_of(plan, 2)}.png"] == "is text/html, not picture"
    assert "several jobs" in reasons[f"{code_of(plan, 1)} {code_of(plan, 2)}.png"]
    assert str(caught.value).startswith("Nothing was imported: 5 problems.")
    assert nothing_came_in(ws, plan)


def bomb(path: Path) -> None:
    """Ten kilobytes of PNG that unfold to 81 million pixels."""
    Image.new("1", (9_000, 9_000)).save(path)
    assert path.stat().st_size < 20_000


@pytest.mark.parametrize(
    ("name", "make", "reason"),
    [
        ("corrupt", lambda p: p.write_bytes(manual_run.picture(p, "red", (800, 800)).read_bytes()[:900]), "does not decode"),
        ("bomb", bomb, "million pixels"),
        ("empty", lambda p: p.write_bytes(b""), "is empty"),
        ("text", lambda p: p.write_text("Here is your picture!"), "is text/plain, not picture"),
        ("zip", lambda p: p.write_bytes(b"PK\x03\x04\x00\xff\xfe\x00"), "no picture that we know"),
        ("link", lambda p: p.symlink_to("/etc/hostname"), "is a link"),
        ("pipe", os.mkfifo, "is no regular file"),
        ("svg", lambda p: p.write_text('<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>'), "not picture"),
    ],
)
def test_what_is_no_good_picture_is_named(ws: Workspace, plan: Plan, folder: Path, name: str, make: Any, reason: str) -> None:
    fill(plan, folder)
    bad = folder / f"{code_of(plan, 0)}.png"
    bad.unlink()
    make(bad)
    with pytest.raises(ImportRefused) as caught:
        import_run(ws, plan.run_id, folder)
    assert [p for p, _ in caught.value.problems] == [bad.name]
    assert reason in caught.value.problems[0][1]
    assert nothing_came_in(ws, plan)


@pytest.mark.parametrize("name", ["../outside.png", "/etc/hostname", "a/../../outside.png", "linked/x.png", "gone.png", "..\\outside.png"])
def test_a_manifest_cannot_reach_out_of_the_folder(ws: Workspace, plan: Plan, folder: Path, name: str) -> None:
    manual_run.picture(folder.parent / "outside.png")
    manual_run.picture(folder.parent / "elsewhere" / "x.png")
    (folder / "linked").symlink_to(folder.parent / "elsewhere")
    manifest = folder.parent / "m.csv"
    manifest.write_text(f'file,job\n"{name}",{code_of(plan, 0)}\n')
    with pytest.raises(ImportRefused) as caught:
        import_run(ws, plan.run_id, folder, manifest)
    assert any(w in caught.value.problems[0][1] for w in ("lies outside", "lies behind a link", "is not there"))
    assert nothing_came_in(ws, plan)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("0.png,wb000000,,", "no job"),
        ("0.png,,shot-9,", "Unknown case 'shot-9'"),
        ("0.png,,shot-0,", "2 jobs"),
        ("0.png,,shot-0,nobody", "no job for"),
        ("0.png,,,", "needs a job, or a case"),
    ],
)
def test_a_line_that_fits_no_job_is_named_by_its_place(ws: Workspace, plan: Plan, folder: Path, line: str, reason: str) -> None:
    manual_run.picture(folder / "0.png")
    (folder / "m.csv").write_text(f"file,job,case,version\n{line}\n")
    with pytest.raises(ImportRefused) as caught:
        import_run(ws, plan.run_id, folder, folder / "m.csv")
    ((place, why),) = caught.value.problems
    assert place == "m.csv:2" and reason in why


def test_only_runs_that_are_made_by_hand_take_files(ws: Workspace, plan: Plan, folder: Path) -> None:
    with pytest.raises(UnknownName, match="run"):
        import_run(ws, "nope", folder)
    with pytest.raises(InputError, match="There is no file"):
        import_run(ws, plan.run_id, folder)
    with pytest.raises(InputError, match="no folder"):
        import_run(ws, plan.run_id, folder / "gone")
