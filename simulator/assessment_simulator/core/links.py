"""Links of one sandbox: placeholders become the caller's address and a seal for each invitation.

A link holds the sandbox's name, a seal and the id of its invitation, with dots between. The seal is a code over the id,
so it opens no other invitation, and over the `epoch`, which changes with a reset and with new credentials: links from
before open nothing then.
"""

from assessment_simulator.core.request import BASE_URL_TOKEN, LINK_TOKEN
from assessment_simulator.core.seeded_random import sealer

_BASE, _SEALED = BASE_URL_TOKEN.encode(), f"{LINK_TOKEN}.".encode()
_ID = 36
"""The length of an invitation's id, as `Draw.uuid` makes it."""
_LONGEST_PATH = 100
"""A seal begins and its placeholder ends within so many bytes after the address."""
_MOST_KNOWN = 1_000
"""So many seals are remembered for a sandbox."""


class Links:
    """What fills in the links of a sandbox; `epoch` makes its links differ from those before."""

    __slots__ = ("_known", "_name", "_seal", "epoch")

    def __init__(self, name: str, secret: bytes, epoch: tuple[int, int] = (0, 0)) -> None:
        self._name = f"{name}.".encode()
        self.epoch = epoch
        self._seal = sealer(secret, "link", *epoch)
        self._known: dict[bytes, bytes] = {}

    def seal(self, id: str) -> str:
        """The seal of an invitation's link."""
        return self._seal(id.encode("utf-8", "surrogatepass"))

    def fill_text(self, text: str, base: str) -> str:
        """A text with the address `base` and the seals in their places."""
        return self.fill_placeholders(text.encode("utf-8", "surrogatepass"), base).decode("utf-8", "surrogatepass")

    def fill_placeholders(self, body: bytes, base: str) -> bytes:
        """The same for a body, which is often a stored record as it was rendered."""
        # Each answer pays for this, and a scan of the whole body is what costs: so there is one, for the address, and
        # a seal is looked for only where the path of a link would end.
        first, *rest = body.split(_BASE)
        if not rest:
            return body
        address, known, pieces = base.encode(), self._known, [first]
        for part in rest:
            path, sealed, _ = part[:_LONGEST_PATH].partition(_SEALED)
            if sealed:
                begin = len(path) + len(sealed)
                id = part[begin : begin + _ID]
                pieces += (address, path, known.get(id) or self._learn(id), part[begin:])
            else:
                pieces += (address, part)
        return b"".join(pieces)

    def _learn(self, id: bytes) -> bytes:
        """What stands before an id: the sandbox's name and the seal."""
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        head = self._known[id] = b"%b%b." % (self._name, self._seal(id).encode())
        return head
