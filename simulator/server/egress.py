"""Which addresses webhooks may go to: never link-local or cloud-metadata ones, and only the named hosts if any are."""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from simulator.server.resolver import Resolver

Address = IPv4Address | IPv6Address

_LINK_LOCAL = ("169.254.0.0/16", "fe80::/10")
_METADATA = (
    "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32", "fd00:ec2::254/128", "fd00:ec2::23/128",
    "fd20:ce::254/128", "fd00:c1::a9fe:a9fe/128", "fd00:42::42/128",
)  # fmt: skip
"""Where clouds tell a machine its secrets: Alibaba, Azure, Oracle, Amazon (two), Google, Oracle, Scaleway."""
_FORBIDDEN = tuple(ip_network(network) for network in _LINK_LOCAL + _METADATA)
_NAMES = frozenset(
    "instance-data instance-data.ec2.internal metadata metadata.goog metadata.google.internal metadata.tencentyun.com "
    "metadata.platformequinix.com".split()
)
"""Names that clouds give to those addresses; refused wherever they lead to."""
_EMBEDDING = tuple(map(ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "::/96", "::ffff:0:0:0/96")))
"""IPv6 networks whose last 32 bits are an IPv4 address: NAT64 with the known prefix and with a site's own, the old
IPv4-compatible form, and the IPv4-translated one."""
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})
"""What stands before an IPv4 address in the lower half of an ISATAP address, whatever its network is."""


class Refused(Exception):
    """This server may not call that address."""


@dataclass(frozen=True, slots=True)
class Policy:
    """`hosts` are names or addresses, `*` allowed in them; None admits every host that is not forbidden."""

    hosts: tuple[str, ...] | None = None
    resolver: Resolver = field(default_factory=Resolver, repr=False, compare=False)

    async def judged(self, host: str) -> tuple[Address, ...]:
        """The addresses of a host, none of them forbidden.

        They are what must be connected to: asked again, a hostile name server might give others. Raises `Refused`, and
        OSError for a name that leads nowhere.
        """
        name = host.lower()
        if name.rstrip(".") in _NAMES:
            raise Refused(host)
        if self.hosts is not None and not any(fnmatchcase(name, pattern.lower()) for pattern in self.hosts):
            raise Refused(host)
        addresses = await _addresses(host, self.resolver)
        if any(forbidden(address) for address in addresses):
            raise Refused(host)
        return addresses


def forbidden(address: Address) -> bool:
    """Whether an address is link-local or a cloud's metadata service, in whichever form it is written."""
    return any(form in network for form in _forms(address) for network in _FORBIDDEN)


def _forms(address: Address) -> tuple[Address, ...]:
    """An address, and the IPv4 addresses to which it may lead."""
    if isinstance(address, IPv4Address):
        return (address,)
    last = IPv4Address(int(address) & 0xFFFFFFFF)
    tunnelled = int(address) >> 32 & 0xFFFFFFFF in _ISATAP or any(address in network for network in _EMBEDDING)
    found = (address.ipv4_mapped, address.sixtofour, *(address.teredo or ()), last if tunnelled else None)
    return (address, *(one for one in found if one is not None))


async def _addresses(host: str, resolver: Resolver) -> tuple[Address, ...]:
    try:
        return (ip_address(host),)
    except ValueError:
        found = await resolver.look_up(host)
    return tuple(dict.fromkeys(ip_address(str(entry[4][0]).partition("%")[0]) for entry in found))
