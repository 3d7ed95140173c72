"""What all clients share, whichever HTTP library they use: the key, and what a call that broke may have done.

A refused connection, an unknown host, a bad certificate: nothing was sent, so it is `server` and may be tried again. No
answer in time, a connection lost on the way: it may have arrived and be billed, so it is `timeout` and may not.
"""

from __future__ import annotations

from runs import secrets
from runs.errors import ProviderError
from runs.provider import Failure
from runs.settings import ProviderSettings

CONNECT_S = 10.0
# By name: they come from three HTTP libraries, of which only some are installed.
_UNCONNECTED = frozenset({
    "ClientConnectorError", "ClientConnectorDNSError", "ConnectionTimeoutError", "ConnectionRefusedError", "ConnectError",
    "ClientConnectorCertificateError", "ClientConnectorSSLError", "ClientProxyConnectionError", "ServerFingerprintMismatch",
    "InvalidUrlClientError", "NonHttpUrlClientError",
})  # fmt: skip
_TOO_LATE = frozenset({"SocketTimeoutError", "ServerTimeoutError", "ReadTimeout"})


def api_key(name: str, config: ProviderSettings) -> str | None:
    """Return a provider's key; None where it needs none.

    Raises:
        ProviderError: it needs one and the variable is not set.
    """
    if not config.api_key_env:
        return None
    if (key := secrets.secret(config.api_key_env)) is None:
        raise ProviderError(
            f"Provider {name!r} needs a key, and the environment variable {config.api_key_env} is not set.",
            hint=f"Set it, or write {config.api_key_env}=… into the workspace's .env.",
        )
    return key


def no_answer(seconds: float) -> Failure:
    """Return the failure of a call that was sent and not answered in time."""
    return Failure("timeout", f"no answer within {seconds:g} s; the call may still be billed", code="timeout")


def may_have_arrived(error: BaseException) -> bool:
    """Say whether a call that broke may have reached the server: not where no connection was made."""
    return not any(type(e).__name__ in _UNCONNECTED for e in causes(error))


def causes(error: BaseException) -> list[BaseException]:
    """Return an exception and what it was raised from, outermost first."""
    chain: list[BaseException] = []
    here: BaseException | None = error
    while here is not None and here not in chain:
        chain.append(here)
        here = here.__cause__ or here.__context__
    return chain


def broken_connection(error: BaseException, base_url: str, timeout_s: float) -> Failure:
    """Tell "nothing was sent" from "nobody knows whether it arrived"."""
    if not may_have_arrived(error):
        reason = secrets.redact(str(causes(error)[-1]))[:200]
        return Failure("server", f"cannot connect to {secrets.redact(base_url)}: {reason}", code="connect")
    if any(type(e).__name__ in _TOO_LATE for e in causes(error)):
        return no_answer(timeout_s)
    return Failure("timeout", "the connection was lost before the answer was complete; the call may still be billed", code="disconnected")
