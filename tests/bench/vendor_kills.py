"""Kill `workbench chain` fifty times against the contract stubs of OpenAI, Kling and Suno, and count what was billed.

    python tests/bench/vendor_kills.py [KILLS [WAY]...]

Clips and songs are tasks in all ways. Texts and pictures are asked for in four (all by default):

    default      texts are calls, and one that was in flight when its process died is made again; a picture is left in doubt
    background   texts are tasks of /responses
    stored       texts are calls whose answers the server keeps and lists
    keys         the server answers the same Idempotency-Key with the same answer, and bills it once

At the end of each chain a person settles what is in doubt from the vendors' own lists. A picture that was made and whose answer died with
its process is `expired`: billed once, and nobody can fetch it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/runs/harness"), str(ROOT / "tests/support")]

import vendor_kills  # noqa: E402 (found through the line above)


def main(kills: int, ways: list[str]) -> None:
    for way in ways:
        with vendor_kills.vendors(way) as made:
            tally = vendor_kills.killed(Path(tempfile.mkdtemp()) / "drama", made, kills, each=6, way=way)
        print(f"\n{way}: {tally.kills} kills over {tally.chains} chains; settled by hand: {dict(tally.settled) or 'nothing'}")
        print(f"{'':<10} {'jobs':>6} {'billed':>7} {'ok':>6} {'expired':>8} {'in doubt':>9}")
        for kind in vendor_kills.KINDS:
            ended = tally.statuses[kind]
            in_doubt = ended["unknown_submission"]
            print(f"{kind:<10} {tally.jobs[kind]:>6} {tally.asked[kind]:>7} {ended['ok']:>6} {ended['expired']:>8} {in_doubt:>9}")
        print(f"jobs with two good outcomes: {tally.made_twice}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 50, sys.argv[2:] or list(vendor_kills.WAYS))
