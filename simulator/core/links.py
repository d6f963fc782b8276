"""Links of one sandbox: placeholders become the caller's address and a seal for each invitation.

A link holds the sandbox's name, a seal and the id of its invitation, with dots between. The seal is a code over the id,
so it opens no other invitation, and over the `epoch`, which changes with a reset and with new credentials: links from
before open nothing then.
"""

from simulator.core.call import BASE, SEAL
from simulator.core.draw import sealer

_BASE, _SEALED = BASE.encode(), f"{SEAL}.".encode()
_ID = 36
"""So many characters an invitation's id has, as `Draw.uuid` makes it."""


class Links:
    """What fills in the links of a sandbox; `epoch` makes its links differ from those before."""

    __slots__ = ("_name", "_seal", "epoch")

    def __init__(self, name: str, secret: bytes, epoch: tuple[int, int] = (0, 0)) -> None:
        self._name = f"{name}.".encode()
        self.epoch = epoch
        self._seal = sealer(secret, "link", *epoch)

    def seal(self, id: str) -> str:
        """The seal of an invitation's link."""
        return self._seal(id.encode("utf-8", "surrogatepass"))

    def fill(self, text: str, base: str) -> str:
        """A text with the address `base` and the seals in their places."""
        return self.set_out(text.encode("utf-8", "surrogatepass"), base).decode("utf-8", "surrogatepass")

    def set_out(self, body: bytes, base: str) -> bytes:
        """The same for a body, which is often a stored record as it was rendered."""
        if _BASE not in body:
            return body
        # Each answer pays for this, and to split takes half as long as a regular expression with a function.
        first, *rest = body.replace(_BASE, base.encode()).split(_SEALED)
        name, seal = self._name, self._seal
        return b"".join([first, *(b"%b%b.%b" % (name, seal(part[:_ID]).encode(), part) for part in rest)])
