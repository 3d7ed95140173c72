"""Prompts for the embedded writer, made from the starter series: all that a case holds, with or without the rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import plain

from evals.case import SeriesFile
from evals.profile import beat_profile
from prompts.story import Episode

CASES = Path(__file__).parents[2] / "evals" / "starter" / "cases"
Json = dict[str, Any]
RULES = {
    "en": """Rules:
- Use only the ids listed above, exactly as written.
- Only who is present in the scene speaks or acts; whoever leaves has an `exit` and is gone.
- A prop is used only by who holds it; it changes hands by `give`, `hold` or `drop`.
- Time never runs backwards, unless a scene is a flashback or a `time_jump` is declared.
- daypart is one of dawn, morning, noon, afternoon, dusk, night.
- At most {limit} words in a line. The episode lasts {seconds} seconds.
- emotion is a number 0-10; use no other keys. Return one JSON object and nothing else.
""",
    "zh": """规则：
- 只能使用上面列出的 id，一字不差。
- 只有在场的人才能说话或行动；离场用 exit，离场之后不得开口。
- 道具只能由持有的人使用；易手用 give、hold 或 drop。
- 时间只能向前推进，除非是 flashback 或 time_jump。
- daypart 取值：dawn、morning、noon、afternoon、dusk、night。
- 每句台词不超过 {limit} 个字。全集 {seconds} 秒。
- emotion 为 0-10；不要多余的字段。只输出一个 JSON，不要解释。
""",
}


@dataclass(frozen=True)
class Task:
    """One script case: its resolved inputs, and its prompt with and without rules."""

    name: str
    inputs: Json
    full: str
    bare: str


def tasks() -> Iterator[Task]:
    """Yield a task for every starter episode that has an outline."""
    for path in sorted(CASES.glob("*.yaml")):
        file = SeriesFile.model_validate(plain.load(path))
        for episode in file.episodes:
            if episode.outline:
                yield _task(file, episode)


def _task(file: SeriesFile, episode: Episode) -> Task:
    data = file.model_dump(mode="json")
    inputs = {key: data[key] for key in ("series", "characters", "locations", "props", "facts")}
    profile = beat_profile(episode, file.series.language)
    inputs |= {"language": file.series.language, "episode": episode.model_dump(mode="json"), "profile": profile}
    bare = "\n\n".join((_world(inputs), _outline(inputs)))
    rules = RULES[file.series.language].format(limit=profile["line_limit"], seconds=round(episode.target_seconds))
    return Task(f"{file.series.id}-{episode.id}", inputs, f"{bare}\n\n{rules}", bare)


def _world(inputs: Json) -> str:
    zh = inputs["language"] == "zh"
    heads = ("人物", "地点", "道具", "秘密") if zh else ("Cast", "Locations", "Props", "Facts")
    held, known = ("持有人", "知情人") if zh else ("held by", "known by")
    blocks = [
        [f"- {c['id']}: {c['name']}，{c['role']}" if zh else f"- {c['id']}: {c['name']}, {c['role']}" for c in inputs["characters"]],
        [f"- {x['id']}: {x['name']}" for x in inputs["locations"]],
        [f"- {p['id']}: {p['name']} ({held} {p['first_holder'] or ('无' if zh else 'nobody')})" for p in inputs["props"]],
        [f"- {f['id']}: {f['text']} ({known} {', '.join(f['known_by'])})" for f in inputs["facts"]],
    ]
    opening = "写一集短剧剧本。语言：zh" if zh else "Write one microdrama episode.\nLanguage: en"
    lists = ["\n".join((f"{head}:", *lines)) for head, lines in zip(heads, blocks, strict=True)]
    return "\n\n".join((f"{opening}\n{inputs['episode']['target_seconds']:g} {'秒' if zh else 'seconds'}", *lists))


def _outline(inputs: Json) -> str:
    outline = inputs["episode"]["outline"]
    hook, events, end = (
        ("开场钩子", "关键事件", "结尾悬念") if inputs["language"] == "zh" else ("Opening hook", "Key events", "Cliffhanger")
    )
    listed = "\n".join(f"{i}. {event}" for i, event in enumerate(outline["key_events"], 1))
    return f"{hook}: {outline['opening_hook']}\n{events}:\n{listed}\n{end}: {outline['cliffhanger']}"
