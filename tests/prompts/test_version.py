"""A version is the hash of all text that can reach a prompt, and of nothing else."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from template_folder import HEAD, Templates

from prompts.errors import IncludeError, TemplateError, TemplateSyntaxError
from prompts.version import Version, build, from_closure, normalise

TEXT = st.text(st.characters(exclude_characters="{}%#\r\v\f\x1c\x1d\x1e\x85\u2028\u2029", exclude_categories=("Cs",)), max_size=40)


def make(files: dict[str, str], entry: str = "shot/a.j2") -> Version:
    """Build a version from sources in memory, as a log does."""
    return build(entry.removesuffix(".j2").partition("@")[0], entry, entry, files.get)


def test_the_id_is_tagged_and_shown_short(templates: Templates) -> None:
    """An id says by which scheme it was made; people see six digits."""
    version = templates.version("x")
    assert version.id.startswith("v1:")
    assert len(version.hex) == 64
    assert version.shown == f"shot/a@{version.hex[:6]}"


def test_a_known_text_keeps_its_id_for_ever(templates: Templates) -> None:
    """Old logs name versions by this hash: a change of this number needs a new scheme, not a new expectation."""
    templates.put("_partials/style.j2", "ink wash\n")
    version = templates.version("{% include '_partials/style.j2' %}\n梅 at dawn\n")
    assert version.id == "v1:889f87e3bff00241bd1b57a2471770467b90d3cad17eb83bf1f3466c650c147b"


@given(TEXT)
def test_line_ends_and_composition_do_not_matter(text: str) -> None:
    """A file saved on Windows or macOS is the same version."""
    source = f"{HEAD}{text}\n"
    as_read = {normalise(source.replace("\n", end).encode(), "p") for end in ("\n", "\r\n", "\r")}
    as_read.add(normalise(unicodedata.normalize("NFD", source).encode(), "p"))
    as_read.add(normalise(b"\xef\xbb\xbf" + source.encode(), "p"))
    assert len({make({"shot/a.j2": read}).id for read in as_read}) == 1


@given(TEXT, st.sampled_from(["shot/a@plain.j2", "shot/b.j2", "shot/other-name@x1.j2"]))
def test_the_name_and_the_label_do_not_matter(text: str, entry: str) -> None:
    """A kept copy is the version that was kept."""
    source = normalise(f"{HEAD}{text}".encode(), "p")
    assert make({"shot/a.j2": source}).id == make({entry: source}, entry).id


@given(st.text("abcdefgh \n", min_size=1, max_size=30), st.data())
def test_any_byte_of_any_file_matters(text: str, data: st.DataObject) -> None:
    """One character changed in the template, in a partial, or in a partial's partial is another version."""
    files = {
        "shot/a.j2": f"{HEAD}{{% include '_p/one.j2' %}}{text}",
        "_p/one.j2": f"{{% include '_p/two.j2' %}}{text}",
        "_p/two.j2": text,
    }
    before = make(files).id
    path = data.draw(st.sampled_from(sorted(files)))
    place = data.draw(st.integers(len(files[path]) - len(text), len(files[path]) - 1))
    changed = files[path][:place] + "X" + files[path][place + 1 :]
    assert make({**files, path: changed}).id != before


def test_a_file_that_is_not_reached_does_not_matter(templates: Templates) -> None:
    """Only what can reach the prompt is in the version."""
    templates.put("_partials/p.j2", "p")
    before = templates.version("{% include '_partials/p.j2' %}")
    templates.put("_partials/unused.j2", "new")
    assert templates.registry.resolve("shot/a").id == before.id


def test_the_path_of_an_include_matters() -> None:
    """Two partials with each other's text are another version."""
    body = f"{HEAD}{{% include '_p/a.j2' %}}{{% include '_p/b.j2' %}}"
    assert make({"shot/a.j2": body, "_p/a.j2": "1", "_p/b.j2": "2"}).id != make({"shot/a.j2": body, "_p/a.j2": "2", "_p/b.j2": "1"}).id


def test_the_closure_holds_everything_that_is_reached(templates: Templates) -> None:
    """Include, import, from-import and extends are followed; the entry comes first."""
    templates.put("shot/_base.j2", "{% block user %}{% endblock %}")
    templates.put("_p/m.j2", "{% macro m() %}m{% endmacro %}")
    templates.put("_p/n.j2", "{% from '_p/m.j2' import m %}{% macro n() %}{{ m() }}{% endmacro %}")
    templates.put("_p/i.j2", "i")
    version = templates.version(
        "{% extends 'shot/_base.j2' %}{% import '_p/n.j2' as n %}"
        "{% block user %}{{ n.n() }}{% include ['_p/none.j2', '_p/i.j2'] %}{% endblock %}"
    )
    assert next(iter(version.closure)) == "shot/a.j2"
    assert set(version.closure) == {"shot/a.j2", "shot/_base.j2", "_p/m.j2", "_p/n.j2", "_p/i.j2"}


def test_an_optional_include_may_be_missing(templates: Templates) -> None:
    """`ignore missing` is honoured; the file's appearance is another version."""
    before = templates.version("{% include '_p/x.j2' ignore missing %}done")
    templates.put("_p/x.j2", "x")
    assert templates.registry.resolve("shot/a").id != before.id


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{% include '_p/none.j2' %}", "there is no '_p/none.j2'"),
        ("{% include name %}", "computed"),
        ("{% include '_p/' ~ name %}", "computed"),
        ("{% extends name %}", "computed"),
        ("{% import name as n %}", "computed"),
        ("{% from name import n %}", "computed"),
        ("{% include ['_p/x.j2', name] %}", "computed"),
        ("{% include 3 %}", "computed"),
        ("{% include '../../etc/passwd' %}", "no template inside the workspace"),
        ("{% include '/etc/passwd' %}", "no template inside the workspace"),
        ("{% include '_p/../../x.j2' %}", "no template inside the workspace"),
        ("{% include './x.j2' %}", "no template inside the workspace"),
        ("{% include '_p//x.j2' %}", "no template inside the workspace"),
        ("{% include '..\\\\x.j2' %}", "no template inside the workspace"),
        ("{% include 'C:/x.j2' %}", "no template inside the workspace"),
        ("{% include '.git/config.j2' %}", "no template inside the workspace"),
        ("{% include 'channels.json' %}", "no template inside the workspace"),
        ("{% include '_p/link.j2' %}", "leads out of the workspace"),
    ],
)
def test_an_impossible_include_is_named_with_its_line(templates: Templates, line: str, words: str) -> None:
    """The second line of the body is the fifth of the file."""
    outside = templates.folder.parent / "outside.txt"
    outside.write_text("secret")
    (templates.folder / "_p").mkdir()
    (templates.folder / "_p/link.j2").symlink_to(outside)
    with pytest.raises(IncludeError, match=words) as caught:
        templates.version(f"first\n{line}\n")
    if "leads out" not in words:
        assert (caught.value.path, caught.value.line) == ("shot/a.j2", 5)


def test_the_error_of_a_partial_names_the_partial(templates: Templates) -> None:
    """A partial has no front matter, so its lines count from one."""
    templates.put("_p/one.j2", "x\n\n{% include '_p/none.j2' %}")
    with pytest.raises(IncludeError) as caught:
        templates.version("{% include '_p/one.j2' %}")
    assert (caught.value.path, caught.value.line) == ("_p/one.j2", 3)


def test_a_circle_is_named(templates: Templates) -> None:
    """The whole way round is in the message; a template that includes itself is the smallest circle."""
    templates.put("_p/a.j2", "{% include '_p/b.j2' %}")
    templates.put("_p/b.j2", "\n{% include '_p/a.j2' %}")
    with pytest.raises(IncludeError, match=r"_p/a.j2 -> _p/b.j2 -> _p/a.j2") as caught:
        templates.version("{% include '_p/a.j2' %}")
    assert (caught.value.path, caught.value.line) == ("_p/b.j2", 2)
    with pytest.raises(IncludeError, match="circular"):
        templates.version("{% include 'shot/a.j2' %}")


def test_includes_that_double_at_every_level_are_walked_once(templates: Templates) -> None:
    """Forty levels of two includes each would be a million million files if each were walked anew."""
    for level in range(40):
        templates.put(f"_p/l{level}.j2", f"{{% include '_p/l{level + 1}.j2' ignore missing %}}" * 2)
    assert len(templates.version("{% include '_p/l0.j2' %}").closure) == 41


def test_too_many_files_are_refused(templates: Templates) -> None:
    """A template reaches two hundred files at most."""
    for number in range(250):
        templates.put(f"_p/{number}.j2", "")
    with pytest.raises(IncludeError, match="too many"):
        templates.version("".join(f"{{% include '_p/{number}.j2' %}}" for number in range(250)))


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("ok\n{% if x %}\n", 5),
        ("ok\n\n{{ x | nosuchfilter }", 6),
        ("{% endfor %}", 4),
        ("a\n{% filter upper %}{% block user %}x{% endblock %}{% endfilter %}", 5),
        ("{% block user %}\n{% block system %}x{% endblock %}{% endblock %}", 5),
        ("{% macro m() %}\n{% block user %}x{% endblock %}{% endmacro %}", 5),
    ],
)
def test_a_syntax_error_is_named_with_its_line(templates: Templates, body: str, line: int) -> None:
    """Lines count in the file, front matter included; a block that could not become a message is a syntax error too."""
    with pytest.raises(TemplateSyntaxError) as caught:
        templates.version(body)
    assert (caught.value.path, caught.value.line) == ("shot/a.j2", line)


def test_a_partial_with_front_matter_is_refused(templates: Templates) -> None:
    """Its YAML would end up in prompts."""
    templates.put("_p/x.j2", HEAD + "x")
    with pytest.raises(TemplateError, match="a partial has no front matter"):
        templates.version("{% include '_p/x.j2' %}")


def test_a_template_may_extend_another_one(templates: Templates) -> None:
    """The base's front matter is left out of the text, the heir's own counts."""
    templates.put("shot/base.j2", "---\nstage: shot\nmodel: {temperature: 1}\n---\n{% block user %}base{% endblock %}")
    version = templates.version("{% extends 'shot/base.j2' %}", head="---\nstage: shot\nmodel: {temperature: 0}\n---\n")
    assert version.front_matter.model == {"temperature": 0}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(text=TEXT)
def test_a_version_is_made_again_from_its_stored_sources(text: str) -> None:
    """What the log keeps is enough."""
    version = make({"shot/a@plain.j2": normalise(f"{HEAD}{text}".encode(), "p")}, "shot/a@plain.j2")
    again = from_closure("shot/a", version.id, dict(version.closure))
    assert (again.id, again.closure, again.front_matter) == (version.id, version.closure, version.front_matter)
    assert again.ref == version.shown


def test_versions_are_equal_by_what_they_name(templates: Templates) -> None:
    """Versions can be keys of a dictionary."""
    assert len({templates.version("x"), templates.registry.resolve("shot/a")}) == 1
