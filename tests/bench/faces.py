"""Print how well people that the studio draws are told apart, against sheets and each other, and what a face costs.

What the shared stills and clips give is printed by `workbench calibrate`.

python tests/bench/faces.py            all of it, four to eight minutes on two cores
python tests/bench/faces.py --quick    twenty studio people instead of sixty
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.stats import rankdata
from studio_faces import PEOPLE, write_people

from evals import media
from evals.faces import align, analysis, detect, embed, emotion, group, identity, iris, mesh
from evals.faces.face import Face
from evals.score import Media

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "faces"


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


def show(name: str, same: Sequence[float], different: Sequence[float], references: int = 1) -> None:
    rate, at = eer(same, different)
    tau = identity.calibration({"studio": 1.0}, references).threshold
    missed, wrong = np.mean(np.asarray(same) < tau), np.mean(np.asarray(different) >= tau)
    print(
        f"| {name} | {len(same)} / {len(different)} | {auc(same, different):.4f} | {rate:.1%} @ {at:.2f} | {missed:.1%} | {wrong:.1%} "
        f"| {min(same):.2f} | {max(different):.2f} |"
    )


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
        references = {who: pick(views) for who, views in sheets.items()}
        templates = {
            who: identity.make_template([f.embedding for f in views], "bench", [f.pose for f in views]) for who, views in references.items()
        }
        same = [templates[who].match(f.embedding, f.pose) for who, f in shots]
        different = [t.match(f.embedding, f.pose) for who, f in shots for other, t in templates.items() if other != who]
        show(f"studio shots against a sheet of {k}", same, different, k)
        if k == 3:
            fits.append(logistic(same, different))
    pairs = [(a, b, identity.similarity([x.embedding], [y.embedding])) for i, (a, x) in enumerate(shots) for b, y in shots[:i]]
    show("studio shots against each other", [m for a, b, m in pairs if a == b], [m for a, b, m in pairs if a != b])
    given = identity.calibration({"studio": 1.0}, 3)
    print(f"\nBalanced logistic fit: threshold {fits[0][0]:.2f}, width {fits[0][1]:.3f}; shipped {given.threshold}, {given.width}.")
    casts(shots, sheets)
    strained(shots, sheets)


def casts(shots: Sequence[tuple[str, Face]], sheets: Mapping[str, Sequence[Face]]) -> None:
    """Print what raising a person's threshold above the rest of the cast does, against the shipped one and the half-way one."""
    print("\n| cast of | threshold | right shots missed | wrong people taken |\n|---|---|---|---|")
    people = {who: identity.make_template([f.embedding for f in v], "bench", [f.pose for f in v]) for who, v in sheets.items()}
    names = sorted(people)
    for size in (2, 3, 4):
        rows: dict[str, list[list[bool]]] = {"shipped": [[], []], "raised above the cast": [[], []], "half way to the cast": [[], []]}
        for first in range(0, len(names) - size + 1, size):
            cast = names[first : first + size]
            for who in cast:
                template, shipped = people[who], people[who].calibration.threshold
                highest = max(template.match(f.embedding, f.pose) for other in cast if other != who for f in sheets[other])
                taus = {
                    "shipped": shipped,
                    "raised above the cast": max(shipped, min(highest + group.MARGIN, group.HIGHEST)),
                    "half way to the cast": (_own(sheets[who]) + highest) / 2,
                }
                for name, tau in taus.items():
                    rows[name][0] += [template.match(f.embedding, f.pose) < tau for w, f in shots if w == who]
                    rows[name][1] += [template.match(f.embedding, f.pose) >= tau for w, f in shots if w in cast and w != who]
        for name, (missed, taken) in rows.items():
            print(f"| {size} | {name} | {np.mean(missed):.1%} | {np.mean(taken):.1%} |")


def _own(views: Sequence[Face]) -> float:
    """Return how well the views of a sheet match each other."""
    rests = [(v, [o for o in views if o is not v]) for v in views]
    made = [(v, identity.make_template([o.embedding for o in rest], "bench", [o.pose for o in rest])) for v, rest in rests]
    return float(np.mean([template.match(v.embedding, v.pose) for v, template in made]))


def strained(shots: Sequence[tuple[str, Face]], sheets: Mapping[str, Sequence[Face]]) -> None:
    """Print how strong expression lowers the similarity of one person, and that correcting for it does not help."""
    people = {who: identity.make_template([f.embedding for f in views], "bench") for who, views in sheets.items()}
    rows = [
        (who == other, template.match(face.embedding, face.pose), emotion.difference(face.points, [v.points for v in sheets[other]]))
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
        speed()
    else:
        print("The shared stills and clips are not there; speed is not measured.")
    with tempfile.TemporaryDirectory() as name:
        studio(Path(name) / "people", count)


if __name__ == "__main__":
    main()
