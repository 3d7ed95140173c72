"""What changed between two versions, in the source and in the prompts of the cases."""

from __future__ import annotations

from difflib import unified_diff

from hypothesis import given
from hypothesis import strategies as st
from template_folder import Templates

from prompts.diff import format_rendered, format_source, rendered_diff, source_diff, text_diff
from prompts.render import Renderer

LINES = st.lists(st.sampled_from(["a", "b", "c d", "梅 走", ""]), max_size=12)


def test_a_source_diff_covers_every_file(templates: Templates) -> None:
    """The template's own change comes first, then partials that changed, came or went."""
    templates.put("_p/style.j2", "ink\n")
    templates.put("_p/old.j2", "old\n")
    templates.put("_p/new.j2", "new\n")
    a = templates.version("{% include '_p/style.j2' %}\n{% include '_p/old.j2' %}\n", "shot/a@one.j2")
    templates.put("_p/style.j2", "oil\n")
    b = templates.version("{% include '_p/style.j2' %}\n{% include '_p/new.j2' %}\n")
    assert [(file.path, file.status) for file in source_diff(a, b)] == [
        ("shot/a.j2", "changed"),
        ("_p/new.j2", "added"),
        ("_p/old.j2", "removed"),
        ("_p/style.j2", "changed"),
    ]
    text = format_source(source_diff(a, b))
    assert "-{% include '_p/old.j2' %}\n+{% include '_p/new.j2' %}" in text
    assert "--- /dev/null\n+++ b/_p/new.j2\n@@ -0,0 +1,1 @@\n+new" in text


def test_equal_versions_do_not_differ(templates: Templates) -> None:
    """A copy under a label has nothing to show."""
    a = templates.version("x", "shot/a@one.j2")
    assert source_diff(a, templates.version("x")) == []
    assert format_source([]) == ""


def test_changed_words_are_marked() -> None:
    """Within a replaced line only the words that differ are marked; Chinese is marked sign by sign."""
    ((old, new),) = text_diff("A slow pan over 旧院子 at dawn", "A slow tilt over 旧房子 at dawn")
    assert [span.text for span in old.spans if span.changed] == ["pan", "院"]
    assert [span.text for span in new.spans if span.changed] == ["tilt", "房"]
    assert (old.sign, old.a, old.b) == ("-", 1, None)
    assert (new.sign, new.a, new.b) == ("+", None, 1)


def test_lines_with_nothing_in_common_are_marked_whole() -> None:
    """Scattered marks would only confuse."""
    ((old, _),) = text_diff("abc def", "完全不同的句子")
    assert [(span.text, span.changed) for span in old.spans] == [("abc def", True)]
    # The spaces of two sentences, and a comma, are no likeness.
    ((old, _),) = text_diff("The prompt most people write, in a word", "A key frame that stands alone, with a look")
    assert [span.changed for span in old.spans] == [True]


@given(LINES, LINES)
def test_a_diff_is_the_diff_that_everyone_knows(a: list[str], b: list[str]) -> None:
    """Signs and lines are those of a unified diff, and spans put together are the line."""
    ours = [line.sign + line.text for hunk in text_diff("\n".join(a), "\n".join(b)) for line in hunk]
    theirs = [
        line
        for line in unified_diff("\n".join(a).splitlines(), "\n".join(b).splitlines(), lineterm="")
        if not line.startswith(("---", "+++", "@@"))
    ]
    assert ours == theirs


@given(LINES, LINES)
def test_both_sides_can_be_read_off_a_diff(a: list[str], b: list[str]) -> None:
    """With enough context, lines with - or blank are A, lines with + or blank are B."""
    lines = [line for hunk in text_diff("\n".join(a), "\n".join(b), context=99) for line in hunk]
    before, after = "\n".join(a).splitlines(), "\n".join(b).splitlines()
    if before != after:
        assert [line.text for line in lines if line.sign != "+"] == before
        assert [line.text for line in lines if line.sign != "-"] == after
        assert [line.a for line in lines if line.a] == list(range(1, len(before) + 1))


def test_a_rendered_diff_tells_which_cases_change(templates: Templates, renderer: Renderer) -> None:
    """A case whose prompt stays the same is same; the others say by how much they grow."""
    a = templates.version("Draw {{ who }}.", "shot/a@one.j2")
    b = templates.version("Draw {{ who }}{% if rain %} in heavy rain{% endif %}.")
    cases = [("dry", {"who": "Mei", "rain": False}), ("wet", {"who": "Mei", "rain": True})]
    diff = rendered_diff(a, b, cases, renderer=renderer.render)
    assert [(case.case_id, case.changed, case.characters) for case in diff.cases] == [("dry", False, 0), ("wet", True, 14)]
    assert diff.cases[1].tokens == diff.tokens > 0
    assert [span.text for line in diff.cases[1].lines[0] for span in line.spans if span.changed] == [" in heavy rain"]
    assert format_rendered(diff).splitlines()[-1] == f"1 of 2 cases change, +14 characters, about {diff.tokens:+d} tokens"


def test_a_case_that_one_version_cannot_render_is_a_change(templates: Templates, renderer: Renderer) -> None:
    """The error is part of the answer, not the end of the diff."""
    a = templates.version("Draw {{ who }}.", "shot/a@one.j2")
    b = templates.version("Draw {{ whom }}.")
    diff = rendered_diff(a, b, [("c", {"who": "Mei"})], renderer=renderer.render)
    assert diff.cases[0].changed
    assert not diff.cases[0].error_a
    assert "'whom' is undefined" in diff.cases[0].error_b
    assert "B does not render" in format_rendered(diff)
