"""A series and a template of one's own: valid from the first line on, in the suites, and nothing else is touched."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from pathlib import Path

import pytest
from PIL import Image

from evals.case import load_cases
from evals.newseries import with_series
from evals.suite import load_suite
from prompts.plainyaml import load
from runs.lookover import looking_over
from runs.workspace import Workspace
from tests.cli.conftest import Cli, one_line_error
from tests.cli.test_bad_input import edit, files

START = Path(__file__).resolve().parents[2] / "docs" / "start.md"


def test_a_new_series_is_valid_has_a_case_of_each_stage_and_is_in_the_suites(ws: Path, cli: Cli) -> None:
    before = files(ws)
    pictures = ws / "evals/references/stone-lion"
    pictures.mkdir()
    Image.new("RGB", (64, 64)).save(pictures / "lan.png")
    done = cli("new", "series", "stone-lion", "--title", '石"狮" #1', "--language", "zh", "--cast", "lan,bo")
    assert done.code == 0, done.err
    assert done.out.strip() == str(ws / "evals/cases/stone-lion.yaml")
    mine = [case for case in load_cases(ws / "evals/cases") if case.series == "stone-lion"]
    assert {case.stage for case in mine} == {"outline", "script", "character", "shot", "clip", "music"}
    assert {case.inputs["series"]["title"] for case in mine} == {'石"狮" #1'}
    assert next(case for case in mine if case.stage == "shot").references.keys() == {"lan"}, "the picture that lay there is named"
    assert cli("lint", "script/episode", "--case", "stone-lion-script-1").code == 0
    written = json.loads(
        json.loads(cli("try", "script/episode", "--case", "stone-lion-script-1", "--format", "json").out)["outputs"][0]["text"]
    )
    assert {scene["location"] for scene in written["scenes"]} == {"flat"}, "its ids are read as ids, and not as words of the prompt"
    for name in ("outline", "script", "character", "shot", "clip", "music"):
        suite = load_suite(name, ws / "evals/suites")
        assert suite.series.explore[-1] == "stone-lion" and suite.series.gate
        text = (ws / f"evals/suites/{name}.yaml").read_bytes()
        assert text.replace(b"    - stone-lion\n", b"") == before[f"evals/suites/{name}.yaml"], "comments and order stay"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("Stone Lion",), "'Stone Lion' is no id. Write lower-case letters"),
        (("last-bid",), "There is a series last-bid already"),
        (("stone-lion", "--cast", "lan,lan"), "each once"),
        (("stone-lion", "--cast", "../x"), "'../x' is no id"),
    ],
)
def test_a_series_that_cannot_be_made_leaves_everything_as_it_was(ws: Path, cli: Cli, args: tuple[str, ...], words: str) -> None:
    before = files(ws)
    assert words in one_line_error(cli("new", "series", *args))
    assert files(ws) == before


def test_a_suite_that_is_broken_takes_the_new_series_back(ws: Path, cli: Cli) -> None:
    edit(ws / "evals/suites/music.yaml", "stage: music", "stage: musik")
    before = files(ws)
    assert "music.yaml:" in one_line_error(cli("new", "series", "stone-lion"))
    assert {name: data for name, data in files(ws).items() if not name.startswith("evals/references")} == {
        name: data for name, data in before.items() if not name.startswith("evals/references")
    }


@pytest.mark.parametrize(
    ("suite", "split", "line"),
    [
        ("series:\n  explore: [a]\nscorers:\n  - cost\n", "explore", "  explore: [a, z]"),
        ("series:\n  explore: []\n  gate: [b] # decides\n", "gate", "  gate: [b, z] # decides"),
        ("series:\n  gate:\n    - b\n\nscorers:\n  - cost\n", "explore", "  explore: [z]"),
        ("series:\n  explore:\n  - a\n  # - c\n  gate: [b]\n", "explore", "  - a\n  - z\n  # - c"),
        ("series:\n  explore:\n  gate: [b]\n", "explore", "  explore:\n      - z"),
    ],
)
def test_a_suite_keeps_its_form(suite: str, split: str, line: str) -> None:
    """However its lists are written: in one line, one below the other, with comments, empty, or not there."""
    made = with_series(suite, "z", split)
    assert f"{line}\n" in made
    assert "z" in __import__("yaml").safe_load(made)["series"][split]


def test_a_version_is_kept_under_a_label_and_brought_back_from_the_log(ws: Path, cli: Cli) -> None:
    assert cli("new", "template", "script/episode@before", "--from", "script/episode").code == 0
    then = cli("render", "script/episode@before").err.split()[0]
    assert cli("try", "script/episode", "--no-score").code == 0
    edit(ws / "prompts/script/episode.j2", "JSON", "plain JSON")
    (ws / "prompts/script/episode@before.j2").unlink()
    assert cli("new", "template", "script/back", "--from", f"script/episode@{then.rpartition('@')[2]}").code == 0
    assert cli("diff", f"script/episode@{then.rpartition('@')[2]}", "script/back").out.strip().endswith("say the same.")
    assert "already" in one_line_error(cli("new", "template", "script/back"))
    assert cli("new", "template", "shot/特写").code == 0 and "film still" in cli("render", "shot/特写").out
    for name in ("shots/x", "shot/../x", "shot/x@abc", "shot/x y"):
        one_line_error(cli("new", "template", name))


def test_doctor_names_the_file_and_line_of_whatever_cannot_be_used(ws: Path, cli: Cli) -> None:
    """What the files of a starter workspace hold, and then each kind broken in turn."""
    checks = looking_over(Workspace(ws))
    assert {name: check() for name, check in checks.items()}["cases"] == "23 series, 259 cases"
    (ws / "prompts/shot/Close Up.j2").write_text("---\nstage: shot\n---\nx\n", "utf-8")
    edit(ws / "evals/cases/last-bid.yaml", "stage: outline", "stage: outlines")
    edit(ws / "evals/suites/shot.yaml", "  - near_identical", "  - near_identicle")
    clip = (ws / "evals/suites/clip.yaml").read_text("utf-8")
    (ws / "evals/suites/two.yaml").write_text(clip.replace("gates/clip.", "gates/clips."), "utf-8")
    edit(ws / "evals/gates/script.toml", "min_units", "min_unit")
    edit(ws / "evals/chains/pilot.yaml", "shots: 2", "shot: 2")
    (ws / ".workbench/suite.schema.json").write_text("{}", "utf-8")
    told = cli("doctor").out
    for words in (
        "shot/Close Up.j2",
        "last-bid.yaml:",
        "shot.yaml: Unknown scorer",
        "(and 1 more)",
        "min_units",
        "pilot.yaml:",
        "workbench schema --write",
    ):
        assert words in told, words
    assert "Its name can be none" in cli("templates", "shot").out
    assert cli("schema", "--write").code == 0 and "those of this version" in cli("doctor").out


def test_editors_are_told_of_every_yaml_file_of_a_workspace(ws: Path) -> None:
    """`.vscode/settings.json` names a schema for each, and the starter's files are valid by theirs."""
    import jsonschema

    schemas = json.loads((ws / ".vscode/settings.json").read_text("utf-8"))["yaml.schemas"]
    (ws / "evals/waivers.yaml").write_text("waivers: [{check: S14, verdict: meant, who: lin, why: sponsor, at: 2026-11-25, quote: Cola}]\n")
    of = {path: ws / schema for schema, glob in schemas.items() for path in ws.glob(glob)}
    assert of.keys() == set((ws / "evals").rglob("*.yaml"))
    newest = {schema: path for path, schema in sorted(of.items())}
    assert len(newest) == len(schemas)
    for schema, path in newest.items():
        jsonschema.validate(load(path.read_text("utf-8")).data, json.loads(schema.read_text("utf-8")))
    policy = tomllib.loads((ws / "evals/gates/shot.toml").read_text("utf-8"))
    jsonschema.validate(policy, json.loads((ws / ".workbench/policy.schema.json").read_text("utf-8")))


@pytest.mark.slow
def test_the_way_from_nothing_works_as_written(cli: Cli, tmp_path: Path) -> None:
    """Each command of docs/start.md in its order, as a reader types them; the text between them is edited in between."""
    blocks = re.findall(r"^```bash\n(.*?)^```", START.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    at = tmp_path
    for line in "".join(blocks).splitlines():
        words = shlex.split(line, comments=True)
        if words[0] == "cd":
            at /= words[1]
            continue
        assert words[0] == "workbench"
        done = cli(*words[1:], at=at)
        assert done.code == 0, (line, done.err)
        if words[1:3] == ["new", "template"] and "--from" in words:
            edit(at / "prompts/script/episode.j2", "{% block user %}", "{% block user %}\n{{ series.title }}\n")
    assert [path.name for path in (at / "evals/cases").iterdir()]
