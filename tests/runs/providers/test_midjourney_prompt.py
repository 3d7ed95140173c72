"""Midjourney's prompt line: parameters are data, rendered last; text that would be more than text is refused by name."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.provider import Failure
from runs.providers.midjourney_prompt import ALIASES, PARAMETERS, VERSIONS, line, plain, version_of

URL = "https://cdn.example/mei.png"


@pytest.mark.parametrize(
    ("parameters", "version", "expected"),
    [
        ({}, "7", "a nurse --v 7"),
        ({"ar": "9:16"}, "7", "a nurse --ar 9:16 --v 7"),
        ({"stylize": 250, "chaos": 5, "weird": 10}, "7", "a nurse --s 250 --c 5 --w 10 --v 7"),
        ({"s": 250, "c": 5, "w": 10, "q": 2}, "7", "a nurse --s 250 --c 5 --w 10 --q 2 --v 7"),
        ({"no": ["text", "a watermark"]}, "7", "a nurse --no text, a watermark --v 7"),
        ({"seed": 4294967295}, "7", "a nurse --seed 4294967295 --v 7"),
        ({"raw": True}, "7", "a nurse --raw --v 7"),
        ({"style": "raw"}, "6", "a nurse --style raw --v 6"),
        ({"iw": 2.5}, "7", "a nurse --iw 2.5 --v 7"),
        ({"sref": [URL, "123456"], "sw": 300}, "7", f"a nurse --sref {URL} 123456 --sw 300 --v 7"),
        ({"oref": URL, "ow": 400}, "7", f"a nurse --oref {URL} --ow 400 --v 7"),
        ({"cref": URL, "cw": 0}, "6.1", f"a nurse --cref {URL} --cw 0 --v 6.1"),
        ({"cref": [URL]}, "niji 6", f"a nurse --cref {URL} --niji 6"),
        ({"exp": 20, "profile": "ab12"}, "7", "a nurse --exp 20 --p ab12 --v 7"),
        ({"p": True}, "7", "a nurse --p --v 7"),
        ({"tile": True, "raw": False, "seed": None}, "7", "a nurse --tile --v 7"),
        ({"hd": True}, "8.1", "a nurse --hd --v 8.1"),
        ({"v": 8.1}, "7", "a nurse --v 8.1"),
        ({"niji": 7}, "7", "a nurse --niji 7"),
        # The order is ours, so that equal parameters are equal prompts.
        ({"v": "7", "seed": 1, "ar": "1:1"}, "6", "a nurse --ar 1:1 --seed 1 --v 7"),
    ],
)
def test_parameters_are_rendered_last_and_in_one_order(parameters: dict[str, Any], version: str, expected: str) -> None:
    assert line("a nurse", parameters, version) == expected


@pytest.mark.parametrize(
    ("parameters", "version", "code"),
    [
        ({"oref": URL}, "6", "version"),
        ({"oref": URL}, "8.1", "version"),
        ({"oref": URL}, "niji 7", "version"),
        ({"ow": 100}, "8", "version"),
        ({"cref": URL}, "7", "version"),
        ({"cref": URL}, "8.1", "version"),
        ({"cw": 50}, "7", "version"),
        ({"weird": 5}, "8.1", "version"),
        ({"tile": True}, "8.1", "version"),
        ({"stop": 50}, "8.1", "version"),
        ({"draft": True}, "8.1", "version"),
        ({"turbo": True}, "8.1", "version"),
        ({"hd": True}, "7", "version"),
        ({"ar": "wide"}, "7", "bad_parameter"),
        ({"ar": "0:1"}, "7", "bad_parameter"),
        ({"stylize": 1001}, "7", "bad_parameter"),
        ({"stylize": -1}, "7", "bad_parameter"),
        ({"stylize": "100 --v 6"}, "7", "bad_parameter"),
        ({"chaos": 101}, "7", "bad_parameter"),
        ({"weird": 3001}, "7", "bad_parameter"),
        ({"quality": 3}, "7", "bad_parameter"),
        ({"seed": 2**32}, "7", "bad_parameter"),
        ({"seed": 1.5}, "7", "bad_parameter"),
        ({"iw": 2.5}, "6", "bad_parameter"),
        ({"iw": 3.5}, "7", "bad_parameter"),
        ({"sw": 1001}, "7", "bad_parameter"),
        ({"ow": 0}, "7", "bad_parameter"),
        ({"cw": 101}, "6", "bad_parameter"),
        ({"exp": 101}, "7", "bad_parameter"),
        ({"no": ["text --v 6"]}, "7", "bad_parameter"),
        ({"no": []}, "7", "bad_parameter"),
        ({"sref": "https://cdn.example/a b"}, "7", "bad_parameter"),
        ({"sref": "https://cdn.example/--v"}, "7", "bad_parameter"),
        ({"oref": [URL, URL]}, "7", "bad_parameter"),
        ({"oref": "12345"}, "7", "bad_parameter"),
        ({"raw": "yes"}, "7", "bad_parameter"),
        ({"profile": "x --v 6"}, "7", "bad_parameter"),
        ({"s": 1, "stylize": 2}, "7", "bad_parameter"),
        ({"stylise": 5}, "7", "unknown_parameter"),
        ({"width": 720}, "7", "unknown_parameter"),
        ({"v": 5}, "7", "unknown_version"),
        ({"v": "7 --stop 10"}, "7", "unknown_version"),
    ],
)
def test_what_a_version_does_not_take_is_refused_before_it_is_paid(parameters: dict[str, Any], version: str, code: str) -> None:
    failure = line("a nurse", parameters, version)
    assert isinstance(failure, Failure)
    assert (failure.error, failure.code) == ("invalid_request", code)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a nurse --ar 1:1", "parameter_injection"),
        ("a nurse--v 6", "parameter_injection"),
        ("a nurse -\u200b-v 6", "parameter_injection"),
        ("a nurse \uff0d\uff0dv 6", "parameter_injection"),
        ("a nurse \u2212\u2212chaos 100", "parameter_injection"),
        ("a nurse \u2014ar 1:1", "parameter_injection"),
        ("\u2014v 5", "parameter_injection"),
        ("a nurse\n--seed 1", "parameter_injection"),
        ("https://evil.example/a.png a nurse", "address_injection"),
        ("a nurse HTTPS://evil.example/a.png", "address_injection"),
        ("a {red, green, blue} coat", "permutation_injection"),
    ],
)
def test_text_that_would_be_more_than_text_is_refused_by_name(text: str, code: str) -> None:
    failure = line(text, {})
    assert isinstance(failure, Failure)
    assert (failure.error, failure.code) == ("invalid_request", code)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a nurse\n\nat a window\r\n", "a nurse at a window"),
        ("a nurse \u2014 tired", "a nurse \u2014 tired"),
        ("a nurse\u2014or a doctor\u2014waits", "a nurse\u2014or a doctor\u2014waits"),
        ("half-lit, 9-to-5", "half-lit, 9-to-5"),
        ("she says {nothing}", "she says {nothing}"),
        ("a\u0000b\u200bc", "abc"),
        ("护士站在窗前", "护士站在窗前"),
    ],
)
def test_ordinary_text_stays(text: str, expected: str) -> None:
    assert plain(text) == expected


def test_pictures_stand_before_the_text() -> None:
    assert line("a nurse", {"ar": "1:1"}, images=[URL]) == f"{URL} a nurse --ar 1:1 --v 7"
    assert isinstance(line("a nurse", {}, images=["file:///etc/passwd"]), Failure)


def test_an_empty_prompt_is_refused() -> None:
    failure = line(" \n", {})
    assert isinstance(failure, Failure) and failure.code == "empty_prompt"


def test_which_version_takes_what_can_be_corrected() -> None:
    assert line("a nurse", {"weird": 5}, "8.1", versions={"weird": ("8.1",)}) == "a nurse --w 5 --v 8.1"
    refused = line("a nurse", {"oref": URL}, "7", versions={"oref": ()})
    assert isinstance(refused, Failure) and refused.code == "version"


@pytest.mark.parametrize(
    ("model", "version"),
    [("midjourney-v7", "7"), ("8.1", "8.1"), ("niji-7", "niji 7"), ("midjourney niji 6", "niji 6"), ("midjourney", None), ("v6.1", "6.1")],
)
def test_a_model_s_name_may_say_the_version(model: str, version: str | None) -> None:
    assert version_of(model) == version


@given(text=st.text(max_size=60), version=st.sampled_from(VERSIONS))
def test_whatever_the_text_the_line_holds_only_our_parameters(text: str, version: str) -> None:
    made = line(text, {"seed": 5}, version)
    if isinstance(made, str):
        flag = f"--niji {version[5:]}" if version.startswith("niji") else f"--v {version}"
        assert made.endswith(f" --seed 5 {flag}")
        assert made.count("--") == 2
        assert "\n" not in made


def test_aliases_lead_to_parameters() -> None:
    assert set(ALIASES.values()) <= set(PARAMETERS)
    assert not set(ALIASES) & set(PARAMETERS)
