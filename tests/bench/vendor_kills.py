"""Kill `workbench chain` fifty times against the contract stubs of OpenAI, Kling and Suno, and count what was billed.

    python tests/bench/vendor_kills.py [KILLS [WAY]...]

Clips and songs are tasks in all ways. Texts and pictures are asked for in four (all by default):

    default      texts and pictures are calls
    background   texts are tasks of /responses
    stored       texts are calls whose answers the server keeps and lists
    keys         the server answers the same Idempotency-Key with the same answer, and bills it once

A call that was in flight when its process died is in doubt, and a person has it asked again (`--resend`). A song in doubt is looked for
in the vendor's list. `again` counts such words, `billed` what the servers have taken, `by itself` what they have taken beyond one for each
job and each word.
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
        print(f"\n{way}: {tally.kills} kills over {tally.chains} chains; songs settled by hand: {dict(tally.settled) or 'none'}")
        print(f"{'':<10} {'jobs':>6} {'ok':>6} {'again':>6} {'billed':>7} {'by itself':>10}")
        for kind in vendor_kills.KINDS:
            row = (tally.jobs[kind], tally.statuses[kind]["ok"], tally.words[kind], tally.asked[kind], tally.by_itself[kind])
            print(f"{kind:<10} {row[0]:>6} {row[1]:>6} {row[2]:>6} {row[3]:>7} {row[4]:>10}")
        print(f"jobs with two good outcomes: {tally.made_twice}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 50, sys.argv[2:] or list(vendor_kills.WAYS))
