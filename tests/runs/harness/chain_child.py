"""A chain in a process of its own: `python chain_child.py WORKSPACE PORT SPACE`. Prints `begun` and, at the end, the states."""

from __future__ import annotations

import sys
from pathlib import Path

import maker

from evals.chain import load_chain
from runs.chain import walk
from runs.workspace import Workspace


def main(folder: str, port: str, space: str) -> None:
    ws = Workspace(Path(folder))
    chain = load_chain("pilot", ws.evals / "chains")
    print("begun", flush=True)
    results = walk(ws, chain, maker.Seen(int(port), space))
    print("ended", *(f"{r.stage}:{r.state}:{r.counts.ok}/{r.counts.jobs}" for r in results), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
