"""Which templates there are, and which version a reference means."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from template_folder import HEAD, Templates

from prompts.errors import FrontMatterError, IncludeError, InputError, TemplateError, TemplateSyntaxError, UnknownName
from prompts.registry import Registry, is_label
from prompts.version import Version, build


def test_templates_are_listed_by_stage_and_name(templates: Templates) -> None:
    """The order is that of production; partials, other files and impossible names are no templates."""
    for path in (
        "shot/b.j2",
        "shot/a@plain.j2",
        "shot/a.j2",
        "outline/z.j2",
        "shot/_part.j2",
        "_partials/x.j2",
        "shot/a.txt",
        "other/a.j2",
        "shot/a@bad!.j2",
    ):
        templates.put(path, HEAD + "x")
    assert [entry.ref for entry in templates.registry.entries()] == ["outline/z", "shot/a", "shot/a@plain", "shot/b"]
    assert templates.registry.templates("shot") == ["shot/a", "shot/b"]
    assert [entry.path for entry in templates.registry.entries("shot")] == ["shot/a.j2", "shot/a@plain.j2", "shot/b.j2"]


def test_a_folder_without_templates_is_empty(tmp_path: Path) -> None:
    """A missing folder has no templates and is no error."""
    assert Registry(tmp_path / "nothing").entries() == []


def test_a_name_means_the_working_file(templates: Templates) -> None:
    """An edited file is another version at once."""
    first = templates.version("one")
    second = templates.version("two")
    assert first.ref == second.ref == "shot/a"
    assert first.id != second.id
    assert templates.registry.resolve("shot/a").id == second.id


def test_a_label_means_the_kept_copy(templates: Templates) -> None:
    """The copy stays as it was when the working file moves on."""
    kept = templates.version("one", "shot/a@plain.j2")
    templates.version("two")
    assert templates.registry.resolve("shot/a@plain") == kept
    assert kept.template == "shot/a"
    assert kept.ref == "shot/a@plain"
    assert [version.ref for version in templates.registry.versions("shot/a")] == ["shot/a", "shot/a@plain"]


def test_digits_of_the_hash_mean_the_file_that_has_it(templates: Templates) -> None:
    """Six digits or more, or the whole id, are enough; the ref is the name of the file."""
    version = templates.version("one")
    for ref in (version.shown, f"shot/a@{version.hex[:12]}", f"shot/a@{version.hex}", f"shot/a@{version.id}"):
        assert templates.registry.resolve(ref).id == version.id


def test_a_copy_with_the_same_text_is_no_ambiguity(templates: Templates) -> None:
    """A label on the text of the working file is the same version."""
    working = templates.version("one")
    templates.version("one", "shot/a@plain.j2")
    assert templates.registry.resolve(working.shown).ref == "shot/a@plain"


def test_a_version_that_only_the_log_has_is_found(templates: Templates) -> None:
    """After the file has changed, the stored sources give the old version again, proved by its hash."""
    templates.put("_partials/p.j2", "style one")
    old = templates.version("{% include '_partials/p.j2' %}")
    stored = {old.id: dict(old.closure)}
    registry = Registry(templates.folder, known=lambda template: stored if template == "shot/a" else {})
    templates.put("_partials/p.j2", "style two")
    found = registry.resolve(old.shown)
    assert (found.id, found.closure, found.ref) == (old.id, old.closure, old.shown)
    (templates.folder / "shot/a.j2").unlink()
    assert registry.resolve(old.shown).id == old.id


def test_changed_sources_in_the_log_are_refused(templates: Templates) -> None:
    """A stored source that does not give its own id was tampered with."""
    old = templates.version("one")
    registry = Registry(templates.folder, known=lambda _: {old.id: {path: text + " " for path, text in old.closure.items()}})
    templates.version("two")
    with pytest.raises(TemplateError, match="changed after they were used"):
        registry.resolve(old.shown)


@pytest.mark.slow
def test_an_ambiguous_prefix_is_an_error(templates: Templates) -> None:
    """Two versions with the same first digits are never guessed between."""
    seen: dict[str, Version] = {}
    for number in range(50_000):  # among some five thousand texts two share six digits
        files = {"shot/a.j2": f"{HEAD}{number}"}
        version = build("shot/a", "shot/a", "shot/a.j2", files.get)
        other = seen.setdefault(version.short, version)
        if other is not version:
            templates.put("shot/a.j2", files["shot/a.j2"])
            registry = Registry(templates.folder, known=lambda _: {other.id: other.closure})  # noqa: B023 (used before the loop goes on)
            with pytest.raises(InputError, match="fits several versions") as caught:
                registry.resolve(version.shown)
            assert "more digits" in str(caught.value)
            return
    pytest.fail("no two hashes share six digits")


@pytest.mark.parametrize(
    ("ref", "words"),
    [
        ("shot/keyfram", "Unknown template 'shot/keyfram'. Did you mean shot/keyframe"),
        ("shto/keyframe", "Did you mean shot/keyframe"),
        ("keyframe", "Unknown template 'keyframe'"),
        ("shot/../../etc/passwd", "Unknown template"),
        ("../shot/keyframe", "Unknown template"),
        ("shot/_partial", "Unknown template"),
        ("shot/keyframe@plian", "Did you mean shot/keyframe@plain"),
        ("shot/keyframe@abcdef0123", "Unknown version"),
        ("", "Unknown template"),
    ],
)
def test_an_unknown_name_says_what_is_near(templates: Templates, ref: str, words: str) -> None:
    """A mistyped name costs one look."""
    templates.version("x", "shot/keyframe.j2")
    templates.version("x", "shot/keyframe@plain.j2")
    with pytest.raises(UnknownName) as caught:
        templates.registry.resolve(ref)
    assert words in str(caught.value)


@pytest.mark.parametrize("ref", ["shot/keyframe@", "shot/keyframe@3fa", "shot/keyframe@Plain", "shot/keyframe@a@b", "shot/keyframe@../x"])
def test_a_malformed_reference_is_refused(templates: Templates, ref: str) -> None:
    """What can be neither label nor hash is said to be so."""
    templates.version("x", "shot/keyframe.j2")
    with pytest.raises(InputError):
        templates.registry.resolve(ref)


@pytest.mark.parametrize(
    ("word", "possible"),
    [("plain", True), ("v2", True), ("b-2", True), ("bead", False), ("face", False), ("2b", False), ("Plain", False), ("", False)],
)
def test_a_label_is_never_a_hexadecimal_number(word: str, possible: bool) -> None:
    """So a label and the digits of a hash cannot be confused."""
    assert is_label(word) is possible


def test_the_folder_and_the_front_matter_agree_on_the_stage(templates: Templates) -> None:
    """A template moved to another folder says so instead of running in the wrong stage."""
    with pytest.raises(TemplateError, match=r"stage 'clip'.*folder says 'shot'"):
        templates.version("x", head="---\nstage: clip\n---\n")


def test_one_broken_file_does_not_hide_the_others(templates: Templates) -> None:
    """Listing and resolving other names work while one file is broken."""
    good = templates.version("x", "shot/good.j2")
    kept = templates.version("x", "shot/bad@kept.j2")
    templates.put("shot/bad.j2", "no front matter")
    assert templates.registry.resolve("shot/good") == good
    assert len(templates.registry.entries()) == 3
    assert templates.registry.resolve(kept.shown).id == kept.id
    with pytest.raises(FrontMatterError):
        templates.registry.resolve("shot/bad")


def test_a_hash_that_no_sound_file_has_is_answered_with_what_is_broken(templates: Templates) -> None:
    """It may be the broken file that was meant: that there is no such version would send its author looking elsewhere."""
    templates.put("shot/a.j2", f"{HEAD}{{% if %}}")
    with pytest.raises(TemplateSyntaxError, match=r"shot/a\.j2"):
        Registry(templates.folder).resolve("shot/a@abcdef0123")


def test_links_out_of_the_workspace_are_refused(templates: Templates, tmp_path: Path) -> None:
    """A link may point inside the folder, never out of it; neither may a linked folder."""
    outside = tmp_path / "secret.j2"
    outside.write_text(HEAD + "secret")
    (templates.folder / "shot").mkdir()
    (templates.folder / "shot/a.j2").symlink_to(outside)
    with pytest.raises(IncludeError, match="leads out of the workspace"):
        templates.registry.resolve("shot/a")
    (templates.folder / "clip").symlink_to(tmp_path)
    with pytest.raises(IncludeError, match="leads out of the workspace"):
        templates.registry.resolve("clip/secret")
    templates.put("shot/real.j2", HEAD + "x")
    (templates.folder / "shot/inside.j2").symlink_to("real.j2")
    assert templates.registry.resolve("shot/inside").id == templates.registry.resolve("shot/real").id


def test_a_loop_of_links_is_refused(templates: Templates) -> None:
    """A link to itself is an error, not a hang."""
    (templates.folder / "shot").mkdir()
    (templates.folder / "shot/a.j2").symlink_to("a.j2")
    with pytest.raises(TemplateError):
        templates.registry.resolve("shot/a")


def test_what_is_no_plain_file_is_refused(templates: Templates) -> None:
    """A named pipe would block for ever; a folder is no text."""
    (templates.folder / "shot").mkdir()
    os.mkfifo(templates.folder / "shot/a.j2")
    with pytest.raises(IncludeError, match="no plain file"):
        templates.registry.resolve("shot/a")
    (templates.folder / "shot/b.j2").mkdir()
    with pytest.raises(IncludeError, match="no plain file"):
        templates.registry.resolve("shot/b")


def test_a_huge_file_is_refused(templates: Templates) -> None:
    """Half a megabyte is the most for one file."""
    templates.put("shot/a.j2", HEAD + "x" * (600 << 10))
    with pytest.raises(IncludeError, match="larger than 512 KiB"):
        templates.registry.resolve("shot/a")


def test_text_that_is_not_utf8_is_refused_with_its_line(templates: Templates) -> None:
    """The line of the first wrong byte is named."""
    templates.put("shot/a.j2", (HEAD + "fine\n").encode() + b"\xff\xfe\n")
    with pytest.raises(TemplateError, match="not UTF-8") as caught:
        templates.registry.resolve("shot/a")
    assert caught.value.line == 5
