"""A template folder with two versions, people, and reports of a gate, for tests of promotion."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from template_folder import Templates

from prompts.evidence import Evidence
from prompts.promotion import Board
from prompts.version import Version

HEAD = "---\nstage: shot\ninputs:\n  who: text\n---\n"


class Studio:
    """Ann writes, Bo approves; `plain` and `better` are two versions of `shot/a`."""

    def __init__(self, folder: Path) -> None:
        self.templates = Templates(folder)
        self.folder = folder
        self.ann = Board(folder, "ann@studio")
        self.bo = Board(folder, "bo@studio")
        self.plain = self.write("A picture of {{ who }}.")
        self.better = self.write("A vertical close-up of {{ who }}, brows raised.")

    def write(self, body: str, path: str = "shot/a.j2") -> Version:
        """Edit the working file; return the version that it holds now."""
        return self.templates.version(body + "\n", path=path, head=HEAD)

    def evidence(self, challenger: Version, champion: Version | None, **changed: Any) -> Evidence:
        """Return a report that lets the challenger pass."""
        passed = Evidence(
            template=challenger.template, challenger=challenger.id, champion=champion.id if champion else "", decision="promote",
            report="5d" * 32, policy="c0" * 32, created_at=datetime.now(UTC), simulated=False,
        )  # fmt: skip
        return replace(passed, **changed)

    def in_production(self, version: Version, champion: Version | None = None, **changed: Any) -> Evidence:
        """Bring a version to production by the book."""
        evidence = self.evidence(version, champion, **{"report": f"{version.hex[:8]}" * 8, **changed})
        self.ann.record(evidence)
        self.bo.approve(evidence)
        self.ann.promote(version, "production", evidence)
        return evidence
