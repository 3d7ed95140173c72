"""A template folder that tests fill with real files."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from prompts.registry import Registry
from prompts.version import Version

HEAD = "---\nstage: shot\n---\n"


class Templates:
    """A workspace's `prompts/` folder: `put` writes any file, `version` writes a template and resolves it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.registry = Registry(folder)

    def put(self, path: str, text: str | bytes) -> Path:
        """Write a file below the folder."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else dedent(text).encode())
        return file

    def version(self, body: str, path: str = "shot/a.j2", head: str = HEAD) -> Version:
        """Write a template with a front matter of three lines, so that its body begins on line 4, and resolve it."""
        self.put(path, (dedent(head) + dedent(body)).encode())
        return self.registry.resolve(path.removesuffix(".j2"))
