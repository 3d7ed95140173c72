"""How every asset was made, for whoever must say so: a manifest beside the files, and content credentials inside them.

The manifest names template, version, prompt, model, seed and time of each asset with its hash. With a certificate of the user's,
the same facts (without the words of prompts, which are the studio's) are signed into pictures, clips and sounds as C2PA.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from prompts.errors import InputError
from runs.handoff.gather import EpisodeFiles, Made
from runs.handoff.timeline import EXTRA

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
TRAINED, ALGORITHM = f"{SOURCE_TYPES}trainedAlgorithmicMedia", f"{SOURCE_TYPES}algorithmicMedia"
LABEL = "org.microdrama-workbench.generation"
SIGNED = (
    "image/png",
    "image/jpeg",
    "image/webp",
    "image/avif",
    "image/gif",
    "video/mp4",
    "video/quicktime",
    "audio/mpeg",
    "audio/wav",
    "audio/mp4",
)


@dataclass(frozen=True, slots=True)
class Certificate:
    """The user's signing certificate: its chain and private key as PEM files, and the algorithm."""

    chain: Path
    key: Path
    algorithm: str = "es256"
    timestamp_url: str | None = None


def source_type(made: Made) -> str | None:
    """Return the IPTC digital source type; None where a file came from a person who named no model."""
    if made.simulated:
        return ALGORITHM  # drawn by a program that was trained on nothing
    return TRAINED if made.model and made.model != made.provider else None


def manifest(episode: EpisodeFiles, files: Mapping[str, str], signed: Mapping[str, bool]) -> dict[str, Any]:
    """Return the manifest; `files` and `signed` are by the pieces' names."""
    assets = [{"file": files[p.name], "signed": signed.get(p.name, False), **_facts(p.made, prompts=True)} for p in episode.pieces()]
    script = _facts(episode.script_made, prompts=True) if episode.script_made else None
    return {
        "version": 1,
        "made_by": f"microdrama-workbench {metadata.version('microdrama-workbench')}",
        "series": episode.series,
        "title": episode.title,
        "assets": assets,
        "script": script,
        "missing": list(episode.missing),
    }


def _facts(made: Made, *, prompts: bool) -> dict[str, Any]:
    words = [dict(m) for m in made.messages]
    told = json.dumps(words, ensure_ascii=False, sort_keys=True).encode("utf-8", "surrogatepass")
    found: dict[str, Any] = {
        "sha256": made.sha256, "media_type": made.media_type, "digital_source_type": source_type(made), "stage": made.stage,
        "template": made.template, "version": made.version, "ref": made.ref, "prompt_sha256": hashlib.sha256(told).hexdigest(),
        "model": made.model, "model_resolved": made.model_resolved, "provider": made.provider, "simulated": made.simulated,
        "seed": made.seed, "run": made.run_id, "job": made.job_id, "case": made.case_id, "made_at": made.at,
    }  # fmt: skip
    return found | ({"prompt": words, "parameters": dict(made.parameters), "cost_usd": made.cost_usd} if prompts else {})


class Signer:
    """Signs files with a certificate.

    Raises:
        InputError: c2pa-python is not installed, or certificate and key cannot be used. The key is in no message.
    """

    def __init__(self, certificate: Certificate) -> None:
        try:
            import c2pa
        except ImportError:
            raise InputError("Content credentials need c2pa-python, which is not installed.", hint=f"Install it with: {EXTRA}") from None
        self._c2pa = c2pa
        try:
            chain, key = certificate.chain.read_bytes(), certificate.key.read_bytes()
        except OSError as error:
            raise InputError(f"The certificate or its key cannot be read: {type(error).__name__}.") from None
        try:
            info = c2pa.C2paSignerInfo(certificate.algorithm.encode(), chain, key, (certificate.timestamp_url or "").encode() or None)
            self._signer = c2pa.Signer.from_info(info)
        except c2pa.C2paError:  # whatever it says may hold the key
            raise InputError(
                f"The certificate and key cannot sign with {certificate.algorithm}.",
                hint="Give the chain and the private key as PEM files.",
            ) from None

    def sign(self, source: Path, target: Path, made: Made, title: str) -> bool:
        """Write a signed copy; False for a kind of file that holds no credentials, which is then not written.

        Raises:
            InputError: the file cannot be signed.
        """
        kind = source_type(made)
        if made.media_type not in SIGNED or kind is None:
            return False
        definition = {
            "claim_generator_info": [{"name": "microdrama-workbench", "version": metadata.version("microdrama-workbench")}],
            "title": title,
            "format": made.media_type,
            "assertions": [
                {"label": "c2pa.actions.v2", "data": {"actions": [{"action": "c2pa.created", "digitalSourceType": kind}]}},
                {"label": LABEL, "data": _facts(made, prompts=False)},
            ],
        }
        try:
            with source.open("rb") as read, target.open("w+b") as write:
                self._c2pa.Builder(json.dumps(definition)).sign(self._signer, made.media_type, read, write)
        except self._c2pa.C2paError as error:
            raise InputError(f"{source.name} cannot be signed: {str(error)[:200]}") from None
        return True
