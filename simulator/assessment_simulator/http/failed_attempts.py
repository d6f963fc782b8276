"""Limits failed attempts by client address, so that a secret cannot be guessed by trying."""

import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network


class Attempts:
    """Failed attempts by client address: `most` at once, then one more each `within / most` seconds.

    At most `addresses` are remembered; those that failed longest ago are forgotten first. IPv6 addresses count by their
    network of 64 bits, all of which one client may have. `now` is a clock in seconds that never goes back.
    """

    def __init__(
        self, most: int = 10, within: float = 60.0, addresses: int = 10_000, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._step = within / most
        self._within = within
        self._addresses = addresses
        self._now = now
        self._until: OrderedDict[str, float] = OrderedDict()
        """When each address will have its whole allowance again."""

    def __len__(self) -> int:
        return len(self._until)

    def wait(self, address: str) -> float:
        """The seconds until this address may try again; 0 where it may now."""
        left = self._until.get(_client(address), 0.0) - self._now()
        return max(0.0, left + self._step - self._within)

    def failed(self, address: str) -> None:
        """Count a failure."""
        client, now = _client(address), self._now()
        self._until[client] = max(self._until.pop(client, now), now) + self._step
        while len(self._until) > self._addresses:
            self._until.popitem(last=False)


def _client(address: str) -> str:
    """The address, or the network, that counts as one client."""
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(known, IPv6Address):
        return address
    return str(known.ipv4_mapped or ip_network((known, 64), strict=False))
