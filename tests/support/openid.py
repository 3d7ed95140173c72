"""An OpenID Connect provider on loopback: discovery, a log-in form, codes that count once, PKCE, signed id tokens, a way out.

It refuses what a careless client does: another address to come back to, a wrong secret, a code used twice, a verifier that does not
fit. Whoever signs in is who they type; `unverified:` before the address says that nobody has verified it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "workbench", "a secret of the client"
FORM = """<!doctype html><title>Sign in</title><form method="post"><label>Mail address <input name="who" autofocus></label>
<button>Continue</button></form>"""
Json = dict[str, Any]


@dataclass
class Provider:
    """A running provider, and what it was asked and refused."""

    redirect_uri: str
    url: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"}))
    codes: dict[str, Json] = field(default_factory=dict)
    signed_in: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def metadata(self) -> Json:
        """Return what clients discover."""
        ends = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys", "end_session_endpoint": "out"}
        return {
            "issuer": self.url,
            **{name: f"{self.url}/{path}" for name, path in ends.items()},
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }

    def asked_well(self, asked: Json) -> bool:
        """Tell whether a request to sign in may go on to the form."""
        wanted = {"client_id": CLIENT, "redirect_uri": self.redirect_uri, "response_type": "code", "code_challenge_method": "S256"}
        return all(asked.get(name) == value for name, value in wanted.items()) and bool(asked.get("state") and asked.get("nonce"))

    def code(self, asked: Json, who: str) -> str:
        """Return where a browser goes back to, with a code that counts once."""
        code = secrets.token_urlsafe(16)
        self.codes[code] = {**asked, "who": who}
        self.signed_in.append(who)
        return f"{self.redirect_uri}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, given: Json, authorization: str) -> tuple[int, Json]:
        """Return status and answer to a client that brings a code."""
        asked = self.codes.pop(given.get("code", ""), None)
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".replace(" ", "+").encode()).decode()
        plain = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(given.get("code_verifier", "").encode()).digest()).decode().rstrip("=")
        wrong = [
            name
            for name, fits in (
                ("code", asked is not None),
                ("client", authorization in (f"Basic {basic}", f"Basic {plain}")),
                ("redirect_uri", given.get("redirect_uri") == self.redirect_uri),
                ("verifier", asked is not None and challenge == asked["code_challenge"]),
            )
            if not fits
        ]
        if asked is None or wrong:
            self.refused += wrong
            return 400, {"error": "invalid_grant", "error_description": ", ".join(wrong)}
        return 200, {"access_token": secrets.token_urlsafe(8), "token_type": "Bearer", "expires_in": 600, "id_token": self._id_token(asked)}

    def _id_token(self, asked: Json) -> str:
        mail = asked["who"].removeprefix("unverified:")
        now = int(time.time())
        claims = {
            "iss": self.url, "aud": CLIENT, "sub": hashlib.sha256(mail.encode()).hexdigest()[:16], "iat": now, "exp": now + 600,
            "nonce": asked["nonce"], "email": mail, "email_verified": not asked["who"].startswith("unverified:"),
        }  # fmt: skip
        return jwt.encode({"alg": "RS256", "kid": "k1"}, claims, self.key)


@contextmanager
def serve(redirect_uri: str) -> Iterator[Provider]:
    """Run a provider for one client for the time of the block."""
    provider = Provider(redirect_uri)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = dict(parse_qsl(parts.query))
            if parts.path == "/.well-known/openid-configuration":
                self._say(200, json.dumps(provider.metadata()))
            elif parts.path == "/keys":
                self._say(200, json.dumps({"keys": [provider.key.as_dict(private=False)]}))
            elif parts.path == "/authorize" and provider.asked_well(asked):
                self._say(200, FORM, kind="text/html")
            elif parts.path == "/favicon.ico":
                self._say(404, "")
            elif parts.path == "/out":
                self._go(asked.get("post_logout_redirect_uri", redirect_uri))
            else:
                provider.refused.append(self.path)
                self._say(400, escape(self.path))

        def do_POST(self) -> None:
            parts = urlsplit(self.path)
            given = dict(parse_qsl(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()))
            asked = dict(parse_qsl(parts.query))
            if parts.path == "/authorize" and provider.asked_well(asked):
                self._go(provider.code(asked, given["who"]))
            else:
                status, answer = provider.token(given, self.headers.get("Authorization", ""))
                self._say(status, json.dumps(answer))

        def _say(self, status: int, text: str, kind: str = "application/json") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(text.encode())

        def _go(self, where: str) -> None:
            self.send_response(302)
            self.send_header("Location", where)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()
