"""A small production for the tests: templates, cases and plans made in a temporary workspace, run for real."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from evals.case import Case
from prompts.identity import canonical_json
from prompts.registry import Registry
from runs.events import CasePlan
from runs.media import MediaStore
from runs.plan import Plan, make
from runs.prepare import as_plan
from runs.provider import Provider
from runs.providers import default_model, reference
from runs.scoring import scorer_plans
from runs.workspace import Workspace

SCRIPT = """---
stage: script
description: {name}
output: script
---
{{% block system %}}You write vertical microdramas. {rule}{{% endblock %}}
{{% block user %}}Write episode {{{{ episode.number }}}} of {{{{ series.title }}}}.
Characters: {{{{ characters | map(attribute="name") | join(", ") }}}}{{% endblock %}}
"""
SHOT = """---
stage: shot
description: {name}
references: {references}
---
{{% set who = people[0].character %}}
{{{{ who.name }}}}, {{% if {sheet} %}}{{{{ who.static_descriptors | join(", ") }}}}, {{% endif %}}joy, close-up.
"""
TWO_RULES = "Return JSON only. Use the exact names. Nobody speaks after they leave the scene. Track who holds each prop."


def workspace(folder: Path) -> Workspace:
    folder.mkdir(parents=True, exist_ok=True)
    ws = Workspace(folder)
    ws.config.touch()
    for name, rule in (("plain", ""), ("strict", TWO_RULES)):
        put(ws, f"script/episode@{name}.j2", SCRIPT.format(name=name, rule=rule))
    for name, sheet in (("plain", "false"), ("sheet", "true")):
        put(ws, f"shot/keyframe@{name}.j2", SHOT.format(name=name, sheet=sheet, references="false"))
    put(ws, "shot/keyframe@reference.j2", SHOT.format(name="reference", sheet="true", references="true"))
    return ws


def put(ws: Workspace, path: str, text: str) -> None:
    (ws.prompts / path).parent.mkdir(parents=True, exist_ok=True)
    (ws.prompts / path).write_text(text, "utf-8")


def case(stage: str, series: int, number: int) -> Case:
    mei = {
        "id": "mei", "name": "Mei", "aliases": [], "role": "", "age": "24", "default_look": None, "looks": [], "voice": "",
        "static_descriptors": ["a young woman", "long black hair", "narrow face", "brown eyes", "full lips"], "reference_images": [],
    }  # fmt: skip
    chen = {**mei, "id": "chen", "name": "Chen", "static_descriptors": ["an old man", "short grey hair", "square jaw"]}
    inputs: dict[str, Any] = {
        "series": {"id": f"s{series}", "title": f"Series {series}", "language": "en"}, "language": "en", "characters": [mei, chen],
        "episode": {"id": f"e{number}", "number": number + 1}, "people": [{"character": mei, "look": None, "emotion": "joy"}],
    }  # fmt: skip
    digest = sha256(canonical_json({"stage": stage, "inputs": inputs})).hexdigest()
    return Case(f"s{series}-{stage}-{number}", f"s{series}", stage, inputs, {}, digest)


def plan(
    ws: Workspace,
    provider: Provider,
    stage: str = "script",
    *,
    versions: Sequence[str] = ("script/episode@plain", "script/episode@strict"),
    series: int = 3,
    cases: int = 2,
    scorers: Sequence[str] = ("cost",),
    references: Mapping[str, tuple[Path, ...]] | None = None,
    scorer_folder: Path | None = None,
    **changes: Any,
) -> Plan:
    registry, store = Registry(ws.prompts), MediaStore(ws)
    planned: list[CasePlan] = []
    for one in (case(stage, s, n) for s in range(series) for n in range(cases)):
        pictures = {who: [store.put_file(path) for path in paths] for who, paths in (references or {}).items()}
        planned.append({
            "case_id": one.id, "series": one.series, "split": "explore", "hash": one.hash, "inputs": one.inputs,
            "references": {who: [{"sha256": m.sha256, "media_type": m.media_type} for m in media] for who, media in pictures.items()},
        })  # fmt: skip
    given: dict[str, Any] = {"models": [default_model(provider)], "repeats": 1, "seed": 7, **changes}
    return make(
        stage=stage,
        suite={"name": "small", "hash": "0" * 64},
        versions=[as_plan(registry.resolve(ref)) for ref in versions],
        cases=planned,
        provider=reference(provider),
        scorers=scorer_plans([(name, {}) for name in scorers], stage, scorer_folder),
        **given,
    )


def write_cases(ws: Workspace, suite: str) -> None:
    """Write one series `s0` with two script cases, and a suite `script` over it."""
    outline = "{title: t, logline: l, core_conflict: c, opening_hook: o, key_events: [a, b, c], cliffhanger: x}"
    put_file(
        ws.evals / "cases" / "s0.yaml",
        "series: {id: s0, title: S, language: en, genre: [drama], logline: l}\n"
        "characters: [{id: mei, name: Mei, static_descriptors: [a young woman]}]\n"
        "locations: [{id: pier, name: pier}]\n"
        f"episodes: [{{id: e1, number: 1, outline: {outline}}}, {{id: e2, number: 2, outline: {outline}}}]\n"
        "cases: [{id: c1, stage: script, episode: e1}, {id: c2, stage: script, episode: e2}]\n",
    )
    put_file(ws.evals / "suites" / "script.yaml", suite)


def put_file(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
