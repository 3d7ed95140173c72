"""Manifests in three formats, and what is said of a wrong one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from prompts.errors import InputError
from runs.manifest import Entry, Person, read

PEOPLE = [Person(character="mei", emotion="fear", speaking=True, references=["r/m.png"]), Person(character="lin", emotion="anger")]
ENTRY = Entry(file="a.png", case="c1", series="well", version="v2", model="mj", repeat=2, cost_usd=0.5, people=PEOPLE)


def write(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, "utf-8")
    return folder / name


def test_the_three_formats_say_the_same(tmp_path: Path) -> None:
    head = "file,case,series,version,model,repeat,cost_usd,character,emotion,speaking,references\n"
    row = "a.png,c1,well,v2,mj,2,0.5,mei;lin,fear;anger,yes;no,mei=r/m.png\n"
    people = [
        {"character": "mei", "emotion": "fear", "speaking": True, "references": ["r/m.png"]},
        {"character": "lin", "emotion": "anger"},
    ]
    data = [
        {"file": "a.png", "case": "c1", "series": "well", "version": "v2", "model": "mj", "repeat": 2, "cost_usd": 0.5, "people": people}
    ]
    yaml = (
        "files:\n- file: a.png\n  case: c1\n  series: well\n  version: v2\n  model: mj\n  repeat: 2\n  cost_usd: 0.5\n"
        "  character: [mei, lin]\n  emotion: fear;anger\n  speaking: [true, false]\n  references: mei=r/m.png\n"
    )
    written = {
        "m.csv": head + row,
        "excel.csv": "\ufeff"
        + (head + row.replace("mei;lin", '"mei;lin"').replace("fear;anger", '"fear;anger"').replace("yes;no", '"yes;no"')).replace(
            ",", ";"
        ),
        "m.json": json.dumps(data),
        "m.yaml": yaml,
    }
    for name, text in written.items():
        (line,) = read(write(tmp_path, name, text))
        assert line.entry == ENTRY, name
    assert read(tmp_path / "m.csv")[0].place == "m.csv:2"
    assert read(tmp_path / "m.yaml")[0].place == "m.yaml:2"


def test_one_value_holds_for_everybody(tmp_path: Path) -> None:
    (line,) = read(write(tmp_path, "m.csv", "file,character,emotion\na.png,mei;lin,joy\n"))
    assert [p.emotion for p in line.entry.people] == ["joy", "joy"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("m.csv", "picture,case\na,b\n", "no column 'file'"),
        ("m.csv", "file,emotoin\na,b\n", "unknown column 'emotoin'. Did you mean 'emotion'"),
        ("m.csv", "file,character,emotion\na.png,mei,jealous\n", r"m.csv:2: unknown emotion 'jealous'"),
        ("m.csv", "file,character,emotion\na.png,mei;lin,joy;joy;joy\n", "2 characters, but 3 values of emotion"),
        ("m.csv", "file,character,speaking\na.png,mei,maybe\n", "speaking is yes or no"),
        ("m.csv", "file,character,references\na.png,mei;lin,r.png\n", "whose reference"),
        ("m.csv", "file,emotion\na.png,joy\n", "need a character"),
        ("m.csv", "file,cost_usd\na.png,-1\n", r"m.csv:2: cost_usd"),
        ("m.csv", "file,cost_usd\na.png,nan\n", r"m.csv:2: cost_usd"),
        ("m.csv", "file,character\na.png,Mei Ling!\n", r"m.csv:2: people.0.character"),
        ("m.csv", "file,character\na.png,mei;mei\n", "named twice"),
        ("m.csv", "file\n", "names no file"),
        ("m.csv", '"file\na', "m.csv"),
        ("m.json", "{", "is no JSON"),
        ("m.json", '{"a": 1}', "list of files"),
        ("m.json", "[3]", "item 1 is no mapping"),
        ("m.json", '[{"file": "a", "jbo": "x"}]', "unknown key 'jbo'. Did you mean 'job'"),
        ("m.json", '[{"file": ""}]', "file"),
        ("m.yaml", "- file: a\n  file: b\n", "m.yaml:2"),
        ("m.yaml", "a: &x [1]\nb: *x\n", "m.yaml:1"),
        ("m.txt", "a", "a .csv, .yaml or .json"),
    ],
)
def test_a_wrong_manifest_is_told_in_one_line(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read(write(tmp_path, name, text))
    assert "\n" not in str(caught.value)


def test_a_manifest_that_is_no_text_or_not_there_is_said(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_bytes("file\nmün.png\n".encode("latin-1"))
    with pytest.raises(InputError, match="not UTF-8"):
        read(tmp_path / "m.csv")
    with pytest.raises(InputError, match="Cannot read"):
        read(tmp_path / "gone.csv")
