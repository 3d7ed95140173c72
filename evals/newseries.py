"""A new drama from nothing: a series file with one case of each stage, and a place for it in the suites.

    made = add_series(evals, "night-ferry", language="zh", cast=("mei", "he"))
    made.file                  # evals/cases/night-ferry.yaml: valid as it stands, every line to be made your own
    made.suites                # ("outline", "script", "character", "shot", "clip", "music"), which try it from now on

Pictures that lie in `evals/references/<series>/<character>.*` already are named in the file. What a suite says of itself, its
comments and the order of its series stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from evals.case import PICTURES, load_cases
from evals.suite import load_suite, suite_names
from prompts.errors import InputError, WorkbenchError
from prompts.files import unwritable, write_whole
from prompts.story import ID_PATTERN, ID_RULE

STAGES = ("outline", "script", "character", "shot", "clip", "music")
LOOKS = (
    ("a woman in her late twenties", "straight black hair to the shoulders", "pale skin and an oval face", "dark brown eyes",
     "thin arched eyebrows", "a straight nose", "full lips"),
    ("a man in his thirties", "short brown hair", "tan skin and a square jaw", "narrow dark eyes", "thick straight eyebrows", "a long nose",
     "thin lips", "clean-shaven"),
    ("an older woman", "short grey hair", "olive skin and a round face", "light brown eyes", "thin eyebrows", "a small nose", "thin lips"),
    ("a young man", "tousled black hair", "light brown skin and a long face", "large dark eyes", "heavy eyebrows", "a broad nose",
     "full lips"),
)  # fmt: skip
"""What members of the cast look like until somebody says better: no two alike, for faces that look alike cannot be told apart."""
WORDS = {
    "en": {
        "genre": "drama",
        "logline": "One sentence of who wants what, and what stands in the way.",
        "role": "what this person is to the story",
        "place": "the flat",
        "prop": "the letter",
        "fact": "What the audience must not know yet.",
        "title": "The first episode",
        "conflict": "What has to be decided in these sixty seconds.",
        "hook": "The picture of the first three seconds.",
        "events": ("What happens first.", "What makes it worse.", "What turns it round."),
        "cliffhanger": "The question that makes people watch the next one.",
        "mood": "a quiet pulse under a secret",
    },
    "zh": {
        "genre": "剧情",
        "logline": "一句话：谁要什么，什么挡在前面。",
        "role": "此人在故事里的身份",
        "place": "公寓",
        "prop": "信",
        "fact": "观众暂时不能知道的事。",
        "title": "第一集",
        "conflict": "这六十秒里必须决定的事。",
        "hook": "前三秒的画面。",
        "events": ("先发生的事。", "让事情变糟的事。", "让事情反转的事。"),
        "cliffhanger": "让人点开下一集的问题。",
        "mood": "秘密之下的低声脉动",
    },
}


@dataclass(frozen=True, slots=True)
class Made:
    """What was written: the series file, the suites that try it now, and the folder for reference pictures."""

    file: Path
    suites: tuple[str, ...]
    pictures: Path


def add_series(
    evals: Path, series: str, *, title: str = "", language: Literal["en", "zh"] = "en", cast: Sequence[str] = ("lead",),
    split: Literal["explore", "gate"] = "explore",
) -> Made:  # fmt: skip
    """Write a series file and add the series to the suite of each stage; all of it or nothing.

    Args:
        evals: a workspace's `evals/`.
        series: the new series' id.
        title: what viewers read; the id in words by default.
        language: of story, names and lines.
        cast: ids of its characters, at least one.
        split: the suites' split that it goes to.

    Raises:
        InputError: an id is none or is taken, or a suite cannot be read.
        WorkspaceError: it cannot be written.
    """
    for one in (series, *cast):
        if not re.fullmatch(ID_PATTERN, one):
            raise InputError(f"{one!r} is no id.", hint=ID_RULE)
    if not cast or len(set(cast)) < len(cast):
        raise InputError("A series needs characters, each once.", hint="Such as --cast mei,he.")
    file = evals / "cases" / f"{series}.yaml"
    if file.exists() or series in {case.series for case in load_cases(evals / "cases")}:
        raise InputError(f"There is a series {series} already.", hint="Choose another id, or edit its file in evals/cases.")
    folder = evals / "suites"
    before = {folder / f"{name}.yaml": (folder / f"{name}.yaml").read_text("utf-8") for name in _suites(folder)}
    pictures = evals / "references" / series
    try:
        pictures.mkdir(parents=True, exist_ok=True)
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(pictures, error) from error
    try:
        write_whole(file, series_text(series, title, language, cast, pictures).encode())
        for path, text in before.items():
            write_whole(path, with_series(text, series, split).encode())
            load_suite(path, folder)
        load_cases(evals / "cases")
    except WorkbenchError:
        file.unlink(missing_ok=True)
        for path, text in before.items():
            write_whole(path, text.encode())
        raise
    return Made(file, tuple(path.stem for path in before), pictures)


def with_series(text: str, series: str, split: str) -> str:
    """Return a suite's text with a series at the end of one of its splits; every other line stays as it is."""
    lines = text.splitlines()
    key = next((n for n, line in enumerate(lines) if re.match(rf"\s+{split}\s*:", line)), None)
    if key is None:
        top = next((n for n, line in enumerate(lines) if re.match(r"series\s*:\s*(#.*)?$", line)), None)
        if top is None:
            raise InputError(f"A suite's series stand in an unusual way; add {series} by hand.")
        return "\n".join([*lines[: top + 1], f"  {split}: [{series}]", *lines[top + 1 :]]) + "\n"
    if flow := re.match(rf"(\s+{split}\s*:\s*\[)(.*?)(\].*)$", lines[key]):
        inside = f"{flow[2].rstrip().rstrip(',')}, {series}" if flow[2].strip() else series
        return "\n".join([*lines[:key], f"{flow[1]}{inside}{flow[3]}", *lines[key + 1 :]]) + "\n"
    last = key
    while last + 1 < len(lines) and re.match(r"\s+-\s|\s*#|\s*$", lines[last + 1]):
        last += 1
    while last > key and not re.match(r"\s+-\s", lines[last]):
        last -= 1
    indent = (re.match(r"\s+", lines[last]) if last > key else None) or re.match(r"\s+", f"    {lines[key]}")
    return "\n".join([*lines[: last + 1], f"{indent[0] if indent else '    '}- {series}", *lines[last + 1 :]]) + "\n"


def series_text(series: str, title: str, language: Literal["en", "zh"], cast: Sequence[str], pictures: Path) -> str:
    """Return a series file that is valid as it stands: one episode, and one case of each stage."""
    words = WORDS[language]
    shown = title or series.replace("-", " ").replace("_", " ").title()
    people = "\n".join(_character(one, n, words, pictures) for n, one in enumerate(cast))
    first = cast[0]
    shot = (
        f"{{id: s1, location: flat, daypart: night, size: medium_closeup, duration: 4,\n"
        f"           action: She reads the letter by the window and stops breathing.,\n"
        f"           visible: [{{who: {first}, x: 0.5, emotion: fear, intensity: 0.7}}], props: [letter]}}"
    )
    events = "\n".join(f"        - {one}" for one in words["events"])
    sheets = "\n".join(f"  - {{id: {series}-{one}, stage: character, character: {one}}}" for one in cast)
    return f"""\
# One drama: the bible once, and the cases that point into it by id. Every line is there to be made your own; docs/cases.md
# names all keys. Story, names and lines are in the series' language; descriptors in English, as picture models are prompted.
series:
  id: {series}
  title: {_quoted(shown)}
  language: {language}
  genre: [{words["genre"]}]
  logline: {words["logline"]}
  style: live-action, natural light, shallow depth of field

characters:
{people}

locations:
  - {{id: flat, name: {words["place"]}, descriptors: [a small flat at night, one lamp, rain on the window]}}

props:
  - {{id: letter, name: {words["prop"]}, descriptors: [a folded letter on yellowed paper], first_holder: {first}}}

facts:
  - {{id: truth, text: {words["fact"]}, known_by: [], secret: true}}

episodes:
  - id: e01
    number: 1
    target_seconds: 60
    outline: # what a script is written from; a case of stage outline asks for one and does not see this
      title: {words["title"]}
      logline: {words["logline"]}
      core_conflict: {words["conflict"]}
      opening_hook: {words["hook"]}
      key_events:
{events}
      cliffhanger: {words["cliffhanger"]}
      must_include: [letter, truth]

cases:
  - {{id: {series}-outline-1, stage: outline, episode: e01}}
  - {{id: {series}-script-1, stage: script, episode: e01}}
{sheets}
  - id: {series}-shot-1
    stage: shot
    shot: {shot}
  - id: {series}-clip-1
    stage: clip
    shot: {shot}
  - {{id: {series}-music-1, stage: music, episode: e01, cue: {{id: m1, start: 0, end: 20, mood: {words["mood"]}}}}}
"""


def _character(one: str, number: int, words: Mapping[str, Sequence[str]], pictures: Path) -> str:
    name = one.replace("-", " ").replace("_", " ").title()
    descriptors = "\n".join(f"      - {part}" for part in LOOKS[number % len(LOOKS)])
    found = sorted(p.name for p in pictures.glob(f"{one}.*") if p.suffix.lower() in PICTURES) if pictures.is_dir() else []
    named = ", ".join(_quoted(f"references/{pictures.name}/{picture}") for picture in found)
    sheet = (
        f"    reference_images: [{named}]"
        if named
        else f"    # A sheet, front and three-quarter view of a neutral face: put it there, and take the mark of this line away.\n"
        f"    # reference_images: [references/{pictures.name}/{one}.png]"
    )
    return f"""\
  - id: {one}
    name: {_quoted(name)}
    role: {words["role"]}
    static_descriptors: # what never changes: the same words in every shot
{descriptors}
    looks:
      - {{id: everyday, descriptors: [a plain dark jacket over a white shirt]}}
    default_look: everyday
{sheet}"""


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _suites(folder: Path) -> list[str]:
    """Return the suites that have a stage's name: those that `try`, `gate` and chains take by themselves."""
    return [name for name in suite_names(folder) if name in STAGES]
