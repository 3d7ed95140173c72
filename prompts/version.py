"""A version: the exact text that a template is made of, named by its hash.

Example: `shot/keyframe@3fa9c1` is short for `v1:3fa9c1…`, the SHA-256 over canonical JSON of

    {"version": 1, "source": <entry's source>, "closure": [[path, sha256], …], "front_matter": {…}, "render": {…}}

Sources are taken in UTF-8, NFC and LF, so that an editor's habits change nothing. A file's own name and label are not in
the hash: a copy kept under a label is the same version as the working file, for as long as both hold the same text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from prompts.closure import Read, collect
from prompts.errors import TemplateError
from prompts.frontmatter import FrontMatter, parse
from prompts.identity import SCHEME, SHORT, identify


@dataclass(frozen=True, slots=True)
class Version:
    """One version of one template; equal to another one with the same template, ref and id.

    Attributes:
        template: `<stage>/<name>`.
        ref: How it was asked for, such as `shot/keyframe`, `shot/keyframe@plain` or `shot/keyframe@3fa9c1`.
        id: `v1:` and 64 hex digits.
        closure: Source (NFC, LF) of each file that it consists of, by path below the template folder; not to be changed.
        entry: Path of the template itself in `closure`.
        front_matter: What it declares.
    """

    template: str
    ref: str
    id: str
    closure: Mapping[str, str] = field(compare=False, repr=False)
    entry: str = field(compare=False, repr=False)
    front_matter: FrontMatter = field(compare=False, repr=False)

    @property
    def stage(self) -> str:
        """Return the stage of production that it belongs to."""
        return self.front_matter.stage

    @property
    def hex(self) -> str:
        """Return all 64 hex digits of the hash."""
        return self.id.removeprefix(f"{SCHEME}:")

    @property
    def short(self) -> str:
        """Return the first digits of the hash."""
        return self.hex[:SHORT]

    @property
    def shown(self) -> str:
        """Return the name that people see, such as `shot/keyframe@3fa9c1`."""
        return f"{self.template}@{self.short}"


def normalise(data: bytes, path: str) -> str:
    """Return a file's text in NFC with LF line ends, without a byte order mark.

    Raises:
        TemplateError: It is not UTF-8.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise TemplateError("the file is not UTF-8.", path=path, line=line, hint="Save it as UTF-8.") from None
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))


def build(template: str, ref: str, entry: str, read: Read) -> Version:
    """Make the version of the template whose file is `entry`.

    Raises:
        TemplateError: It or something that it includes cannot be used; see `prompts.closure` and `prompts.frontmatter`.
    """
    source = read(entry)
    if source is None:
        raise TemplateError("there is no such template.", path=entry)
    front_matter, _ = parse(source, entry)
    closure = collect(entry, read)
    return Version(template, ref, identify(closure, entry, front_matter.as_json()), closure, entry, front_matter)


def from_closure(template: str, version_id: str, closure: Mapping[str, str]) -> Version:
    """Make a version again from the sources that a log kept, and prove that they are the ones that its id names.

    Raises:
        TemplateError: No file of the closure gives that id: the sources were changed, or belong to another template.
    """
    for path in closure:
        if path == f"{template}.j2" or path.startswith(f"{template}@"):
            version = build(template, f"{template}@{version_id.removeprefix(f'{SCHEME}:')[:SHORT]}", path, closure.get)
            if version.id == version_id:
                return version
    raise TemplateError(f"the stored sources of {template} do not give {version_id[:15]}….", hint="They were changed after they were used.")
