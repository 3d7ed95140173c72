"""Which machines a URL from a provider's answer may lead to: public ones, the provider's own, and those that the user lists.

An answer is not to be trusted: `http://169.254.169.254/…` would have us read the metadata of the machine that we run on,
`http://10.0.0.5/…` what only this network may see. A name is looked up once, and the connection goes to the very addresses
that were checked, so that a name server cannot say one thing to the check and another to the connection.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp.abc import AbstractResolver, ResolveResult

if TYPE_CHECKING:
    from yarl import URL

# Forms in which an IPv6 address carries an IPv4 one in its last four bytes: NAT64 of everybody and of one network, and the old
# "compatible" form, in which `::` and `::1` lie too.
_CARRYING = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "::/96")))


class AddressRefused(OSError):
    """A URL that leads where none may lead; the text says why."""


@dataclass(frozen=True, slots=True)
class Trusted:
    """Hosts that need not be public: `host:port` pairs, or hosts on any port."""

    places: frozenset[str] = frozenset()

    @classmethod
    def of(cls, base_url: str, listed: Iterable[str] = ()) -> Trusted:
        """Trust the host and port of a provider's own address, and what its settings list."""
        from yarl import URL

        own = [_place(URL(base_url))] if base_url else []
        return cls(frozenset([*own, *(entry.lower() for entry in listed)]))

    def holds(self, url: URL) -> bool:
        """Say whether a URL leads to a trusted place."""
        return _place(url) in self.places or (url.host or "").lower() in self.places


def why_not(address: str) -> str:
    """Return what kind of address this is if it is no public one; empty for a public one."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    inner = _inner(ip)
    if inner is not None:
        return why_not(str(inner))
    kinds = (
        (ip.is_loopback, "this machine"),
        (ip.is_link_local, "a link-local address, such as a cloud's metadata service"),
        (ip.is_multicast, "a multicast address"),
        (ip.is_unspecified, "no address"),
        (ip.is_private, "a private address"),
        (not ip.is_global, "a reserved address"),
    )
    return next((what for is_it, what in kinds if is_it), "")


class CheckedResolver(AbstractResolver):
    """Looks names up for the connector, and gives it only addresses that may be connected to."""

    def __init__(self, trusted: Trusted) -> None:
        self._trusted = trusted

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        """Return the addresses of a host, all of them checked.

        Raises:
            AddressRefused: one of them is no public address, and the host is not trusted.
            OSError: the name cannot be looked up.
        """
        found = await asyncio.get_running_loop().getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        places = [(fam, proto, str(address[0])) for fam, _, proto, _, address in found if fam in (socket.AF_INET, socket.AF_INET6)]
        if not {f"{host}:{port}".lower(), host.lower()} & self._trusted.places:
            for _, _, address in places:
                refuse(host, address)
        flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        return [ResolveResult(hostname=host, host=ip, port=port, family=fam, proto=proto, flags=flags) for fam, proto, ip in places]

    async def close(self) -> None:
        """Hold nothing."""


async def check(url: URL, trusted: Trusted, *, resolved: bool = False) -> None:
    """Check what can be told of a URL before connecting.

    Args:
        url: where to.
        trusted: hosts that need not be public.
        resolved: also look its name up; for a connection through a proxy, which looks it up again by itself.

    Raises:
        AddressRefused: its scheme, user part or address is not allowed.
        OSError: its name cannot be looked up.
    """
    if url.scheme not in ("http", "https") or not url.host:
        raise AddressRefused("only http and https addresses are downloaded")
    if url.user or url.password:
        raise AddressRefused("the address carries a user name or password")
    if trusted.holds(url):
        return
    if _is_literal(url.host):
        refuse(url.host, url.host)
    elif resolved:
        await CheckedResolver(trusted).resolve(url.host, url.port or 0, socket.AF_UNSPEC)


def refuse(host: str, address: str) -> None:
    """Raise AddressRefused where an address is no public one."""
    if what := why_not(address):
        where = host if host == address else f"{host} ({address})"
        raise AddressRefused(f"{where} is {what}; if assets really lie there, list the host in options = {{ asset_hosts = [...] }}")


def _inner(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that an IPv6 address stands for, if it does."""
    if isinstance(ip, ipaddress.IPv4Address):
        return None
    if int(ip) > 1 and any(ip in network for network in _CARRYING):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _place(url: URL) -> str:
    return f"{(url.host or '').lower()}:{url.port}"
