"""Labelled material from the studio, in the layout that `evals.calibrate.folder` reads: its truth is what scores are held against."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from runs.studio import identity
from runs.studio.numeric import rng_of
from runs.studio.pictures import ReferenceIdentity, clip, still

SHOTS = 5
LOOKS = (
    "calm", "smiling, corners lift", "sad, inner brows up", "angry, brows drawn together", "afraid, eyes widen",
    "surprised, jaw drops, brows raised", "disgusted, nose wrinkled",
)  # fmt: skip
EMOTIONS = ("neutral", "joy", "sadness", "anger", "fear", "surprise", "disgust")
"""What `LOOKS` show, in their order."""
SIZES = ("close-up", "medium close-up", "medium shot")
PLACES = ("a plain room; morning", "a palace hall; night, lamps", "an office; noon", "a garden; afternoon", "a temple with candles; dusk")
FACING = ("faces the camera", "faces the camera", "turned left", "turned right")
ACTING = (
    "calm, expressionless",
    "furious: brows furrow",
    "furious: brows furrow, jaw clenches",
    "furious: brows furrow, jaw clenches, eyes narrow",
    "slowly sad",
    "slowly sad: inner brows up",
    "slowly joyful: corners of the mouth lift, cheeks rise",
    "at first calm, then slowly eyes widen, jaw drops, brows raised",
)
"""From nearly frozen to fully free: each direction and each word of time adds to a clip's liveliness."""


def write(folder: Path, people: int, seed: int = 0, tick: Callable[[], None] = lambda: None) -> None:
    """Write pictures of people, clips of graded liveliness and series with an odd shot.

    Args:
        folder: Where to; made if it is not there.
        people: How many people; of each, five shots, a calm view and one clip, and of every third a series.
        seed: Other seeds are other people.
        tick: Called after each person.
    """
    clips: list[Mapping[str, Any]] = []
    shots: list[Mapping[str, Any]] = []
    emotions: list[Mapping[str, Any]] = []
    for number in range(people):
        who = f"p{number:03d}"
        person = identity.sample(rng_of("labelled", seed, number))
        place = folder / "people" / who
        place.mkdir(parents=True, exist_ok=True)
        for shot in range(SHOTS):
            (place / f"{shot}.webp").write_bytes(_shot(person, seed, number, shot))
        emotions += _emotions(folder, person, who, seed, number)
        clips.append(_clip(folder, person, who, seed, number))
        if number % 3 == 0:
            shots += _series(folder, person, who, seed, number)
        tick()
    _table(folder / "clips.csv", clips)
    _table(folder / "series.csv", shots)
    _table(folder / "emotions.csv", emotions)


def _emotions(folder: Path, person: identity.Identity, who: str, seed: int, number: int) -> Sequence[Mapping[str, Any]]:
    """Draw a calm view of a person, and label the shots that were drawn before with what each shows."""
    prompt = f"close-up\nSetting: {PLACES[0]}\n\nMei: {LOOKS[0]}, faces the camera"
    (folder / "neutral").mkdir(exist_ok=True)
    drawn = still(prompt, seed=seed * 100_000 + number * 10 + 9, references=[ReferenceIdentity(person, "Mei")])[0]
    (folder / "neutral" / f"{who}.webp").write_bytes(drawn)
    calm = {"file": f"neutral/{who}.webp", "person": who, "emotion": EMOTIONS[0], "neutral": "yes"}
    shots = range(SHOTS)
    return [calm] + [
        {"file": f"people/{who}/{shot}.webp", "person": who, "emotion": EMOTIONS[(number + shot) % len(LOOKS)], "neutral": "no"}
        for shot in shots
    ]


def _shot(person: identity.Identity, seed: int, number: int, shot: int) -> bytes:
    prompt = (
        f"{SIZES[(number + shot) % len(SIZES)]}\nSetting: {PLACES[(number + 3 * shot) % len(PLACES)]}\n\n"
        f"Mei: {LOOKS[(number + shot) % len(LOOKS)]}, {FACING[(number + shot) % len(FACING)]}"
    )
    return still(prompt, seed=seed * 100_000 + number * 10 + shot, references=[ReferenceIdentity(person, "Mei")])[0]


def _clip(folder: Path, person: identity.Identity, who: str, seed: int, number: int) -> Mapping[str, Any]:
    speaks = number % 2 == 1
    says = 'says: "Where were you last night? Answer me."' if speaks else "silent"
    prompt = f"close-up\nMei: {ACTING[(number // 2) % len(ACTING)]}, {says}"
    data, truth = clip(prompt, seed=seed * 100_000 + number, references=[ReferenceIdentity(person, "Mei")])
    (folder / "clips").mkdir(exist_ok=True)
    (folder / "clips" / f"{who}.mp4").write_bytes(data)
    made = truth["people"][0]
    blinks = " ".join(str(t) for t in made["blinks"])
    kind = "speaking" if speaks else "silent"
    return {
        "file": f"{who}.mp4",
        "person": who,
        "variant": kind,
        "amplitude": made["liveliness"],
        "blinks": blinks,
        "speaking": "yes" if speaks else "no",
    }


def _series(folder: Path, person: identity.Identity, who: str, seed: int, number: int) -> list[Mapping[str, Any]]:
    """Write four shots of a person and one of somebody else who was asked to be them."""
    stranger = identity.sample(rng_of("labelled stranger", seed, number), sex=person.sex)
    place = folder / "series" / who
    place.mkdir(parents=True, exist_ok=True)
    rows: list[Mapping[str, Any]] = []
    for shot in range(SHOTS):
        odd = shot == number % SHOTS
        (place / f"{shot}.webp").write_bytes(_shot(stranger if odd else person, seed, number, shot + 7))
        rows.append({"series": who, "file": f"{shot}.webp", "person": who, "same": "no" if odd else "yes"})
    return rows


def _table(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
