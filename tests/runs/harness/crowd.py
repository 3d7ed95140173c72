"""A run against a farm through an account that other processes share: `python crowd.py WORKSPACE PORT SPACE SLOTS WEIGHT`.

Prints `begun RUN` and `ended STATE`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import kit
from farming import FarmDirect

from runs.harness import Options, run
from runs.pricing import Pricing
from runs.progress import Counts, Silent
from runs.provider import Request
from runs.settings import ProviderSettings
from runs.workspace import Workspace


class OnAccount(FarmDirect):
    def __init__(self, port: int, space: str, slots: int, weight: int) -> None:
        super().__init__(port, space=space, concurrency=slots)
        self.config = ProviderSettings(type="farm", base_url=f"http://127.0.0.1:{port}", concurrency=slots)
        self.weight = weight

    def slots(self, request: Request) -> int:
        return self.weight


class Telling(Silent):
    def begin(self, title: str, counts: Counts) -> None:
        print("begun", flush=True)


def main(folder: str, port: str, space: str, slots: str, weight: str) -> None:
    ws = kit.workspace(Path(folder))
    provider = OnAccount(int(port), space, int(slots), int(weight))
    plan = kit.plan(Workspace(ws.root), provider, series=4, cases=2, scorers=())
    result = run(ws, plan, provider, Options(pricing=Pricing(free=True), progress=Telling()))
    print(f"ended {result.state}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
