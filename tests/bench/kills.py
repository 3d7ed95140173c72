"""Kill a chain over all stages fifty times at random moments, resume it each time, and count submissions at the server.

    python tests/bench/kills.py [KILLS]

Pictures, clips and music are tasks: each is submitted once, whatever dies when. Texts are calls; one that was in flight when its
process died is made again, for nobody can fetch its answer.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/runs/harness")]

import chain_kills  # noqa: E402 (found through the line above)
import farming  # noqa: E402
import maker  # noqa: E402


def main(kills: int = 50) -> None:
    with farming.farm(delay_s=0.05) as port:
        tally = chain_kills.killed(maker.workspace(Path(tempfile.mkdtemp()) / "drama"), port, kills, each=5, longest_s=2.0)
    print(f"{tally.kills} kills over {tally.chains} chains; {tally.jobs} jobs submitted; outcomes in the log: {dict(tally.statuses)}")
    print(f"{'stage':<10} {'submissions':>11} {'jobs submitted twice':>21}")
    for stage in maker.STAGES:
        print(f"{stage:<10} {tally.calls[stage]:>11} {tally.twice[stage]:>21}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
