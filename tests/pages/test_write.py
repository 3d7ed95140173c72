"""Write: templates and their versions, what they say, change and cost, and a file that was changed or broke."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import page_story
import pytest

from pages.ui import known, preview, written
from pages.ui.source import source_html
from prompts.channels import Canary, Pointer, State
from runs import query
from runs.prepare import registry
from runs.workspace import Workspace

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

pytestmark = pytest.mark.slow
Open = Callable[..., "AppTest"]
TEMPLATE = "script/episode"
BROKEN = "---\nstage: shot\ninputs:\n  shot: mapping\n---\nA still of {{ shot.action }}\n{{ shot.daypart | nosuch( }}\n"


@pytest.fixture
def own(workspace: Workspace, tmp_path: Path) -> Workspace:
    """A copy of the workspace, whose files a test may change."""
    return Workspace(Path(shutil.copytree(workspace.root, tmp_path / "drama")))


def words(at: AppTest) -> str:
    return "\n".join(element.value for element in at.text)


def html(at: AppTest) -> str:
    return "\n".join(element.value for element in at.get("html"))


# The table of templates


def test_templates_are_listed_by_stage_with_what_is_wrong(app: Open, own: Workspace) -> None:
    """What cannot be used is in the list, with file and line, and hides nothing else."""
    (own.prompts / "shot" / "broken.j2").write_text(BROKEN)
    frame = app("write.py", of=own).dataframe[0].value
    assert list(frame["Stage"].unique()) == ["outline", "script", "character", "shot", "clip", "music", "judge"]
    row = frame.set_index("Template").loc
    assert row["shot/broken"]["Broken"].startswith("shot/broken.j2:7: ")
    assert row[TEMPLATE]["Versions"] == "working file, plain"
    assert row[TEMPLATE]["Runs"] == 1, "of two of its versions, which is one run"
    assert row["shot/portrait"]["Versions"] == "2 in the log"


def test_a_workspace_without_templates_says_where_they_go(app: Open, own: Workspace) -> None:
    shutil.rmtree(own.prompts)
    shutil.rmtree(own.runs)
    at = app("write.py", of=own)
    assert "no template in prompts/ yet" in words(at)


def test_what_is_compared_here_can_be_launched(app: Open, own: Workspace) -> None:
    """The base first, with a suite of its stage; what is broken is not offered."""
    at = app("write.py", of=own, name=TEMPLATE)
    link = next(found.proto for found in at.get("page_link") if found.proto.page == "launch")
    assert parse_qs(link.query_string) == {"suite": ["script"], "v": [f"{TEMPLATE}@plain", TEMPLATE]}
    assert f"prompts/{TEMPLATE}.j2" in at.caption[0].value.replace("\\", "")
    (own.prompts / f"{TEMPLATE}.j2").write_text(BROKEN)
    assert not app("write.py", of=own, name=TEMPLATE).get("page_link")


# The versions of one


def test_versions_say_where_they_are_used_and_promoted(workspace: Workspace) -> None:
    """The working file, the labelled copy and versions that only the log keeps, with channels, pins and canary."""
    of = {one.ref: one for one in known.known(workspace, TEMPLATE, State())}
    working, plain = of[TEMPLATE], of[f"{TEMPLATE}@plain"]
    assert (working.where, working.runs, plain.runs) == ("working file", 1, 1)
    state = State(
        pointers={(TEMPLATE, "production"): Pointer(plain.id, "", 1, "", ""), (TEMPLATE, "dev"): Pointer(plain.id, "", 1, "", "")},
        pins={(TEMPLATE, "sea-debt"): plain.id},
        canaries={TEMPLATE: Canary(working.id, 550)},
    )
    of = {one.ref: one for one in known.known(workspace, TEMPLATE, state)}
    assert of[f"{TEMPLATE}@plain"].promoted == ("production", "dev", "pinned by 1 series")
    assert of[TEMPLATE].promoted == ("canary 5.5 %",)


def test_a_version_that_was_edited_away_is_still_there(own: Workspace) -> None:
    """The log keeps what runs have used; a file that says the same as another one says so."""
    before = known.known(own, TEMPLATE, State())
    path = own.prompts / "script" / "episode.j2"
    (own.prompts / "script" / "episode@kept.j2").write_text(path.read_text("utf-8"), "utf-8")
    path.write_text(path.read_text("utf-8") + "\nOne more thing.\n", "utf-8")
    after = {one.ref: one for one in known.known(own, TEMPLATE, State())}
    assert after[TEMPLATE].runs == 0
    assert after[f"{TEMPLATE}@kept"].id == before[0].id
    (own.prompts / "script" / "episode@kept.j2").unlink()
    (old,) = [one for one in known.known(own, TEMPLATE, State()) if one.where == "in the log"]
    assert (old.id, old.runs) == (before[0].id, 1)
    assert registry(own).resolve(old.ref).id == old.id
    path.write_text((own.prompts / "script" / "episode@plain.j2").read_text("utf-8"), "utf-8")
    rows = known.table(known.known(own, TEMPLATE, State())).set_index("Version")
    assert rows.loc[f"{TEMPLATE}@plain", "Kept as"] == f"labelled copy, the same as {TEMPLATE}"


def test_the_choice_stands_in_the_address(app: Open) -> None:
    """What is shown without being asked for is written there too, so that a link keeps its meaning."""
    at = app("write.py", name=TEMPLATE)
    asked = dict(at.query_params)
    assert asked["v"] == TEMPLATE
    assert asked["base"] == f"{TEMPLATE}@plain"
    assert asked["case"]
    assert asked["by"] == "studio"


@pytest.mark.parametrize(("address", "said"), [({"name": "shot/nothing"}, "template"), ({"name": TEMPLATE, "v": "x"}, "version")])
def test_an_address_that_names_nothing_is_explained(app: Open, address: dict[str, str], said: str) -> None:
    at = app("write.py", **address)
    assert f"Unknown {said}" in at.error[0].value


# The views


def test_the_prompt_of_a_case_is_shown_with_size_price_and_checks(app: Open) -> None:
    at = app("write.py", name="shot/keyframe", case="sea-debt-shot-1", by="kling")
    assert at.code[0].value.startswith("Format: vertical 9:16 film still")
    assert re.search(r"[\d,]+ characters, about [\d,]+ tokens", words(at))
    assert "kling-v3 at kling: " in words(at)
    assert "✓ The checks of prompts find nothing." in words(at)


def test_checks_that_speak_are_shown_beside_the_prompt(app: Open) -> None:
    """The plain shot names no look, so that the check of descriptors speaks; for the suite they are counted."""
    at = app("write.py", name="shot/keyframe", v="shot/keyframe@plain", case="sea-debt-shot-1")
    assert "✓" not in words(at)
    assert "<b>" in html(at)
    at = app("write.py", name="shot/keyframe", v="shot/keyframe@plain", show="checks")
    assert re.search(r"\d+ of the 73 prompts of the suite shot have findings", words(at))
    assert set(at.dataframe[1].value.columns) == {"Check", "Severity", "Prompts", "For example", "Says"}


def test_changes_are_shown_in_the_files_and_in_the_prompts_of_a_suite(app: Open) -> None:
    at = app("write.py", name=TEMPLATE, show="changes")
    assert "script/episode.j2 (changed)" in words(at)
    assert re.search(r"46 of 46 prompts of the suite script change: \+[\d,]+ characters", words(at))
    assert len(at.dataframe[1].value) == 46
    assert html(at).count("<div") > 20


def test_declarations_are_shown_as_prompts_state_them(app: Open) -> None:
    at = app("write.py", name=TEMPLATE, show="declared")
    frames = [frame.value for frame in at.dataframe[1:]]
    assert "characters" in list(frames[0]["Input"])
    assert list(frames[1]["Rule"]) == ["speech", "cast"]
    assert frames[1]["In an English series"].iloc[0].startswith("Every line must be speakable")


def test_runs_of_a_version_are_linked(app: Open, workspace: Workspace) -> None:
    run = query.runs(workspace).query("stage == 'script'")["run_id"].iloc[0]
    at = app("write.py", name=TEMPLATE, show="runs")
    assert list(at.dataframe[1].value["Run"]) == [f"/run?id={run}"]


@pytest.mark.parametrize("show", ["prompt", "checks", "declared", "source", "changes"])
def test_a_judge_has_views_of_its_own_kind(app: Open, show: str) -> None:
    """What a judge is shown was generated; there is no prompt before a run."""
    at = app("write.py", name="judge/screenplay", show=show)
    assert not at.error


# Files that break, and files that change


def test_a_broken_template_shows_the_place_and_never_a_trace(app: Open, own: Workspace) -> None:
    (own.prompts / "shot" / "broken.j2").write_text(BROKEN)
    at = app("write.py", of=own, name="shot/broken")
    assert "shot/broken.j2:7:" in at.error[0].value.replace("\\", "")
    assert re.search(r">7<.*nosuch.*✗ .*expected", html(at), re.DOTALL)
    assert "Traceback" not in words(at) + html(at)


def test_a_broken_partial_is_shown_in_the_file_where_it_breaks(app: Open, own: Workspace) -> None:
    partial = own.prompts / "_partials" / "person.j2"
    partial.write_text(partial.read_text("utf-8") + "{% if %}\n", "utf-8")
    at = app("write.py", of=own, name="shot/keyframe")
    assert "_partials/person.j2:" in at.error[0].value.replace("\\", "")
    assert "{% if %}" in html(at)


def test_a_template_that_does_not_render_with_a_case_says_so(app: Open, own: Workspace) -> None:
    (own.prompts / "shot" / "odd.j2").write_text("---\nstage: shot\ninputs:\n  shot: mapping\n---\nA {{ shot.colour }} shot\n")
    at = app("write.py", of=own, name="shot/odd")
    assert "shot/odd.j2:6:" in at.error[0].value.replace("\\", "")


def test_a_broken_case_file_spoils_the_preview_and_not_the_page(app: Open, own: Workspace) -> None:
    (own.evals / "cases" / "odd.yaml").write_text("series: [\n")
    at = app("write.py", of=own, name=TEMPLATE)
    assert "odd.yaml" in at.error[0].value.replace("\\", "")
    assert len(at.dataframe[0].value) == 2
    assert not app("write.py", of=own, name=TEMPLATE, show="source").error


def test_hostile_text_in_a_template_stays_text(app: Open, own: Workspace) -> None:
    (own.prompts / "shot" / "trap.j2").write_text(
        f"---\nstage: shot\ndescription: '{page_story.HOSTILE.replace(chr(39), '')}'\ninputs:\n  shot: mapping\n---\n{page_story.HOSTILE}\n"
    )
    for show in ("prompt", "source", "declared"):
        at = app("write.py", of=own, name="shot/trap", show=show)
        assert not re.search(r"<img|<script", html(at))
        assert not any("![p]" in element.value for kind in ("markdown", "caption", "header") for element in getattr(at, kind))


def test_the_stamp_follows_contents_and_not_times(own: Workspace) -> None:
    """A file that is merely touched changes nothing; a word in a partial, a case or a suite does."""
    at = written.stamp(own)
    path = own.prompts / "_partials" / "person.j2"
    os.utime(path, (1, 1))
    assert written.stamp(own) == at
    seen = {at}
    for changed in (path, own.evals / "cases" / "sea-debt.yaml", own.evals / "suites" / "shot.yaml"):
        changed.write_text(changed.read_text("utf-8") + "\n", "utf-8")
        seen.add(written.stamp(own))
    (own.prompts / "shot" / "new.j2").write_text(BROKEN)
    seen.add(written.stamp(own))
    assert len(seen) == 5


def test_the_stamp_reads_nothing_outside(own: Workspace, tmp_path: Path) -> None:
    """A link to a folder is not followed, and a pipe is not waited for."""
    (tmp_path / "outside").mkdir()
    (own.prompts / "link").symlink_to(tmp_path / "outside")
    os.mkfifo(own.prompts / "shot" / "pipe.j2")
    at = written.stamp(own)
    (tmp_path / "outside" / "x.j2").write_text("x")
    assert written.stamp(own) == at


def test_an_edited_template_is_drawn_again(app: Open, own: Workspace) -> None:
    path = own.prompts / "shot" / "keyframe.j2"
    at = app("write.py", of=own, name="shot/keyframe")
    path.write_text(path.read_text("utf-8").replace("Format: vertical", "Frame format: vertical"), "utf-8")
    at.run()
    assert at.code[0].value.startswith("Frame format: vertical")


# The pieces


def test_a_source_is_shown_around_the_line_that_is_wrong() -> None:
    text = "\n".join(f"line {n}" for n in range(1, 101))
    shown = source_html(text, line=50, message="<b>no</b>", around=3)
    assert re.findall(r">line (\d+)<", shown) == [str(n) for n in range(47, 54)]
    assert shown.index("line 50") < shown.index("&lt;b&gt;no&lt;/b&gt;") < shown.index("line 51")


def test_a_very_long_source_is_cut() -> None:
    shown = source_html("x\n" * 10_000)
    assert shown.count(">x<") == 3000
    assert "7001 more lines" in shown


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(0.0, 0.0, "free"), (None, None, "price unknown"), (0.42, 0.42, "$0.42"), (0.001, 0.02, "$0.001 to $0.02")],
)
def test_money_is_said_in_words(low: float | None, high: float | None, said: str) -> None:
    assert preview.usd(low, high) == said
