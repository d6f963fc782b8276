"""Which addresses webhooks may go to: never link-local or cloud-metadata ones, and only the named hosts if any are."""

import asyncio
from dataclasses import dataclass
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

_LINK_LOCAL = ("169.254.0.0/16", "fe80::/10")
_METADATA = (
    "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32", "fd00:ec2::254/128", "fd00:ec2::23/128",
    "fd20:ce::254/128", "fd00:c1::a9fe:a9fe/128", "fd00:42::42/128",
)  # fmt: skip
"""Where clouds tell a machine its secrets: Alibaba, Azure, Oracle, Amazon (two), Google, Oracle, Scaleway."""
_FORBIDDEN = tuple(ip_network(network) for network in _LINK_LOCAL + _METADATA)
_EMBEDDING = (ip_network("64:ff9b::/96"), ip_network("::/96"))
"""IPv6 networks whose last 32 bits are an IPv4 address: NAT64, and the old IPv4-compatible form."""


@dataclass(frozen=True, slots=True)
class Policy:
    """`hosts` are names or addresses, `*` allowed in them; None admits every host that is not forbidden."""

    hosts: tuple[str, ...] | None = None

    async def admits(self, url: str) -> bool:
        """Whether a webhook may be sent there; a name counts as forbidden when any of its addresses is."""
        host = urlsplit(url).hostname or ""
        if self.hosts is not None and not any(fnmatchcase(host, pattern.lower()) for pattern in self.hosts):
            return False
        return not any(forbidden(address) for address in await _addresses(host))


def forbidden(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is link-local or a cloud's metadata service, in whichever form it is written."""
    if isinstance(address, IPv6Address):
        within = address.ipv4_mapped or address.sixtofour
        if within is None and any(address in network for network in _EMBEDDING):
            within = IPv4Address(int(address) & 0xFFFFFFFF)
        if within is not None:
            address = within
    return any(address in network for network in _FORBIDDEN)


async def _addresses(host: str) -> tuple[IPv4Address | IPv6Address, ...]:
    try:
        return (ip_address(host),)
    except ValueError:
        pass
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None)
    except (OSError, UnicodeError):
        return ()  # a name that leads nowhere is the connection's error, not the policy's
    return tuple(ip_address(str(entry[4][0]).partition("%")[0]) for entry in found)
