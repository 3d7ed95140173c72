"""Print what the face pipeline costs over the bare models, how it scales to two processes, and that memory is flat.

    python tests/bench/pipeline.py

Bare is the time inside the models' own calls; the rest is ours: reading stills, crops, arithmetic; clips are
decoded before. Ratios are of CPU time of one core.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

import numpy as np  # noqa: E402 (found through the line above)
from footage_material import write  # noqa: E402

from evals.faces import analysis, embed, models  # noqa: E402
from evals.faces.track import follow  # noqa: E402
from evals.media import Frame, clip_frames, read_clip, read_picture  # noqa: E402
from evals.score import Media, Sample  # noqa: E402
from runs.group import score_groups  # noqa: E402

SHARED = ROOT.parent / "shared" / "data" / "faces"
CASE = {"people": [{"character": {"id": "mei"}, "x": 0.5, "facing": "camera"}], "shot": {"size": "closeup"}}
spent = {"bare": 0.0}


def metered(call: Callable[..., Any]) -> Callable[..., Any]:
    def timed(*args: Any) -> Any:
        start = time.process_time()
        try:
            return call(*args)
        finally:
            spent["bare"] += time.process_time() - start

    return timed


class Encoder:
    """dlib's embedder with a meter."""

    def __init__(self, net: Any) -> None:
        self.compute_face_descriptor = metered(net.compute_face_descriptor)


def share(task: Callable[[], object]) -> tuple[float, float]:
    """Return the share of a task's CPU time that is spent inside the models, and its seconds."""
    spent["bare"], start = 0.0, time.process_time()
    task()
    total = time.process_time() - start
    return spent["bare"] / total, total


def stills(files: Sequence[Path]) -> None:
    for file in files:
        for face in analysis.find_faces(read_picture(file)).faces:
            assert face.embedding.shape == (embed.LENGTH,)


def clips(decoded: Sequence[Sequence[Frame]], views: int) -> None:
    for frames in decoded:
        for track in follow(frames).tracks:
            for _, face in track.sample(views):
                assert face.embedding.shape == (embed.LENGTH,)


def one_core() -> None:
    net_call, encoder = models.Net.__call__, models.encoder()
    warm = [SHARED / row["file"] for row in json.loads((SHARED / "stills.json").read_text())]
    some = [list(clip_frames(SHARED / "clips" / f"{who}__lively.mp4")) for who in ("agnew", "ai_10", "pearl")]
    stills(warm[:1])
    models.Net.__call__ = metered(net_call)  # type: ignore[method-assign]
    models.encoder = lambda: Encoder(encoder)  # type: ignore[assignment]
    rows = {
        "stills: detect with tiles, landmarks, embed": share(lambda: stills(warm)),
        "clips: follow, landmarks of every frame, embed five views": share(lambda: clips(some, 5)),
        "clips: follow and landmarks alone": share(lambda: clips(some, 0)),
    }
    models.Net.__call__ = net_call  # type: ignore[method-assign]
    models.encoder = lambda: encoder  # type: ignore[assignment]
    print("| one core | bare models' time / whole time | CPU s |\n|---|---|---|")
    for label, (ratio, seconds) in rows.items():
        print(f"| {label} | {ratio:.2f} | {seconds:.1f} |")


def two_processes() -> None:
    """Time the analysis of 24 stills in worker processes, first one and then two; each has loaded its models before."""
    from runs.pool import Pool

    samples = [Sample(f"g{i}", "shot", "ok", CASE, f"c{i}", f"s{i}", media=(_media(i),)) for i in range(24)]
    plan: Any = {"name": "face_consistency", "args": {}, "version": "1", "metrics": []}
    seconds = {}
    for workers in (1, 2, 1, 2):
        with Pool(workers) as pool:
            for future in [pool.submit(score_groups, [plan], [[samples[i]]], "") for i in range(2 * workers)]:
                future.result()
            start = time.perf_counter()
            for future in [pool.submit(score_groups, [plan], [[s]], "") for s in samples[2 * workers :][:20]]:
                future.result()
            seconds[workers] = min(seconds.get(workers, 1e9), time.perf_counter() - start)
    load = f"{os.getloadavg()[0]:.1f} processes wanted a core"
    print(f"\nTwo worker processes are {seconds[1] / seconds[2]:.2f} times as fast as one ({load}; wants two idle cores).")


def _media(number: int) -> Media:
    files = [row["file"] for row in json.loads((SHARED / "stills.json").read_text())]
    return Media("image", f"bench-{number}", "image/jpeg", SHARED / files[number % len(files)])


def memory() -> None:
    frames, fps = read_clip(SHARED / "clips" / "ai_10__lively.mp4")
    program = (
        "import sys; from pathlib import Path; from evals.faces import analysis; from evals.score import Media\n"
        "from evals.footage import signals\n"
        "item = Media('video', 'x', 'video/mp4', Path(sys.argv[1])); analysis.analyse_clip(item); signals.look(item)\n"
        # Not what `resource` says: that begins with the size of the process that started this one.
        "print(next(int(line.split()[1]) for line in open('/proc/self/status') if line.startswith('VmHWM')) // 1024)"
    )
    print("\n| clip | peak memory of its analysis |\n|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for times in (1, 10, 20):
            path = write(Path(folder) / f"{times}.mp4", np.concatenate([frames] * times), fps)
            done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True, cwd=ROOT)
            print(f"| {times * len(frames) / fps:.0f} s | {done.stdout.strip()} MB |")


def main() -> None:
    one_core()
    two_processes()
    memory()
    print(f"\n{resource.getrusage(resource.RUSAGE_SELF).ru_utime:.0f} s of CPU here")


if __name__ == "__main__":
    main()
