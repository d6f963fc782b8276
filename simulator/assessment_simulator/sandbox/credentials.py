"""The credentials of sandboxes in closed access: random ones, of which only digests are kept.

Whoever reads this process's memory or log finds nothing to log in with. A digest without salt or delay is enough for
what nobody can guess: each secret is drawn from 192 random bits.
"""

import secrets
from collections.abc import Mapping, Sequence
from hashlib import sha256
from hmac import compare_digest

from assessment_simulator.core.request import Credential
from assessment_simulator.core.vendor import Vendor

# The credentials of a sandbox, by vendor and member.
Credentials = dict[str, dict[str, str]]
# A kind of credential, and the digests of its id and secret.
Lock = tuple[str, bytes, bytes]


class Keys:
    """The locks of all sandboxes."""

    def __init__(self, vendors: Mapping[str, Vendor]) -> None:
        self._vendors = vendors
        self._locks: dict[str, Sequence[Lock]] = {}
        # The name of the sandbox and the digest of the secret, by the kind of a credential and the digest of its id.
        self._opens: dict[tuple[str, bytes], tuple[str, bytes]] = {}

    def made(self) -> tuple[Credentials, Sequence[Lock]]:
        """New credentials and their locks; call `hold` to make them valid."""
        made: Credentials = {}
        locks: list[Lock] = []
        for vendor in self._vendors.values():
            made[vendor.id] = {member: secrets.token_urlsafe(24) for member in members(vendor)}
            for kind, (id, *secret) in vendor.credentials.items():
                locks.append((kind, digest(made[vendor.id][id]), digest(made[vendor.id][secret[0]] if secret else "")))
        return made, locks

    def hold(self, name: str, locks: Sequence[Lock]) -> None:
        """Replace the locks of a sandbox."""
        self.forget(name)
        self._locks[name] = locks
        for kind, id, secret in locks:
            self._opens[kind, id] = (name, secret)

    def locks(self, name: str) -> Sequence[Lock]:
        """The locks of a sandbox."""
        return self._locks.get(name, ())

    def forget(self, name: str) -> None:
        """Remove the locks of a sandbox."""
        for kind, id, _ in self._locks.pop(name, ()):
            del self._opens[kind, id]

    def opened(self, credential: Credential) -> str | None:
        """The name of the sandbox that a credential opens."""
        name, secret = self._opens.get((credential.kind, digest(credential.id)), (None, b""))
        return name if name is not None and compare_digest(secret, digest(credential.secret)) else None


def digest(text: str) -> bytes:
    """The digest that is kept of a credential."""
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def members(vendor: Vendor) -> tuple[str, ...]:
    """The members of all kinds of credentials of a vendor."""
    return tuple(member for kind in vendor.credentials.values() for member in kind)
