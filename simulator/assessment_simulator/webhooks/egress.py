"""Which addresses webhooks may go to.

Link-local addresses and cloud metadata services are refused whatever the settings say, in every spelling and through
every tunnel that IPv6 has. With `hosts`, only those are allowed. With `public_only` (closed access), an address that a
vendor's caller named must be public, unless its host is among `hosts`: a vendor's key must not reach this machine or
its private network. Names are resolved here, and the caller connects to the addresses that were checked.
"""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from assessment_simulator.resolver import Resolver

Address = IPv4Address | IPv6Address

# Link-local, then the metadata services of Alibaba, Azure, Oracle, Amazon (two), Google, Oracle and Scaleway.
_FORBIDDEN = tuple(map(ip_network, (
    "169.254.0.0/16", "fe80::/10", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32", "fd00:ec2::254/128",
    "fd00:ec2::23/128", "fd20:ce::254/128", "fd00:c1::a9fe:a9fe/128", "fd00:42::42/128",
)))  # fmt: skip
# Names that clouds give to their metadata services; refused whatever address they resolve to.
_METADATA_NAMES = frozenset(
    "instance-data instance-data.ec2.internal metadata metadata.goog metadata.google.internal metadata.tencentyun.com "
    "metadata.platformequinix.com".split()
)
# IPv6 networks whose last 32 bits are an IPv4 address: NAT64 with the well-known prefix and with a site's own, the old
# IPv4-compatible form, and the IPv4-translated one.
_EMBEDDING = tuple(map(ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "::/96", "::ffff:0:0:0/96")))
# What stands before an IPv4 address in the lower half of an ISATAP address, whatever its network is.
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})
# The IPv6 addresses that are assigned on the Internet, and NAT64 with the well-known prefix.
_UNICAST = (ip_network("2000::/3"), ip_network("64:ff9b::/96"))
# Networks of special use that older Pythons call global.
_SPECIAL = (ip_network("192.0.0.0/24"), ip_network("3fff::/20"))
_PRIVATE = (
    "in closed access a vendor's key may not name an address of this machine or of a private network; "
    "serve with --webhook-hosts to allow it"
)
_LOOPBACK: tuple[Address, ...] = (ip_address("::1"), ip_address("127.0.0.1"))


class Refused(Exception):
    """The policy forbids that address; the text gives the reason if it is not obvious."""


@dataclass(frozen=True, slots=True)
class Policy:
    """`hosts` are names or addresses, with `*` as a wildcard; None allows every host that is not forbidden."""

    hosts: tuple[str, ...] | None = None
    public_only: bool = False
    resolver: Resolver = field(default_factory=Resolver, repr=False, compare=False)

    async def resolve(self, host: str, *, named: bool = False) -> tuple[Address, ...]:
        """The addresses of a host, all of them allowed; `named`: a vendor's caller named the host.

        Raises `Refused`, and OSError for a name that does not resolve.
        """
        name = host.lower()
        if name.rstrip(".") in _METADATA_NAMES:
            raise Refused
        if self.hosts is not None and not any(fnmatchcase(name, pattern.lower()) for pattern in self.hosts):
            raise Refused
        try:
            addresses: tuple[Address, ...] = (ip_address(host),)
        except ValueError:
            if f".{name.rstrip('.')}".endswith(".localhost"):
                addresses = _LOOPBACK  # RFC 6761: no name server is asked
            else:
                found = await self.resolver.look_up(host)
                addresses = tuple(dict.fromkeys(ip_address(str(entry[4][0]).partition("%")[0]) for entry in found))
        if any(form in network for address in addresses for form in _forms(address) for network in _FORBIDDEN):
            raise Refused
        if self.public_only and named and self.hosts is None and not all(map(_is_public, addresses)):
            raise Refused(_PRIVATE)
        return addresses


def _is_public(address: Address) -> bool:
    """Whether an address belongs to the Internet, in every form of it."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return all(
        form.is_global
        and not form.is_multicast
        and not any(form in network for network in _SPECIAL)
        and (form.version == 4 or any(form in network for network in _UNICAST))
        for form in _forms(address)
    )


def _forms(address: Address) -> tuple[Address, ...]:
    """An address, and the IPv4 addresses that it may lead to."""
    if isinstance(address, IPv4Address):
        return (address,)
    last = IPv4Address(int(address) & 0xFFFFFFFF)
    tunnelled = int(address) >> 32 & 0xFFFFFFFF in _ISATAP or any(address in network for network in _EMBEDDING)
    found = (address.ipv4_mapped, address.sixtofour, *(address.teredo or ()), last if tunnelled else None)
    return (address, *(form for form in found if form is not None))
