"""Studio pictures of known people, for the benches of faces: a sheet and five shots a person, emotions and sizes mixed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from runs.studio import identity
from runs.studio.pictures import ReferenceIdentity, sheet, still

PEOPLE = 60
EMOTIONS = {
    "neutral": "calm, expressionless",
    "joy": "joyful: corners of the mouth lift, cheeks rise, grins broadly",
    "sadness": "sad: inner brows up, corners of the mouth fall, eyes brim",
    "anger": "furious: brows furrow, jaw clenches, eyes narrow",
    "fear": "terrified: eyes widen, brows raised, lips part",
    "surprise": "shocked: brows raised, eyes widen, jaw drops",
    "disgust": "disgusted: nose wrinkles, lip curls, eyes narrow",
}
SIZES = ("close-up", "medium close-up", "medium shot")
FACING = ("faces the camera", "faces the camera", "turned left", "turned right")
LEVELS = (0.2, 0.4, 0.6, 0.8, 1.0)
SETTINGS = (
    "Setting: a plain room; morning",
    "Setting: a palace hall; night, lamps",
    "Setting: a street in the rain; night",
    "Setting: an office; noon",
    "Setting: a garden; afternoon",
    "Setting: a temple with candles; dusk",
    "Setting: a forest; morning",
)


def write_people(folder: Path, count: int, first: int = 0) -> None:
    """Write `<folder>/<person>/{sheet,s0..s4}.webp`, and beside the folder what was asked for and the studio's truth as JSON.

    Args:
        folder: Where to write.
        count: How many people.
        first: Number of the first one; other numbers are other people.
    """
    names = list(EMOTIONS)
    for number in range(first, first + count):
        person = identity.sample(np.random.default_rng(1000 + number))
        reference = [ReferenceIdentity(person, "Mei")]
        place = folder / f"{number:03d}"
        place.mkdir(parents=True, exist_ok=True)
        truth = folder.parent / f"{folder.name}-truth" / f"{number:03d}"
        truth.mkdir(parents=True, exist_ok=True)
        (place / "sheet.webp").write_bytes(sheet("Mei: neutral character sheet", seed=number, references=reference)[0])
        for shot in range(5):
            emotion = names[(number + shot) % 7] if shot else "neutral"
            level, vague = LEVELS[(number * 3 + shot) % 5], (number + 2 * shot) % 3 == 0
            words = emotion if vague else EMOTIONS[emotion]
            line = ' She says: "Where were you last night?"' if (number + shot) % 10 < 3 else ""
            frame = f"{SIZES[(number + shot) % 3]}\n{SETTINGS[(number + 3 * shot) % 7]}"
            prompt = f"{frame}\n\nMei: {words}, {FACING[(number + shot) % 4]}. intensity {level}{line}"
            data, made = still(prompt, seed=number * 10 + shot, references=reference)
            (place / f"s{shot}.webp").write_bytes(data)
            asked = {"emotion": emotion, "intensity": level, "vague": vague, "truth": made}
            (truth / f"s{shot}.json").write_text(json.dumps(asked))
