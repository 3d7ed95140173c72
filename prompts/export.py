"""The export: everything that production needs of a channel, as a folder of plain files that proves itself.

    export(ws.prompts, "production", Path("/srv/prompts"))

makes, and only then lets `/srv/prompts` (a link) point to it:

    .prompts-3fa9c1…/            named by the hash of its manifest
        manifest.json            pointers, pins, canaries, each version's files with hashes, the ledger's head
        manifest.sha256
        versions/<sha256>/shot/keyframe.j2, …

The same state gives the same bytes on any day and machine. A reader sees the old export or the new one, never half of one; a
process that dies in between leaves at most a folder that nobody points to, which the next export removes.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prompts import channels
from prompts.channels import State
from prompts.closure import part
from prompts.environment import SETTINGS
from prompts.errors import InputError
from prompts.files import held, sync_folder, unwritable
from prompts.identity import sha256
from prompts.kept import kept
from prompts.ledger import head
from prompts.version import Version

FORMAT = 1
MANIFEST = "manifest.json"
SEAL = "manifest.sha256"
LANGUAGES = ("en", "zh")
"""Languages in which the contracts' sentences are exported; every other one reads the English."""


@dataclass(frozen=True, slots=True)
class Exported:
    """Where an export lies, how many versions it holds, and the hash of its manifest."""

    folder: Path
    manifest: str
    versions: int


def export(folder: Path, channel: str, target: Path) -> Exported:
    """Write what a channel means now, and swap it in.

    Args:
        folder: the workspace's `prompts/`.
        channel: `production` as a rule; `dev` and `staging` for trying out.
        target: a link to the export; made where it is missing, moved where it is an older export's.

    Raises:
        InputError: `target` is something else than an export, or the channel is empty.
        LedgerError: ledger or pointers were changed.
        TemplateError: a version's sources are gone or changed.
        WorkspaceError: it cannot be written; the old export is as it was.
    """
    target = Path(os.path.abspath(target))  # noqa: PTH100  resolving would follow the link that is to be replaced
    _refuse_foreign(target)
    state, entries = channels.load(folder)
    files, versions = _contents(folder, state, channels.check_channel(channel), head(entries))
    digest = sha256(files[MANIFEST])
    made = target.parent / f".{target.name}-{digest}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with held(target.parent / f".{target.name}.lock"):
            _sweep(target, keep={made.name, *_current(target)})
            if not made.exists():
                _write(made, files)
            before = _current(target)
            _point(target, made)
            _sweep(target, keep={made.name, *before})
    except OSError as error:
        raise unwritable(target, error) from error
    return Exported(target, digest, versions)


def _refuse_foreign(target: Path) -> None:
    if target.is_symlink():
        if Path(os.readlink(target)).name.startswith(f".{target.name}-"):  # noqa: PTH115  not resolved
            return
    elif not target.exists():
        return
    raise InputError(f"{target} is there already and is no export.", hint="Name a path that does not exist yet.")


def _contents(folder: Path, state: State, channel: str, at: dict[str, Any]) -> tuple[dict[str, bytes], int]:
    """Return all files of an export by path, and how many versions they hold."""
    templates: dict[str, Any] = {}
    versions: dict[str, Version] = {}
    for (template, of), pointer in sorted(state.pointers.items()):
        if of != channel:
            continue
        pins = {series: version for (t, series), version in state.pins.items() if t == template and channel == "production"}
        canary = state.canaries.get(template) if channel == "production" else None
        for version in {pointer.version, *pins.values(), *([canary.version] if canary else [])}:
            versions[version] = kept(folder, template, version)
        templates[template] = {
            "version": pointer.version, "unproven": state.is_unproven(template, pointer.version), "pins": pins,
            "canary": {"version": canary.version, "basis_points": canary.basis_points} if canary else None,
        }  # fmt: skip
    if not templates:
        raise InputError(
            f"There is nothing in {channel} to export.", hint=f"`workbench promote TEMPLATE --to {channel}` puts something there."
        )
    files = {f"versions/{v.hex}/{path}": text.encode() for v in versions.values() for path, text in v.closure.items()}
    manifest = {
        "format": FORMAT, "channel": channel, "ledger": at, "render": SETTINGS, "templates": templates,
        "versions": {v.id: described(v) for v in versions.values()},
    }  # fmt: skip
    files[MANIFEST] = json.dumps(manifest, sort_keys=True, ensure_ascii=False, indent=1).encode() + b"\n"
    files[SEAL] = f"{sha256(files[MANIFEST])}  {MANIFEST}\n".encode()
    return files, len(versions)


def described(version: Version) -> dict[str, Any]:
    """Return what a player of a version must know that is not in its sources' bytes, and the hash of each."""
    contracts = version.front_matter.contracts
    return {
        "template": version.template,
        "entry": version.entry,
        "front_matter": version.front_matter.as_json(),
        "inputs": {name: declared.required for name, declared in version.front_matter.inputs.items()},
        "contracts": {language: contracts.variable(language) for language in LANGUAGES},
        "files": {
            path: {"sha256": sha256(text.encode()), "skip_lines": part(path, text).offset} for path, text in sorted(version.closure.items())
        },
    }


def _write(made: Path, files: dict[str, bytes]) -> None:
    beside = made.with_name(f"{made.name}-{secrets.token_hex(4)}")
    try:
        for name, data in sorted(files.items()):
            path = beside / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        for inner, _, _ in os.walk(beside):
            sync_folder(Path(inner))
        beside.rename(made)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    sync_folder(made.parent)


def _point(target: Path, made: Path) -> None:
    link = target.with_name(f".{target.name}.link-{secrets.token_hex(4)}")
    link.symlink_to(made.name)
    link.replace(target)
    sync_folder(target.parent)


def _current(target: Path) -> set[str]:
    return {Path(os.readlink(target)).name} if target.is_symlink() else set()  # noqa: PTH115


def _sweep(target: Path, keep: set[str]) -> None:
    """Remove older exports and what a killed process left; the one before stays, for readers that are in the middle of it."""
    for path in target.parent.glob(f".{target.name}[-.]*"):
        if path.name in keep or path.name.endswith(".lock"):
            continue
        with contextlib.suppress(OSError):
            if path.is_symlink():
                path.unlink()
            else:
                shutil.rmtree(path)
