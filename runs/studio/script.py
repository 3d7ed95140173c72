"""The embedded studio's writer: a rendered prompt in, a script or outline out, with the truth about its faults.

Example: `write(prompt, seed=7)` of a prompt that lists cast, places and props but no rule about leaving gives JSON of a
`Script`, and a truth such as

    {"kind": "script", "faults": [{"fault": "exit_speaks", "check": "C02", "where": "l9", "who": "mei"}],
     "assumed": ["line_limit"], "stated": ["name_swap", "vocabulary"], "rates": {"exit_speaks": 0.4, …}}

Deterministic in (prompt, seed). It costs nothing; the provider counts tokens with `prompts.text`.
"""

from __future__ import annotations

import hashlib
import json
import random
from typing import Any

import orjson

from runs.studio.script_brief import Brief, read_brief
from runs.studio.script_faults import Planter, broken, spoil_schema
from runs.studio.script_outline import compose, spoil_outline
from runs.studio.script_rules import rates, stated
from runs.studio.script_world import World

Json = dict[str, Any]
JOINTS, JOINT_WEIGHTS = ("-", "_", ""), (6, 3, 1)  # how writers spell an id that they have to make up
FENCE_RATE = 0.3  # a chat model that was not told to send JSON only likes to wrap it


def write(prompt: str, *, seed: int) -> tuple[str, Json]:
    """Write the script that a rendered prompt asks for.

    Returns:
        The text as a model would send it (JSON of `prompts.story.Script`, sometimes fenced, sometimes broken), and the
        truth: `faults` planted, with check and place; `assumed`: what the prompt left open; `stated` rules; `rates`.
    """
    rng = _rng("script", prompt, seed)
    brief = read_brief(prompt, rng.choices(JOINTS, JOINT_WEIGHTS)[0])
    told = stated(prompt)
    chance = rates(told)
    draft = World(brief, rng).write(_title(brief))
    planter = Planter(draft, brief, chance, rng)
    faults = planter.plant()
    if rng.random() < chance["schema_slip"]:
        faults.append({"fault": "schema_slip", "check": "schema", "where": spoil_schema(draft.script, rng)})
    return _send("script", draft.script, brief, faults, told, rng)


def outline(prompt: str, *, seed: int) -> tuple[str, Json]:
    """Write the outline that a rendered prompt asks for; returns text and truth as `write` does."""
    rng = _rng("outline", prompt, seed)
    brief = read_brief(prompt, rng.choices(JOINTS, JOINT_WEIGHTS)[0])
    told = stated(prompt)
    chance = rates(told)
    page = compose(prompt, brief, rng)
    faults: list[Json] = []
    if rng.random() < chance["schema_slip"]:
        faults.append({"fault": "schema_slip", "check": "schema", "where": spoil_outline(page, rng)})
    return _send("outline", page, brief, faults, told, rng)


def _send(kind: str, value: Json, brief: Brief, faults: list[Json], told: frozenset[str], rng: random.Random) -> tuple[str, Json]:
    """Turn a finished page into the text that goes out, and add what the sender knows."""
    chance = rates(told)
    fenced = "broken_json" not in told and rng.random() < FENCE_RATE
    text = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    if rng.random() < chance["broken_json"]:
        text, how = broken(text, rng)
        faults.append({"fault": "broken_json", "check": "schema", "where": how})
    if fenced:
        text = f"```json\n{text}\n```"
    truth = {
        "kind": kind,
        "language": brief.language,
        "faults": faults,
        "assumed": list(brief.assumed),
        "stated": sorted(told),
        "rates": {name: round(rate, 5) for name, rate in chance.items()},
    }
    return text, truth


def _rng(*parts: object) -> random.Random:
    """Return a generator that depends on the parts alone, the same on every machine."""
    digest = hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode("utf-8", "replace")).digest()
    return random.Random(int.from_bytes(digest[:8], "big"))


def _title(brief: Brief) -> str:
    """Return a title made of what the episode is about."""
    thing = brief.props[0].name if brief.props else brief.places[0].name
    return f"{thing}之夜"[:8] if brief.language == "zh" else f"The night of {thing.removeprefix('the ')}"
