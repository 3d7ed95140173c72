"""Print what the face pipeline costs over the bare models, how it scales to two processes, and that memory is flat.

    python tests/bench/pipeline.py            all
    python tests/bench/pipeline.py one        one core only, twenty seconds; `two`, `memory` likewise

One core: every picture that a model was shown is remembered with the matrix that cut it out, and shown to the bare models again: cut
out by Kornia's bilinear warp (the fastest that there is here), scaled, `invoke`, outputs read, nothing else. That is what the models cost
anybody who looks at the same things; what the pipeline takes longer is ours: reading stills, finding out where to look, arithmetic,
crops to show. The last column is stricter: it counts nothing but the calls of the models, as if their input lay ready cut out and scaled.
Clips are decoded before. Ratios are of CPU time: of five rounds, in each of which one follows the other for each still and clip, the
median ratio (a busy machine slows both down), and the seconds of the quickest.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

from runs import one_thread  # noqa: E402 (found through the line above)

one_thread.unless_said_otherwise()  # as in every process of the workbench

import numpy as np  # noqa: E402
from footage_material import write  # noqa: E402
from kornia_rs.imgproc import warp_affine  # noqa: E402
from PIL import Image  # noqa: E402

from evals.faces import align, analysis, detect, embed, iris, mesh, models  # noqa: E402
from evals.faces import warp as warping  # noqa: E402
from evals.faces.track import follow  # noqa: E402
from evals.media import Frame, clip_frames, read_clip, read_picture  # noqa: E402
from evals.score import Media, Sample  # noqa: E402
from runs.group import score_groups  # noqa: E402

SHARED = ROOT.parent / "shared" / "data" / "faces"
CASE = {"people": [{"character": {"id": "mei"}, "x": 0.5, "facing": "camera"}], "shot": {"size": "closeup"}}
ROUNDS = 5
ITEMS = 20
Look = tuple[str, Any, Any]
"""A model's name, the picture that it was shown a part of, and which part: six numbers for Kornia, or a window of the detector."""


class Recorded:
    """Everything that the models are shown while a task runs."""

    def __init__(self) -> None:
        self.looks: list[Look] = []
        self._chips: list[tuple[Any, Look]] = []

    def crop(self, name: str) -> Callable[..., Any]:
        def crop(picture: Any, region: Any, size: int, mirrored: bool = False) -> Any:
            matrix = region.matrix(size, mirrored)
            self.looks.append((name, picture, six_numbers(matrix)))
            return warp(picture, matrix, size)

        return crop

    def chip(self, picture: Any, matrix: Any, size: int) -> Any:
        made = warp(picture, matrix, size)
        self._chips.append((made, ("embedding", picture, six_numbers(matrix))))
        return made

    def window(self, picture: Any, left: float, top: float, side: float, place: Any) -> None:
        self.looks.append(("detector", picture, (left, top, side)))
        write_input(picture, left, top, side, place)

    def embed(self, chip: Any, name: str = "dlib") -> Any:
        self.looks.append(next(look for made, look in self._chips if made is chip))
        return embedded(chip, name)


write_input, embedded, warp = detect._write, embed.embed, warping.warp


def looks_of(task: Callable[[], object]) -> list[Look]:
    record = Recorded()
    with (
        patch.object(mesh, "crop", record.crop("mesh")),
        patch.object(iris, "crop", record.crop("iris")),
        patch.object(warping, "warp", record.chip),
        patch.object(detect, "_write", record.window),
        patch.object(embed, "embed", record.embed),
    ):
        task()
    return record.looks


def six_numbers(matrix: Any) -> tuple[float, ...]:
    """Return what Kornia takes: from places in the picture to places in the crop, both from the middle of the first pixel."""
    half, whole = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]]), np.vstack([matrix, (0.0, 0.0, 1.0)])
    return tuple((np.linalg.inv(half) @ np.linalg.inv(whole) @ half)[:2].ravel().tolist())


def cut(picture: Any, where: tuple[float, ...], size: int) -> Any:
    return warp_affine(picture, where, (size, size), "bilinear")


class Bare:
    """The models and their input arrays, and nothing of ours: LiteRT's interpreter and dlib's network are called as their makers show."""

    def __init__(self) -> None:
        self.alone = 0.0
        self.encoder = models.encoder()
        self.nets = {}
        for name in ("detector", "mesh", "iris"):
            net = models.net(name)._net
            given = net.get_input_details()[0]
            outputs = [d["index"] for d in net.get_output_details()]
            self.nets[name] = (net, given["index"], outputs, np.empty(given["shape"], dtype=np.float32))

    def __call__(self, look: Look) -> object:
        name, picture, where = look
        if name == "embedding":
            chip = cut(picture, where, align.SIZE)
            both = [np.ascontiguousarray(v) for v in (chip, chip[:, ::-1])]
            return self._timed(lambda: [np.array(self.encoder.compute_face_descriptor(v)) for v in both])
        net, index, outputs, room = self.nets[name]
        if name == "detector":
            self._window(picture, *where, room)
        else:
            np.divide(cut(picture, where, room.shape[1]), np.float32(255), out=room[0])
        return self._timed(lambda: (net.set_tensor(index, room), net.invoke(), [net.get_tensor(i) for i in outputs]))

    def _timed(self, call: Callable[[], object]) -> object:
        start = time.process_time()
        found = call()
        self.alone += time.process_time() - start
        return found

    def _window(self, picture: Image.Image, left: float, top: float, side: float, room: Any) -> None:
        right, bottom = min(left + side, picture.width), min(top + side, picture.height)
        width, height = (max(1, round((b - a) / side * detect.SIZE)) for a, b in ((left, right), (top, bottom)))
        part = picture.resize((width, height), Image.Resampling.BILINEAR, box=(left, top, right, bottom), reducing_gap=2.0)
        room.fill(-1)
        np.divide(part, np.float32(127.5), out=room[0, :height, :width])
        room[0, :height, :width] -= 1


def seconds(task: Callable[[], object]) -> float:
    start = time.process_time()
    task()
    return time.process_time() - start


def still(file: Path) -> None:
    for face in analysis.find_faces(read_picture(file)).faces:
        assert face.embedding.shape == (embed.LENGTH,)


def clip(frames: Sequence[Frame], views: int) -> None:
    for track in follow(frames).tracks:
        for _, face in track.sample(views):
            assert face.embedding.shape == (embed.LENGTH,)


def compared(task: Callable[[], object], looks: Sequence[Look], bare: Bare) -> tuple[float, float, float]:
    """Return the CPU time of the models alone, with their input, and of the task."""
    bare.alone = 0.0
    whole = seconds(lambda: [bare(look) for look in looks])
    return bare.alone, whole, seconds(task)


def one_core() -> None:
    files = [SHARED / row["file"] for row in json.loads((SHARED / "stills.json").read_text())]
    some = [list(clip_frames(SHARED / "clips" / f"{who}__lively.mp4")) for who in ("agnew", "ai_10", "pearl")]
    bare = Bare()
    tasks = {
        "stills: detect with tiles, landmarks, embed": [partial(still, file) for file in files],
        "clips: follow, landmarks of every frame, embed five views": [partial(clip, frames, 5) for frames in some],
        "clips: follow and landmarks alone": [partial(clip, frames, 0) for frames in some],
    }
    print("| one core | looks | bare models, CPU s | pipeline, CPU s | bare / pipeline | models' calls alone / pipeline |")
    print("|---|---|---|---|---|---|")
    for label, each in tasks.items():
        looks = [looks_of(task) for task in each]
        rounds = [[compared(task, seen, bare) for task, seen in zip(each, looks, strict=True)] for _ in range(ROUNDS)]
        alone, least, ours = np.sum(rounds, axis=1).T
        spent = f"{sum(map(len, looks))} | {least.min():.2f} | {ours.min():.2f}"
        print(f"| {label} | {spent} | {np.median(least / ours):.2f} | {np.median(alone / ours):.2f} |", flush=True)


def two_processes() -> None:
    """Time the analysis of the same stills in one and in two worker processes that have loaded their models before."""
    from runs.pool import Pool

    warm, *_ = samples = [Sample(f"g{i}", "shot", "ok", CASE, f"c{i}", f"s{i}", media=(_media(i),)) for i in range(ITEMS + 1)]
    plan: Any = {"name": "face_consistency", "args": {}, "version": "1", "metrics": []}
    wall, cpu = {1: 1e9, 2: 1e9}, {1: 1e9, 2: 1e9}
    for workers in (1, 2) * 3:
        with Pool(workers) as pool:
            for future in [pool.submit(score_groups, [plan], [[warm]], "") for _ in range(4 * workers)]:
                future.result()
            start, spent = time.perf_counter(), _cpu_of_children()
            for future in [pool.submit(score_groups, [plan], [[s]], "") for s in samples[1:]]:
                future.result()
            wall[workers] = min(wall[workers], time.perf_counter() - start)
            cpu[workers] = min(cpu[workers], _cpu_of_children() - spent)
    load = f"{os.getloadavg()[0]:.1f} processes wanted a core"
    print(f"\nTwo worker processes are {wall[1] / wall[2]:.2f} times as fast as one ({load}; wants two idle cores);")
    print(f"a still takes {1000 * cpu[1] / ITEMS:.0f} ms of CPU in one, {1000 * cpu[2] / ITEMS:.0f} ms in two.")


def _cpu_of_children() -> float:
    found = 0.0
    for place in Path("/proc").glob("[0-9]*"):
        try:
            fields = (place / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == os.getpid():
            found += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return found


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
        for times in (1, 10, 20, 40):
            path = write(Path(folder) / f"{times}.mp4", np.concatenate([frames] * times), fps)
            done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True, cwd=ROOT)
            print(f"| {times * len(frames) / fps:.0f} s | {done.stdout.strip()} MB |")


def main() -> None:
    parts = {"one": one_core, "two": two_processes, "memory": memory}
    for name in sys.argv[1:] or parts:
        parts[name]()


if __name__ == "__main__":
    main()
