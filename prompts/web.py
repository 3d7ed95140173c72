"""One HTTP request with the standard library: no redirects, a bounded answer, and no key in clear beyond this machine."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from prompts.errors import InputError

ANSWER_BYTES = 16 << 20


class Unreachable(Exception):
    """No whole answer came: refused, too late, cut off, too large."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect could carry a token to another host."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))


def check_url(url: str) -> str:
    """Return a URL without its last slash.

    Raises:
        InputError: it is no web address, or a secret would travel in clear beyond this machine.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password:
        raise InputError(f"{url!r} is no web address.", hint="Write https://host/path, without a name and password in it.")
    if parts.scheme == "http" and not _is_here(parts.hostname):
        raise InputError(f"{url!r} would carry secrets in clear.", hint="Use https, or http to this machine only.")
    return url.rstrip("/")


def send(url: str, *, headers: Mapping[str, str], body: bytes | None = None, timeout_s: float = 2.0, limit: int = ANSWER_BYTES) -> Answer:
    """Send one request (POST where there is a body) and return whatever answer came, errors of the server too.

    Raises:
        Unreachable: no whole answer came in time.
    """
    request = urllib.request.Request(url, data=body, headers=dict(headers))  # noqa: S310  checked by `check_url`
    try:
        try:
            response = _OPENER.open(request, timeout=timeout_s)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            data = response.read(limit + 1)
            status, got = int(response.status), {k.lower(): v for k, v in response.headers.items()}
    except (OSError, HTTPException, ValueError) as error:
        raise Unreachable(str(getattr(error, "reason", error)) or type(error).__name__) from None
    if len(data) > limit:
        raise Unreachable(f"the answer is larger than {limit} bytes")
    length = got.get("content-length", "")
    if length.isdecimal() and request.get_method() != "HEAD" and int(length[:20]) != len(data):
        raise Unreachable("the answer was cut off")
    return Answer(status, got, data)


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
