"""Which credentials open which sandbox where access is closed: random ones, kept as digests alone.

Whoever reads this process's memory or log finds nothing to log in with. A digest without salt or delay is enough for
what nobody can guess: each secret is drawn from 192 random bits.
"""

import secrets
from collections.abc import Mapping, Sequence
from hashlib import sha256
from hmac import compare_digest
from typing import NamedTuple

from assessment_simulator.core.vendor import Credential, Vendor

Credentials = dict[str, dict[str, str]]
"""What opens a sandbox, by vendor and member."""


class Lock(NamedTuple):
    """What one kind of credential must be; digests, but for the kind."""

    kind: str
    id: bytes
    secret: bytes


class Keys:
    """The locks of all sandboxes."""

    def __init__(self, vendors: Mapping[str, Vendor]) -> None:
        self._vendors = vendors
        self._locks: dict[str, tuple[Lock, ...]] = {}
        self._doors: dict[tuple[str, bytes], tuple[str, bytes]] = {}

    def made(self) -> tuple[Credentials, tuple[Lock, ...]]:
        """New credentials, and the locks that they open; they open nothing until somebody holds these."""
        made = {
            vendor.id: {
                member: secrets.token_urlsafe(24) for members in vendor.credentials.values() for member in members
            }
            for vendor in self._vendors.values()
        }
        locks = tuple(
            Lock(kind, digest(made[vendor.id][id]), digest(made[vendor.id][secret[0]] if secret else ""))
            for vendor in self._vendors.values()
            for kind, (id, *secret) in vendor.credentials.items()
        )
        return made, locks

    def hold(self, name: str, locks: tuple[Lock, ...]) -> None:
        """Let these locks, and no others, be those of a sandbox."""
        self.forget(name)
        self._locks[name] = locks
        for lock in locks:
            self._doors[lock.kind, lock.id] = (name, lock.secret)

    def hold_all(self, name: str, locks: Sequence[tuple[str, bytes, bytes]]) -> None:
        """Hold the locks that the log has for a sandbox."""
        self.hold(name, tuple(Lock(*lock) for lock in locks))

    def forget(self, name: str) -> None:
        """Let nothing open a sandbox any more."""
        for lock in self._locks.pop(name, ()):
            del self._doors[lock.kind, lock.id]

    def opened(self, credential: Credential) -> str | None:
        """The name of the sandbox that a credential opens."""
        name, secret = self._doors.get((credential.kind, digest(credential.id)), (None, b""))
        return name if name is not None and compare_digest(secret, digest(credential.secret)) else None


def digest(text: str) -> bytes:
    """What is kept of a credential."""
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def members(vendor: Vendor) -> tuple[str, ...]:
    """What a caller of a vendor is given, in all kinds of credentials."""
    return tuple(member for kind in vendor.credentials.values() for member in kind)
