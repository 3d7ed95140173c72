"""Keys: where they are read, and that they are removed from everything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.errors import WorkspaceError
from runs import secrets
from runs.providers import wire

SECRET = "correct-horse-battery-staple"


def test_a_key_is_read_from_the_environment_first_and_then_from_the_workspaces_env_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("A_KEY=from-file-0001\nB_KEY='from file 0002'\n# C_KEY=x\nEMPTY_KEY=\n")
    monkeypatch.setenv("A_KEY", "from-environment")
    secrets.read_env_file(tmp_path)
    assert secrets.secret("A_KEY") == "from-environment"
    assert secrets.secret("B_KEY") == "from file 0002"
    assert secrets.secret("C_KEY") is None and secrets.secret("EMPTY_KEY") is None
    assert secrets.redact("it was from file 0002") == f"it was {secrets.MASK}"


def test_the_env_file_of_another_workspace_is_forgotten_but_stays_masked(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A_KEY=only-in-the-first\n")
    secrets.read_env_file(tmp_path)
    secrets.read_env_file(tmp_path / "other")
    assert secrets.secret("A_KEY") is None
    assert secrets.redact("only-in-the-first") == secrets.MASK


def test_an_env_file_that_is_no_text_is_named_without_its_bytes(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"A_KEY=\xff\xfe-private")
    with pytest.raises(WorkspaceError) as caught:
        secrets.read_env_file(tmp_path)
    assert "private" not in str(caught.value)


@pytest.mark.parametrize(
    ("given_text", "left"),
    [
        ("Authorization: Bearer abc.def-123", "abc.def"),
        ('{"authorization": "Basic dXNlcjpwYXNz"}', "dXNlcjpwYXNz"),
        ("https://host/v1?api_key=0123456789&x=1", "0123456789"),
        ("https://host/v1?key=AIzaXXXX", "AIzaXXXX"),
        ("https://user:hunter2@host/", "hunter2"),
        ("x-api-key=zzzz1111", "zzzz1111"),
        ("Incorrect API key provided: sk-proj-abcdefghijklmnopqrst.", "abcdefghij"),
        ("used r8_ABCDEFGHIJKLMNOPqrstuv", "ABCDEFGHIJ"),
        ("AKIAIOSFODNN7EXAMPLE", "AKIAIOSF"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "eyJhbGci"),
    ],
)
def test_what_looks_like_a_key_is_removed_though_never_seen_before(given_text: str, left: str) -> None:
    assert left not in secrets.redact(given_text)
    assert secrets.MASK in secrets.redact(given_text)


@pytest.mark.parametrize(
    "text",
    [
        "Mei holds the key. The secret: she knew. Password? None of your business.",
        "https://host/v1/chat/completions?stream=false",
        "max_tokens: 900, total_tokens=12, token by token",
        "sk-8 skis, key-light at 45 degrees, hf_small",
        "钥匙在井里：秘密",
        "The bearer of bad news arrived at 12:30@home",
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert secrets.redact(text) == text


def test_fields_of_mappings_are_removed_by_name_and_the_rest_is_kept() -> None:
    data = {"Authorization": "x", "headers": [("X-Api-Key", "y")], "usage": {"total_tokens": 3}, "facts": [{"secret": True}], "n": None}
    assert secrets.redact(data) == {**data, "Authorization": secrets.MASK}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from([SECRET, f"x{SECRET}y", json.dumps({"k": SECRET})]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5) | st.just(SECRET), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_a_known_key_is_removed_wherever_it_stands(value: Any) -> None:
    secrets.remember(SECRET)
    assert SECRET not in json.dumps(secrets.redact(value))
    assert SECRET not in json.dumps(secrets.redact(value, patterns=False))


@given(st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=8, max_size=40))
def test_a_key_is_removed_in_its_escaped_forms_too(key: str) -> None:
    secrets.remember(key)
    shown = secrets.redact(json.dumps({"k": f"a {key} b"}))
    assert key not in shown and json.dumps(key)[1:-1] not in shown


def test_only_the_end_of_a_key_is_ever_shown() -> None:
    assert secrets.hint("sk-0123456789abcdef") == "…cdef"
    assert secrets.hint("short") == "…"


def test_what_was_cleaned_once_is_given_back_as_it_is_until_another_key_is_known() -> None:
    """A wire request is looked through where it is made, and not again on its way into the journal; a key learned since is looked for."""
    clean = wire.clean({"url": "https://host/?api_key=0123456789abc", "said": "qv7-late-learned-value", "n": float("nan")})
    assert clean == {"url": "https://host/?api_key=[redacted]", "said": "qv7-late-learned-value", "n": None}
    assert secrets.redact({"body": clean})["body"] is clean
    assert wire.clean(clean) is clean
    secrets.remember("qv7-late-learned-value")
    assert secrets.redact({"body": clean})["body"]["said"] == secrets.MASK
    assert wire.clean(clean)["said"] == secrets.MASK
