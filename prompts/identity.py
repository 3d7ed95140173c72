r"""How a version gets its name: one hash over what it says.

    identify({"shot/keyframe.j2": "---\nstage: shot\n---\nDraw …"}, "shot/keyframe.j2", {"stage": "shot"})  ->  "v1:3fa9c1…"

It knows no file and no model of one, so that whoever plays exported prompts can prove what it reads with nothing but
Jinja installed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from prompts.environment import SETTINGS

SCHEME = "v1"
SHORT = 6


def canonical_json(value: Any) -> bytes:
    """Return the one JSON text of a value: sorted keys, no spaces, UTF-8.

    Raises:
        ValueError: It holds NaN or an infinity, or a lone surrogate.
    """
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def sha256(data: bytes) -> str:
    """Return the SHA-256 of bytes as 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def identify(closure: Mapping[str, str], entry: str, front_matter: Mapping[str, Any]) -> str:
    """Return the id of the version that consists of these sources: `v1:` and 64 hex digits.

    Args:
        closure: source (NFC, LF) of each file by path.
        entry: path of the template itself; a file's own name is not in the hash.
        front_matter: what it declares, as JSON.
    """
    others = sorted((path, sha256(text.encode())) for path, text in closure.items() if path != entry)
    preimage = {"version": 1, "source": closure[entry], "closure": others, "front_matter": front_matter, "render": SETTINGS}
    return f"{SCHEME}:{sha256(canonical_json(preimage))}"
