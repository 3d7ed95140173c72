"""A script becomes the same shots and the same cue each time, as long as what is said in them takes to say."""

from __future__ import annotations

from typing import Any

import pytest

from evals.case import SeriesFile
from evals.storyboard import LONGEST_S, SHORTEST_S, cast_of, cue_of, shots_of
from prompts.story import Script

Json = dict[str, Any]


def series(language: str = "en", **mei: Any) -> SeriesFile:
    return SeriesFile.model_validate({
        "series": {"id": "ferry", "title": "The Ferry", "language": language, "genre": ["mystery"], "logline": "He never gets off."},
        "characters": [{"id": "mei", "name": "Mei", **mei}, {"id": "he", "name": "He"}, {"id": "bo", "name": "Bo"}],
        "locations": [{"id": "pier", "name": "the pier"}],
        "props": [{"id": "stub", "name": "the stub"}],
        "episodes": [{"id": "e1", "number": 1, "target_seconds": 45}],
        "cases": [{"id": "c", "stage": "character", "character": "mei"}],
    })  # fmt: skip


def script(*beats: Json, location: str = "pier", daypart: str = "night") -> Script:
    whole = [{"id": f"b{n}", "function": "hook", "emotion": 5, "action": "A look.", **beat} for n, beat in enumerate(beats, start=1)]
    scene = {"id": "s1", "location": location, "daypart": daypart, "present": [], "beats": whole}
    return Script.model_validate({"title": "One", "scenes": [scene]})


def line(speaker: str, text: str, **more: Any) -> Json:
    return {"id": f"l-{speaker}-{len(text)}", "speaker": speaker, "text": text, **more}


@pytest.mark.parametrize(
    ("language", "text", "seconds"),
    [
        ("en", "one two three four five six seven eight nine ten", 6),  # 10 words at 2.5 a second, and 2 s
        ("zh", "她把票根举到灯前，屏住了呼吸，一动不动。", 6),  # 17 signs at 4.5 a second: marks are not spoken
        ("zh", "走！", SHORTEST_S),
        ("zh", "call me back OK", 4),  # four words at 2.5: letters are no signs
        ("en", " ".join(["word"] * 60), LONGEST_S),
    ],
)
def test_a_shot_is_as_long_as_its_lines_take_to_say(language: str, text: str, seconds: int) -> None:
    (shot,) = shots_of(script({"actors": ["mei"], "lines": [line("mei", text)]}), series(language), 6)
    assert shot.duration == seconds


def test_who_speaks_slowly_gets_longer_shots_and_a_voice_from_elsewhere_none() -> None:
    said = {"actors": ["mei"], "lines": [line("mei", "one two three four five")]}
    slow, usual = (shots_of(script(said), series(**mei), 6)[0].duration for mei in ({"speech_rate": 1.0}, {}))
    assert (slow, usual) == (7, 4)
    (shot,) = shots_of(script({"actors": ["mei"], "lines": [line("mei", "one two three four five", kind="vo")]}), series(), 6)
    assert (shot.duration, shot.lines) == (SHORTEST_S, [])


def test_the_strongest_beats_are_kept_in_order_under_their_own_numbers() -> None:
    told = script(*({"emotion": strength} for strength in (2, 9, 5, 9)))
    assert [shot.id for shot in shots_of(told, series(), 6)] == ["s01", "s02", "s03", "s04"]
    assert [shot.id for shot in shots_of(told, series(), 3)] == ["s02", "s03", "s04"]
    assert [shot.id for shot in shots_of(told, series(), 1)] == ["s02"]


def test_one_is_close_and_two_face_each_other_and_one_mouth_moves() -> None:
    (alone,) = shots_of(script({"actors": ["mei"]}), series(), 6)
    assert (alone.size, [(v.x, v.facing, v.speaking) for v in alone.visible]) == ("closeup", [(0.5, "camera", False)])
    (both,) = shots_of(script({"actors": ["mei"], "lines": [line("he", "Stay."), line("mei", "No."), line("bo", "Why?")]}), series(), 6)
    assert (both.size, [(v.who, v.x, v.facing, v.speaking) for v in both.visible]) == (
        "medium",
        [("mei", 0.3, "right", False), ("he", 0.7, "left", True)],
    )


def test_what_the_series_does_not_have_is_left_out() -> None:
    made = script({"actors": ["stranger", "mei"], "props": ["knife", "stub"]}, daypart="teatime")
    (shot,) = shots_of(made, series(), 6)
    assert ([v.who for v in shot.visible], shot.props, shot.daypart) == (["mei"], ["stub"], "night")
    assert cast_of(made, series()) == ["mei"]
    assert shots_of(script({}, location="moon"), series(), 6) == []


@pytest.mark.parametrize(
    ("strengths", "mood", "bpm"),
    [((2, 8), "mystery, rising, tense", 100), ((4, 2), "mystery, falling, calm", 88), ((5, 5), "mystery, rising, tense", 100)],
)
def test_the_music_follows_the_course_of_the_beats(strengths: tuple[int, ...], mood: str, bpm: int) -> None:
    file = series()
    cue = cue_of(script(*({"emotion": strength} for strength in strengths)), file.episodes[0], file)
    assert (cue.start, cue.end, cue.mood, cue.bpm) == (0, 45, mood, bpm)
