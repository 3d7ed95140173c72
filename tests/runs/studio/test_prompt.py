"""Reading prompts: whose words are whose, and text that nobody would write on purpose."""

from __future__ import annotations

import time

import pytest

from runs.studio.prompt import MAX_PROMPT, clean, read

TWO = """Frame: medium close-up; two-shot
Setting: a palace hall at night; rain

Person 1 (mei_lan) on the left:
Appearance: woman, twenties, long black hair, oval face
Expression: strong anger: brows drawn together, jaw clenched
Facing: turned right, looking right, speaking, the lips shaped by a word

Person 2 (hao) on the right:
Appearance: man, short brown hair, square jaw
Wearing: navy suit
Expression: surprise: eyes widen, jaw drops
Facing: facing the camera

Style: photographic, green and gold"""


def test_labelled_people_get_their_own_words() -> None:
    reading = read(TWO)
    left, right = reading.people
    assert (left.fixed["sex"], right.fixed["sex"]) == (0, 1)
    assert (left.emotion, right.emotion) == ("anger", "surprise")
    assert (left.speaking, right.speaking) == (True, False)
    assert left.yaw == 22
    assert right.yaw == 0
    assert right.garment == "suit"
    assert "updo" in left.fixed
    assert left.fixed["hair_colour"] != right.fixed["hair_colour"]


def test_the_scene_is_read_from_its_own_lines() -> None:
    reading = read(TWO)
    assert (reading.place, reading.night, reading.rain, reading.size) == ("palace", True, True, "medium_closeup")


@pytest.mark.parametrize(
    "text",
    [
        "- Mei: woman, angry, long black hair\n- Hao: man, sad, beard",
        "**Mei**: woman, angry\n**Hao**: man, sad",
        "1. Mei: a woman, angry\n2. Hao: a man, sad",
        "Left: a woman, angry\nRight: a man, sad",
        "## Person 1\nA woman, angry.\n\n## Person 2\nA man, sad.",
        "人物1：女，愤怒，黑发\n人物2：男，悲伤，短发",
        "Mei — a woman, angry\nHao — a man, sad",
    ],
)
def test_people_are_found_however_they_are_listed(text: str) -> None:
    people = read(text).people
    assert [p.emotion for p in people] == ["anger", "sadness"]
    assert [p.fixed["sex"] for p in people] == [0, 1]


def test_names_in_prose_are_counted() -> None:
    people = read("A film still of Mei and Hao in the hall at night. Mood anger and fear.").people
    assert [p.name for p in people] == ["Mei", "Hao"]
    assert [p.emotion for p in people] == ["anger", "fear"]


def test_headings_of_the_scene_are_nobody() -> None:
    text = "Camera: close-up\nLighting: soft key, red curtains\nMood: angry\nStyle: noir, black hair in every frame"
    assert len(read(text).people) == 1


def test_the_names_of_references_are_expected_people() -> None:
    assert [p.name for p in read("They argue in the rain.", ["mei", "hao"]).people] == ["mei", "hao"]


def test_no_more_than_three_people_are_drawn() -> None:
    text = "\n".join(f"Person {i}: a woman, angry" for i in range(1, 9))
    assert len(read(text).people) == 3


def test_what_is_forbidden_is_not_read() -> None:
    fixed = read("A woman.\nAvoid: beard, glasses, blue eyes\nDo not give her curly hair\nNo text, no watermark").people[0].fixed
    assert fixed == {"sex": 0}
    assert read("A man with a beard, no beard").people[0].fixed["beard"] == 0


def test_nothing_at_all_is_a_neutral_stranger() -> None:
    person = read("").people[0]
    assert (person.emotion, person.amplitude, person.fixed) == ("neutral", 0.0, {})


@pytest.mark.parametrize(
    "text",
    [
        "long " * 200_000,
        "\x00\x1b[31m\u202e" * 100_000,
        "- a: b\n" * 200_000,
        "brows " + "very " * 100_000 + "raised",
        "**" * 500_000,
        ":" * 1_000_000,
        '"' * 1_000_000,
        "from " * 200_000,
        "\ud800 lone surrogate " * 1000,
        "A and B and " * 80_000,
        "intensity " + "9" * 1_000_000,
    ],
    ids=lambda t: repr(t[:12]),
)
def test_hostile_text_is_read_in_bounded_time(text: str) -> None:
    started = time.process_time()
    read(text)
    assert time.process_time() - started < 5
    assert len(clean(text)) <= MAX_PROMPT


def test_control_characters_do_not_join_or_split_words() -> None:
    assert read("black\x00hair").people[0].fixed["hair_colour"] == 0.02
