"""The templates of a workspace: what is there, and which version a name means.

| reference | means |
|---|---|
| `shot/keyframe` | the working file `shot/keyframe.j2` as it is now |
| `shot/keyframe@plain` | the copy kept under a label, `shot/keyframe@plain.j2` |
| `shot/keyframe@3fa9c1` | the version whose hash begins so (six digits or more): among the files, else in the run log |

A label begins with a letter and is no hexadecimal number, so that the two can never be confused. Files and folders
whose names begin with `_` are partials: text for others to include, never templates.
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from prompts.errors import IncludeError, InputError, TemplateError, UnknownName
from prompts.frontmatter import STAGES
from prompts.identity import SCHEME, SHORT
from prompts.version import Version, build, from_closure, normalise

MAX_FILE_BYTES = 512 * 1024
SUFFIX = ".j2"

Known = Callable[[str], Mapping[str, Mapping[str, str]]]
"""Gives the versions that a log has stored of a template: closure (source by path) by version id."""

_NAME = re.compile(r"[^\W_][\w-]*")
_LABEL = re.compile(r"[a-z][a-z0-9-]*")
_HEX = re.compile(r"[0-9a-f]+")


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One template file: the working file (`label` is empty) or a copy kept under a label."""

    stage: str
    name: str
    label: str
    path: str

    @property
    def template(self) -> str:
        """Return `<stage>/<name>`."""
        return f"{self.stage}/{self.name}"

    @property
    def ref(self) -> str:
        """Return the reference that resolves to this file."""
        return f"{self.template}@{self.label}" if self.label else self.template


class Registry:
    """The template folder of a workspace. It keeps nothing: an edited file is seen at once.

    Args:
        folder: The workspace's `prompts/`.
        known: Gives stored versions of a template, for references to versions whose files have changed since.
    """

    def __init__(self, folder: Path, *, known: Known | None = None) -> None:
        self.folder = folder
        self._known = known

    def entries(self, stage: str | None = None) -> list[Entry]:
        """Return all template files in order of stage, name and label; files with impossible names are left out."""
        order = {name: place for place, name in enumerate(STAGES)}
        found = (entry for name in STAGES if stage in (None, name) for entry in self._stage_entries(name))
        return sorted(found, key=lambda entry: (order[entry.stage], entry.name, entry.label))

    def misnamed(self) -> list[str]:
        """Return the files in the stages' folders that look like templates and can be none, for their names: nothing else tells of them."""
        used = {entry.path for entry in self.entries()}
        files = (f"{stage}/{path.name}" for stage in STAGES for path in (self.folder / stage).glob(f"*{SUFFIX}"))
        return sorted(path for path in files if path not in used and not path.rpartition("/")[2].startswith(("_", ".")))

    def templates(self, stage: str | None = None) -> list[str]:
        """Return the names of all templates, such as `shot/keyframe`."""
        return list(dict.fromkeys(entry.template for entry in self.entries(stage)))

    def versions(self, template: str) -> list[Version]:
        """Return the versions of a template's files: the working file's first, then the labelled ones.

        Raises:
            UnknownName: There is no such template.
            TemplateError: One of the files cannot be used.
        """
        entries = self._entries_of(template)
        if not entries:
            raise UnknownName("template", template, self.templates())
        return [self.load(entry) for entry in entries]

    def load(self, entry: Entry) -> Version:
        """Return the version that a file holds now.

        Raises:
            TemplateError: It cannot be used, or its front matter names another stage than its folder.
        """
        version = build(entry.template, entry.ref, entry.path, self.read)
        if version.stage != entry.stage:
            message = f"the front matter says stage {version.stage!r}, the folder says {entry.stage!r}."
            raise TemplateError(message, path=entry.path, line=2, hint="Move the file or change the stage.")
        return version

    def resolve(self, ref: str) -> Version:
        """Return the version that a reference means.

        Raises:
            InputError: The reference is malformed, or fits several versions.
            UnknownName: Nothing has that name; the nearest names are in the message.
            TemplateError: What it names cannot be used.
        """
        template, _, rest = ref.partition("@")
        self._check(ref, template, rest)
        entries = self._entries_of(template)
        by_label = {entry.label: entry for entry in entries}
        if rest in by_label:
            return self.load(by_label[rest])
        prefix = rest.removeprefix(f"{SCHEME}:")
        if _HEX.fullmatch(prefix):
            return self._by_hash(ref, template, prefix, entries)
        if rest and entries:
            raise UnknownName("version", ref, [entry.ref for entry in entries])
        raise UnknownName("template", template, self.templates())

    def read(self, path: str) -> str | None:
        """Return the source of a file below the folder in NFC and LF, or None where there is none.

        Raises:
            IncludeError: The path leads out of the folder, is no plain file, or is too large.
        """
        root = self.folder.resolve()
        try:
            real = (self.folder / path).resolve(strict=True)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, RuntimeError, ValueError) as error:
            raise IncludeError(f"the file cannot be read: {error}.", path=path) from None
        if not real.is_relative_to(root):
            raise IncludeError("the file is a link that leads out of the workspace.", path=path, hint="Copy it into prompts/.")
        return normalise(_plain_bytes(root, real.relative_to(root).parts, path), path)

    def _check(self, ref: str, template: str, rest: str) -> None:
        stage, _, name = template.partition("/")
        if stage not in STAGES or not _NAME.fullmatch(name):
            raise UnknownName("template", ref, self.templates())
        prefix = rest.removeprefix(f"{SCHEME}:")
        if "@" in ref and _HEX.fullmatch(prefix) and len(prefix) < SHORT:
            raise InputError(f"{ref!r} is too short.", hint=f"Give at least {SHORT} digits of the hash.")
        if "@" in ref and not (_LABEL.fullmatch(rest) or _HEX.fullmatch(prefix)):
            raise InputError(f"{ref!r} is no reference.", hint="After @ comes a label such as plain, or digits of a hash.")

    def _by_hash(self, ref: str, template: str, prefix: str, entries: list[Entry]) -> Version:
        found: dict[str, Version] = {}
        broken: TemplateError | None = None
        for entry in reversed(entries):  # so that a kept copy's label is named rather than the working file
            try:
                version = self.load(entry)
            except TemplateError as error:  # a broken file must not hide the version that was asked for
                broken = error
                continue
            if version.hex.startswith(prefix):
                found.setdefault(version.id, version)
        stored = self._known(template) if self._known else {}
        for version_id, closure in stored.items():
            if version_id.removeprefix(f"{SCHEME}:").startswith(prefix) and version_id not in found:
                found[version_id] = from_closure(template, version_id, closure)
        if len(found) > 1:
            names = ", ".join(sorted(version.hex[: len(prefix) + 6] for version in found.values()))
            raise InputError(f"{ref!r} fits several versions: {names}.", hint="Give more digits.")
        if found:
            return next(iter(found.values()))
        if broken is not None:
            raise broken
        raise UnknownName("version", ref, [entry.ref for entry in entries])

    def _entries_of(self, template: str) -> list[Entry]:
        stage, _, name = template.partition("/")
        return sorted(entry for entry in self._stage_entries(stage) if entry.name == name) if stage in STAGES else []

    def _stage_entries(self, stage: str) -> Iterator[Entry]:
        try:
            names = [file.name for file in (self.folder / stage).iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            return
        for file_name in names:
            stem, suffix = file_name[: -len(SUFFIX)], file_name[-len(SUFFIX) :]
            name, at, label = unicodedata.normalize("NFC", stem).partition("@")
            possible = suffix == SUFFIX and _NAME.fullmatch(name)
            if possible and (is_label(label) if at else True):
                yield Entry(stage, name, label, f"{stage}/{file_name}")


def is_name(word: str) -> bool:
    """Tell whether a word can name a template: letters of any script, digits, hyphens and underlines, a letter or digit first."""
    return bool(_NAME.fullmatch(word))


def is_label(label: str) -> bool:
    """Tell whether a word can be a label: lower-case letters, digits and hyphens, a letter first, and no hexadecimal number."""
    return bool(_LABEL.fullmatch(label)) and not _HEX.fullmatch(label)


def _plain_bytes(root: Path, parts: Sequence[str], shown: str) -> bytes:
    """Read a plain file of a bounded size; a pipe or device would block or never end.

    Opened step by step and through no link: what was looked at may have been swapped for one since.
    """
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts:
            above = descriptor
            descriptor = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=above)
            os.close(above)
    except OSError as error:
        os.close(descriptor)
        raise IncludeError(f"the file cannot be read: {error.strerror}.", path=shown) from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise IncludeError("it is no plain file.", path=shown)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read(MAX_FILE_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(data) > MAX_FILE_BYTES:
        raise IncludeError(f"the file is larger than {MAX_FILE_BYTES // 1024} KiB.", path=shown)
    return data
