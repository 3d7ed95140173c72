"""Download an optional model: with consent, whole or not at all, and only the very file that is pinned.

    pull(catalogue()["yunet"], folder(), accepted=True)   ->  …/models/face_detection_yunet_2023mar.onnx

The file is written beside its place under another name, checked, and moved there; whatever goes wrong leaves what was there.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from evals.pulled import Pulled
from prompts.errors import WorkbenchError

TIMEOUT_S = 30.0
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class PullError(WorkbenchError):
    """A model was not pulled."""


def pull(model: Pulled, folder: Path, *, accepted: bool, progress: Callable[[int], None] = lambda _: None) -> Path:
    """Download a model into a folder, from the first of its addresses that has the right file.

    Args:
        model: What to download.
        folder: Where to; made if need be.
        accepted: Whether the user has said yes to its licence.
        progress: Told the number of bytes as they come.

    Raises:
        PullError: No consent, no address answers with the pinned file, or the folder cannot be written.
    """
    if not accepted:
        raise PullError(
            f"{model.name} is under the licence {model.licence}: {model.licence_url}", hint="If you accept it, add --accept-licence."
        )
    place = folder / model.file
    problems = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for url in model.urls:
            try:
                return _fetched(model, url, place, progress)
            except PullError as error:
                problems.append(error.message)
    except OSError as error:
        raise PullError(f"{folder} cannot be written: {error.strerror or error}") from None
    raise PullError(f"{model.name} was not pulled: {'; '.join(problems) or 'it has no address'}")


def _fetched(model: Pulled, url: str, place: Path, progress: Callable[[int], None]) -> Path:
    with tempfile.NamedTemporaryFile(dir=place.parent, prefix=f".{place.name}.", suffix=".part", delete=False) as part:
        try:
            _download(model, url, part.fileno(), progress)
            os.fsync(part.fileno())
            Path(part.name).replace(place)
        except BaseException:
            Path(part.name).unlink(missing_ok=True)
            raise
    place.chmod(0o644)
    return place


def _download(model: Pulled, url: str, file: int, progress: Callable[[int], None]) -> None:
    import httpx2

    digest, count = hashlib.sha256(), 0
    try:
        client = httpx2.Client(follow_redirects=True, timeout=TIMEOUT_S, event_hooks={"request": [_check_request]})
        with client, client.stream("GET", url) as answer:
            if answer.status_code != 200:
                raise PullError(f"{_host(url)} answered {answer.status_code}")
            for piece in answer.iter_raw():
                count += len(piece)
                if count > model.bytes:
                    raise PullError(f"{_host(url)} sends more than the {model.bytes} bytes that {model.name} has")
                digest.update(piece)
                os.write(file, piece)
                progress(len(piece))
    except httpx2.HTTPError as error:
        raise PullError(f"{_host(url)}: {type(error).__name__}") from None
    if digest.hexdigest() != model.sha256:
        raise PullError(f"{_host(url)} sent another file (SHA-256 {digest.hexdigest()[:12]}…, {count} bytes) than the pinned one")


def _check_request(request: object) -> None:
    """Refuse an address, or one that a server redirects to, that is not encrypted."""
    parts = urlsplit(str(getattr(request, "url", "")))
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise PullError(f"{parts.hostname} is not reached over https")


def _host(url: str) -> str:
    return urlsplit(url).hostname or "no address"
