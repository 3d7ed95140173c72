"""What this machine is called, in journals and to its team: `[team] machine` in workbench.toml, else its host name."""

from __future__ import annotations

import socket

_named = ""


def use(name: str) -> None:
    """Go by a name from now on; by the host name again where it is empty. Called by `runs.settings.load`."""
    global _named  # noqa: PLW0603  one process, one machine
    _named = name


def is_ours(host: str) -> bool:
    """Tell whether a journal that names a host was written on this machine; it may have had no name of its own then."""
    return host in (name(), socket.gethostname())


def name() -> str:
    """Return the name."""
    return _named or socket.gethostname()
