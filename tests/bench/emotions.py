"""Fit emotions to studio pictures with known truth, and print how well shape, muscles and classifier tell them; `--write` ships the fits.

Two folds by person: what is printed comes from people that the fit has not seen. What is shipped is fitted on all.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.stats import rankdata, spearmanr
from studio_faces import write_people

from evals import media
from evals.faces import analysis, emotion, muscles

PEOPLE = 100
DECAY = 0.003
STRONG = 0.5


def collect(folder: Path) -> dict[str, np.ndarray]:
    """Return signals, muscles, classifier odds, asked emotions, true amplitudes and folds of all shots."""
    rows = []
    for place in sorted(p for p in folder.iterdir() if p.is_dir()):
        views = analysis.find_faces(media.read_picture(place / "sheet.webp")).faces
        for file in sorted(place.glob("s?.webp")):
            faces = analysis.find_faces(media.read_picture(file)).faces
            if len(faces) != 1 or not views:
                continue
            asked = json.loads((folder.parent / f"{folder.name}-truth" / place.name / f"{file.stem}.json").read_text())
            truth = asked["truth"]["people"][0]
            moved = emotion.difference(faces[0].points, [v.points for v in views])
            seen = emotion.by_pixels(faces[0].cut.grey).probabilities
            odds = np.log([seen[e] + 0.02 for e in emotion.EMOTIONS])
            against, alone = muscles.difference(faces[0], views), muscles.muscles(faces[0])
            rows.append((moved, against, alone, odds, emotion.EMOTIONS.index(asked["emotion"]), truth["amplitude"], int(place.name) % 2))
    names = ("shape", "against", "alone", "pixels", "asked", "amplitude", "fold")
    return {name: np.array([row[i] for row in rows]) for i, name in enumerate(names)}


def logistic(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return weights and offsets (7 x n + 1) of a multinomial logistic regression, all emotions weighing alike."""
    scale = np.maximum(x.std(axis=0), 1e-4)
    z, one_hot = np.c_[x / scale, np.ones(len(x))], np.eye(7)[y]
    share = 1 / np.bincount(y, minlength=7)[y] / 7

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        w = flat.reshape(7, -1)
        logits = z @ w.T
        logits -= logits.max(axis=1, keepdims=True)
        total = np.log(np.exp(logits).sum(axis=1))
        p = np.exp(logits - total[:, None])
        decay = np.c_[w[:, :-1], np.zeros(7)]
        value = float(share @ (total - (logits * one_hot).sum(axis=1))) + DECAY * float((decay**2).sum())
        return value, (((p - one_hot) * share[:, None]).T @ z + 2 * DECAY * decay).ravel()

    w = minimize(loss, np.zeros(7 * z.shape[1]), jac=True, method="L-BFGS-B").x.reshape(7, -1)
    return np.c_[w[:, :-1] / scale, w[:, -1]]


def probabilities(fit: np.ndarray, x: np.ndarray) -> np.ndarray:
    logits = np.c_[x, np.ones(len(x))] @ fit.T
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def strengths(x: np.ndarray, amplitude: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """Return for each emotion the weights whose product with the signals is the amplitude, neutral faces being 0."""
    found = {}
    for index, name in enumerate(emotion.EMOTIONS[1:], start=1):
        rows = (y == index) | (y == 0)
        target = np.where(y[rows] == index, amplitude[rows], 0.0)
        scale = x.std(axis=0)
        z = x[rows] / scale
        w = np.linalg.solve(z.T @ z + 0.02 * len(z) * np.eye(z.shape[1]), z.T @ target)
        shown = z @ w
        # Ridge shrinks: stretch it so that shown and true amplitudes agree on the whole.
        found[name] = w / scale * float(shown @ target / (shown @ shown))
    return found


def report(data: dict[str, np.ndarray]) -> None:
    y, amplitude, fold = data["asked"], data["amplitude"], data["fold"]
    kinds = {
        "shape": data["shape"],
        "blendshapes and shape": data["against"],
        "blendshapes alone": data["alone"],
        "classifier": data["pixels"],
        "shape and classifier": np.c_[data["shape"], data["pixels"]],
    }
    strong = (amplitude > STRONG) | (y == 0)
    print(f"{len(y)} shots of {PEOPLE} people; strong: amplitude > {STRONG}; AUC: the emotion asked for against another one")
    for name, x in kinds.items():
        p = np.zeros((len(y), 7))
        for f in (0, 1):
            p[fold == f] = probabilities(logistic(x[fold != f], y[fold != f]), x[fold == f])
        right = p.argmax(axis=1) == y
        other = (y + np.random.default_rng(0).integers(1, 7, len(y))) % 7
        ranks = rankdata(np.r_[p[np.arange(len(y)), y], p[np.arange(len(y)), other]])
        auc = (ranks[: len(y)].sum() - len(y) * (len(y) + 1) / 2) / len(y) ** 2
        each = " ".join(f"{e} {right[(y == i) & strong].mean():.2f}" for i, e in enumerate(emotion.EMOTIONS))
        print(f"{name:21s} top-1 {right.mean():.3f}  strong {right[strong].mean():.3f}  AUC {auc:.3f}   {each}")
    for index, name in enumerate(emotion.EMOTIONS[1:], start=1):
        shown = np.zeros(len(y))
        for f in (0, 1):
            shown[fold == f] = data["shape"][fold == f] @ strengths(data["shape"][fold != f], amplitude[fold != f], y[fold != f])[name]
        of = y == index
        print(f"strength of {name:9s} rank correlation with the true amplitude {spearmanr(shown[of], amplitude[of])[0]:.2f}")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "people"
        write_people(folder, PEOPLE, first=200)
        data = collect(folder)
    report(data)
    if "--write" in sys.argv:
        fit = logistic(data["shape"], data["asked"])
        strength = strengths(data["shape"], data["amplitude"], data["asked"])
        shipped = {
            "source": f"{len(data['asked'])} shots of {PEOPLE} studio people with known truth, by tests/bench/emotions.py",
            "emotions": list(emotion.EMOTIONS),
            "signals": list(emotion.SIGNALS),
            "weights": fit[:, :-1].round(3).tolist(),
            "offsets": fit[:, -1].round(3).tolist(),
            "strength": {e: w.round(3).tolist() for e, w in strength.items()},
        }
        emotion.FILE.write_text(json.dumps(shipped, indent=1) + "\n", "utf-8")
        fits = {kind: logistic(data[kind], data["asked"]) for kind in ("against", "alone")}
        others = {
            "source": shipped["source"],
            "emotions": list(emotion.EMOTIONS),
            "signals": list(emotion.SIGNALS),
            "muscles": list(muscles.MUSCLES),
            **{kind: {"weights": f[:, :-1].round(3).tolist(), "offsets": f[:, -1].round(3).tolist()} for kind, f in fits.items()},
        }
        muscles.FILE.write_text(json.dumps(others) + "\n", "utf-8")


if __name__ == "__main__":
    main()
