"""A new template file: a copy of a version, of the working file, of a labelled copy, or of one that only the log keeps.

add_template(folder, "shot/poster", version)            # prompts/shot/poster.j2
add_template(folder, "shot/keyframe@night", version)    # kept under a label: prompts/shot/keyframe@night.j2
"""

from __future__ import annotations

import re
from pathlib import Path

from prompts.errors import InputError
from prompts.files import unwritable, write_whole
from prompts.frontmatter import STAGES
from prompts.registry import SUFFIX, is_label, is_name
from prompts.version import Version


def add_template(folder: Path, ref: str, source: Version) -> Path:
    """Write the text of a version under a new name or label and return the file; partials are not copied.

    Args:
        folder: a workspace's `prompts/`.
        ref: what it shall be called, such as `shot/poster` or `shot/keyframe@night`.
        source: whose text; of another stage, its front matter is changed to say the new one.

    Raises:
        InputError: the name is none, or is taken.
        WorkspaceError: it cannot be written.
    """
    template, at, label = ref.partition("@")
    stage, _, name = template.partition("/")
    if stage not in STAGES or not is_name(name):
        raise InputError(f"{ref!r} is no name of a template.", hint=f"Write STAGE/NAME, with a stage of {', '.join(STAGES)}.")
    if at and not is_label(label):
        raise InputError(
            f"{label!r} is no label.", hint="Lower-case letters, digits and hyphens, a letter first, and no hexadecimal number."
        )
    path = folder / stage / f"{name}{at}{label}{SUFFIX}"
    if path.exists():
        raise InputError(f"There is a file {stage}/{path.name} already.", hint="Choose another name or label, or edit that file.")
    text = source.closure[source.entry]
    if stage != source.stage:
        text = re.sub(r"^stage:.*$", f"stage: {stage}", text, count=1, flags=re.MULTILINE)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error
    write_whole(path, text.encode())
    return path
