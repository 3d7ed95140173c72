"""A run in a process of its own: `python child.py WORKSPACE PORT SHAPE SPACE [RUN]`. Prints `begun RUN` and `ended STATE`."""

from __future__ import annotations

import sys
from pathlib import Path

import kit
from farming import FarmDirect, FarmTasks
from patience import HANGS_S

from prompts.errors import WorkbenchError
from runs.harness import Options, resume, run
from runs.prices import Price
from runs.pricing import Pricing
from runs.progress import Counts, Silent
from runs.workspace import Workspace

SERIES, CASES, REPEATS = 5, 3, 2


class Telling(Silent):
    def __init__(self, run_id: str) -> None:
        self.run_id = run_id

    def begin(self, title: str, counts: Counts) -> None:
        print(f"begun {self.run_id}", flush=True)

    def say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


def main(folder: str, port: str, shape: str, space: str, run_id: str = "") -> int:
    ws = Workspace(Path(folder))
    provider = {"direct": FarmDirect, "tasks": FarmTasks}[shape](int(port), space=space)
    plan = kit.plan(ws, provider, series=SERIES, cases=CASES, repeats=REPEATS, scorers=("cost", "schema"))
    pricing = Pricing(lambda *_: Price(model="*", kind="call", call=0.01))
    options = Options(pricing=pricing, progress=Telling(run_id or plan.run_id), grace_s=2 * HANGS_S)
    try:
        result = resume(ws, run_id, provider, options) if run_id else run(ws, plan, provider, options)
    except WorkbenchError as error:
        print(error, file=sys.stderr, flush=True)
        return error.exit_code
    print(f"ended {result.state}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
