"""The sheet of a run that people generate by hand: every prompt with a code, as a spreadsheet and as a page with copy buttons.

    write(ws, plan)  ->  runs/sheets/<run>/prompts.csv, prompts.html, references/<character>-1.png

A file whose name holds a job's code (see `runs.codes`) is taken back by `workbench import RUN FOLDER`.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runs import codes
from runs.errors import MediaError
from runs.events import MediaRef
from runs.media import MediaStore
from runs.plan import Plan
from runs.provider import KIND_OF_STAGE, Kind, Message
from runs.requests import Requests
from runs.spreadsheet import inert
from runs.workspace import Workspace

FOLDER = "sheets"
EXTENSION: Mapping[Kind, str] = {"text": "txt", "image": "png", "video": "mp4", "audio": "mp3"}
THUMBNAIL = 160
COLUMNS = ("code", "job", "version", "model", "case", "series", "repeat", "expected_file", "prompt", "parameters", "references")


@dataclass(frozen=True, slots=True)
class Row:
    """One job as a person needs it. `references` maps a character to the file names of its pictures in `references/`."""

    code: str
    job_id: str
    version: str
    model: str
    case_id: str
    series: str
    repeat: int
    file: str
    messages: tuple[Message, ...]
    parameters: Mapping[str, Any]
    references: Mapping[str, Sequence[str]]

    @property
    def prompt(self) -> str:
        """Return the whole prompt, system part first."""
        return "\n\n".join(m.content for m in self.messages)

    def blocks(self, kind: Kind) -> list[tuple[str, str]]:
        """Return what is copied in one go each: chat messages apart, everything else as the one prompt that it is sent as."""
        if kind == "text" and len(self.messages) > 1:
            return [(m.role.capitalize(), m.content) for m in self.messages]
        return [("Prompt", self.prompt)]


def write(ws: Workspace, plan: Plan) -> Path:
    """Write the sheet of a plan and return its folder, which appears complete or not at all.

    Raises:
        TemplateError, InputError: a version cannot be rendered with a case; nothing is written.
        MediaError: a reference picture is gone from the store, or the disk takes no more.
    """
    requests = Requests(ws, plan)
    known = codes.codes(j["job_id"] for j in plan.jobs)
    names = _reference_names(plan)
    rows = [_row(plan, requests, dict(job), known[job["job_id"]], names) for job in plan.jobs]
    folder = ws.runs / FOLDER / plan.run_id
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".sheet-", dir=folder.parent) as scratch:
            made = Path(scratch) / "made"
            made.mkdir(mode=0o755)
            thumbnails = _copy_references(ws, names, made / "references")
            (made / "prompts.csv").write_text(as_csv(rows), "utf-8-sig")  # with the mark that spreadsheets need for Chinese
            (made / "prompts.html").write_text(as_html(plan, rows, thumbnails), "utf-8")
            shutil.rmtree(folder, ignore_errors=True)
            made.rename(folder)
    except OSError as error:
        raise MediaError(
            f"Cannot write the sheet in {folder}: {os.strerror(error.errno or 0)}.", hint="Is there space, and may you write there?"
        ) from error
    return folder


def as_csv(rows: Sequence[Row]) -> str:
    """Return the sheet as CSV. A cell that a spreadsheet would run as a formula begins with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for r in rows:
        parameters = "; ".join(f"{k}={v}" for k, v in r.parameters.items())
        references = "; ".join(f"{who}={', '.join(files)}" for who, files in r.references.items())
        cells = (r.code, r.job_id, r.version, r.model, r.case_id, r.series, r.repeat + 1, r.file, r.prompt, parameters, references)
        writer.writerow([inert(str(c)) for c in cells])
    return out.getvalue()


def as_html(plan: Plan, rows: Sequence[Row], thumbnails: Mapping[str, str] | None = None) -> str:
    """Return the sheet as one page that needs nothing but itself; everything in it is escaped, and its scripts are named by hash."""
    import jinja2

    folder = Path(__file__).parent / "sheet_page"
    style, script = ((folder / name).read_text("utf-8") for name in ("sheet.css", "sheet.js"))
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string((folder / "sheet.html.j2").read_text("utf-8"))
    kind = KIND_OF_STAGE[plan.event.stage]
    return template.render(
        run_id=plan.run_id, stage=plan.event.stage, kind=kind, suite=plan.event.suite["name"], rows=rows, thumbnails=thumbnails or {},
        versions=list(dict.fromkeys(r.version for r in rows)), style=style, script=script,
        style_hash=_hash(style), script_hash=_hash(script), portrait=kind in ("image", "video"),
    )  # fmt: skip


def _row(plan: Plan, requests: Requests, job: Mapping[str, Any], code: str, names: Mapping[str, str]) -> Row:
    arm, case = plan.arms[job["arm"]], plan.cases[job["case_id"]]
    request = requests.of(plan.by_id[job["job_id"]])
    return Row(
        code=code, job_id=job["job_id"], version=arm["ref"], model=arm["model"], case_id=job["case_id"], series=case["series"],
        repeat=job["repeat"], file=f"{code}.{EXTENSION[KIND_OF_STAGE[plan.event.stage]]}", messages=request.messages,
        parameters={k: v for k, v in request.parameters.items() if v is not None},
        references={who: [names[p["sha256"]] for p in pictures] for who, pictures in case["references"].items()},
    )  # fmt: skip


def _reference_names(plan: Plan) -> dict[str, str]:
    """Return a readable file name for each reference picture of the run, by its hash."""
    names: dict[str, str] = {}
    counts: dict[str, int] = {}
    for who, picture in _pictures(plan):
        if picture["sha256"] not in names:
            safe = re.sub(r"[^A-Za-z0-9_-]+", "-", who).strip("-")[:40] or "character"
            counts[safe] = counts.get(safe, 0) + 1
            names[picture["sha256"]] = f"{safe}-{counts[safe]}.{picture['media_type'].rpartition('/')[2].replace('jpeg', 'jpg')}"
    return names


def _pictures(plan: Plan) -> Iterable[tuple[str, MediaRef]]:
    for case in plan.event.cases:
        for who, pictures in case["references"].items():
            for picture in pictures:
                yield who, picture


def _copy_references(ws: Workspace, names: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Copy the reference pictures beside the sheet, and return a small picture of each as a data URL by file name."""
    store = MediaStore(ws)
    thumbnails: dict[str, str] = {}
    for sha256, name in names.items():
        folder.mkdir(exist_ok=True)
        data = store.read(sha256)
        (folder / name).write_bytes(data)
        thumbnails[name] = _thumbnail(data)
    return thumbnails


def _thumbnail(data: bytes) -> str:
    from PIL import Image

    with Image.open(io.BytesIO(data)) as picture:
        picture.draft("RGB", (THUMBNAIL, THUMBNAIL))
        small = picture.convert("RGB")
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
