"""A run against a farm by one of several drivers of a cluster: `python crowded.py ADDRESS WORKSPACE PORT SPACE BUDGET`.

An account has two slots, a call costs a cent, and the cluster may spend BUDGET. Prints `begun` and `ended STATE OK`.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "harness"))

import kit
from crowd import OnAccount, Telling

from runs import engine
from runs.harness import Options, run
from runs.pricing import Pricing, named_price
from runs.settings import EngineSettings, Settings

CALL = named_price(["call=0.01"])


def main(address: str, folder: str, port: str, space: str, budget: str) -> None:
    engine.choose(Settings(engine=EngineSettings(name="ray", address=address, budget_usd=float(budget))))
    ws = kit.workspace(Path(folder))
    provider = OnAccount(int(port), space, 2, 1)
    plan = kit.plan(ws, provider, series=4, cases=2, scorers=())
    result = run(ws, plan, provider, Options(pricing=Pricing(lambda *_: CALL), progress=Telling()))
    print(f"ended {result.state} {result.counts.ok}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
