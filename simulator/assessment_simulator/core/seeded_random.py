"""Repeatable chance: every id, token and score comes from a secret and the number of a commit."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")


def secret_of(seed: int | str, name: str) -> bytes:
    """A sandbox's secret: the same for the same seed and name, another for any other pair."""
    return blake2b(f"{seed}\0{name}".encode(), digest_size=32, person=b"sandbox").digest()


def seal(secret: bytes, *parts: object, size: int = 12) -> str:
    """A short authentication code over `parts`, in hexadecimal: making it needs the secret."""
    return blake2b("\0".join(map(str, parts)).encode(), key=secret, digest_size=size, person=b"seal").hexdigest()


def uniform(seed: int | str, *parts: object) -> float:
    """A number from 0 up to 1, the same for the same seed and parts, in every sandbox."""
    text = "\0".join(map(str, (seed, *parts))).encode()
    return int.from_bytes(blake2b(text, digest_size=6, person=b"chance").digest(), "big") / 2**48


class SeededRandom:
    """The random source of one commit: equal secrets and sequence numbers return equal values in equal order."""

    __slots__ = ("_secret", "count", "sequence")

    def __init__(self, secret: bytes, sequence: int) -> None:
        self._secret = secret
        # The number of the commit: a later commit of a sandbox has a larger one.
        self.sequence = sequence
        # How many values were taken. After the first one the sandbox does not use this sequence number again.
        self.count = 0

    def octets(self, size: int) -> bytes:
        """The next `size` bytes, at most 64."""
        self.count += 1
        return blake2b(b"%d/%d" % (self.sequence, self.count), key=self._secret, digest_size=size).digest()

    def uuid(self) -> str:
        """A random-looking UUID of version 4 (RFC 9562, section 5.4)."""
        octets = bytearray(self.octets(16))
        octets[6] = octets[6] & 0x0F | 0x40
        octets[8] = octets[8] & 0x3F | 0x80
        text = octets.hex()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def token(self, size: int = 16) -> str:
        """`size` bytes in hexadecimal."""
        return self.octets(size).hex()

    def number(self, low: float = 0.0, high: float = 1.0) -> float:
        """A number from `low` up to, but not, `high`."""
        return low + (high - low) * (int.from_bytes(self.octets(6), "big") / 2**48)

    def pick(self, choices: Sequence[T]) -> T:
        """One of `choices`, each with equal probability."""
        return choices[int(self.number(0, len(choices)))]

    def digits(self, size: int) -> str:
        """`size` decimal digits."""
        return f"{int.from_bytes(self.octets(8), 'big') % 10**size:0{size}d}"
