"""Links of one sandbox: placeholders become the caller's address and a seal for each invitation.

A link holds the sandbox's name, a seal and the id of its invitation, with dots between. The seal is a code over the id,
so it opens no other invitation, and over the `epoch`, which changes with a reset and with new credentials: links from
before open nothing then.
"""

import re
from typing import NamedTuple

from simulator.core.call import BASE, SEAL
from simulator.core.draw import seal

_BASE, _SEAL = BASE.encode(), SEAL.encode()
_ID = "[0-9A-Za-z-]{1,64}"
_SEALED = re.compile(rf"{re.escape(SEAL)}\.({_ID})")
_SEALED_BYTES = re.compile(_SEALED.pattern.encode())


class Links(NamedTuple):
    """What fills in the links of a sandbox; `epoch` tells its links from those before."""

    name: str
    secret: bytes
    epoch: tuple[int, int] = (0, 0)

    def seal(self, id: str) -> str:
        """The seal of an invitation's link."""
        return seal(self.secret, "link", *self.epoch, id)

    def fill(self, text: str, base: str) -> str:
        """A text with the address `base` and the seals in their places."""
        return _SEALED.sub(self._text, text.replace(BASE, base)) if BASE in text else text

    def set_out(self, body: bytes, base: str) -> bytes:
        """The same for a body, which is often a stored record as it was rendered."""
        if _BASE not in body:
            return body
        body = body.replace(_BASE, base.encode())
        return _SEALED_BYTES.sub(self._octets, body) if _SEAL in body else body

    def _text(self, found: re.Match[str]) -> str:
        return f"{self.name}.{self.seal(found[1])}.{found[1]}"

    def _octets(self, found: re.Match[bytes]) -> bytes:
        id = found[1].decode()
        return f"{self.name}.{self.seal(id)}.{id}".encode()
