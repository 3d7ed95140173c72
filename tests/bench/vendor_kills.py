"""Kill `workbench chain` fifty times against the contract stubs of OpenAI, Kling and Suno, and count what they were asked for.

    python tests/bench/vendor_kills.py [KILLS]

Clips and songs are tasks: each is handed in once, whatever dies when. A song whose submit was in flight cannot be looked up, so it is
left as `unknown_submission` for a person to settle, and never sent again. Texts and pictures are calls: one that was in flight
when its process died is made again, for nobody can fetch its answer; of pictures only because `resend = true` says so here.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/runs/harness"), str(ROOT / "tests/support")]

import vendor_kills  # noqa: E402 (found through the line above)


def main(kills: int = 50) -> None:
    with vendor_kills.vendors() as made:
        tally = vendor_kills.killed(Path(tempfile.mkdtemp()) / "drama", made, kills, each=6)
    print(f"{tally.kills} kills over {tally.chains} chains; outcomes in the log: {dict(tally.statuses)}")
    print(f"jobs whose outcome was journalled twice: {tally.journalled_twice}; clips that Kling took twice: {tally.clips_twice}")
    print(f"{'':<10} {'jobs':>6} {'submissions':>12}")
    for name in ("texts", "pictures", "clips", "songs"):
        print(f"{name:<10} {tally.jobs[name]:>6} {tally.asked[name]:>12}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
