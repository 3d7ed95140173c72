"""Targets: what models write, and screenplays that somebody sends."""

# ruff: noqa: E501  data

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from fuzzkit import Target, documented

SCRIPT = json.dumps(
    {
        "title": "Night Ferry",
        "scenes": [
            {
                "id": "s1", "location": "pier", "daypart": "night", "present": ["mei", "lin"],
                "beats": [
                    {
                        "id": "b1", "action": "Rain. Mei turns her collar up.", "function": "hook", "emotion": 4, "actors": ["mei"], "props": ["umbrella"],
                        "lines": [{"id": "l1", "speaker": "mei", "text": "You are late.", "manner": "low", "kind": "dialogue"}],
                    },
                ],
            },
        ],
    }
).encode()  # fmt: skip
FOUNTAIN = b"""Title: Night Ferry
Credit: written by
Author: Chen

EXT. PIER - NIGHT #1#

Rain. *Mei* turns her **collar** up. [[a note]] /* cut */

MEI (V.O.)
(low)
You are late.

LIN ^
I am not.

> FADE TO:

# Act
= a synopsis

.FLASHBACK HOUSE - 1999

!ACTION
@McLEAN
~la la
"""
CHINESE = """第1集
1-1 日 内 林家客厅
人物：林梅、陈伯

△雨声。林梅转过身。
林梅（低声）：你来晚了。
陈伯：我没有。
【字幕：三年前】
旁白：那天夜里，
2、夜 外 码头
出场人物：林梅
▲她撑开伞。
林梅（OS）：走。
""".encode()
FDX = b"""<?xml version="1.0" encoding="UTF-8"?>
<FinalDraft DocumentType="Script" Version="1"><Content>
<Paragraph Type="Scene Heading" Number="1"><Text>EXT. PIER - NIGHT</Text></Paragraph>
<Paragraph Type="Action"><Text>Rain. </Text><Text Style="Bold">Mei</Text></Paragraph>
<Paragraph Type="Character"><Text>MEI</Text></Paragraph><Paragraph Type="Parenthetical"><Text>(low)</Text></Paragraph>
<Paragraph Type="Dialogue"><Text>You are late.</Text></Paragraph></Content></FinalDraft>"""
THEIRS = json.dumps(
    {
        "name": "Night",
        "acts": [{"shots": [{"where": "pier", "when": "night", "who": ["mei"], "talk": [{"role": "mei", "words": "go", "feel": 3}]}]}],
    }
).encode()
MAPPING = b"""title: name
scenes: acts[].shots[]
scene: {place: where, daypart: when, present: "who[]"}
beats: "."
beat: {action: where, emotion: talk}
lines: talk[]
line: {speaker: role, text: words}
"""
FENCED = b"<think>x</think>Sure:\n```json\n" + SCRIPT + b"\n```\nDone."
ANSWERS = json.dumps(
    {"answers": [{"criterion": "hook", "answer": "yes", "quote": "You are late.", "where": "l1", "reason": "a question"}]}
).encode()


def _json(data: bytes, _: Path) -> None:
    from evals.parse import MAX_DEPTH, parse_json

    text = data.decode("utf-8", "surrogatepass" if b"\xed" in data else "replace") if _is_text(data) else data.decode("latin-1")
    parsed = parse_json(text)
    if parsed.ok:
        # What was let through is JSON for every strict reader, and nothing was changed.
        again = parse_json(json.dumps(parsed.value, ensure_ascii=False, allow_nan=False))
        assert again.ok and again.value == parsed.value, "read twice, two values"
        json.dumps(parsed.value, ensure_ascii=False).encode("utf-8")
        assert _depth(parsed.value) <= MAX_DEPTH
    else:
        assert parsed.error.strip()


def _is_text(data: bytes) -> bool:
    try:
        data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


def _depth(value: object) -> int:
    inside = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inside is None else 1 + max(map(_depth, inside), default=0)


def _schema(data: bytes, _: Path) -> None:
    from evals.originality.reading import prose
    from evals.schema import read
    from prompts.story import SCHEMAS

    text = data.decode("utf-8", "replace")
    for name in SCHEMAS:
        reading = read(text, name)
        assert reading.reason().strip()
        if reading.model is not None and name == "script":
            assert read(reading.model.model_dump_json(exclude_defaults=True), "script").model == reading.model, (
                "a script that does not come back"
            )
    prose(text)


def _judge(data: bytes, _: Path) -> None:
    from evals.judge.answers import read_answers
    from evals.judge.sheet import sheet_of

    rubric = _rubric()
    for sheet in (sheet_of(SCRIPT.decode()), sheet_of(data.decode("utf-8", "replace"))):
        answers = read_answers(data.decode("utf-8", "replace"), rubric, sheet)
        assert [a.criterion for a in answers] == [c.id for c in rubric.criteria]
        assert all(a.dropped or a.where in sheet.units or a.answer == "no" for a in answers), "an answer that stands nowhere"


@cache
def _rubric():  # type: ignore[no-untyped-def]
    from evals.judge.rubric import load_rubric

    return load_rubric("screenplay", Path(__file__).parents[2] / "evals/starter/rubrics")


def _screenplay(suffix: str):  # type: ignore[no-untyped-def]
    def check(data: bytes, room: Path) -> None:
        from runs.screenplay import fdx, fountain
        from runs.screenplay.bring import bring

        path = room / f"play{suffix}"
        path.write_bytes(data)
        built = documented(lambda: bring(path))
        if built is not None:
            written = room / "written.fountain"
            written.write_text(fountain.write(built.script), encoding="utf-8")
            assert documented(lambda: bring(written)) is not None, "a screenplay that we wrote and cannot read"
            written = room / "written.fdx"
            written.write_text(fdx.write(built.script), encoding="utf-8")
            assert documented(lambda: bring(written)) is not None, "an FDX that we wrote and cannot read"

    return check


def _mapped(data: bytes, room: Path) -> None:
    from runs.screenplay.bring import bring

    value, _, mapping = data.partition(b"\n===\n")
    (room / "theirs.json").write_bytes(value)
    (room / "theirs.yaml").write_bytes(mapping)
    documented(lambda: bring(room / "theirs.json", mapping=room / "theirs.yaml"))


TARGETS = (
    Target("json of models", _json, (SCRIPT, FENCED, b'Sure: [1, {"a": "\\ud83c\\udfac"}] ok', b"[" * 31 + b"]" * 31), (b"```", b"```json\n", b"<think>", b"</think>")),
    Target("schemas", _schema, (SCRIPT, FENCED), document=False),
    Target("schemas by value", _schema, (SCRIPT,), document=True),
    Target("judge's answers", _judge, (ANSWERS,), document=True),
    Target("fountain", _screenplay(".fountain"), (FOUNTAIN, CHINESE), (b"INT. ", b"EXT./INT. ", b"\n\n", b"[[", b"]]", b"/*", b"*/", b"**", b"_", b"===\n", b"(CONT'D)", b"^")),
    Target("chinese text", _screenplay(".txt"), (CHINESE, "场景一 码头 夜\n梅：走！\n".encode("gb18030")), ("△".encode(), "：".encode(), "（".encode(), "第".encode(), "集".encode())),
    Target("fdx", _screenplay(".fdx"), (FDX,), (b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"&a;", b"&#0;", b"&#xD800;", b"<![CDATA[", b"<Paragraph>", b"</Text>")),
    Target("json script", _screenplay(".json"), (SCRIPT,), document=True),
    Target("mapped json", _mapped, (THEIRS + b"\n===\n" + MAPPING,), (b"[]", b".", b"..", b"[][]", b'"."')),
)  # fmt: skip
