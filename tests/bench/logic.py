"""Print how well each logic check agrees with the truth of the embedded writer, and what a script costs to write and check.

    python tests/bench/logic.py [seeds]

Rows are kinds of faults: how many were planted over all starter episodes, how many were found where they are (recall), and
of the findings of that check how many are planted (precision). Prompts are the starters' full case without rules, so that
faults are frequent. Then the same scripts without faults, and the two starter templates.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from pathlib import Path
from statistics import mean

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

import script_prompts  # noqa: E402 (found through the line above)

from evals.checks.registry import CHECKS, run  # noqa: E402
from evals.checks.world import World  # noqa: E402
from evals.logic import causes, value  # noqa: E402
from evals.schema import read  # noqa: E402
from prompts.registry import Registry  # noqa: E402
from prompts.render import render  # noqa: E402
from prompts.story import Script  # noqa: E402
from runs.studio.script import write  # noqa: E402
from runs.studio.script_brief import read_brief  # noqa: E402
from runs.studio.script_rules import RULES  # noqa: E402
from runs.studio.script_world import World as Simulation  # noqa: E402

TASKS = list(script_prompts.tasks())


def planted(seeds: int) -> None:
    """Print recall and precision of each kind of fault."""
    made, found, said, right = (Counter[str]() for _ in range(4))
    scripts = 0
    for task in TASKS:
        world = World.of_case(task.inputs)
        for seed in range(seeds):
            text, truth = write(task.bare, seed=seed)
            model = read(text, "script").model
            faults = [(f["fault"], f["check"], f["where"]) for f in truth["faults"]]
            broken = [f for f in faults if f[1] == "schema"]
            made.update(fault for fault, _, _ in broken)
            found.update(fault for fault, _, _ in broken if model is None)
            said["schema"] += model is None
            right["schema"] += model is None and bool(broken)
            if not isinstance(model, Script):
                continue
            scripts += 1
            findings = run(model, world)
            places = {(f.check, name) for f in findings for name in f.where}
            wanted = {(check, where) for _, check, where in faults}
            made.update(fault for fault, _, _ in faults)
            found.update(fault for fault, check, where in faults if (check, where) in places)
            said.update(f.check for f in findings)
            right.update(f.check for f in findings if any((f.check, name) in wanted for name in f.where))
    print(f"{scripts} scripts that parse, of {len(TASKS)} episodes x {seeds} seeds\n")
    print(f"{'fault':<15}{'check':<8}{'planted':>8}{'recall':>9}{'findings':>10}{'precision':>11}")
    for rule in RULES:
        n, of = made[rule.fault], said[rule.check]
        recall, precision = found[rule.fault] / n if n else float("nan"), right[rule.check] / of if of else float("nan")
        print(f"{rule.fault:<15}{rule.check:<8}{n:>8}{recall:>9.3f}{of:>10}{precision:>11.3f}")
    others = {c.id for c in CHECKS} - {r.check for r in RULES}
    print(f"\nfindings of the other checks ({', '.join(sorted(others))}): {sum(said[c] for c in others)}")


def clean(seeds: int) -> None:
    """Print the findings on worlds without faults, and the time that writing and checking take."""
    scripts = [
        (World.of_case(t.inputs), Simulation(read_brief(t.full), random.Random(s)).write("x").script) for t in TASKS for s in range(seeds)
    ]
    models = [(world, Script.model_validate(script)) for world, script in scripts]
    start = time.process_time()
    findings = [f for world, model in models for f in run(model, world)]
    per_check = (time.process_time() - start) / len(models) * 1000
    start = time.process_time()
    for task in TASKS:
        for seed in range(seeds):
            write(task.full, seed=seed)
    per_write = (time.process_time() - start) / len(models) * 1000
    beats = mean(sum(len(s.beats) for s in model.scenes) for _, model in models)
    print(f"\n{len(models)} worlds without faults: {len(findings)} findings; {beats:.1f} beats a script")
    print(f"CPU a script: write {per_write:.2f} ms, ledger and all checks {per_check:.2f} ms")


def templates(seeds: int) -> None:
    """Print what the two starter templates score with the embedded writer."""
    registry = Registry(ROOT / "prompts" / "starter")
    print(f"\n{'template':<24}{'logic':>8}{'block-free':>12}{'causes':>8}{'parse':>8}")
    for ref in ("script/episode", "script/episode@plain"):
        version, scores, free, number, parsed = registry.resolve(ref), [], [], [], []
        for task in TASKS:
            prompt, world = render(version, task.inputs).text, World.of_case(task.inputs)
            for seed in range(seeds):
                model = read(write(prompt, seed=seed)[0], "script").model
                parsed.append(isinstance(model, Script))
                roots = causes(run(model, world)).values() if isinstance(model, Script) else ()
                block = sum(f.severity == "block" for f in roots)
                scores.append(value(block, len(roots) - block, world.target_seconds or 60) if isinstance(model, Script) else 0.0)
                free.append(isinstance(model, Script) and block == 0)
                number.append(len(roots))
        print(f"{ref:<24}{mean(scores):>8.3f}{mean(free):>12.2f}{mean(number):>8.2f}{mean(parsed):>8.2f}")


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    planted(count)
    clean(count)
    templates(count)
