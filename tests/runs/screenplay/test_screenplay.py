"""Screenplays come in with what they say and a list of what they do not; a script that goes out comes back the same."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import plain
import pytest
import script_prompts
from hypothesis import given, settings
from hypothesis import strategies as st
from screenplay_tools.fdx.parser import Parser as FdxParser
from screenplay_tools.fountain.parser import Parser as FountainParser

from prompts.errors import InputError
from prompts.story import Script
from runs.screenplay import fdx, fountain, headings
from runs.screenplay.bring import bring
from runs.screenplay.elements import scenes_of
from runs.screenplay.loose import build
from runs.studio.script_brief import read_brief
from runs.studio.script_world import World

ROOT = Path(__file__).parents[3]
TALE = Script.model_validate(plain.load(ROOT / "tests" / "evals" / "tales" / "painted-skin.yaml")["script"])
TASKS = list(script_prompts.tasks())


def studio(number: int) -> Script:
    """Return a script that the studio writes of a starter episode."""
    brief = read_brief(TASKS[number].full)
    return Script.model_validate(World(brief, random.Random(number)).write("夜 Night").script)


SCRIPTS = [TALE, *(studio(n) for n in range(0, len(TASKS), 5))]


def plain(script: Script) -> dict[str, Any]:
    """Return a script as JSON, with the blanks in its texts folded: a screenplay has no others."""
    folded: dict[str, Any] = json.loads(
        script.model_dump_json(), object_hook=lambda d: {k: " ".join(v.split()) if isinstance(v, str) else v for k, v in d.items()}
    )
    return folded


def through_fountain(script: Script, **names: Any) -> Script:
    title, elements = fountain.read(fountain.write(script, **names))
    return build(title, scenes_of(elements)).script


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda s: s.title)
def test_a_script_comes_back_from_fountain_with_every_id_and_change(script: Script) -> None:
    assert plain(through_fountain(script)) == plain(script)
    people = {b.lines[0].speaker or "": "梅娘 MEI" for s in script.scenes for b in s.beats if b.lines}
    assert plain(through_fountain(script, people=people, places={script.scenes[0].location: "第一码头"})) == plain(script)


def test_no_field_of_the_story_model_is_lost_on_the_way_through_fountain() -> None:
    """Whatever the model gains, a note carries it: here every field has another value than its default."""
    line = {"id": "l_1", "speaker": "mei", "text": "No.", "manner": "low (to Zhao)", "kind": "os", "asserts": ["f1"], "denies": ["f2"]}
    change = {
        "kind": "give",
        "who": "mei",
        "to": "zhao",
        "prop": "ring",
        "fact": "f1",
        "look": "wet",
        "place": "pier",
        "posture": "sitting",
    }
    beat = {
        "id": "b_1",
        "function": "turn",
        "emotion": 9,
        "action": "Mei waits.",
        "actors": ["zhao"],
        "props": ["ring"],
        "changes": [change],
    }
    first = {"id": "s0", "location": "pier", "daypart": "noon", "story_day": 4, "present": [], "beats": [beat | {"id": "b0", "lines": []}]}
    scene = {"id": "s_1", "location": "old_pier", "daypart": "dusk", "story_day": 3, "weather": "fog ]] [[", "present": ["zhao", "mei"],
             "flashback": True, "continuous_with": "s0", "postures": {"mei": "lying"}, "beats": [beat | {"lines": [line]}]}  # fmt: skip
    script = Script.model_validate({"title": "T", "scenes": [first, scene]})
    for model in (script.scenes[1], script.scenes[1].beats[0], script.scenes[1].beats[0].lines[0], script.scenes[1].beats[0].changes[0]):
        assert {name for name, value in model if value == type(model).model_fields[name].default} == set(), (
            "give the new field a value here"
        )
    assert plain(through_fountain(script)) == plain(script)


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=40).map(lambda s: " ".join(s.split()))


@settings(max_examples=80, deadline=None)
@given(WORDS, WORDS, WORDS)
def test_whatever_is_said_ids_and_order_survive_fountain(action: str, text: str, manner: str) -> None:
    """Marks of Fountain inside a text may change how it reads, never whose line it is or what follows."""
    line = {"id": "l1", "speaker": "mei", "text": text or "x", "manner": manner}
    beat = {"id": "b1", "function": "hook", "emotion": 5, "action": action or "x", "lines": [line]}
    last = {"id": "b2", "function": "cliffhanger", "emotion": 9, "action": "The end of it.", "lines": []}
    scene = {"id": "s1", "location": "pier", "daypart": "night", "present": ["mei"], "beats": [beat, last]}
    back = through_fountain(Script.model_validate({"title": "T", "scenes": [scene]}))
    assert [b.id for s in back.scenes for b in s.beats][-1] == "b2"
    assert back.scenes[-1].beats[-1].action == "The end of it."
    assert back.scenes[0].present == ["mei"]


@pytest.mark.parametrize("script", SCRIPTS[:4], ids=lambda s: s.title)
def test_fdx_comes_back_with_everything_that_a_screenplay_says(script: Script) -> None:
    title, elements = fdx.read(fdx.write(script))
    back = build(title, scenes_of(elements)).script
    said = [(x.speaker, " ".join(x.text.split()), x.kind, x.manner) for s in script.scenes for b in s.beats for x in b.lines]
    assert [(x.speaker, x.text, x.kind, x.manner) for s in back.scenes for b in s.beats for x in b.lines] == said
    assert [(s.location, s.daypart, s.flashback) for s in back.scenes] == [(s.location, s.daypart, s.flashback) for s in script.scenes]
    assert [b.action for s in back.scenes for b in s.beats] == [" ".join(b.action.split()) for s in script.scenes for b in s.beats]


def test_the_files_open_in_the_reference_library() -> None:
    lines = sum(len(b.lines) for s in TALE.scenes for b in s.beats)
    parser = FountainParser()
    parser.add_text(fountain.write(TALE, notes=False))
    for elements in (parser.script.elements, FdxParser().parse(fdx.write(TALE)).elements):
        kinds = [e.type.value for e in elements]
        assert (kinds.count("HEADING"), kinds.count("CHARACTER"), kinds.count("DIALOGUE")) == (len(TALE.scenes), lines, lines)


FOUNTAIN = """Title: The Ring
Author: somebody

INT. FISH MARKET - NIGHT

MEI (20s) guts a fish without looking at it. [[a note of the writer]]

ZHAO
(quietly)
You came back.

MEI (V.O.)
I never left.

She drops the knife.

CUT TO:

EXT. PIER - CONTINUOUS

ZHAO (O.S.)
Mei!

NARRATOR
Three years earlier.

.回忆 码头 日

@梅
别回头。
"""


def test_a_screenplay_of_somebody_else_is_read_and_what_is_inferred_is_said(tmp_path: Path) -> None:
    path = tmp_path / "ring.fountain"
    path.write_text(FOUNTAIN, "utf-8")
    built = bring(path)
    market, pier, past = built.script.scenes
    assert (built.script.title, market.location, market.daypart, market.present) == ("The Ring", "fish-market", "night", ["mei", "zhao"])
    assert [(x.speaker, x.kind, x.manner) for x in market.beats[0].lines] == [("zhao", "dialogue", "quietly"), ("mei", "vo", "")]
    assert (pier.daypart, pier.continuous_with, [(x.speaker, x.kind) for x in pier.beats[0].lines]) == (
        "night", "s1", [("zhao", "os"), (None, "narration")])  # fmt: skip
    assert (past.flashback, past.daypart) == (True, "noon")
    assert [b.function for s in built.script.scenes for b in s.beats] == ["hook", "escalation", "escalation", "cliffhanger"]
    told = "\n".join(built.inferred)
    for remark in (
        "s1: present are those who speak",
        "s2: daypart night, as in the scene before",
        "s3: daypart noon, for 日",
        "person: 梅 is p",
    ):
        assert remark in told


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("INT. FISH MARKET - NIGHT", ("FISH MARKET", "night", False)),
        ("int./ext. car — continuous", ("car", "", True)),
        ("3. 内景 码头 夜", ("码头", "night", False)),
        ("外景·城楼·黄昏", ("城楼", "dusk", False)),
        ("EXT. MEI'S FLAT, KITCHEN - DAY - LATER", ("MEI'S FLAT KITCHEN", "noon", True)),
        ("INTERNAL AFFAIRS OFFICE", ("INTERNAL AFFAIRS OFFICE", "", False)),
        ("night", ("night", "", False)),
    ],
)
def test_headings(text: str, expected: tuple[str, str, bool]) -> None:
    found = headings.read(text)
    assert (found.place, found.daypart, found.continuous) == expected


def test_people_of_a_series_keep_their_ids(tmp_path: Path) -> None:
    path = tmp_path / "ep.fountain"
    path.write_text(".化妆间 - NIGHT\n\n!陈素推门。\n\n@王总\n你疯了？\n", "utf-8")
    built = bring(path, series=ROOT / "evals" / "starter" / "cases" / "painted-skin.yaml")
    scene = built.script.scenes[0]
    assert (scene.location, scene.present, scene.beats[0].actors) == ("dressing-room", ["chen-su", "wang-yan"], ["chen-su"])


def test_a_paragraph_of_fdx_in_several_runs_is_whole() -> None:
    text = (
        '<?xml version="1.0" encoding="UTF-8" standalone="no"?><FinalDraft DocumentType="Script" Version="5"><Content>'
        '<Paragraph Number="7" Type="Scene Heading"><Text>INT. PIER - NIGHT</Text></Paragraph>'
        '<Paragraph Type="Character"><Text>MEI</Text></Paragraph>'
        '<Paragraph Type="Dialogue"><Text>I </Text><Text Style="Italic">never</Text><Text> left.</Text></Paragraph>'
        "</Content></FinalDraft>"
    )
    built = build(*_read(text))
    assert built.script.scenes[0].beats[0].lines[0].text == "I never left."


def _read(text: str) -> tuple[str, Any]:
    title, elements = fdx.read(text)
    return title, scenes_of(elements)


MAPPING = """
title: meta.name
scenes: acts[].scenes[]
scene: {id: no, heading: head, present: "cast[]"}
beats: shots[]
beat: {action: desc, function: role, emotion: heat}
lines: talk[]
line: {speaker: who, text: words, kind: how}
words: {kind: {旁白: vo}, function: {钩子: hook}}
"""
TALK = [{"who": "梅", "words": "我们两清了。"}, {"who": "Zhao", "words": "她走了。", "how": "旁白"}]
SHOTS = [{"desc": "梅把戒指扔进海里。", "role": "钩子", "heat": 8, "talk": TALK}, {"desc": "", "role": "odd", "talk": []}]
THEIRS = {"meta": {"name": "戒指"}, "acts": [{"scenes": [{"no": "sc1", "head": "内景 码头 夜", "cast": ["梅", "Zhao"], "shots": SHOTS}]}]}


def test_json_of_another_pipeline_through_a_mapping(tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text(MAPPING, "utf-8")
    (tmp_path / "ep.json").write_text(json.dumps(THEIRS, ensure_ascii=False), "utf-8")
    built = bring(tmp_path / "ep.json", mapping=tmp_path / "map.yaml")
    (scene,) = built.script.scenes
    assert (built.script.title, scene.id, scene.daypart, len(scene.present)) == ("戒指", "sc1", "night", 2)
    assert (scene.beats[0].function, scene.beats[0].emotion, scene.beats[0].lines[1].kind) == ("hook", 8, "vo")
    assert "b2: function 'odd' is none of the story model's" in built.inferred
    (tmp_path / "map.yaml").write_text(MAPPING.replace("acts[]", "parts[]"), "utf-8")
    with pytest.raises(InputError, match="Nothing is at"):
        bring(tmp_path / "ep.json", mapping=tmp_path / "map.yaml")
    (tmp_path / "map.yaml").write_text(MAPPING.replace("desc", "desc, mood: x"), "utf-8")
    with pytest.raises(InputError, match="beat has mood"):
        bring(tmp_path / "ep.json", mapping=tmp_path / "map.yaml")


def test_a_script_of_the_story_model_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(TALE.model_dump_json(), "utf-8")
    assert bring(tmp_path / "s.json").script == TALE


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.fdx", "no xml", "is no XML"),
        ("a.fdx", "<Html/>", "no Final Draft document"),
        ("a.fdx", '<!DOCTYPE a [<!ENTITY b "c">]><FinalDraft/>', "declares a document type"),
        ("a.fountain", "", "no scene"),
        ("a.json", '{"x": 1}', "--mapping FILE"),
        ("a.docx", "x", "no screenplay that can be read"),
    ],
)
def test_what_is_no_screenplay_is_one_clear_error(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=message):
        bring(tmp_path / name)


def test_older_encodings_and_chinese_forms_are_read(tmp_path: Path) -> None:
    (tmp_path / "gbk.fountain").write_bytes(".码头 - NIGHT\n\n!她走了。\n".encode("gb18030"))
    (tmp_path / "cn.txt").write_text("1. 内景 码头 夜\n\n梅把戒指扔进海里。\n梅（冷笑）：两清了。\n字幕：三年前\n", "utf-8")
    beats = bring(tmp_path / "cn.txt").script.scenes[0].beats
    assert [(b.action, [(x.kind, x.text) for x in b.lines]) for b in beats] == [
        ("梅把戒指扔进海里。", [("dialogue", "两清了。"), ("narration", "三年前")])
    ]
    assert bring(tmp_path / "gbk.fountain").script.scenes[0].beats[0].action == "她走了。"
