"""Servers and a database in network namespaces of their own, on one bridge; any two of them can be cut off.

A cut drops packets in both directions and tells nobody: each side keeps sending to a hardware address that nobody has.
"""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

NETWORK = "10.213.77"
# The address of the tests themselves.
HOME = f"{NETWORK}.1"
_NOBODY = "02:00:00:00:00:99"


class Network:
    """Namespaces by name; `address` of each."""

    def __init__(self, names: Sequence[str]) -> None:
        self._mark = f"s{os.getpid() % 10_000}"
        self.address = {name: f"{NETWORK}.{number}" for number, name in enumerate(names, 2)}
        self._links = {name: f"{self._mark}-{number}" for number, name in enumerate(names, 2)}
        self.bridge = f"{self._mark}-br"

    def space(self, name: str) -> str:
        """The name of the namespace, as `ip netns` knows it."""
        return f"{self._mark}-{name}"

    def inside(self, name: str) -> list[str]:
        """What a command begins with that runs in a namespace."""
        return ["ip", "netns", "exec", self.space(name)]

    def build(self, stack: ExitStack) -> None:
        """Create it; it is deleted when the stack is closed."""
        stack.callback(self._delete)
        ip("link", "add", self.bridge, "type", "bridge")
        ip("addr", "add", f"{HOME}/24", "dev", self.bridge)
        ip("link", "set", self.bridge, "up")
        for name, address in self.address.items():
            space, link = self.space(name), self._links[name]
            ip("netns", "add", space)
            ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", space)
            ip("link", "set", link, "master", self.bridge, "up")
            for command in (["addr", "add", f"{address}/24", "dev", "eth0"], ["link", "set", "eth0", "up"],
                            ["link", "set", "lo", "up"]):  # fmt: skip
                ip("-n", space, *command)

    def _delete(self) -> None:
        for name, link in self._links.items():
            ip("link", "del", link, must=False)
            ip("netns", "del", self.space(name), must=False)
        ip("link", "del", self.bridge, must=False)

    @contextmanager
    def cut(self, *pairs: tuple[str, str]) -> Iterator[None]:
        """Drop all packets between these pairs while the block runs."""
        ways = [way for one, other in pairs for way in ((one, other), (other, one))]
        for one, other in ways:
            ip("-n", self.space(one), "neigh", "replace", self.address[other], "lladdr", _NOBODY, "dev", "eth0",
               "nud", "permanent")  # fmt: skip
        try:
            yield
        finally:
            for one, other in ways:
                ip("-n", self.space(one), "neigh", "del", self.address[other], "dev", "eth0")


def ip(*command: str, must: bool = True) -> None:
    subprocess.run(["ip", *command], check=must, stderr=None if must else subprocess.DEVNULL, timeout=20)


def can_partition() -> bool:
    """Whether this process may create network namespaces."""
    if os.geteuid() != 0:
        return False
    made = subprocess.run(["ip", "netns", "add", "sim-probe"], stderr=subprocess.DEVNULL, check=False)
    if made.returncode == 0:
        ip("netns", "del", "sim-probe")
    return made.returncode == 0
