"""Kling's two kinds of credentials, both in the same header: a static key, or a pair that signs tokens of half an hour.

    KLING_API_KEY                             Authorization: Bearer api-key-…
    KLING_ACCESS_KEY and KLING_SECRET_KEY     Authorization: Bearer <JWT, HS256, {"iss": access key, "exp": …, "nbf": …}>

A pair goes before a static key. The service refuses a token as "not yet valid" (1003) or "expired" (1004) where the clocks
differ; a new one is signed then, once a call, by the clock of the answer.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime

from runs import secrets
from runs.errors import ProviderError

LIFE_S, EARLY_S = 1800, 5
RENEW_S = 1500.0
"""A token is used for 25 of its 30 minutes: a call begun with it must end before it does."""
STALE = frozenset({"1003", "1004"})


class Tokens:
    """Gives the header that carries the credentials.

    Args:
        access_key: of a pair; with `secret_key` it signs tokens.
        secret_key: of a pair.
        clock: seconds since the epoch; for tests.
    """

    def __init__(self, access_key: str, secret_key: str, clock: Callable[[], float] = time.time) -> None:
        self._access_key, self._secret_key = access_key, secret_key
        self._clock = clock
        self._token, self._until, self._ahead = "", 0.0, 0.0
        self.signed = 0

    def __call__(self) -> Mapping[str, str]:
        """Return the header, with a token that is still good."""
        now = self._clock()
        if now >= self._until:
            self._token = self._sign(int(now - self._ahead))
            self._until = now + RENEW_S
        return {"Authorization": f"Bearer {self._token}"}

    def renew(self, date: str = "") -> None:
        """Sign anew for the next call, by the clock that the service says to have (its `Date` header), where it says one."""
        self._until = 0.0
        with contextlib.suppress(ValueError, TypeError, OverflowError):
            self._ahead = self._clock() - parsedate_to_datetime(date).timestamp()

    def _sign(self, now: int) -> str:
        import jwt

        claims = {"iss": self._access_key, "exp": now + LIFE_S, "nbf": now - EARLY_S}
        token = jwt.encode(claims, self._secret_key, algorithm="HS256", headers={"typ": "JWT"})
        secrets.remember(token)
        self.signed += 1
        return token


def tokens_of(name: str, access_key_env: str, secret_key_env: str) -> Tokens | None:
    """Return what signs tokens; None where no pair is set.

    Raises:
        ProviderError: one half of a pair is set, the other is not.
    """
    access, secret = secrets.secret(access_key_env), secrets.secret(secret_key_env)
    if access and secret:
        return Tokens(access, secret)
    if access or secret:
        missing = secret_key_env if access else access_key_env
        raise ProviderError(f"Provider {name!r} signs with a pair of keys, and {missing} is not set.", hint="Set both, or KLING_API_KEY.")
    return None
