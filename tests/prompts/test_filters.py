"""Filters for prompt writers, through real templates."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from template_folder import Templates

from prompts import filters
from prompts.environment import PromptEnvironment
from prompts.render import Renderer


@pytest.mark.parametrize(
    ("body", "language", "text"),
    [
        ("{{ ['a', 'b', 'c'] | join_natural }}", "en", "a, b and c"),
        ("{{ ['a', 'b'] | join_natural(last='or') }}", "en", "a or b"),
        ("{{ ['a'] | join_natural }}", "en", "a"),
        (".{{ [] | join_natural }}", "en", "."),
        ("{{ ['梅', '兰', '博'] | join_natural }}", "zh", "梅、兰和博"),
        ("{{ ['梅', '兰'] | join_natural(last='或') }}", "zh-CN", "梅或兰"),
        ("{{ ['梅', '兰'] | join_natural('zh') }}", "en", "梅和兰"),
        ("{{ ['a\nb', 3] | bullets }}", "en", "- a\n  b\n- 3"),
        ("{{ ['a', 'b'] | bullets('* ') }}", "en", "* a\n* b"),
        ("{{ ['a\nb', 'c'] | numbered }}", "en", "1. a b\n2. c"),
        ("{{ 'say \"hi\"' | quote }}", "en", "“say 'hi'”"),
        ("{{ '走“吧”' | quote }}", "zh", "“走‘吧’”"),
        ("{{ ' a \n\n b\t' | one_line }}", "en", "a b"),
        ("{{ {'b': '梅', 'a': [1, none]} | tojson }}", "en", '{"a": [1, null], "b": "梅"}'),
        ("{{ {'a': 1} | tojson(2) }}", "en", '{\n  "a": 1\n}'),
        ("{{ {'a': 1}.items() | tojson }}", "en", '[["a", 1]]'),
        ("{{ '你好吗朋友们都来' | speech_seconds }}", "zh", "1.8"),
        ("{{ 'one two three four five' | speech_seconds }}", "en", "2.0"),
        ("{{ 10 | speech_budget }} {{ 10 | speech_budget(rate=4, pad=0) }}", "zh", "36 40"),
        ("{{ 10 | speech_budget }}", "en", "20"),
    ],
)
def test_a_filter_gives_its_text(templates: Templates, renderer: Renderer, body: str, language: str, text: str) -> None:
    """The language of the case decides, unless the filter is told."""
    assert renderer.render(templates.version(body), {"language": language}).text == text


@given(st.text(max_size=60))
def test_nothing_can_close_its_own_fence(text: str) -> None:
    """The tag carries a digest of the text, so the text cannot contain it."""
    fenced = filters.fenced(text, "script")
    first, last = fenced.split("\n")[0], fenced.rsplit("\n", 1)[1]
    assert last == f"</{first[1:]}"
    assert fenced == f"{first}\n{text}\n{last}"
    assert last not in text
    assert filters.fenced(text, "script") == fenced


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=5))
def test_json_is_read_back(value: dict[str, Any]) -> None:
    """What `tojson` writes is the value, whatever the order of its keys."""
    assert json.loads(filters.tojson(value)) == value
    assert filters.tojson(value) == filters.tojson(dict(reversed(value.items())))


def test_every_filter_is_described() -> None:
    """The table at the head of the module lists each one."""
    assert filters.__doc__ is not None
    assert [name for name in filters.FILTERS if f"| `{name}` |" not in filters.__doc__] == []


def test_nothing_that_differs_from_day_to_day_is_offered() -> None:
    """Jinja's `random` and `lipsum` give other text each time."""
    environment = PromptEnvironment()
    assert "random" not in environment.filters
    assert sorted(environment.globals) == ["cycler", "dict", "joiner", "namespace", "range"]


def test_all_of_jinjas_filters_work_without_files(templates: Templates, renderer: Renderer) -> None:
    """Nothing is left to be loaded on demand in a process that can open nothing."""
    samples = {
        "{{ 'a b' | urlencode }}": "a%20b",
        "{{ 1234567 | filesizeformat }}": "1.2 MB",
        "{{ [3, 1] | sort | pprint }}": "[1, 3]",
        "{{ 'see https://x.org' | urlize }}": "see <a",
        "{{ 'a-b' | title }} {{ 'aé梅' | upper }}": "A-B AÉ梅",
        "{{ 'a b c' | wordwrap(1) | one_line }} {{ 3.14159 | round(2) }}": "a b c 3.14",
        "{{ [{'a': 1}, {'a': 2}] | map(attribute='a') | sum }}": "3",
        "{{ [{'a': 1}, {'a': 2}] | groupby('a') | map('first') | list }}": "[1, 2]",
        "{{ '%s-%03d' | format('a', 5) }}": "a-005",
        "{{ '<b>' | escape }} {{ {'a': 1} | xmlattr | trim }}": "&lt;b&gt; a=",
        "{{ 'x' | forceescape }}{{ '<i>y</i>' | striptags }}{{ 'one two' | wordcount }}": "xy2",
        "{{ '梅'.encode('gbk') | length }}": "",
    }
    for body, start in samples.items():
        if start:
            assert renderer.render(templates.version(body), {}).text.startswith(start), body
