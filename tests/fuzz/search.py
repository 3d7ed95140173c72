"""Look for inputs that break a promise: `python tests/fuzz/search.py [--seconds N] [--atheris] [TARGET …]`; all targets without one.

Each target is searched for N seconds of processor time (20) by hypothesis, with new examples each time; `--atheris` has them chosen by
coverage instead (`pip install -e .[fuzz]`), for one target a process. What breaks is printed, with the input as Python bytes to be
kept as a case of `tests/fuzz/fuzz_found.py`. The exit code is the number of targets that broke.
"""

from __future__ import annotations

import argparse
import faulthandler
import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
for place in (HERE, HERE.parent / "support", HERE.parents[1]):
    sys.path.insert(0, str(place))

import network_guard  # noqa: E402
from fuzz_targets import all_targets  # noqa: E402
from fuzzkit import SECRET, Target, held  # noqa: E402
from hypothesis import HealthCheck, Phase, given, settings  # noqa: E402

HANGS_S = 120
"""Seconds by the clock after which one input counts as a hang."""


def hypothesis_search(target: Target, seconds: float, room: Path) -> int:
    """Try inputs until the time is over; return how many were tried. What breaks is raised, made small."""
    until, tried = time.process_time() + seconds, 0

    @settings(
        max_examples=20 if target.heavy else 300, deadline=None, database=None, derandomize=False, suppress_health_check=list(HealthCheck),
        phases=[Phase.generate] if target.heavy else [Phase.generate, Phase.shrink], report_multiple_bugs=False,
    )  # fmt: skip
    @given(target.inputs())
    def attempt(data: bytes) -> None:
        nonlocal tried
        tried += 1
        signal.alarm(HANGS_S)
        try:
            held(target, data, room)
        finally:
            signal.alarm(0)

    while time.process_time() < until:
        attempt()
    return tried


def coverage_search(name: str, seconds: float, room: Path) -> None:
    """Hand the target to atheris, which does not return; what breaks is printed, and kept in `room`, which stays."""
    import atheris

    # Whatever a target reads is to be watched, so it is loaded under the watch.
    with atheris.instrument_imports(include=["prompts", "evals", "runs", "pages"]):
        from runs import secrets

        secrets.remember(SECRET)
        target = all_targets()[name]
        for seed in target.seeds:
            held(target, seed, room)
    corpus = room / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(target.seeds):
        (corpus / str(number)).write_bytes(seed)
    words = room / "words"
    words.write_text("".join('"' + "".join(f"\\x{byte:02x}" for byte in token[:60]) + '"\n' for token in target.tokens))
    flags = [f"-max_total_time={int(seconds)}", "-timeout=30", "-rss_limit_mb=2500", f"-artifact_prefix={room}/", "-len_control=0"]
    if target.tokens:
        flags.append(f"-dict={words}")
    atheris.Setup([sys.argv[0], *flags, str(corpus)], lambda data: held(target, data, room))
    atheris.Fuzz()


def one(name: str, seconds: float, *, atheris: bool) -> None:
    """Search one target in this process."""
    network_guard.install()
    logging.disable()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        if atheris:
            coverage_search(name, seconds, Path(folder))
        from runs import secrets

        secrets.remember(SECRET)
        faulthandler.register(signal.SIGALRM, chain=True)
        print(f"{name}: {hypothesis_search(all_targets()[name], seconds, Path(folder)):,} inputs, nothing broke", flush=True)


def main() -> int:
    """Search what is named on the command line, each target in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--atheris", action="store_true")
    parser.add_argument("--here", action="store_true", help="in this process; one target")
    given_ = parser.parse_args()
    names = given_.targets or list(all_targets())
    if given_.here:
        one(names[0], given_.seconds, atheris=given_.atheris)
        return 0
    if unknown := set(names) - set(all_targets()):
        parser.error(f"no target {', '.join(sorted(unknown))}; there are {', '.join(all_targets())}")
    broken = 0
    for name in names:
        more = ["--atheris"] if given_.atheris else []
        command = [sys.executable, __file__, "--here", "--seconds", str(given_.seconds), *more, name]
        broken += subprocess.run(command, check=False, env={**os.environ, "PYTHONHASHSEED": "0"}).returncode != 0
    return broken


if __name__ == "__main__":
    sys.exit(main())
