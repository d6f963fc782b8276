"""Which addresses webhooks may go to: never link-local or cloud-metadata ones, and only the named hosts if any are.

Where `guarded`, which is closed access, an address that a vendor's caller named must be a public one, unless its host
is among those hosts: a vendor's key is not meant to reach this machine and the network that it stands in.
"""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from assessment_simulator.webhooks.resolver import Resolver

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
_UNICAST = (ip_network("2000::/3"), ip_network("64:ff9b::/96"))
"""The IPv6 addresses that are given out on the Internet, and NAT64 with the known prefix."""
_SPECIAL = (ip_network("192.0.0.0/24"), ip_network("3fff::/20"))
"""Networks of special use that older Pythons call global."""
_INWARD = (
    "in closed access a vendor's key may not name an address of this machine or of a private network; "
    "serve with --webhook-hosts to allow it"
)
_LOOPBACK: tuple[Address, ...] = (ip_address("::1"), ip_address("127.0.0.1"))
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})
"""What stands before an IPv4 address in the lower half of an ISATAP address, whatever its network is."""


class Refused(Exception):
    """This server may not call that address; the text says why where it is not plain."""


@dataclass(frozen=True, slots=True)
class Policy:
    """`hosts` are names or addresses, `*` allowed in them; None admits every host that is not forbidden."""

    hosts: tuple[str, ...] | None = None
    guarded: bool = False
    resolver: Resolver = field(default_factory=Resolver, repr=False, compare=False)

    async def judged(self, host: str, *, named: bool = False) -> tuple[Address, ...]:
        """The addresses of a host, none of them forbidden; `named` says that a vendor's caller named it.

        They are what must be connected to: asked again, a hostile name server might give others. Raises `Refused`, and
        OSError for a name that leads nowhere.
        """
        name = host.lower()
        if name.rstrip(".") in _NAMES:
            raise Refused
        if self.hosts is not None and not any(fnmatchcase(name, pattern.lower()) for pattern in self.hosts):
            raise Refused
        addresses = await _addresses(host, self.resolver)
        if any(forbidden(address) for address in addresses):
            raise Refused
        if self.guarded and named and self.hosts is None and not all(map(public, addresses)):
            raise Refused(_INWARD)
        return addresses


def forbidden(address: Address) -> bool:
    """Whether an address is link-local or a cloud's metadata service, in whichever form it is written."""
    return any(form in network for form in _forms(address) for network in _FORBIDDEN)


def public(address: Address) -> bool:
    """Whether an address is one of the Internet's, in whichever form it is written, and not of a private network."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return all(_is_public(form) for form in _forms(address))


def _is_public(address: Address) -> bool:
    if not address.is_global or address.is_multicast or any(address in network for network in _SPECIAL):
        return False
    return isinstance(address, IPv4Address) or any(address in network for network in _UNICAST)


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
        if f".{host.lower().rstrip('.')}".endswith(".localhost"):
            return _LOOPBACK  # RFC 6761: never asked for at a name server
        found = await resolver.look_up(host)
    return tuple(dict.fromkeys(ip_address(str(entry[4][0]).partition("%")[0]) for entry in found))
