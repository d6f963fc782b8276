"""Links of one sandbox: placeholders become the caller's base URL and a seal for each invitation.

A link holds the sandbox's name, a seal and the id of its invitation, with dots between. The seal is a code over the id,
so it opens no other invitation, and over the `epoch`, which changes with a reset and with new credentials and so
invalidates older links.
"""

from hashlib import blake2b

# Stands in every record for the base URL that the caller uses; `Links` fills it in.
BASE_URL_TOKEN = "http://b-7f3kq9x2.simulator.invalid"  # noqa: S105  a placeholder
# Stands in every link, before `.` and the invitation's id, for the sandbox's name and the seal; see `Links`.
LINK_TOKEN = "s-7f3kq9x2.simulator.invalid"  # noqa: S105  a placeholder

_BASE, _SEALED = BASE_URL_TOKEN.encode(), f"{LINK_TOKEN}.".encode()
# The length of an invitation's id, a UUID.
_ID = 36
# A link's placeholder ends within so many bytes after the base URL.
_LONGEST_PATH = 100
# The most seals that are cached for a sandbox.
_CACHED = 1_000


class Links:
    """Fills in the links of a sandbox; links of another `epoch` are not valid."""

    __slots__ = ("_heads", "_name", "_prefix", "epoch")

    def __init__(self, name: str, secret: bytes, epoch: tuple[int, int] = (0, 0)) -> None:
        self._name = f"{name}.".encode()
        self.epoch = epoch
        # `seeded_random.seal(secret, "link", *epoch, id)` in a third of the time: all but the id is hashed only once.
        prefix = "".join(f"{part}\0" for part in ("link", *epoch))
        self._prefix = blake2b(prefix.encode(), key=secret, digest_size=12, person=b"seal")
        self._heads: dict[bytes, bytes] = {}

    def seal(self, id: str) -> str:
        """The seal of an invitation's link."""
        return self._seal(id.encode("utf-8", "surrogatepass"))

    def _seal(self, id: bytes) -> str:
        code = self._prefix.copy()
        code.update(id)
        return code.hexdigest()

    def fill_text(self, text: str, base_url: str) -> str:
        """The text with base URL and seals in place of the placeholders."""
        return self.fill_placeholders(text.encode("utf-8", "surrogatepass"), base_url).decode("utf-8", "surrogatepass")

    def fill_placeholders(self, body: bytes, base_url: str) -> bytes:
        """The same for a body, which is often a stored record as it was rendered."""
        # Scanning the whole body is what costs here, in every response: so there is one scan, for the base URL, and a
        # seal is looked for only where the path of a link would end.
        first, *rest = body.split(_BASE)
        if not rest:
            return body
        base, pieces = base_url.encode(), [first]
        for part in rest:
            path, sealed, _ = part[:_LONGEST_PATH].partition(_SEALED)
            if not sealed:
                pieces += (base, part)
                continue
            begin = len(path) + len(sealed)
            id = part[begin : begin + _ID]
            head = self._heads.get(id)
            if head is None:
                if len(self._heads) >= _CACHED:
                    self._heads.clear()
                head = self._heads[id] = b"%b%b." % (self._name, self._seal(id).encode())
            pieces += (base, path, head, part[begin:])
        return b"".join(pieces)
