"""Short texts stand in the journal whole, so that a generation needs one flush for the event and none for a file of its own.

The journal's line is on disk before the generation counts. The text's file is written beside it as any artifact is, and is
there for whoever looks, also after a process was killed; until the run ends, only a loss of power can take it away. A run's end
flushes the disk once for all of its files. Where that end never came, the files are compared with the journal when the run is
resumed, and by `workbench log repair`, and made anew where they are not what they should be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from runs.event_shapes import ArtifactRef
from runs.journal import files
from runs.lines import READ_BYTES, fault, read_lines
from runs.media import MediaStore
from runs.provider import Asset
from runs.resume import RunState
from runs.secrets import redact
from runs.workspace import Workspace

LONGEST = 16 << 10
"""Bytes of a text that is kept in the journal. A longer one would make its every reader slow, and is worth a flush of its own."""


def kept(store: MediaStore, asset: Asset) -> ArtifactRef:
    """Store an asset and return what its event holds of it.

    Raises:
        MediaError: as `MediaStore.put`.
    """
    text = _text(asset)
    media = store.put(asset.data, asset.media_type, flush=text is None)
    ref: ArtifactRef = {"kind": asset.kind, "media_type": media.media_type, "sha256": media.sha256, "bytes": len(asset.data)}
    if text is not None:
        ref["text"] = text
    return ref


def bare(artifacts: Iterable[ArtifactRef]) -> tuple[ArtifactRef, ...]:
    """Return artifacts without their texts: for who keeps those of a whole run in memory."""
    return tuple(
        {"kind": a["kind"], "media_type": a["media_type"], "sha256": a["sha256"], "bytes": a["bytes"]} if "text" in a else a
        for a in artifacts
    )


def mend_run(ws: Workspace, state: RunState) -> int:
    """Make the files of a run's texts anew where they are not what they should be, unless it came to an end; return how many."""
    if state.ended is not None:
        return 0
    store = MediaStore(ws, fetch=False)
    return sum(_mend(store, state.generation(job_id)) for job_id in state.finished)


def texts_of(ws: Workspace, hashes: Iterable[str]) -> Iterator[tuple[str, bytes, str]]:
    """Yield hash, bytes and media type of those artifacts that a journal holds whole. Reads all journals, where anything is asked for."""
    wanted = set(hashes)
    for path in files(ws) if wanted else ():
        for event in _generations(path):
            for artifact in event.get("artifacts") or ():
                if "text" in artifact and artifact["sha256"] in wanted:
                    wanted.discard(artifact["sha256"])
                    yield artifact["sha256"], artifact["text"].encode(), artifact["media_type"]


def _generations(path: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the sound generations of a journal that hold a text; lines are looked through before they are parsed."""
    offset = 0
    while lines := read_lines(path, offset, READ_BYTES):
        offset += len(lines)
        for line in lines.splitlines():
            if b'"type":"generation"' in line[:64] and b'"text":' in line and not fault(line):
                yield orjson.loads(line)


def _mend(store: MediaStore, event: Mapping[str, Any]) -> int:
    texts = [(a["text"], a["media_type"]) for a in event.get("artifacts") or () if isinstance(a.get("text"), str)]
    return sum(store.mend(text.encode(), media_type) for text, media_type in texts)


def _text(asset: Asset) -> str | None:
    """Return an asset's text where the journal may hold it: short, and nothing in it that looks like a key."""
    if asset.kind != "text" or len(asset.data) > LONGEST:
        return None
    try:
        text = asset.data.decode()
    except UnicodeDecodeError:
        return None
    return text if redact(text) == text else None
