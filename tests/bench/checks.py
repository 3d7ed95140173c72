"""Print how precise and how complete each check is: silence on clean worlds, recall on careless edits, and what it costs.

    python tests/bench/checks.py [worlds] [edited]

1. Clean scripts: consistent worlds of `tests/support/clean_worlds.py` (storyboards with prompts, both languages, 30 to 90 s) and
   of the embedded writer over all starter episodes; findings by severity, and of what.
2. Careless edits: every mutator of `tests/support/mutators` on `edited` of those worlds; how many are found where they are.
3. Prompts: the starter templates over all starter cases, and sheets and clips with the edits that only prompts can have.
4. CPU for 1,000 scripts, and for scripts and storyboards of two, four and eight times as many beats.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

import clean_worlds  # noqa: E402 (found through the line above)
import mutators  # noqa: E402
import script_prompts  # noqa: E402

from evals.case import load_cases  # noqa: E402
from evals.checks.prompt import Prompt  # noqa: E402
from evals.checks.registry import BY_ID, CHECKS, lint, run  # noqa: E402
from evals.checks.world import World  # noqa: E402
from prompts.registry import Registry  # noqa: E402
from prompts.render import render  # noqa: E402
from prompts.story import Script, Storyboard  # noqa: E402
from runs.studio.script_brief import read_brief  # noqa: E402
from runs.studio.script_world import World as Simulation  # noqa: E402

Checked = tuple[World, Script]


def generated(count: int) -> list[Checked]:
    """Return clean storyboards, and print what happens in them."""
    made = [clean_worlds.make(seed) for seed in range(count)]
    shapes = Counter(name for world in made for name in world.shape)
    print(f"shapes of {count} generated worlds: {', '.join(f'{n} {name}' for name, n in shapes.most_common())}")
    return [(World.of_case(w.inputs), Storyboard.model_validate(w.board)) for w in made]


def written(seeds: int) -> list[Checked]:
    """Return clean scripts of the embedded writer over all starter episodes."""
    return [
        (World.of_case(t.inputs), Script.model_validate(Simulation(read_brief(t.full), random.Random(seed)).write("x").script))
        for t in script_prompts.tasks()
        for seed in range(seeds)
    ]


def silence(name: str, scripts: list[Checked]) -> None:
    """Print what is found in scripts that are right."""
    start = time.process_time()
    found = [f for world, script in scripts for f in run(script, world)]
    per_thousand = (time.process_time() - start) / len(scripts) * 1000
    by = Counter(f.severity for f in found)
    of = ", ".join(f"{n} {check}" for check, n in Counter(f.check for f in found).most_common()) or "–"
    beats = sum(len(scene.beats) for _, script in scripts for scene in script.scenes) / len(scripts)
    print(f"| {name} | {len(scripts)} | {beats:.1f} | {by['block']} | {by['warn']} | {by['info']} | {of} | {per_thousand:.1f} |")


def recall(worlds: int) -> None:
    """Print, for each check, how many careless edits of its kind are found where they were made."""
    made, found = Counter[str](), Counter[str]()
    for seed in range(worlds):
        world = clean_worlds.make(seed)
        for check, _, inputs, board, place in mutators.mutants(random.Random(seed), world.inputs, world.board):
            made[check] += 1
            places = {name for f in run(Storyboard.model_validate(board), World.of_case(inputs), [BY_ID[check]]) for name in f.where}
            found[check] += place in places
    print("| check | tier | catches | edits | recall |\n|---|---|---|---|---|")
    for check in CHECKS:
        if made[check.id]:
            print(f"| `{check.id}` | {check.tier} | {check.catches} | {made[check.id]} | {found[check.id] / made[check.id]:.3f} |")


def prompts() -> None:
    """Print what the checks of prompts say of the starter templates, and of sheets and clips that break the rules of models."""
    cases, registry = load_cases(ROOT / "evals" / "starter" / "cases"), Registry(ROOT / "prompts" / "starter")
    print("| template | prompts | without findings | findings |\n|---|---|---|---|")
    edited: dict[str, Counter[bool]] = {"R01": Counter(), "R02": Counter()}
    for stage in ("character", "shot", "clip", "music", "outline", "script"):
        for entry in registry.entries(stage):
            version, of, clean = registry.load(entry), Counter[str](), 0
            mine = [case for case in cases if case.stage == stage]
            for case in mine:
                prompt = Prompt.of_case(render(version, case.inputs).text, stage, case.inputs)
                found = lint(prompt)
                of.update(f.check for f in found)
                clean += not found
                _spoil(entry.ref, prompt, case.inputs, edited)
            print(f"| `{entry.ref}` | {len(mine)} | {clean} | {', '.join(f'{n} {c}' for c, n in of.most_common()) or '–'} |")
    for check, counts in edited.items():
        print(f"{check}: {counts[True]} of {counts.total()} edited prompts found")


def _spoil(ref: str, prompt: Prompt, inputs: clean_worlds.Json, edited: dict[str, Counter[bool]]) -> None:
    """Describe the picture in a clip; take the views out of a sheet."""
    if ref == "clip/motion":
        every = "; ".join(d for p in inputs["people"] for d in p["character"]["static_descriptors"])
        worse = Prompt.of_case(f"{prompt.text}\nAppearance: {every}", "clip", inputs)
        edited["R01"][bool(lint(worse, [BY_ID["R01"]]))] += 1
    if ref == "character/sheet":
        kept = "\n".join(line for line in prompt.text.splitlines() if not line.startswith(("Views", "Features", "Background")))
        edited["R02"][bool(lint(Prompt.of_case(kept, "character", inputs), [BY_ID["R02"]]))] += 1


def growth(scripts: list[Checked], boards: list[Checked]) -> None:
    """Print the time a beat for scripts and storyboards as they are, and of as many beats twice, four and eight times over."""
    print("| of | beats each | CPU ms each | µs a beat |\n|---|---|---|---|")
    for name, given in (("scripts", scripts), ("storyboards", boards)):
        for times in (1, 2, 4, 8):
            longer = [(world, _repeated(script, times)) for world, script in given[:60]]
            beats = sum(len(scene.beats) for _, script in longer for scene in script.scenes)
            start = time.process_time()
            for world, script in longer:
                run(script, world)
            took = time.process_time() - start
            print(f"| {name} | {beats / len(longer):.0f} | {took / len(longer) * 1000:.2f} | {took / beats * 1e6:.0f} |")


def _repeated(script: Script, times: int) -> Script:
    """Return a script played several times over, with ids of its own each time."""
    scenes = []
    for n in range(times):
        for scene in script.model_dump()["scenes"]:
            beats = [{**b, "id": f"{b['id']}.{n}", "lines": [{**x, "id": f"{x['id']}.{n}"} for x in b["lines"]]} for b in scene["beats"]]
            scenes.append({**scene, "id": f"{scene['id']}.{n}", "beats": beats})
    if not isinstance(script, Storyboard):
        return Script.model_validate({"title": script.title, "scenes": scenes})
    shots = [
        {
            **shot,
            **{key: f"{shot[key]}.{n}" for key in ("id", "scene")},
            **{key: [f"{x}.{n}" for x in shot[key]] for key in ("beats", "lines")},
        }
        for n in range(times)
        for shot in script.model_dump()["shots"]
    ]
    return Storyboard.model_validate({"title": script.title, "scenes": scenes, "shots": shots})


def main(worlds: int, edited: int) -> None:
    """Print everything."""
    made, wrote = generated(worlds), written(max(1, worlds // 46))
    print("\n| clean scripts | number | beats | block | warn | info | of | CPU s for 1,000 |\n|---|---|---|---|---|---|---|---|")
    silence("generated storyboards", made)
    # Without its shots a script is only as long as its words: what pictures fill is no longer there.
    bare = [(replace(world, target_seconds=None), Script.model_validate(board.model_dump(exclude={"shots"}))) for world, board in made]
    silence("the same without shots", bare)
    silence("the embedded writer's", wrote)
    print()
    recall(edited)
    print()
    prompts()
    print()
    growth(wrote, made)


if __name__ == "__main__":
    given = [int(x) for x in sys.argv[1:]]
    main(*(given + [1000, 200][len(given) :]))
