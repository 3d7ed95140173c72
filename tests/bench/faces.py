"""Print how well faces are told apart and motion is measured: on the licensed stills and clips, and on studio pictures.

python tests/bench/faces.py            all of it, four to eight minutes on two cores
python tests/bench/faces.py --quick    twenty studio people instead of sixty
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.stats import rankdata, spearmanr
from studio_faces import PEOPLE, write_people

from evals import media
from evals.faces import align, analysis, blinks, detect, embed, emotion, identity, iris, mesh, stiffness
from evals.faces.face import Face
from evals.score import Media
from runs.studio import identity as people
from runs.studio.pictures import ReferenceIdentity, clip

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "faces"
VARIANTS = ("lively", "half", "quarter", "lips_only", "eyes_only", "still_head_motion", "ken_burns", "frozen")
# The label file names the people of a two-shot without saying which is which: from left to right.
LEFT_TO_RIGHT = {"obama_biden.jpg": ("obama", "biden")}


def auc(same: Sequence[float], different: Sequence[float]) -> float:
    ranks = rankdata(np.r_[same, different])
    return float((ranks[: len(same)].sum() - len(same) * (len(same) + 1) / 2) / (len(same) * len(different)))


def eer(same: Sequence[float], different: Sequence[float]) -> tuple[float, float]:
    """Return the equal error rate and its threshold."""
    a, b = np.sort(same), np.sort(different)
    at = np.concatenate([a, b])
    missed, wrong = np.searchsorted(a, at) / len(a), 1 - np.searchsorted(b, at) / len(b)
    best = int(np.argmin(np.abs(missed - wrong)))
    return float((missed[best] + wrong[best]) / 2), float(at[best])


def logistic(same: Sequence[float], different: Sequence[float]) -> tuple[float, float]:
    """Return threshold and width of the logistic that fits best, both kinds weighing alike."""
    a, b = np.asarray(same), np.asarray(different)

    def loss(x: np.ndarray) -> float:
        return float(np.logaddexp(0, (x[0] - a) / x[1]).mean() + np.logaddexp(0, (b - x[0]) / x[1]).mean())

    threshold, width = minimize(loss, [0.45, 0.08], method="Nelder-Mead").x
    return float(threshold), float(width)


def show(name: str, same: Sequence[float], different: Sequence[float]) -> None:
    rate, at = eer(same, different)
    tau = identity.calibration().threshold
    missed, wrong = np.mean(np.asarray(same) < tau), np.mean(np.asarray(different) >= tau)
    print(
        f"| {name} | {len(same)} / {len(different)} | {auc(same, different):.4f} | {rate:.1%} @ {at:.2f} | {missed:.1%} | {wrong:.1%} "
        f"| {min(same):.2f} | {max(different):.2f} |"
    )


def stills() -> None:
    faces: list[tuple[str, Face]] = []
    right = 0
    labels = json.loads((SHARED / "stills.json").read_text())
    for label in labels:
        found = analysis.find_faces(media.read_picture(SHARED / label["file"])).faces
        right += len(found) == label["n_faces"]
        names = LEFT_TO_RIGHT.get(Path(label["file"]).name, label["people"])
        faces += list(zip(names, found, strict=False))
    print(f"\nStills: right number of faces in {right} of {len(labels)} pictures.\n")
    same, different, raw_same, raw_different = [], [], [], []
    for i, (a, reference) in enumerate(faces):
        template = identity.make_template([reference.embedding], "bench")
        for j, (b, other) in enumerate(faces):
            if i != j:
                (same if a == b else different).append(template.match(other.embedding))
                (raw_same if a == b else raw_different).append(-template.distance(other.embedding))
    header()
    show("stills, one reference", same, different)
    print(f"\nWithout centring (Euclidean distance): AUC {auc(raw_same, raw_different):.4f}\n")


def header() -> None:
    print("| set | same / different | AUC | EER @ match | same missed | different taken | lowest same | highest different |")
    print("|---|---|---|---|---|---|---|---|")


def studio(folder: Path, count: int) -> None:
    """People that the shipped mean face does not know: their shots against their sheets and against each other."""
    write_people(folder, count, first=100)
    sheets: dict[str, list[Face]] = {}
    shots: list[tuple[str, Face]] = []
    counts = [0, 0]
    for place in sorted(folder.iterdir()):
        for file in sorted(place.glob("*.webp")):
            found = analysis.find_faces(media.read_picture(file)).faces
            counts[0] += len(found) == (3 if file.stem == "sheet" else 1)
            counts[1] += 1
            if file.stem == "sheet":
                sheets[place.name] = list(found)
            else:
                shots += [(place.name, f) for f in found]
    print(f"\nStudio: right number of faces in {counts[0]} of {counts[1]} pictures of {count} people.\n")
    header()
    fits: list[tuple[float, float]] = []
    for k, pick in ((1, lambda v: v[1:2]), (3, lambda v: v)):
        templates = {who: identity.make_template([f.embedding for f in pick(views)], "bench") for who, views in sheets.items()}
        same = [templates[who].match(f.embedding) for who, f in shots]
        different = [t.match(f.embedding) for who, f in shots for other, t in templates.items() if other != who]
        show(f"studio shots against a sheet of {k}", same, different)
        if k == 3:
            fits.append(logistic(same, different))
    pairs = [(a, b, identity.similarity([x.embedding], [y.embedding])) for i, (a, x) in enumerate(shots) for b, y in shots[:i]]
    show("studio shots against each other", [m for a, b, m in pairs if a == b], [m for a, b, m in pairs if a != b])
    given = identity.calibration()
    print(f"\nBalanced logistic fit: threshold {fits[0][0]:.2f}, width {fits[0][1]:.3f}; shipped {given.threshold}, {given.width}.")
    strained(shots, sheets)


def strained(shots: Sequence[tuple[str, Face]], sheets: Mapping[str, Sequence[Face]]) -> None:
    """Print how strong expression lowers the similarity of one person, and that correcting for it does not help."""
    people = {who: identity.make_template([f.embedding for f in views], "bench") for who, views in sheets.items()}
    rows = [
        (who == other, template.match(face.embedding), emotion.difference(face.points, [v.points for v in sheets[other]]))
        for who, face in shots
        for other, template in people.items()
    ]
    same, match = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    moved = np.array([r[2] for r in rows])
    strain = np.sqrt(((moved / moved[same].std(axis=0)) ** 2).mean(axis=1))
    low, high = np.quantile(strain[same], [1 / 3, 2 / 3])
    thirds = [same & (strain <= low), same & (strain > low) & (strain <= high), same & (strain > high)]
    medians = ", ".join(f"{np.median(match[t]):.2f}" for t in thirds)
    print(f"\nMedian match of one person by how far the face is from neutral, in thirds: {medians}")
    for gain in (0.0, 0.05, 0.1):
        better = match + gain * np.minimum(strain, 3)
        print(f"AUC with {gain:.2f} x strain added to the match: {auc(better[same], better[~same]):.4f}")


def clips() -> None:
    print("\nClips: stiffness by variant (AUC: stiffer than lively), upper face, mouth; blinks.\n")
    values: dict[tuple[str, str], stiffness.Stiffness] = {}
    hits = painted = false = 0
    for label in json.loads((SHARED / "clips.json").read_text()):
        path = SHARED / label["clip"]
        [track] = analysis.analyse_clip(Media("video", path.name, "video/mp4", path)).tracks
        values[label["identity"], label["variant"]] = stiffness.measure(track.times, track.points, speaking=True)
        found = blinks.find(track.times, np.array([iris.openness(p) for p in track.shapes]))
        near = [min((abs(t - f) for f in found), default=9.0) < 0.2 for t in label["blink_times_s"]]
        hits, painted = hits + sum(near), painted + len(near)
        false += sum(min((abs(t - f) for t in label["blink_times_s"]), default=9.0) >= 0.2 for f in found)
    names = sorted({who for who, _ in values})
    print("| variant | median | range | AUC | upper face | mouth |")
    print("|---|---|---|---|---|---|")
    real = [values[w, "lively"].value for w in names]
    for variant in VARIANTS:
        of = [values[w, variant] for w in names]
        each = [s.value for s in of]
        print(
            f"| {variant} | {statistics.median(each):.2f} | {min(each):.2f}-{max(each):.2f} | {auc(each, real):.3f} "
            f"| {statistics.median(s.upper for s in of):.2f} | {statistics.median(s.mouth for s in of):.2f} |"
        )
    ordered = sum(values[w, "lively"].value < values[w, "half"].value < values[w, "quarter"].value for w in names)
    print(f"\nlively < half < quarter for {ordered} of {len(names)} people; blinks: {hits} of {painted} painted ones, {false} false.")


def studio_clips(folder: Path, count: int) -> None:
    """Clips with known amplitude and motion against what is measured; 2 s, 12 frames a second, 288 x 512."""
    folder.mkdir()
    truth, measured, blinked, shown = [], [], [], []
    acting = (
        "calm, expressionless",
        "joyful",
        "slowly from calm to furious: brows furrow, jaw clenches",
        "at first calm, then eyes widen, jaw drops",
    )
    for number in range(count):
        reference = [ReferenceIdentity(people.sample(np.random.default_rng(5000 + number)), "Mei")]
        says = ', says: "Where were you last night? Answer me."' if number % 2 else ", silent"
        data, made = clip(f"close-up\nMei: {acting[number % 4]}{says}", seed=number, references=reference)
        path = folder / f"{number}.mp4"
        path.write_bytes(data)
        tracks = analysis.analyse_clip(Media("video", f"studio-{number}", "video/mp4", path)).tracks
        if len(tracks) == 1 and not stiffness.why_not(tracks[0].times, tracks[0].iod):
            track = tracks[0]
            truth.append(made["people"][0]["liveliness"])
            measured.append(1 - stiffness.measure(track.times, track.points, bool(number % 2)).value)
            shown.append(made["people"][0]["blinks"])
            blinked.append(blinks.find(track.times, np.array([iris.openness(p) for p in track.shapes])))
    found = sum(min((abs(t - f) for f in b), default=9.0) < 0.2 for b, s in zip(blinked, shown, strict=True) for t in s)
    false = sum(min((abs(t - f) for t in s), default=9.0) >= 0.2 for b, s in zip(blinked, shown, strict=True) for f in b)
    rank = spearmanr(truth, measured)[0]
    print(
        f"\nStudio clips: {len(truth)} of {count} measured; rank correlation of 1 - stiffness with the true liveliness {rank:.2f}; "
        f"blinks: {found} of {sum(map(len, shown))}, {false} false."
    )


def speed() -> None:
    def cpu(task: Callable[[], object], times: int) -> float:
        task()
        start = time.process_time()
        for _ in range(times):
            task()
        return (time.process_time() - start) / times * 1000

    picture = media.read_picture(SHARED / "stills" / "obama_1.jpg")
    [found] = detect.detect(picture.image)
    points = mesh.find(picture.image, found)
    assert points is not None
    chip = align.chip(picture.image, points.points)
    path = SHARED / "clips" / "ai_10__lively.mp4"
    figures = {
        "detector": cpu(lambda: detect.detect(picture.image, tiles=False), 10),
        "detector with tiles": cpu(lambda: detect.detect(picture.image), 5),
        "mesh": cpu(lambda: mesh.landmarks(picture.image, mesh.region_of_points(points.points)), 20),
        "both eyes": cpu(lambda: iris.refine(picture.image, points.points), 20),
        "embedding with mirror": cpu(lambda: embed.embed(chip), 3),
        "clip frame": cpu(lambda: analysis.analyse_clip(Media("video", str(time.time_ns()), "video/mp4", path)), 1) / 75,
    }
    print("\nCPU ms, one thread: " + ", ".join(f"{name} {ms:.1f}" for name, ms in figures.items()))


def main() -> None:
    count = 20 if "--quick" in sys.argv else PEOPLE
    if SHARED.is_dir():
        stills()
        clips()
        speed()
    else:
        print("The shared stills and clips are not there; studio pictures only.")
    with tempfile.TemporaryDirectory() as name:
        studio(Path(name) / "people", count)
        studio_clips(Path(name) / "clips", count)


if __name__ == "__main__":
    main()
