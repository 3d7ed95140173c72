"""Reference pictures by temporary address: handed in beside the call, and named in it as `oss://…`, instead of inside it.

    GET  {base}/uploads?action=getPolicy&model=…   ->  {"output": {"upload_host", "upload_dir", "policy", "signature", …}}
    POST {upload_host}  form: key, policy, Signature …, file   ->  200;  named `oss://{upload_dir}/{name}` for two days
    POST {base}/services/…  X-DashScope-OssResourceResolve: enable

For pictures that are too large for a body, or for models that take addresses only. The key of the account goes to the
first and third address and never to the second, which an answer named: it must be a public one. A file's name is its hash,
so that what was sent can be told from the journal.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import mimetypes
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from runs.provider import Failure
from runs.providers.addresses import AddressRefused, CheckedResolver, Trusted, check
from runs.providers.http import Client, Part, Reply
from runs.providers.tables import at, mapping, number, text

RESOLVE: Mapping[str, str] = {"X-DashScope-OssResourceResolve": "enable"}
KEPT_S = 24 * 3600.0
"""How long an address is used again: half of what it is valid for."""
MARGIN_S = 30.0
_FIELDS = (
    ("OSSAccessKeyId", "oss_access_key_id"), ("Signature", "signature"), ("policy", "policy"),
    ("x-oss-object-acl", "x_oss_object_acl"), ("x-oss-forbid-overwrite", "x_oss_forbid_overwrite"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Permit:
    """Where files may be put, and until when (by this process's own clock)."""

    output: Mapping[str, Any]
    until: float


class Uploads:
    """Puts the pictures of one account; knows what it has put.

    Args:
        client: of the service.
        headers: gives the headers of a call beside the key.
        refused: says what an answer of the service means.
        trusted: hosts that need not be public.
    """

    def __init__(
        self, client: Client, headers: Callable[[], Mapping[str, str]], refused: Callable[[Reply], Failure | None], trusted: Trusted
    ) -> None:
        self._client = client
        self._headers = headers
        self._refused = refused
        self._trusted = trusted
        self._lock = asyncio.Lock()
        self._permits: dict[str, Permit] = {}
        self._put: dict[tuple[str, str], tuple[str, float]] = {}

    async def placed(self, body: Mapping[str, Any]) -> dict[str, Any] | Failure:
        """Return the body of a call with addresses in place of the files that it holds, or why one could not be put.

        Nothing is paid before the call itself: what is lost on the way here may be tried again.
        """
        found: dict[str, str] = {}
        for url in dict.fromkeys(_files(body)):
            # One after the other: the same sheet goes along with many shots.
            async with self._lock:
                address = await self._address(text(body.get("model")), url)
            if isinstance(address, Failure):
                return replace(address, error="server") if address.error in ("timeout", "malformed", "lost") else address
            found[url] = address
        placed: dict[str, Any] = _replaced(body, found)
        return placed

    async def _address(self, model: str, url: str) -> str | Failure:
        head, _, code = url.partition(",")
        data = base64.b64decode(code)
        media_type = head.removeprefix("data:").partition(";")[0]
        sha256 = hashlib.sha256(data).hexdigest()
        address, since = self._put.get((model, sha256), ("", 0.0))
        if address and time.monotonic() - since < KEPT_S:
            return address
        permit = await self._permit(model)
        if isinstance(permit, Failure):
            return permit
        name = f"{sha256}{mimetypes.guess_extension(media_type) or '.bin'}"
        key = f"{text(permit.output.get('upload_dir'))}/{name}"
        problem = await self._upload(permit, key, Part("file", data, name, media_type))
        if problem is not None:
            self._permits.pop(model, None)
            return problem
        self._put[model, sha256] = (f"oss://{key}", time.monotonic())
        return f"oss://{key}"

    async def _permit(self, model: str) -> Permit | Failure:
        known = self._permits.get(model)
        if known is not None and time.monotonic() < known.until:
            return known
        asked = time.monotonic()
        reply = await self._client.call("GET", "/uploads", params={"action": "getPolicy", "model": model}, headers=self._headers())
        if (failure := self._refused(reply)) is not None:
            return failure
        output = mapping(at(reply.body, "output"))
        if missing := next((name for name in ("upload_host", "upload_dir", *(n for _, n in _FIELDS)) if not text(output.get(name))), ""):
            return Failure("malformed", f"the answer does not say where pictures are put: {missing} is missing", code="no_permit")
        seconds = number(output.get("expire_in_seconds")) or 2 * MARGIN_S
        permit = self._permits[model] = Permit(output, asked + seconds - MARGIN_S)
        return permit

    async def _upload(self, permit: Permit, key: str, file: Part) -> Failure | None:
        from yarl import URL

        host = text(permit.output.get("upload_host"))
        try:
            await check(URL(host), self._trusted)
        except (AddressRefused, ValueError) as error:
            return Failure("invalid_request", f"pictures cannot be put where the service says: {error}", code="upload_host")
        fields = {name: text(permit.output.get(given)) for name, given in _FIELDS}
        fields |= {"key": key, "success_action_status": "200", "x-oss-content-type": file.media_type}
        client = Client(host, timeout_s=self._client.timeout_s, resolver=CheckedResolver(self._trusted))
        async with client:
            reply = await client.call("POST", host, parts=[*(Part(n, v) for n, v in fields.items()), file], expect="bytes")
        if reply.failure is not None:
            return reply.failure
        # Under a name that is a hash: what is there already is this very file.
        if reply.ok or reply.status == 409:
            return None
        return Failure("server", f"a reference picture could not be put (HTTP {reply.status})", code="upload")


def holds_files(body: Any) -> bool:
    """Say whether a body holds a file as a data URL."""
    return bool(_files(body))


def _files(value: Any) -> list[str]:
    """Return the data URLs of a body, in its order."""
    if isinstance(value, str):
        return [value] if value.startswith("data:") and ";base64," in value[:100] else []
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return [url for part in inner for url in _files(part)]


def _replaced(value: Any, found: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return found.get(value, value)
    if isinstance(value, Mapping):
        return {k: _replaced(v, found) for k, v in value.items()}
    return [_replaced(v, found) for v in value] if isinstance(value, list) else value
