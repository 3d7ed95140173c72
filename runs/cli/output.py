"""Results on stdout: a table for people, JSON, CSV or Markdown for programs. Everything else goes to stderr."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    import pandas as pd

FORMATS = ("table", "json", "csv", "md")
JSON_VERSION = 1
"""Raised when a key of the JSON output changes its meaning or goes; new keys may come without."""

Command = TypeVar("Command", bound=Callable[..., Any])


def format_option(command: Command) -> Command:
    """Add `--format` to a command that reads."""
    return click.option("--format", "fmt", type=click.Choice(FORMATS), default="table", show_default=True, help="How to print the result.")(
        command
    )


def emit(frame: pd.DataFrame, fmt: str, *, key: str = "rows", **extra: Any) -> None:
    """Print a frame in the asked-for format; `extra` goes into the JSON beside it."""
    if fmt == "json":
        emit_json({key: [{name: plain(value) for name, value in row.items()} for row in frame.to_dict("records")], **extra})
    elif fmt == "csv":
        click.echo(frame.to_csv(index=False), nl=False)
    elif fmt == "md":
        click.echo(markdown(list(frame.columns), [[cell(v) for v in row] for row in frame.itertuples(index=False)]))
    else:
        table(list(frame.columns), [[cell(v) for v in row] for row in frame.itertuples(index=False)])
        if not len(frame):
            say("(none)")


def emit_json(value: Mapping[str, Any]) -> None:
    """Print a mapping as JSON with the output's version first."""
    click.echo(json.dumps({"version": JSON_VERSION, **value}, ensure_ascii=False, indent=2, default=plain))


def plain(value: Any) -> Any:
    """Turn a cell into what JSON knows: missing values become null, time stamps ISO text."""
    if value is None or value is True or value is False or isinstance(value, str | int):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if hasattr(value, "isoformat"):
        return None if value != value else value.isoformat()  # NaT differs from itself
    if hasattr(value, "item"):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return None if type(value).__name__ in {"NAType", "NaTType"} else str(value)


def cell(value: Any) -> str:
    """Write one cell for people: short numbers, a dash for what is not known."""
    value = plain(value)
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1e5 else f"{value:,.0f}"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value).replace("\n", " ")


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: fitted to the terminal where there is one, full width in a pipe."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    width = None if sys.stdout.isatty() else max(int(os.environ.get("COLUMNS", "0") or 0), 240)
    console = Console(width=width, soft_wrap=False, highlight=False)
    grid = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    numeric = [bool(rows) and all(_numeric(row[i]) for row in rows) for i in range(len(columns))]
    for name, right in zip(columns, numeric, strict=True):
        grid.add_column(name.replace("_", " "), justify="right" if right else "left", overflow="fold")
    for row in rows:
        # Text, never markup: cells may hold what a model wrote.
        grid.add_row(*(Text(printable(value)) for value in row))
    with console.capture() as captured:
        console.print(grid)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; bars and line ends in cells are escaped."""
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(printable(value).replace("|", "\\|") for value in row) + " |" for row in rows]
    return "\n".join(lines)


def printable(text: str) -> str:
    """Drop control characters, which could drive the terminal."""
    return "".join(c if c.isprintable() or c in "\t " else "�" for c in text)


def printable_lines(text: str) -> str:
    """Drop control characters but keep the lines."""
    return "\n".join(printable(line) for line in text.split("\n"))


def say(message: str, *, quiet: bool = False) -> None:
    """Print a remark on stderr."""
    if not quiet:
        click.echo(message, err=True)


def _numeric(text: str) -> bool:
    return text == "–" or text.replace(",", "").replace(".", "", 1).lstrip("+-−").replace("e", "", 1).replace("-", "", 1).isdigit()
