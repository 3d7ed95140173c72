"""Compute the mean faces of the shipped domains and compare them with the shipped ones; `--write` replaces those.

- `photo`, `painted`: the licensed stills and clips of `../shared/data/faces`.
- `western`, `east_asian`: the means that the design study measured with on larger sets (`domain_means.npz`); the set has 128 numbers
  a mean and no pictures.
- `studio`: sixty people drawn by the embedded studio, a sheet and five shots each.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from studio_faces import PEOPLE, write_people

from evals import media
from evals.faces import analysis, centre

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data" / "faces"
PHOTO = {
    "obama": ["obama_1", "obama_2", "obama_3"],
    "biden": ["biden_1", "biden_2"],
    "car_couple": ["ai_car_couple"],
    "studio_couple": ["ai_studio_1"],
    "singer": ["ai_singer"],
}
PAINTED = ["art_1", "art_2", "art_5", "art_7", "art_14", "art_18"]
CLIPS = ["agnew", "ai_10", "ai_16", "cavalier", "monalisa", "pearl"]  # ai_2 and ai_5 are art_2 and art_5


def _chips(folder: Path) -> None:
    """Write every face of the licensed material as a picture of its own, one folder a person."""
    for name, files in PHOTO.items():
        for file in files:
            faces = media.read_picture(SHARED / "stills" / f"{file}.jpg")
            for index, face in enumerate(analysis.find_faces(faces).faces):
                box = tuple(round(v) for v in _wide(face.box))
                place = folder / "photo" / f"{name}-{index}"
                place.mkdir(parents=True, exist_ok=True)
                faces.image.crop(box).save(place / f"{file}.png")
    for name in PAINTED:
        place = folder / "painted" / name
        place.mkdir(parents=True)
        media.read_picture(SHARED / "stills" / f"{name}.jpg").image.save(place / "still.png")
    for name in CLIPS:
        place = folder / "painted" / name
        place.mkdir(parents=True)
        next(iter(media.clip_frames(SHARED / "clips" / f"{name}__frozen.mp4"))).image.save(place / "frame.png")


def _wide(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """Return a box with room around it: what the detector wants to see."""
    width, height = box[2] - box[0], box[3] - box[1]
    return box[0] - 0.8 * width, box[1] - 0.8 * height, box[2] + 0.8 * width, box[3] + 0.8 * height


STUDY = {
    "western": ("western", 0, 0, "western faces of the design study, photographs in the wild; the mean as the study gives it"),
    "east_asian": (
        "east_asian_young_women",
        15,
        389,
        "15 East Asian performers of the design study, 389 photographs with make-up and stage light; the mean as the study gives it",
    ),
}


def _study(out: Path) -> None:
    """Write the means of the study's sets, which the shared data holds as numbers."""
    with np.load(SHARED / "domain_means.npz") as means:
        known = json.loads(out.read_text("utf-8"))
        for domain, (name, people, faces, source) in STUDY.items():
            mean = [round(float(v), 5) for v in means[name]]
            known[domain] = {"people": people, "faces": faces, "source": source, "mean": mean}
    out.write_text(json.dumps(known, indent=1) + "\n", "utf-8")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        out = centre.FILE if "--write" in sys.argv else folder / "domains.json"
        sources = {"studio": f"{PEOPLE} people drawn by the embedded studio: a sheet and five shots each"}
        write_people(folder / "studio", PEOPLE)
        if SHARED.is_dir():
            _chips(folder)
            sources["photo"] = "7 people of licensed photographs and photographic AI pictures"
            sources["painted"] = "12 people of licensed paintings and painted AI pictures"
        old = centre.domains() if centre.FILE.exists() else {}
        for domain, source in sources.items():
            centre.main([str(folder / domain), "--name", domain, "--source", source, "--out", str(out)])
            fresh = np.array(json.loads(out.read_text())[domain]["mean"])
            if domain in old:
                print(f"{domain}: {np.linalg.norm(fresh - old[domain].mean):.4f} from the shipped mean")
        if SHARED.is_dir():
            _study(out)
        print("sha256 of the shipped file:", hashlib.sha256(centre.FILE.read_bytes()).hexdigest()[:12])


if __name__ == "__main__":
    main()
