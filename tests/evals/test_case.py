"""Series files: what is read, what is refused and in which words, and what a case is made of."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evals.case import Case, load_cases, load_series, resolve
from prompts.errors import InputError

SERIES = """\
series: {id: foxlight, title: Foxlight, language: en, genre: [ghost], logline: A maid keeps a fox.}
characters:
  - id: mei
    name: Mei
    static_descriptors: [long black hair]
    looks:
      - {id: maid, descriptors: [a grey dress]}
      - {id: ghost, descriptors: [a white robe]}
    default_look: maid
    reference_images: [references/foxlight/mei.webp]
  - {id: lan, name: Lan, looks: [{id: gown, descriptors: [a red gown]}]}
  - {id: bo, name: Bo}
locations: [{id: hall, name: the hall}]
props: [{id: comb, name: the comb, first_holder: mei}]
facts: [{id: secret, text: The fox can speak., known_by: [mei]}]
episodes:
  - id: e01
    number: 1
    outline:
      title: Foxlight
      logline: Mei hides the fox.
      core_conflict: Mei wants the fox; Lan wants its fur.
      opening_hook: The fox says good evening.
      key_events: [one, two, three]
      cliffhanger: The fox is gone.
      must_include: [comb, secret]
  - {id: e02, number: 2}
cases:
  - {id: outline-1, stage: outline, episode: e01}
  - {id: script-1, stage: script, episode: e01}
  - {id: mei-ghost, stage: character, character: mei, look: ghost}
  - id: shot-1
    stage: shot
    shot:
      id: s01
      location: hall
      daypart: night
      size: medium
      action: Mei hides the comb from Lan.
      visible:
        - {who: lan, x: 0.8, emotion: anger, intensity: 0.9}
        - {who: mei, x: 0.2, emotion: fear}
        - {who: bo, x: 0.5}
      props: [comb]
  - {id: music-1, stage: music, episode: e01, cue: {id: m1, start: 1, end: 9, mood: cold}}
"""


@pytest.fixture
def evals(tmp_path: Path) -> Path:
    """Return an evals folder with one series and its picture."""
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "foxlight.yaml").write_text(SERIES)
    (tmp_path / "references" / "foxlight").mkdir(parents=True)
    (tmp_path / "references" / "foxlight" / "mei.webp").write_bytes(b"a picture")
    return tmp_path


@pytest.fixture
def edited(evals: Path) -> Callable[[str, str], Path]:
    """Return a function that replaces words of the series file."""

    def edit(old: str, new: str) -> Path:
        path = evals / "cases" / "foxlight.yaml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
        return path

    return edit


def cases_of(evals: Path) -> dict[str, Case]:
    return {case.id: case for case in load_cases(evals / "cases")}


def test_every_stage_gets_the_inputs_that_it_is_promised(evals: Path) -> None:
    shared = {"series", "language", "characters", "locations", "props", "facts"}
    own = {
        "outline-1": {"episode", "must_include", "profile"},
        "script-1": {"episode", "profile"},
        "mei-ghost": {"character", "look"},
        "shot-1": {"shot", "location", "people", "aspect"},
        "music-1": {"episode", "cue"},
    }
    cases = cases_of(evals)
    assert {name: set(case.inputs) for name, case in cases.items()} == {name: shared | keys for name, keys in own.items()}


def test_an_outline_is_asked_for_without_showing_the_one_that_is_there(evals: Path) -> None:
    inputs = cases_of(evals)["outline-1"].inputs
    assert inputs["episode"]["outline"] is None
    assert inputs["must_include"] == ["comb", "secret"]


def test_people_come_from_left_to_right_each_in_the_look_asked_for_or_the_default_or_the_first_or_none(evals: Path) -> None:
    people = cases_of(evals)["shot-1"].inputs["people"]
    assert [p["character"]["id"] for p in people] == ["mei", "bo", "lan"]
    assert [p["look"] and p["look"]["id"] for p in people] == ["maid", None, "gown"]
    assert (people[2]["emotion"], people[2]["intensity"], people[2]["acting"]) == ("anger", 0.9, "")


def test_references_are_those_of_the_people_shown(evals: Path) -> None:
    cases = cases_of(evals)
    picture = (evals / "references" / "foxlight" / "mei.webp").resolve()
    assert cases["shot-1"].references == {"bo": (), "lan": (), "mei": (picture,)}
    assert cases["mei-ghost"].references == {"mei": (picture,)}
    assert cases["script-1"].references == {}


def test_the_hash_is_of_content_it_does_not_depend_on_the_place_or_the_notes(evals: Path, tmp_path: Path) -> None:
    before = cases_of(evals)
    copy = tmp_path / "elsewhere"
    shutil.copytree(evals / "cases", copy / "cases")
    shutil.copytree(evals / "references", copy / "references")
    path = copy / "cases" / "foxlight.yaml"
    path.write_text(path.read_text().replace("stage: outline, episode: e01", "stage: outline, episode: e01, notes: a remark"))
    assert {name: case.hash for name, case in cases_of(copy).items()} == {name: case.hash for name, case in before.items()}


def test_the_hash_changes_with_a_picture_or_a_word_where_it_is_shown_and_nowhere_else(evals: Path) -> None:
    before = cases_of(evals)
    (evals / "references" / "foxlight" / "mei.webp").write_bytes(b"another picture")
    after = cases_of(evals)
    changed = {name for name in before if before[name].hash != after[name].hash}
    assert changed == {"mei-ghost", "shot-1"}


def test_one_case_resolved_alone_equals_the_one_that_is_loaded_with_all(evals: Path) -> None:
    file = load_series(evals / "cases" / "foxlight.yaml")
    loaded = cases_of(evals)
    assert all(resolve(file, spec, evals) == loaded[spec.id] for spec in file.cases)


def test_the_profile_counts_characters_in_chinese_and_words_in_english(evals: Path, edited: Callable[[str, str], Path]) -> None:
    english = cases_of(evals)["script-1"].inputs["profile"]
    edited("language: en", "language: zh")
    chinese = cases_of(evals)["script-1"].inputs["profile"]
    assert (english["unit"], english["line_limit"], english["speech_limit"]) == ("words", 12, 90)
    assert (chinese["unit"], chinese["line_limit"], chinese["speech_limit"]) == ("characters", 22, 162)


WRONG: list[tuple[str, str, str]] = [
    ("language: en", "language: fr", "foxlight.yaml:1: series.language: Input should be 'zh' or 'en'."),
    ("title: Foxlight, lang", "titel: Foxlight, lang", "foxlight.yaml:1: series.titel: Unknown key. Did you mean title? (and 1 more)"),
    ("  - {id: bo, name: Bo}", "  - {id: bo, name: Bo, hair: red}", "yaml:12: characters[2].hair: Unknown key. "),
    ("{id: bo, name: Bo}", "{id: Bo Li, name: Bo}", "yaml:12: characters[2].id: 'Bo Li' is no id. Write lower-case letters, digits,"),
    ("who: bo", "wo: bo", "yaml:43: cases[3].shot.visible[2].wo: Unknown key. Did you mean who? (and 1 more)"),
    ("{id: bo, name: Bo}", "{id: mei, name: Bo}", "foxlight.yaml:12: characters[2].id: The id 'mei' stands here a second time."),
    ("{id: ghost, d", "{id: maid, d", "foxlight.yaml:8: characters[0].looks[1].id: The id 'maid' stands here a second time."),
    ("default_look: maid", "default_look: made", "yaml:9: characters[0].default_look: Unknown look of mei 'made'. Did you mean m"),
    ("first_holder: mei", "first_holder: mai", "foxlight.yaml:14: props[0].first_holder: Unknown character 'mai'. Did you mean mei?"),
    ("known_by: [mei]", "known_by: [mei, fox]", "foxlight.yaml:15: facts[0].known_by[1]: Unknown character 'fox'. Known: bo, lan, mei."),
    ("must_include: [comb,", "must_include: [brush,", "episodes[0].outline.must_include[0]: Unknown id 'brush'."),
    ("stage: script, episode: e01", "stage: script, episode: e09", "yaml:30: cases[1].episode: Unknown episode 'e09'. Did you"),
    ("stage: script, episode: e01", "stage: script, episode: e02", "A script is written from an outline, and e02 has none."),
    ("stage: script, episode: e01", "stage: script", "foxlight.yaml:30: cases[1]: A case of stage script needs 'episode'."),
    ("stage: script, episode", "stage: script, look: maid, episode", "cases[1].look: A case of stage script has no 'look'."),
    ("look: ghost", "look: bridal", "foxlight.yaml:31: cases[2].look: Unknown look of mei 'bridal'."),
    ("id: script-1", "id: outline-1", "foxlight.yaml:30: cases[1].id: The id 'outline-1' stands here a second time."),
    ("location: hall", "location: hell", "foxlight.yaml:36: cases[3].shot.location: Unknown location 'hell'. Did you mean hall?"),
    ("daypart: night", "daypart: midnight", "cases[3].shot.daypart: Unknown daypart 'midnight'. Did you mean night"),
    ("size: medium", "size: huge", "cases[3].shot.size: Unknown size 'huge'. Known:"),
    ("emotion: fear", "emotion: jealousy", "yaml:42: cases[3].shot.visible[1].emotion: Unknown emotion 'jealousy'. Did you mean joy?"),
    ("who: bo", "who: mei", "foxlight.yaml:43: cases[3].shot.visible[2].who: mei is in this shot twice."),
    ("x: 0.8", "x: 1.8", "foxlight.yaml:41: cases[3].shot.visible[0].x: Input should be less than or equal to 1."),
    ("props: [comb]", "props: [brush]", "cases[3].shot.props[0]: Unknown prop 'brush'. Known: comb."),
    ("end: 9", "end: 1", "foxlight.yaml:45: cases[4].cue.end: A cue ends after it starts."),
    ("references/foxlight/mei.webp", "references/mei.webp", "The reference picture 'references/mei.webp' cannot be read: No such file"),
    ("references/foxlight/mei.webp", "../secret.webp", "yaml:10: characters[0].reference_images[0]: The reference picture '../secr"),
    ("references/foxlight/mei.webp", "cases/foxlight.yaml", "The reference picture 'cases/foxlight.yaml' is none of .webp, .png"),
    ("number: 2}", "number: 2, target_seconds: inf}", "foxlight.yaml:27: episodes[1].target_seconds: Input should be a finite number."),
    ("cases:\n", "cases: [\n", "foxlight.yaml:29: Malformed YAML"),
    ("id: lan, name: Lan", "id: &lan lan, name: *lan", "foxlight.yaml:11: Anchors and aliases (& and *) are not allowed"),
    ("id: lan, name: Lan", "id: lan, id: lan, name: Lan", "foxlight.yaml:11: The key 'id' is there twice."),
    ("name: Lan", "name: !!python/name:os.system Lan", "foxlight.yaml:11: Tags"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message"), WRONG, ids=[new for _, new, _ in WRONG])
def test_a_mistake_is_one_line_with_file_line_and_value(
    evals: Path, edited: Callable[[str, str], Path], old: str, new: str, message: str
) -> None:
    edited(old, new)
    with pytest.raises(InputError) as caught:
        load_cases(evals / "cases")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: [*b, *b, *b, *b, *b, *b, *b, *b, *b]\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The file is empty"),
        (BOMB.encode(), "Anchors and aliases"),
        (b"[" * 5000, "Nested more than"),
        (b"series: \xff\xfe", ":1: Not UTF-8 text"),
        (b"# " + b"x" * 1_100_000, "Larger than 1,000,000 bytes"),
        (b"just words", "Input should be"),
        (b"series: {}\n---\nseries: {}\n", ":3: There is a second YAML document"),
    ],
)
def test_a_file_that_is_no_series_is_refused_in_one_line(evals: Path, content: bytes, message: str) -> None:
    (evals / "cases" / "foxlight.yaml").write_bytes(content)
    with pytest.raises(InputError) as caught:
        load_cases(evals / "cases")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_picture_behind_a_link_that_leads_outside_is_refused(evals: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "face.webp"
    outside.write_bytes(b"private")
    picture = evals / "references" / "foxlight" / "mei.webp"
    picture.unlink()
    picture.symlink_to(outside)
    with pytest.raises(InputError, match="lies outside the evals folder"):
        load_cases(evals / "cases")


def test_a_picture_may_not_be_endless(evals: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = evals / "references" / "foxlight" / "mei.webp"
    with picture.open("wb") as stream:
        stream.truncate(20_000_001)
    with pytest.raises(InputError, match="larger than 20,000,000 bytes"):
        load_cases(evals / "cases")


def test_two_files_may_not_share_a_case_or_a_series(evals: Path) -> None:
    second = evals / "cases" / "second.yaml"
    second.write_text(SERIES)
    with pytest.raises(InputError, match=r"second\.yaml:1: series\.id: The id of series foxlight is taken by foxlight\.yaml\."):
        load_cases(evals / "cases")
    second.write_text(SERIES.replace("id: foxlight", "id: second"))
    with pytest.raises(InputError, match=r"second\.yaml:29: cases\[0\]\.id: The id of case outline-1 is taken by foxlight\.yaml\."):
        load_cases(evals / "cases")


def test_a_folder_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no such folder of cases"):
        load_cases(tmp_path / "cases")


def test_files_that_are_no_series_are_left_alone(evals: Path) -> None:
    (evals / "cases" / ".draft.yaml").write_text("[")
    (evals / "cases" / "notes.md").write_text("[")
    assert len(load_cases(evals / "cases")) == 5


def test_inputs_are_plain_json(evals: Path) -> None:
    import json

    def same(value: Any) -> Any:
        return json.loads(json.dumps(value, allow_nan=False))

    assert all(same(dict(case.inputs)) == case.inputs for case in load_cases(evals / "cases"))
