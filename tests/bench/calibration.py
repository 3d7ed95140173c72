"""Renew the tables of `docs/calibration.md` that `workbench calibrate` prints, between `<!-- calibrate: NAME -->` and `<!-- end -->`.

    python tests/bench/calibration.py [shared] [studio]

`shared` is the test data beside the repository, `studio` 48 people whom the studio draws. A quarter of an hour of CPU time for both.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docs" / "calibration.md"
SETS = {"shared": (str(ROOT.parent / "shared" / "data" / "faces"),), "studio": ("--studio", "48")}


def tables(arguments: Sequence[str]) -> list[dict[str, Any]]:
    """Return what `workbench calibrate` measures."""
    command = [sys.executable, str(ROOT / "workbench.py"), "calibrate", *arguments, "--format", "json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: list[dict[str, Any]] = json.loads(done.stdout)["tables"]
    return found


def shown(found: Sequence[dict[str, Any]]) -> str:
    """Return tables as Markdown, each under its title."""
    parts = []
    for table in found:
        heads = list(dict.fromkeys(head for row in table["rows"] for head in row))
        lines = ["| " + " | ".join(_cell(v) for v in line) + " |" for line in (heads, *([r.get(h) for h in heads] for r in table["rows"]))]
        lines.insert(1, "|" + "---|" * len(heads))
        parts.append(f"{table['title']}:\n\n" + "\n".join(lines))
    return "\n" + "\n\n".join(parts) + "\n\n"


def _cell(value: object) -> str:
    if value in ("", None):
        return "–"
    return f"{value:g}" if isinstance(value, float) else str(value).replace("|", "\\|")


def renewed(document: str, name: str, body: str) -> str:
    """Return a document with another content between the marks of a set."""
    block = re.compile(rf"(<!-- calibrate: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    text, count = block.subn(lambda m: m[1] + body + m[2], document)
    if count != 1:
        raise SystemExit(f"{FILE.name} has no place for the tables of {name}.")
    return text


def main() -> None:
    for name in sys.argv[1:] or SETS:
        body = shown(tables(SETS[name]))
        FILE.write_text(renewed(FILE.read_text("utf-8"), name, body), "utf-8")
        print(f"{FILE.name}: {name} is renewed")


if __name__ == "__main__":
    main()
