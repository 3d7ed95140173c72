"""What a page shows, to take along: its tables as CSV and Parquet, a case with its files, and the address as a link.

    takeaway.draw("runs", {"Runs": lambda: query.runs(ws)})

Files are made when they are asked for, so that a button costs nothing before.
"""

from __future__ import annotations

import contextlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import streamlit as st

from pages.ui import shell
from runs import query
from runs.errors import MediaError
from runs.spreadsheet import inert
from runs.workspace import Workspace

Table = Callable[[], pd.DataFrame]
BYTES, ZIP = "application/octet-stream", "application/zip"


def draw(
    name: str, tables: Mapping[str, Table], below: Any, files: Mapping[str, tuple[str, str, Callable[[], bytes]]] | None = None
) -> None:
    """Draw the button here, and what is behind it in a row below.

    Args:
        name: What the files are called.
        tables: Gives each table, by what it is called on the page.
        below: Where the row goes, close to here in the order of the page.
        files: Ending, media type and content of what is no table, by what it is called on the page.
    """
    called = shell.file_name(name)
    if not unfolded(called):
        return
    with row(below):
        for label, (ending, kind, make) in (files or {}).items():
            button(label, make, f"{called}{ending}", kind)
        for label, table in tables.items():
            part = called if len(tables) == 1 else f"{called}-{shell.file_name(label.lower())}"
            button(f"{label}, CSV", lambda table=table: csv(table()), f"{part}.csv", "text/csv")  # type: ignore[misc]
        if len(tables) == 1:
            ((label, table),) = tables.items()
            button(f"{label}, Parquet", lambda: parquet(table()), f"{called}.parquet", BYTES)
        elif tables:
            button("All of these, Parquet", lambda: together(tables), f"{called}-parquet.zip", ZIP)


def unfolded(name: str) -> bool:
    """Draw the button that unfolds what can be taken along; tell whether it is unfolded.

    Not a popover: that is drawn at the end of the page, where no keyboard finds it.
    """
    key = f"export/{name}"
    st.session_state.setdefault(key, False)
    st.button("Export…", key=f"{key}/button", on_click=lambda: st.session_state.update({key: not st.session_state[key]}))
    return bool(st.session_state[key])


@contextlib.contextmanager
def row(below: Any) -> Iterator[None]:
    """Draw a row of files."""
    with below.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", gap="small"):
        st.caption("The address of this page is a link that can be shared.")
        yield


def button(label: str, make: Callable[[], str | bytes], name: str, kind: str, width: Literal["content", "stretch"] = "content") -> None:
    """Draw a button that makes a file when it is pressed, and hands it to the browser without another run of the page."""
    st.download_button(label, make, name, kind, on_click="ignore", width=width, key=f"export/{name}/{label}")


def csv(frame: pd.DataFrame) -> str:
    """Return a table as CSV in which no cell is a formula: words come from files and models, and spreadsheets run them."""
    safe = frame.copy()
    for name in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[name]) and not pd.api.types.is_datetime64_any_dtype(safe[name]):
            safe[name] = safe[name].map(_harmless)
    return safe.to_csv(index=False)


def _harmless(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        value = ", ".join(map(str, value))
    return inert(value) if isinstance(value, str) else value


def parquet(frame: pd.DataFrame) -> bytes:
    """Return a table as Parquet, which keeps its types."""
    out = io.BytesIO()
    frame.to_parquet(out, index=False)
    return out.getvalue()


def together(tables: Mapping[str, Table]) -> bytes:
    """Return several tables as a ZIP of Parquet files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for label, table in tables.items():
            file.writestr(f"{shell.file_name(label.lower())}.parquet", parquet(table()))
    return out.getvalue()


def case(ws: Workspace, sides: Sequence[Mapping[str, Any]]) -> bytes:
    """Return one case as a ZIP: a folder an arm with its outputs as they are stored, and all that is known of them as JSON.

    An output that is gone from the store leaves a line that says so.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for side in sides:
            if not side.get("job_id"):
                continue
            for n, artifact in enumerate(side.get("artifacts") or (), start=1):
                try:
                    path = query.media_path(ws, artifact["sha256"])
                except MediaError as error:
                    file.writestr(f"{side['letter']}/output-{n}-is-missing.txt", error.message)
                    continue
                # Pictures, clips and sounds are pressed already.
                how = zipfile.ZIP_DEFLATED if artifact["kind"] == "text" else zipfile.ZIP_STORED
                file.write(path, f"{side['letter']}/output-{n}{path.suffix}", how)
            known = {name: value for name, value in side.items() if name not in ("letter", "arm", "links")}
            file.writestr(f"{side['letter']}/generation.json", json.dumps(known, ensure_ascii=False, indent=1, default=str))
    return out.getvalue()


def raw(path: Path) -> Callable[[], bytes]:
    """Return what gives a file as it is; nothing where there is none."""
    return lambda: path.read_bytes() if path.is_file() else b""
